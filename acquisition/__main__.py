"""The `acquire` command."""

import sys

from acquisition.cli import main

if __name__ == "__main__":
    sys.exit(main())
