"""The command line of the corpus: `python -m corpus build my-stories/ --out my-corpus`.

Each command is a module in `corpus/commands`. Packages beyond the base install (scrapy, datasets) are imported when a
command runs, not when it is listed. Results go to stdout, progress and warnings to stderr. Exit code 2 means that
nothing was written.
"""

from importlib import import_module
from typing import Any

import click

from corpus.errors import CorpusError
from corpus.extras import install_line

_COMMANDS = ("build", "check", "convert", "crawl", "formats", "stats")


class _Commands(click.Group):
    """The modules of `corpus.commands`; each has a click command named `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = import_module(f"corpus.commands.{name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise CorpusError(f"{error.name} is not installed. Install it with: {install_line('corpus')}") from error


@click.group(cls=_Commands)
def main() -> None:
    """Collect branching stories and turn them into a training corpus."""
