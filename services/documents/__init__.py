"""Documents: turns requests into files people hand over, each made once per version and addressed by its content."""
