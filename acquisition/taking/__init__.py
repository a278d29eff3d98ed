"""Taking one pair with real devices, and making whole what lacked something."""
