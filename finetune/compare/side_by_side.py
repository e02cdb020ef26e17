"""A comparison as it is printed: a table with a column per voice, and the first turns side by side.

    print(measures_table(comparison, width=100))
    print(turns_side_by_side(comparison, width=100, most=3))

Names of voices and what they generate are data: no control character and no markup in them takes effect.
"""

import io
import math
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from corpus.text import printable
from finetune.compare.evaluate import Column, Comparison
from finetune.compare.measures import MEASURES, Measure
from finetune.models.sampling import GAME_SAMPLING

_LOSSES = ("nats_per_token", "bits_per_byte")
_NARROWEST = 24
"""Cells that a column of turns needs; where there are fewer, one voice stands under the other."""


def measures_table(comparison: Comparison, width: int) -> str:
    """Return the table of figures, and how they were measured."""
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("", no_wrap=True)
    for column in comparison.columns:
        table.add_column(_plain(column.name), justify="right", overflow="fold")
    sources = [column.loss_from for column in comparison.columns]
    if any(sources):
        table.add_row("held out", *(_plain(source or "–") for source in sources))
    for entry in MEASURES:
        if any(sources) or entry.key not in _LOSSES:
            table.add_row(entry.label, *(_figure(column, entry) for column in comparison.columns))
    return _rendered(width, table, Text(""), Text(_conditions(comparison)))


def _conditions(comparison: Comparison) -> str:
    job = comparison.job
    sampling = {**asdict(GAME_SAMPLING), "seed": job.seed}
    settings = ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in sampling.items())
    source = "the corpus's held-out split" if job.corpus else "the program's own"
    text = f"{job.turns} turns of at most {job.tokens} tokens, prompts: {source}; {settings}."
    if comparison.measured:
        text += " The loss is over {} of the split's {} examples.".format(*comparison.measured)
    # Two standard errors of a share are at most 2 * sqrt(1/4 / n).
    text += f" Shares of {job.turns} turns are sure to within {100 / math.sqrt(job.turns):.0f} points at worst."
    return text + " What each measure is: dungeon evaluate --help"


def turns_side_by_side(comparison: Comparison, width: int, most: int) -> str:
    """Return the first `most` prompts, each with what the voices generated."""
    parts: list[Text | Rule | Padding | Table] = []
    side_by_side = width // len(comparison.columns) >= _NARROWEST
    for n, scene in enumerate(comparison.scenes[:most]):
        parts += [Text(""), Rule(f"prompt {n + 1}", style=""), _plain(scene.text.strip()), Text("")]
        if side_by_side:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="")
            for column in comparison.columns:
                table.add_column(_plain(column.name), ratio=1, overflow="fold")
            table.add_row(*(_plain(column.turns[n] or "–") for column in comparison.columns))
            parts.append(table)
            continue
        for column in comparison.columns:
            parts += [_plain(f"{column.name}:"), Padding(_plain(column.turns[n] or "–"), (0, 0, 1, 2))]
    return _rendered(width, *parts)


def _figure(column: Column, entry: Measure) -> str:
    value = getattr(column.loss if entry.key in _LOSSES else column.measurements, entry.key, None)
    if value is None:
        return "–"
    if entry.share:
        return f"{value:.0%}"
    return f"{value:.1f}" if entry.key == "words_per_turn" else f"{value:.3f}"


def _plain(text: str) -> Text:
    return Text(printable(text))


def _rendered(width: int, *parts: Text | Rule | Padding | Table) -> str:
    """Return plain characters without colours; lines end where their text does."""
    file = io.StringIO()
    console = Console(file=file, width=width, no_color=True, force_terminal=False, legacy_windows=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))
