"""What the HTTP side of every service shares: problem details, tokens, limits, the server."""
