"""`dungeon corpus check`: a linter for story writers."""

from pathlib import Path

import click

from corpus.commands.skipped import show_skipped
from corpus.errors import CorpusError
from corpus.readers import formats_read, read
from corpus.story import Skipped
from corpus.text import visible

_SHOWN = 10
"""Reasons in the message that there is no story."""


@click.command("check", epilog=formats_read())
@click.argument("stories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--any-style", is_flag=True, help="Check only the story graph, not the style of our library.")
@click.option("--notes", is_flag=True, help="Show notes for several stories, too; for one story they are always shown.")
def command(stories: tuple[Path, ...], any_style: bool, notes: bool) -> None:
    """Check STORIES: story files, or folders of them.

    Without --any-style, stories are checked against the style of the library that comes with Dungeon: lengths, person
    and tense, vocabulary, choices. Several stories are also compared with each other. A note is a hint, not an
    error. The output ends with a table of statistics by genre.

    A file that can't be read doesn't keep the others from being checked; stderr names it with the reason.

    Exit code 0: no errors; 1: errors; 2: a story can't be read.
    """
    from corpus.check import check

    skipped: list[Skipped] = []
    read_stories = [story for path in stories for story in read(path, skipped, strict=False)]
    unreadable = [each for each in skipped if not each.without_story]
    if not read_stories:
        raise CorpusError("\n".join(each.reason for each in skipped[:_SHOWN]))
    result = check(read_stories, any_style)
    with_notes = notes or len(read_stories) == 1
    shown = [finding for finding in result.findings if with_notes or not finding.note]
    for finding in shown:
        click.echo(visible(str(finding)))
    click.echo(("\n" if shown else "") + visible(result.table))
    if hidden := len(result.findings) - len(shown):
        click.echo(f"{hidden} notes are hidden; --notes shows them.", err=True)
    show_skipped(unreadable, "check fewer at a time.")
    if unreadable:
        raise SystemExit(2)
    if not result.clean:
        raise SystemExit(1)
