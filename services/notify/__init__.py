"""Notify: tells everyone concerned, once, what happened to a request; what is told to whom is data in policy.yaml."""
