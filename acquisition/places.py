"""Where the program keeps what belongs to the computer and to no session."""

import os
from pathlib import Path

SIMULATED = Path("build/simulated")
"""Cards, phones and consents of simulated sessions, below the working folder."""


def configuration_folder() -> Path:
    """Returns `$XDG_CONFIG_HOME/deepflash`, usually `~/.config/deepflash`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "deepflash"
