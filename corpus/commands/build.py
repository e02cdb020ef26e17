"""`dungeon corpus build`: build a corpus from stories."""

import sys
from pathlib import Path

import click

from corpus.commands.skipped import show_skipped
from corpus.errors import CorpusError
from corpus.readers import formats_read
from corpus.story import StoryError
from corpus.text import visible

_MIN_CONTEXT = 256


@click.command("build", epilog=formats_read())
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the corpus to.")
@click.option("--seed", default=0, show_default=True, help="Decides which stories are held out.")
@click.option(
    "--context",
    default=4000,
    show_default=True,
    type=click.IntRange(min=_MIN_CONTEXT),
    help="Characters of preceding text in an example, at most; a token has about 4.",
)
@click.option("--rights", multiple=True, help="Only stories under this licence, as they state it. Repeatable.")
@click.option("--author", "authors", multiple=True, help="Only stories by this author. Repeatable.")
@click.option(
    "--maturity-at-most", type=int, help="Only stories with at most this maturity rating on their site; none unrated."
)
@click.option(
    "--near-duplicates/--no-near-duplicates",
    default=True,
    show_default=True,
    help="Compare stories: drop near-duplicates, keep similar stories in one split.",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for everything that is left out, one line of JSON each.",
)
@click.option("--strict", is_flag=True, help="Stop at the first file that can't be read, and write nothing.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    show_default="one below 100 MB, else one per core",
    help="Number of processes.",
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
    strict: bool,
    workers: int | None,
) -> None:
    """Build a corpus from SOURCES: story files, or folders of them.

    The corpus is split by story for training, validation and test. An earlier corpus at --out is replaced; any other
    folder is left alone. The report is printed, and saved in the corpus as report.json and README.md. A file that can't
    be read is skipped; stderr and report.json name it with the reason.

    Exit code 0: the corpus is written, perhaps without some files; 2: nothing is written.
    """
    from corpus.build import build
    from corpus.pipeline import Settings

    settings = Settings(seed, context, near_duplicates, rights, authors, maturity_at_most, rejects, strict)
    terminal = sys.stderr.isatty()
    try:
        report = build(sources, out, settings, workers, _show_progress if terminal else bool)
    except StoryError as error:
        raise CorpusError(str(error)) from error
    except OSError as error:
        raise CorpusError(f"{error.filename or out} can't be written: {error.strerror or error}.") from error
    finally:
        if terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
    show_skipped(report.skipped, "report.json names them.")
    for note in report.notes:
        click.echo(visible(f"Note: {note}"), err=True)
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(visible(report.table()))
    click.echo(visible(f"The corpus is in {out}."), err=True)


def _show_progress(stories: int) -> None:
    """Show the number of stories on a terminal line that the next call overwrites."""
    click.echo(f"\r{stories:,} stories read", err=True, nl=False)
