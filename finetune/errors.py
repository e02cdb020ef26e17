"""The one exception for what a user can mend: its message goes to stderr, the exit code is 2."""

import click

from corpus.text import printable


class FinetuneError(click.ClickException):
    """Something that the user can put right; the message says what is wrong, where, and what to do."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # Names and titles come from files: no escape sequence of theirs reaches the terminal.
        super().__init__(printable(message))
