"""`dungeon corpus formats`: list the story formats."""

import textwrap

import click

from corpus.readers import FORMATS


@click.command("formats")
def command() -> None:
    """List the story formats that can be read, with what is read of them and what isn't."""
    width = max(len(story_format.name) for story_format in FORMATS)
    for story_format in FORMATS:
        click.echo(f"{story_format.name:<{width}}  {', '.join(story_format.suffixes)}".rstrip())
        if story_format.about:
            click.echo(textwrap.fill(story_format.about, 100, initial_indent="    ", subsequent_indent="    "))
