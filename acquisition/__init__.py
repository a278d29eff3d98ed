"""Capture sessions: a phone with its flash and a tethered camera become pairs."""
