"""Status lines: what happens goes to stderr, so that stdout holds figures and paths alone."""

import sys


def print_status(line: str) -> None:
    """Print a line on stderr."""
    print(line, file=sys.stderr, flush=True)
