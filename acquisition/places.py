"""Where simulated sessions keep what real ones keep in the user's configuration."""

from pathlib import Path

SIMULATED = Path("build/simulated")
"""Cards, phones and consents of simulated sessions, below the working folder."""
