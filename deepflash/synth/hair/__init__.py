"""Hair of the synthetic studio: what it is like, where it grows, and its curves."""
