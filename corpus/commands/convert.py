"""`dungeon corpus convert`."""

import click


@click.command("convert")
def command() -> None:
    """To be written."""
