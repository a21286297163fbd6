"""Hostile input on every channel, and what became of it: `python -m tests.hostile` (docs/decisions/0026)."""
