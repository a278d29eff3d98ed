"""The `acquire` command."""

import sys


def main() -> int:
    """Say that no capture verb exists yet; returns the exit code 2."""
    sys.stderr.write("acquire: no capture verb exists in this version\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
