"""Routing: gives each accepted request its coordinator and supporters, and owns its status from then on."""
