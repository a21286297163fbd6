"""The four services of Backline; they never import each other."""
