"""Capture sessions: a phone with its flash and a tethered camera become pairs."""

__version__ = "0.1.0"
