"""How a command of the corpus says what is wrong: one message on stderr, exit code 2."""

import click

from corpus.text import printable


class CorpusFailure(click.ClickException):
    """An error that the user can mend."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # Names and titles come from files: no escape sequence of theirs reaches the terminal.
        super().__init__(printable(message))
