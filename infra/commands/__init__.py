"""The commands of `backline`, by what they are for."""
