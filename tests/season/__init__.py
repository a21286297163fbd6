"""A season in memory: the real assignment over generated requests and people, measured. `python -m tests.season`."""
