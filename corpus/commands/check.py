"""`dungeon corpus check`: a linter for story writers."""

from pathlib import Path

import click

from corpus.errors import CorpusFailure
from corpus.readers import formats_read, read
from corpus.story import StoryError
from corpus.text import printable


@click.command("check", epilog=formats_read())
@click.argument("stories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--any-style", is_flag=True, help="Only what any story should hold: the graph, not our library's style.")
@click.option("--notes", is_flag=True, help="Show notes for several stories too; for one they are always shown.")
def command(stories: tuple[Path, ...], any_style: bool, notes: bool) -> None:
    """Say what is wrong with STORIES, story files or folders of them.

    Without --any-style they are held to the style of the story library that comes with Dungeon: its lengths, person and
    tense, vocabulary, and what choices there are. Several stories are also compared with each other. A note is worth a
    look and fails nothing. The last lines show the stories in figures by genre.

    Exit code 0: nothing is wrong; 1: something is; 2: a story could not be read.
    """
    from corpus.check import check

    try:
        read_stories = [story for path in stories for story in read(path)]
    except StoryError as error:
        raise CorpusFailure(str(error)) from error
    checked = check(read_stories, any_style)
    with_notes = notes or len(read_stories) == 1
    shown = [finding for finding in checked.findings if with_notes or not finding.note]
    for finding in shown:
        click.echo(printable(str(finding)))
    click.echo(("\n" if shown else "") + printable(checked.table))
    if hidden := len(checked.findings) - len(shown):
        click.echo(f"Notes not shown: {hidden}; --notes shows them.", err=True)
    if not checked.clean:
        raise SystemExit(1)
