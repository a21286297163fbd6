"""What the four services share; it never imports a service."""
