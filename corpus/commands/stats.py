"""`dungeon corpus stats`: show the contents of a corpus."""

from pathlib import Path

import click

from corpus.text import visible


@click.command("stats")
@click.argument("corpus", type=click.Path(path_type=Path))
def command(corpus: Path) -> None:
    """Show the figures of the folder CORPUS, the lengths of its passages and examples, and its stories."""
    from corpus.histogram import EXAMPLE_CHARACTERS, PASSAGE_WORDS, bars
    from corpus.report import read_report

    report = read_report(corpus)
    stories = "\n".join(
        ["Stories", *(f"  {line.split:<10}  {line.words:>9,} words  {line.title}" for line in report.contents)]
    )
    blocks = (
        report.table(),
        bars(report.passage_words, PASSAGE_WORDS),
        bars(report.example_characters, EXAMPLE_CHARACTERS),
        stories,
    )
    click.echo(visible("\n\n".join(blocks)))
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)
