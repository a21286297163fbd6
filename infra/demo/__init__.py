"""The demonstration: an invented company's requests through the whole system, killed in the middle, counted at the end."""
