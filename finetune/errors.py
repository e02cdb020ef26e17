"""The one exception for what a user can put right: the message goes to stderr, the exit code is 2."""

import click

from corpus.text import one_line, visible


class FinetuneError(click.ClickException):
    """Something that the user can put right; the message says what is wrong, where, and what to do."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # File names and titles are data: no escape sequence in them reaches the terminal.
        super().__init__(visible(message))


def cause(error: Exception) -> str:
    """Return an exception's message as one line of at most 400 characters, to be quoted in a message of ours."""
    return one_line(str(error))[:400]
