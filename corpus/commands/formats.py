"""`dungeon corpus formats`: the story formats that are read."""

import click

from corpus.readers import FORMATS


@click.command("formats")
def command() -> None:
    """List the story formats that can be read."""
    wide = max(len(known.name) for known in FORMATS)
    for known in FORMATS:
        click.echo(f"{known.name:<{wide}}  {', '.join(known.suffixes)}")
