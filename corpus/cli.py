"""The command line of the corpus: `python -m corpus build my-stories/ --out my-corpus`.

The report goes to stdout, what happens and what to mind to stderr. Exit code 2 says that nothing was made.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import click

from corpus.extras import install_line
from corpus.readers import formats_read, read
from corpus.story import StoryError
from corpus.turns import printable


class CorpusFailure(click.ClickException):
    """An error that the user can mend."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # Names and titles come from files: no escape sequence of theirs reaches the terminal.
        super().__init__(printable(message))


@click.group()
def main() -> None:
    """Turn branching stories into a training corpus."""


@main.command("build", epilog=formats_read())
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the corpus to.")
@click.option("--seed", default=0, show_default=True, help="Which stories are held out depends on it.")
def build_command(sources: tuple[Path, ...], out: Path, seed: int) -> None:
    """Build a corpus from SOURCES, story files or folders of them.

    The corpus is split by story for training, validation and test. An earlier corpus at --out is replaced; any other
    folder is left alone. A report is printed, and kept in the corpus as report.json.
    """
    try:
        from corpus.build import CorpusError, build
        from corpus.store import check_place, save
    except ModuleNotFoundError as error:
        raise CorpusFailure(f"{error.name} is not installed. Install it with: {install_line('corpus')}") from error

    passed_over: list[Path] = []
    try:
        check_place(out)
        stories = [story for source in sources for story in read(source, passed_over)]
        dataset, report = build(stories, seed)
        report = replace(report, drops=report.drops + Counter({"file in no known format": len(passed_over)}))
        save(dataset, report, out)
    except (StoryError, CorpusError) as error:
        raise CorpusFailure(str(error)) from error
    except OSError as error:
        raise CorpusFailure(f"{out} can't be written: {error.strerror or error}.") from error
    for note in report.notes:
        click.echo(printable(f"Note: {note}"), err=True)
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(printable(report.table()))
    click.echo(printable(f"The corpus is in {out}."), err=True)
