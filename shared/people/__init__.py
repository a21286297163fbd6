"""Each process's copy of the directory of people, by version."""
