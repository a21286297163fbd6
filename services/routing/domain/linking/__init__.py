"""The price request that a contract review or a proposal names, and waits for. Pure."""
