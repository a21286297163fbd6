"""A user's code, which is type-checked and never run (`make check`)."""
