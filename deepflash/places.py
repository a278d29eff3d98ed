"""Where the programs keep what belongs to the computer and to no folder of work."""

import os
from pathlib import Path


def configuration_folder() -> Path:
    """Returns `$XDG_CONFIG_HOME/deepflash`, usually `~/.config/deepflash`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "deepflash"
