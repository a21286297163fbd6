"""Requests that come together are assigned together, when that is better than one by one. Pure."""
