"""`dungeon corpus build`: stories in, a corpus out."""

import os
import sys
from pathlib import Path

import click

from corpus.errors import CorpusFailure
from corpus.readers import formats_read
from corpus.story import StoryError
from corpus.text import printable

_SMALLEST_CONTEXT = 256


@click.command("build", epilog=formats_read())
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the corpus to.")
@click.option("--seed", default=0, show_default=True, help="Which stories are held out depends on it.")
@click.option(
    "--context",
    default=4000,
    show_default=True,
    type=click.IntRange(min=_SMALLEST_CONTEXT),
    help="The most characters of story before what is learned; about 4 make a token.",
)
@click.option("--rights", multiple=True, help="Only stories under this licence, as they state it. May be repeated.")
@click.option("--author", "authors", multiple=True, help="Only stories by this author. May be repeated.")
@click.option(
    "--maturity-at-most", type=int, help="Only stories whose site rates them so, on its own scale; no unrated ones."
)
@click.option(
    "--near-duplicates/--no-near-duplicates",
    default=True,
    show_default=True,
    help="Compare stories: leave out those that say nothing new, keep similar ones in one split.",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write whatever is left out to, a line of JSON each.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="How many processes read and compile.",
)
def command(
    sources: tuple[Path, ...],
    out: Path,
    seed: int,
    context: int,
    rights: tuple[str, ...],
    authors: tuple[str, ...],
    maturity_at_most: int | None,
    near_duplicates: bool,
    rejects: Path | None,
    workers: int,
) -> None:
    """Build a corpus from SOURCES, story files or folders of them.

    The corpus is split by story for training, validation and test. An earlier corpus at --out is replaced; any other
    folder is left alone. A report is printed, and kept in the corpus as report.json and as its card, README.md.
    """
    from corpus.build import build
    from corpus.pipeline import Settings

    settings = Settings(seed, context, near_duplicates, rights, authors, maturity_at_most, rejects)
    watched = sys.stderr.isatty()
    try:
        report = build(sources, out, settings, workers, _show if watched else bool)
    except StoryError as error:
        raise CorpusFailure(str(error)) from error
    except OSError as error:
        raise CorpusFailure(f"{error.filename or out} can't be written: {error.strerror or error}.") from error
    finally:
        if watched:
            click.echo("\r\x1b[K", err=True, nl=False)
    for note in report.notes:
        click.echo(printable(f"Note: {note}"), err=True)
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(printable(report.table()))
    click.echo(printable(f"The corpus is in {out}."), err=True)


def _show(stories: int) -> None:
    """How far it is, on one line of the terminal that the next one writes over."""
    click.echo(f"\r{stories:,} stories read", err=True, nl=False)
