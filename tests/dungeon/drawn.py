"""What a screen draws: its runs of text with the colours and marks that a terminal is told.

for run in drawn(app):
    contrast(run.color, run.background)
unpainted(app)  # the same without any colour: text, bold, underlined, reversed
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.color import Color
from rich.style import Style
from textual.app import App


@dataclass(frozen=True, slots=True)
class Run:
    """Cells of one line that are drawn alike."""

    x: int
    y: int
    text: str
    color: str
    """`#rrggbb`, or the terminal's own: "default", "color(2)"."""
    background: str
    marks: frozenset[str]
    """What is not a colour: "bold", "dim", "italic", "reverse", "underline", "strike"."""


def drawn(app: App[Any]) -> Iterator[Run]:
    """The runs of the screen from top to bottom; colours that are reversed are changed over."""
    for y, strip in enumerate(app.screen._compositor.render_strips()):  # private: there is no public way to the cells
        x = 0
        for segment in strip:
            style = segment.style or Style()
            colors = _name(style.color), _name(style.bgcolor)
            if style.reverse:
                colors = colors[::-1]
            yield Run(x, y, segment.text, *colors, _marks(style))
            x += segment.cell_length


def unpainted(app: App[Any]) -> list[list[tuple[str, frozenset[str]]]]:
    """Each line's letters with their marks, and no colour."""
    lines: dict[int, list[tuple[str, frozenset[str]]]] = {}
    for run in drawn(app):
        lines.setdefault(run.y, []).extend((letter, run.marks) for letter in run.text)
    return list(lines.values())


def _name(color: Color | None) -> str:
    if color is None or color.is_default:
        return "default"
    return color.triplet.hex if color.triplet else color.name


def _marks(style: Style) -> frozenset[str]:
    names = ("bold", "dim", "italic", "reverse", "underline", "strike")
    return frozenset(name for name in names if getattr(style, name))
