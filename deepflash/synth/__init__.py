"""The synthetic studio: rendered people under a phone's flash and under studio light."""
