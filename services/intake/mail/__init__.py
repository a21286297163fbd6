"""Requests by mail: one more channel in front of the reception (docs/decisions/0018)."""
