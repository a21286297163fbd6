"""Reviews of price and contract: who is asked in which order, what they say, and what is decided. Pure."""
