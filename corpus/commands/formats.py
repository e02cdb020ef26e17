"""`dungeon corpus formats`: list the story formats."""

import click

from corpus.readers import FORMATS


@click.command("formats")
def command() -> None:
    """List the story formats that can be read."""
    width = max(len(story_format.name) for story_format in FORMATS)
    for story_format in FORMATS:
        click.echo(f"{story_format.name:<{width}}  {', '.join(story_format.suffixes)}")
