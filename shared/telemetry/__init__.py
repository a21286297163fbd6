"""Logs, metrics, health and the clock: what an operator sees of a process."""
