"""The realistic data through every channel, held against what is expected of them: `python -m tests.matrix`."""
