"""`dungeon corpus formats`: list the story formats."""

import click

from corpus.readers import FORMATS

_WIDTH = 80


@click.command("formats")
def command() -> None:
    """List the story formats that can be read, and what their readers do and don't."""
    width = max(len(story_format.name) for story_format in FORMATS)
    for story_format in FORMATS:
        click.echo(f"{story_format.name:<{width}}  {', '.join(story_format.suffixes)}".rstrip())
    for about in dict.fromkeys(story_format.about for story_format in FORMATS if story_format.about):
        names = ", ".join(story_format.name for story_format in FORMATS if story_format.about == about)
        click.echo("\n" + click.wrap_text(f"{names}: {about}", width=_WIDTH, preserve_paragraphs=True))
