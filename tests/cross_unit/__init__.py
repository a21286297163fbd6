"""Random calls across units on a real stack: nothing of one unit is told to another, and nothing of it is changed."""
