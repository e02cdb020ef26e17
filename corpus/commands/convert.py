"""`dungeon corpus convert`: write stories of any format as Twee or Twine, to be edited and read back."""

import re
from pathlib import Path

import click

from corpus.commands.skipped import show_skipped
from corpus.errors import CorpusError
from corpus.files import write_atomic
from corpus.reachability import reachability_warning
from corpus.readers import formats_read, read
from corpus.story import Skipped, StoryError
from corpus.text import visible
from corpus.writers import write_twee, write_twine

_WRITERS = {"twee": (".twee", write_twee), "twine": (".html", write_twine)}
_LONGEST_NAME = 60
_SHOWN = 10
"""Reasons in the message that there is no story."""


@click.command("convert", epilog=formats_read())
@click.argument("stories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write to.")
@click.option(
    "--to",
    "target_format",
    type=click.Choice(list(_WRITERS)),
    default="twee",
    show_default=True,
    help="twee: text for any editor and for Tweego; twine: an archive that Twine imports.",
)
@click.option("--strict", is_flag=True, help="Stop at the first file that can't be read, and write nothing.")
def command(stories: tuple[Path, ...], out: Path, target_format: str, strict: bool) -> None:
    """Convert STORIES, story files or folders of them, to Twee or Twine: one file per story, named after its title.

    If one of the files already exists, nothing is written. The paths of the new files go to stdout. A file that can't
    be read is skipped; stderr names it with the reason.

    Exit code 0: the stories are written, perhaps without some files; 2: nothing is written.
    """
    suffix, write = _WRITERS[target_format]
    skipped: list[Skipped] = []
    try:
        found = [story for path in stories for story in read(path, skipped, strict=strict)]
    except StoryError as error:
        raise CorpusError(str(error)) from error
    if not found:
        raise CorpusError("\n".join(each.reason for each in skipped[:_SHOWN]))
    files: dict[Path, str] = {}
    for story in found:
        path, number = out / (_file_name(story.title) + suffix), 2
        while path in files:
            path, number = out / f"{_file_name(story.title)}-{number}{suffix}", number + 1
        files[path] = write(story)
    if existing := next((path for path in files if path.exists()), None):
        raise CorpusError(f"{existing} already exists. Move it away, or name another folder with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            write_atomic(path, text)
            click.echo(visible(str(path)))
    except OSError as error:
        raise CorpusError(f"{error.filename or out} can't be written: {error.strerror or error}.") from error
    show_skipped(skipped, "--strict stops at the first.")
    for story in found:
        for note in story.notes:
            click.echo(visible(f"Note: {story.source}: {note}"), err=True)
        if warning := reachability_warning(story):
            click.echo(visible(f"Warning: {story.source}: {warning}"), err=True)


def _file_name(title: str) -> str:
    """Return a title as a file name that is valid on every system, whatever the title holds."""
    return re.sub(r"\W+", "-", title.lower())[:_LONGEST_NAME].strip("-_") or "story"
