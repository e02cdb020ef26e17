"""The live display of a training: progress, loss curve, rates, memory, and what the voice generates.

    display = Display(status)
    display.start()         # drawn again a few times a second, until stop()

`progress` fills the `TrainingStatus`; `render` turns it into lines for a width and a height. What a voice generates is
data: it is never read as rich's markup, and has no control characters.
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

_REDRAWS = 4  # a second
_AXIS_CELLS = 6  # for the figures at the axis
_CURVE_ROWS = (4, 12)  # least and most
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, row by row
_DIAMOND = "◆"
_NO_WIDTH = frozenset(("Mn", "Me", "Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


@dataclass(slots=True)
class TrainingStatus:
    """How far a training is."""

    title: str
    step: int = 0
    steps: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    """Step, and nats per target token of its batch."""
    validation: list[tuple[int, float]] = field(default_factory=list)
    """Step, and nats per token of the validation split."""
    target_rate: float = 0.0
    """Target tokens per second, on all devices."""
    rate: float = 0.0
    """The same with context and padding."""
    memory: int = 0
    """Bytes."""
    seconds_left: float | None = None
    """To the last step; None as long as nothing is known."""
    sample: tuple[int, str, str] | None = None
    """Step, prompt and text of the turn that was generated last."""
    activity: str = ""
    """What is done at the moment instead of training."""

    @property
    def progress(self) -> str:
        return f"step {self.step}/{self.steps}"

    @property
    def rates(self) -> str:
        return f"{self.target_rate:.0f} target tokens/s, {self.rate:.0f} with context and padding"


class Display:
    """Draws a status on stderr."""

    def __init__(self, status: TrainingStatus) -> None:
        self.status = status
        # Other output (a warning, a library's note) is moved above it.
        self._live = Live(self, console=Console(file=sys.stderr), refresh_per_second=_REDRAWS)

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        """Draw a last time and leave that there."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # One line and one column are left free: a terminal that has to scroll would smear the picture.
        yield from render(self.status, options.max_width - 1, console.size.height - 1)


def render(status: TrainingStatus, width: int, height: int) -> list[Text]:
    """Return the display as at most `height` lines of at most `width` cells."""
    lines = [_progress_bar(status, width), *_figures(status)]
    sample = _sample(status, width)
    rows = max(_CURVE_ROWS[0], min(_CURVE_ROWS[1], height - len(lines) - 4 - min(len(sample), 6)))
    if len(status.losses) > 1:
        lines += [Text(), *loss_curve(status.losses, status.validation, status.steps, width, rows)]
    if sample:
        lines += [Text(), *sample]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return lines[: max(height, 1)]


def loss_curve(losses: Points, validation: Points, steps: int, width: int, height: int) -> list[Text]:
    """Return losses over steps 0 to `steps` as braille dots, validation losses as diamonds, and figures at the axes.

    `height` rows and two more, of at most `width` cells. A column of dots is the mean of the losses that fall into it.
    """
    cells = max(width - _AXIS_CELLS - 2, 8)
    means = _column_means(losses, steps, 2 * cells)
    diamonds = {_column(step, steps, cells): loss for step, loss in validation if math.isfinite(loss)}
    values = [*means.values(), *diamonds.values()]
    low, high = min(values, default=0.0), max(values, default=1.0)

    def row(loss: float, rows: int) -> int:
        return round((high - loss) / (high - low) * (rows - 1)) if high > low else rows // 2

    dots = _braille({column: row(mean, 4 * height) for column, mean in means.items()}, cells, height)
    places = {(row(loss, height), cell) for cell, loss in diamonds.items()}
    lines = []
    for n, bits in enumerate(dots):
        figure = {0: f"{high:.2f}", height - 1: f"{low:.2f}"}.get(n, "")
        line = Text(f"{figure:>{_AXIS_CELLS}} {'┤' if figure else '│'}", style="dim")
        for cell, bit in enumerate(bits):
            if (n, cell) in places:
                line.append(_DIAMOND, style="bold yellow")
            else:
                line.append(chr(0x2800 + bit) if bit else " ", style="cyan")
        lines.append(line)
    lines.append(Text(" " * (_AXIS_CELLS + 1) + "└" + "─" * cells, style="dim"))
    lines.append(Text(" " * (_AXIS_CELLS + 2) + "0" + str(steps).rjust(cells - 1), style="dim"))
    return lines


def _column_means(losses: Points, steps: int, columns: int) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for step, loss in losses:
        if math.isfinite(loss):
            found.setdefault(_column(step, steps, columns), []).append(loss)
    return {column: sum(losses) / len(losses) for column, losses in found.items()}


def _braille(dots: dict[int, int], cells: int, height: int) -> list[list[int]]:
    """Return the bits of each braille cell, `height` x `cells`, of a line through `dots` (column -> row)."""
    grid = [[0] * cells for _ in range(height)]
    before = None
    for column in sorted(dots):
        dot = dots[column]
        # A steep line stays connected.
        for filled in range(min(dot, before), max(dot, before) + 1) if before is not None else (dot,):
            grid[filled // 4][column // 2] |= _DOTS[filled % 4][column % 2]
        before = dot
    return grid


def _column(step: int, steps: int, columns: int) -> int:
    return min(columns - 1, step * columns // max(steps, 1))


def format_duration(seconds: float) -> str:
    """Return `4:05`, or `2:04:05` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def memory_in_use(device: torch.device) -> int:
    """Return bytes in use: the most so far on a CUDA card, else those of this process now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)


def _progress_bar(status: TrainingStatus, width: int) -> Text:
    share = min(1.0, status.step / status.steps) if status.steps else 0.0
    left = f"{format_duration(status.seconds_left)} left" if status.seconds_left is not None else ""
    tail = f" {share:4.0%}  {left}".rstrip()
    line = Text(f"{_fixed_width(status.title)}  ", style="bold")
    line.append(f"{status.progress} ", style="not bold")
    room = max(width - line.cell_len - len(tail), 8)
    full = round(share * room)
    line.append("━" * full, style="green")
    line.append("━" * (room - full), style="dim")
    line.append(tail, style="not bold")
    return line


def _figures(status: TrainingStatus) -> list[Text]:
    first, second = Text(), Text(style="dim")
    if status.losses:
        recent = [loss for _, loss in status.losses[-10:]]
        first.append("loss ", style="dim").append(f"{sum(recent) / len(recent):.3f}", style="cyan")
    if status.validation:
        step, best = min(status.validation, key=lambda point: point[1])
        first.append(f"   {_DIAMOND} validation ", style="dim")
        first.append(f"{status.validation[-1][1]:.3f}", style="bold yellow")
        first.append(f", best {best:.3f} at step {step}", style="dim")
    if status.activity:
        first.append(f"   {status.activity} …", style="italic")
    if status.rate:
        second.append(f"{status.rates}   {status.memory / 2**30:.1f} GiB")
    return [line for line in (first, second) if line.plain.strip()]


def _sample(status: TrainingStatus, width: int) -> list[Text]:
    """Return the last line of the prompt, and the text after it, wrapped."""
    if status.sample is None:
        return []
    step, prompt, text = status.sample
    action = _fixed_width(prompt).strip().rpartition("\n")[2]
    lines = [Text(f"at step {step} the voice writes", style="dim")]
    console = Console(width=width, file=sys.stderr)
    for part, style in ((action, "bold"), *((line, "") for line in _fixed_width(text).split("\n") if line.strip())):
        lines += Text(part, style=style).wrap(console, width)
    return lines


def _fixed_width(text: str) -> str:
    """Return text without characters whose width terminals disagree on: an extra cell would smear the picture."""
    return "".join(char for char in printable(text) if char == "\n" or unicodedata.category(char) not in _NO_WIDTH)
