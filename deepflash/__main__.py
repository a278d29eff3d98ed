"""`python -m deepflash`, and the entry point of the `deepflash` command."""

import sys

from deepflash.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
