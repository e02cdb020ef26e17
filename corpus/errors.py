"""The error of the corpus commands: one message on stderr, exit code 2."""

import click

from corpus.text import visible


class CorpusError(click.ClickException):
    """An error that the user can fix."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # Names and titles come from files: no escape sequence in them may reach the terminal.
        super().__init__(visible(message))
