"""The live display of a training: how far it is, the curve of the loss, rates, memory, and what the voice writes.

    display = Display(standing)
    display.start()         # drawn again a few times a second, until stop()

`Standing` is filled by `progress`; `picture` turns it into lines for a width and a height, which is all there is to
test. What a voice writes is data: it is never read as rich's markup, and has no control characters.
"""

import math
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil
import torch
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from corpus.text import printable

Points = Sequence[tuple[int, float]]

_REFRESH = 4  # a second
_LEFT = 6  # cells of the axis's figures
_CURVE = (4, 12)  # least and most rows of the curve
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, row by row
_MARK = "◆"
_NO_WIDTH = frozenset(("Mn", "Me", "Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


@dataclass(slots=True)
class Standing:
    """How a training stands."""

    title: str
    step: int = 0
    steps: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    """Step, and nats a target token of its batch."""
    validation: list[tuple[int, float]] = field(default_factory=list)
    """Step, and nats a token of the validation split."""
    target_rate: float = 0.0
    """Target tokens a second, on all devices."""
    rate: float = 0.0
    """The same with context and padding."""
    memory: int = 0
    """Bytes."""
    left: float | None = None
    """Seconds to the last step; None as long as nothing is known."""
    sample: tuple[int, str, str] | None = None
    """Step, prompt and text of the turn that was written last."""
    doing: str = ""
    """What is done at the moment instead of training."""

    @property
    def progress(self) -> str:
        return f"step {self.step}/{self.steps}"

    @property
    def rates(self) -> str:
        return f"{self.target_rate:.0f} target tokens/s, {self.rate:.0f} with context and padding"


class Display:
    """Draws a standing on stderr."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        # Output of others (a warning, a library's note) is moved above it.
        self._live = Live(self, console=Console(file=sys.stderr), refresh_per_second=_REFRESH)

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        """Draws it a last time and leaves it there."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # One line and one column are left free: a terminal that has to scroll would smear the picture.
        yield from picture(self.standing, options.max_width - 1, console.size.height - 1)


def picture(standing: Standing, width: int, height: int) -> list[Text]:
    """The display as at most `height` lines of at most `width` cells."""
    lines = [_bar(standing, width), *_figures(standing, width)]
    sample = _sample(standing, width)
    rows = max(_CURVE[0], min(_CURVE[1], height - len(lines) - 4 - min(len(sample), 6)))
    if len(standing.losses) > 1:
        lines += [Text(), *curve(standing.losses, standing.validation, standing.steps, width, rows)]
    if sample:
        lines += [Text(), *sample]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return lines[: max(height, 1)]


def curve(losses: Points, validation: Points, steps: int, width: int, height: int) -> list[Text]:
    """Losses over steps 0 to `steps` as braille dots, with a mark for each validation loss, and figures at the axes.

    `height` rows and two more, of at most `width` cells. A column of dots is the mean of the losses that fall into it.
    """
    cells = max(width - _LEFT - 2, 8)
    columns: dict[int, list[float]] = {}
    for step, loss in losses:
        if math.isfinite(loss):
            columns.setdefault(_column(step, steps, 2 * cells), []).append(loss)
    means = {column: sum(found) / len(found) for column, found in columns.items()}
    marks = {_column(step, steps, cells): loss for step, loss in validation if math.isfinite(loss)}
    values = [*means.values(), *marks.values()]
    low, high = min(values, default=0.0), max(values, default=1.0)

    def row(loss: float, rows: int) -> int:
        return round((high - loss) / (high - low) * (rows - 1)) if high > low else rows // 2

    grid = [[0] * cells for _ in range(height)]
    before = None
    for column in sorted(means):
        dot = row(means[column], 4 * height)
        # A steep line stays a line.
        for filled in range(min(dot, before), max(dot, before) + 1) if before is not None else (dot,):
            grid[filled // 4][column // 2] |= _DOTS[filled % 4][column % 2]
        before = dot
    lines = []
    for n, bits in enumerate(grid):
        figure = {0: f"{high:.2f}", height - 1: f"{low:.2f}"}.get(n, "")
        line = Text(f"{figure:>{_LEFT}} ", style="dim")
        line.append("┤" if figure else "│", style="dim")
        for cell, bit in enumerate(bits):
            if cell in marks and row(marks[cell], height) == n:
                line.append(_MARK, style="bold yellow")
            else:
                line.append(chr(0x2800 + bit) if bit else " ", style="cyan")
        lines.append(line)
    end = str(steps)
    lines.append(Text(" " * (_LEFT + 1) + "└" + "─" * cells, style="dim"))
    lines.append(Text(" " * (_LEFT + 2) + "0" + end.rjust(cells - 1), style="dim"))
    return lines


def duration(seconds: float) -> str:
    """`4:05`, or `2:04:05` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def memory(device: torch.device) -> int:
    """Bytes in use: the most so far on a CUDA card, else those of this process now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)


def _column(step: int, steps: int, columns: int) -> int:
    return min(columns - 1, step * columns // max(steps, 1))


def _bar(standing: Standing, width: int) -> Text:
    share = min(1.0, standing.step / standing.steps) if standing.steps else 0.0
    left = f"{duration(standing.left)} left" if standing.left is not None else ""
    tail = f" {share:4.0%}  {left}".rstrip()
    line = Text(f"{_plain(standing.title)}  ", style="bold")
    line.append(f"{standing.progress} ", style="not bold")
    room = max(width - line.cell_len - len(tail), 8)
    full = round(share * room)
    line.append("━" * full, style="green")
    line.append("━" * (room - full), style="dim")
    line.append(tail, style="not bold")
    return line


def _figures(standing: Standing, width: int) -> list[Text]:
    first = Text()
    if standing.losses:
        recent = [loss for _, loss in standing.losses[-10:]]
        first.append("loss ", style="dim").append(f"{sum(recent) / len(recent):.3f}", style="cyan")
    if standing.validation:
        step, best = min(standing.validation, key=lambda point: point[1])
        first.append(f"   {_MARK} validation ", style="dim")
        first.append(f"{standing.validation[-1][1]:.3f}", style="bold yellow")
        first.append(f", best {best:.3f} at step {step}", style="dim")
    if standing.doing:
        first.append(f"   {standing.doing} …", style="italic")
    second = Text(style="dim")
    if standing.rate:
        second.append(f"{standing.rates}   {standing.memory / 2**30:.1f} GiB")
    return [line for line in (first, second) if line.plain.strip()]


def _sample(standing: Standing, width: int) -> list[Text]:
    """The last line of the prompt, and the text after it, wrapped."""
    if standing.sample is None:
        return []
    step, prompt, text = standing.sample
    asked = _plain(prompt).strip().rpartition("\n")[2]
    lines = [Text(f"at step {step} it writes", style="dim")]
    console = Console(width=width, file=sys.stderr)
    for part, style in ((asked, "bold"), *((line, "") for line in _plain(text).split("\n") if line.strip())):
        lines += Text(part, style=style).wrap(console, width)
    return lines


def _plain(text: str) -> str:
    """Text without characters whose width terminals disagree on: a cell more than reckoned would smear the picture."""
    return "".join(mark for mark in printable(text) if mark == "\n" or unicodedata.category(mark) not in _NO_WIDTH)
