"""Bid seasons: who declares them, what they may say, what counts meanwhile. Pure."""
