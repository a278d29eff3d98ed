"""The parser that every verb of `acquire` uses: errors are one line, defaults show in `--help`."""

from collections.abc import Sequence

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from acquisition.errors import UsageError, one_line


def new_parser(verb: str, description: str) -> ArgumentParser:
    """Returns an empty parser for `acquire VERB`; add arguments as in argparse."""
    return ArgumentParser(
        prog=f"acquire {verb}", description=description, exit_on_error=False, env_prefix=False
    )


def parse(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """Returns the parsed arguments. Raises UsageError with the parser's message."""
    try:
        return parser.parse_args(list(argv))
    except ArgumentError as error:
        raise UsageError(f"{one_line(error)}; see `{parser.prog} --help`") from error
