"""A comparison as it is printed: the table of figures, a column a voice, and the first turns side by side.

    print(figures(comparison, width=100))
    print(samples(comparison, width=100, most=3))

What voices write and how they are called is data: no control character and no markup of theirs is obeyed.
"""

import io
import math

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from corpus.text import printable
from finetune.compare.evaluate import SAMPLER, Column, Comparison
from finetune.compare.measures import MEASURES

_SHARES = {"cut_off", "second_person", "speaks_for_player", "uses_action", "says_nothing"}
_NARROWEST = 24
"""Characters a sample's column needs; where there are fewer, one voice stands under the other."""


def figures(comparison: Comparison, width: int) -> str:
    """The table, and how it came about."""
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("", no_wrap=True)
    for column in comparison.columns:
        table.add_column(_plain(column.name), justify="right", overflow="fold")
    if sources := [column.loss_from for column in comparison.columns if column.loss_from]:
        shown = [_plain(column.loss_from or "–") for column in comparison.columns]
        table.add_row("held out", *shown)
    for entry in MEASURES:
        if sources or entry.key not in ("nats_per_token", "bits_per_byte"):
            table.add_row(entry.label, *(_figure(column, entry.key) for column in comparison.columns))
    question = comparison.question
    sampler = ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in SAMPLER.items())
    place = "the corpus's held-out split" if question.corpus else "the program's own"
    how = (
        f"{question.turns} turns of at most {question.tokens} tokens, prompts: {place}; {sampler}, "
        f"seed {question.seed}."
    )
    if comparison.measured:
        how += " The loss is over {} of the split's {} examples.".format(*comparison.measured)
    # Two standard errors of a share are at most 2 * sqrt(1/4 / n).
    how += (
        f" Shares of {question.turns} turns are sure to within {100 / math.sqrt(question.turns):.0f} points at worst."
    )
    how += " What each measure is: dungeon evaluate --help"
    return _rendered(width, table, Text(""), Text(how))


def samples(comparison: Comparison, width: int, most: int) -> str:
    """The first `most` prompts, each with what came of it."""
    parts: list[Text | Rule | Padding | Table] = []
    side_by_side = width // len(comparison.columns) >= _NARROWEST
    for n, prompt in enumerate(comparison.prompts[:most]):
        parts += [Text(""), Rule(f"prompt {n + 1}", style=""), _plain(prompt.text.strip()), Text("")]
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


def _figure(column: Column, key: str) -> str:
    if key in ("nats_per_token", "bits_per_byte"):
        return f"{getattr(column.loss, key):.3f}" if column.loss else "–"
    value = getattr(column.manner, key)
    if value is None:
        return "–"
    if key in _SHARES:
        return f"{value:.0%}"
    return f"{value:.1f}" if key == "words_per_turn" else f"{value:.3f}"


def _plain(text: str) -> Text:
    return Text(printable(text))


def _rendered(width: int, *parts: Text | Rule | Padding | Table) -> str:
    """Plain characters, no colours; lines end where their text does."""
    file = io.StringIO()
    console = Console(file=file, width=width, no_color=True, force_terminal=False, legacy_windows=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))
