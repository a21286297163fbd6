"""The bid room: a bid's parts planned backwards from its deadline, opened as requests, and its ★ items confirmed. Pure."""
