"""Pictures of a terminal as SVG: a still, and one that moves. `tests.make_pictures` makes the README's with it.

    lines = lines_of(app)
    Path("still.svg").write_text(still(lines, app.size, "#16140f", "The first screen"))
    moments = [Moment(0.0, lines), Moment(0.4, lines_of(app)), …]
    Path("moving.svg").write_text(moving(moments, app.size, "#16140f", "Two turns"))

A picture stands alone: no script, no font from elsewhere, no address but that of SVG itself. One that moves draws every
line that ever was on the screen once, and style sheets show it where and while it was there; where nothing moves, by
the reader's wish or the viewer's ability, it shows its end.

Textual's own picture loads a font from a server, and knows nothing of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from typing import Any

from rich.cells import cell_len
from textual.app import App
from textual.geometry import Size

from tests.dungeon.drawn import Run, drawn

STYLE = (
    "text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "font-size:16px;white-space:pre}rect{shape-rendering:crispEdges}"
)
CELL_WIDTH, CELL_HEIGHT = 9.6, 19
MARGIN = 12
LAST_SECONDS = 5.0
"""How long the end is shown before it begins again."""

Line = tuple[Run, ...]
"""What stands in a line of the screen; all of it has y 0."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the screen showed from then on."""

    seconds: float
    lines: tuple[Line, ...]


def lines_of(app: App[Any]) -> tuple[Line, ...]:
    """The screen as it is drawn now."""
    lines: list[list[Run]] = [[] for _ in range(app.size.height)]
    for run in drawn(app):
        line = lines[run.y]
        last = line[-1] if line else None
        if last and (last.color, last.background, last.marks) == (run.color, run.background, run.marks):
            line[-1] = replace(last, text=last.text + run.text)
        else:
            line.append(replace(run, y=0))
    return tuple(map(tuple, lines))


def still(lines: Sequence[Line], size: Size, background: str, title: str) -> str:
    """A picture of the screen."""
    rows = (_placed(_drawing(line, background), row) for row, line in enumerate(lines))
    return _document(size, background, title, "", "".join(rows))


def moving(moments: Sequence[Moment], size: Size, background: str, title: str) -> str:
    """A picture of the screen as it changed; it begins again at its end."""
    total = moments[-1].seconds - moments[0].seconds + LAST_SECONDS
    drawings: dict[str, str] = {}
    """Each line that was there at any time, and the name it is used by."""
    times: dict[tuple[float, ...], str] = {}
    """When something was there, in percent of the whole, and the name of the animation that shows it then."""
    uses = []
    for row in range(size.height):
        for line, shares in _shown(moments, row, total).items():
            if not (drawing := _drawing(line, background)):
                continue
            name = drawings.setdefault(drawing, f"l{len(drawings)}")
            use = f'<use href="#{name}" y="{MARGIN + row * CELL_HEIGHT}"'
            if shares != (0.0, 100.0):
                use += f' class="{times.setdefault(shares, f"t{len(times)}")}"'
                use += ' visibility="hidden"' * (shares[-1] != 100.0)
            uses.append(f"{use}/>")
    style = "".join(_animation(name, shares, total) for shares, name in times.items())
    style += "@media (prefers-reduced-motion: reduce){use{animation:none!important}}"
    definitions = "".join(f'<g id="{name}">{drawing}</g>' for drawing, name in drawings.items())
    return _document(size, background, title, style, f"<defs>{definitions}</defs>{''.join(uses)}")


def without_waiting(moments: Sequence[Moment], longest: float) -> list[Moment]:
    """The same with pauses of at most so many seconds, and without moments that show nothing new."""
    changes = [moment for before, moment in pairwise([Moment(0, ()), *moments]) if moment.lines != before.lines]
    shortened = [replace(changes[0], seconds=0.0)]
    for before, moment in pairwise(changes):
        seconds = shortened[-1].seconds + min(longest, moment.seconds - before.seconds)
        shortened.append(replace(moment, seconds=seconds))
    return shortened


def _shown(moments: Sequence[Moment], row: int, total: float) -> dict[Line, tuple[float, ...]]:
    """What stood in a row, each with when it came and went, in percent of the whole."""
    start = moments[0].seconds
    starts = [(moment.seconds - start) / total * 100 for moment in moments]
    shown: dict[Line, tuple[float, ...]] = {}
    for moment, (begin, end) in zip(moments, pairwise([*starts, 100.0]), strict=True):
        line = moment.lines[row]
        before = shown.get(line, ())
        goes_on = before[-1:] == (begin,)
        shown[line] = (*(before[:-1] if goes_on else (*before, begin)), end)
    return shown


def _animation(name: str, shares: Sequence[float], total: float) -> str:
    """The style of something that is there from the first share to the second, from the third to the fourth, …"""
    steps = {0.0: "hidden"}
    for number, share in enumerate(shares):
        if share < 100.0:
            steps[share] = "hidden" if number % 2 else "visible"
    frames = "".join(f"{share:.3f}%{{visibility:{state}}}" for share, state in steps.items())
    return f".{name}{{animation:{name} {total:.2f}s step-end infinite}}@keyframes {name}{{{frames}}}"


def _drawing(line: Line, background: str) -> str:
    """The elements of a line, from the top left corner of its first cell."""
    elements: list[str] = []
    for run in line:
        x, width = run.x * CELL_WIDTH, cell_len(run.text) * CELL_WIDTH
        if run.background != background:
            elements.append(f'<rect x="{x:.1f}" width="{width:.1f}" height="{CELL_HEIGHT}" fill="{run.background}"/>')
        if run.text.strip():
            elements.append(_text(run))
    return "".join(elements)


def _text(run: Run) -> str:
    """A run's letters; spaces around them are left out, and the width is held whatever the font."""
    text = run.text.strip(" ")
    x = (run.x + cell_len(run.text) - cell_len(run.text.lstrip(" "))) * CELL_WIDTH
    marks = {
        "bold": ' font-weight="bold"',
        "italic": ' font-style="italic"',
        "underline": ' text-decoration="underline"',
        "strike": ' text-decoration="line-through"',
    }
    attributes = "".join(attribute for mark, attribute in marks.items() if mark in run.marks)
    width = cell_len(text) * CELL_WIDTH
    return f'<text x="{x:.1f}" y="14.5" fill="{run.color}" textLength="{width:.1f}"{attributes}>{escape(text)}</text>'


def _placed(drawing: str, row: int) -> str:
    return f'<g transform="translate(0 {MARGIN + row * CELL_HEIGHT})">{drawing}</g>' if drawing else ""


def _document(size: Size, background: str, title: str, style: str, body: str) -> str:
    width, height = size.width * CELL_WIDTH + 2 * MARGIN, size.height * CELL_HEIGHT + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>"
        f'<rect width="{width:.1f}" height="{height:.1f}" rx="8" fill="{background}"/>'
        f'<g transform="translate({MARGIN} 0)">{body}</g></svg>\n'
    )
