"""`dungeon corpus convert`: stories of any format -> Twee or Twine, to be edited and read back."""

import re
from pathlib import Path

import click

from corpus.errors import CorpusFailure
from corpus.files import write_atomic
from corpus.readers import formats_read, read
from corpus.story import StoryError
from corpus.text import printable
from corpus.writers import write_twee, write_twine

_WRITERS = {"twee": (".twee", write_twee), "twine": (".html", write_twine)}
_LONGEST_NAME = 60


@click.command("convert", epilog=formats_read())
@click.argument("stories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write to.")
@click.option(
    "--to",
    "form",
    type=click.Choice(list(_WRITERS)),
    default="twee",
    show_default=True,
    help="Twee is text, for any editor and Tweego; twine is an archive, which Twine imports.",
)
def command(stories: tuple[Path, ...], out: Path, form: str) -> None:
    """Write STORIES, story files or folders of them, as Twee or for Twine: one file a story, named after its title.

    A file that is there already is left alone, and then nothing is written. The paths written go to stdout.
    """
    suffix, write = _WRITERS[form]
    try:
        found = [story for path in stories for story in read(path)]
    except StoryError as error:
        raise CorpusFailure(str(error)) from error
    files: dict[Path, str] = {}
    for story in found:
        path, number = out / (_file_name(story.title) + suffix), 2
        while path in files:
            path, number = out / f"{_file_name(story.title)}-{number}{suffix}", number + 1
        files[path] = write(story)
    if there := next((path for path in files if path.exists()), None):
        raise CorpusFailure(f"{there} is there already. Move it away, or name another folder with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            write_atomic(path, text)
            click.echo(printable(str(path)))
    except OSError as error:
        raise CorpusFailure(f"{error.filename or out} can't be written: {error.strerror or error}.") from error
    for story in found:
        for note in story.notes:
            click.echo(printable(f"Note: {story.source}: {note}"), err=True)


def _file_name(title: str) -> str:
    """A title as a name that every system takes: it is a stranger's text, and no path."""
    return re.sub(r"\W+", "-", title.lower())[:_LONGEST_NAME].strip("-_") or "story"
