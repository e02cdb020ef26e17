"""The live display of a training: rich's progress bar, and the figures of the training under it.

    display = Display(status)
    display.start()
    display.update()        # after a change of the status
    display.stop()

`progress` fills the `TrainingStatus`. A bar, because drawing must not cost what it shows: a curve of the losses took 3
to 13% of a processor core, this takes under 1% (`tests/benchmarks/training_display.py`).
"""

import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import psutil
import torch
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column
from rich.text import Text

from corpus.text import visible

_REDRAWS = 2  # a second
_LONGEST_TITLE = 30
_RECENT = 10  # losses


@dataclass(slots=True)
class TrainingStatus:
    """How far a training is."""

    title: str
    step: int = 0
    steps: int = 0
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Nats per target token of the last batches."""
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
    activity: str = ""
    """What is done at the moment instead of training."""

    @property
    def progress(self) -> str:
        return f"step {self.step}/{self.steps}"

    @property
    def rates(self) -> str:
        return f"{self.target_rate:.0f} target tokens/s, {self.rate:.0f} with context and padding"

    @property
    def figures(self) -> str:
        """Everything that is known beside the progress, as one line."""
        parts = [f"{self.activity} …"] if self.activity else []
        if self.losses:
            parts.append(f"loss {sum(self.losses) / len(self.losses):.3f}")
        if self.validation:
            parts.append(f"validation {self.validation[-1][1]:.3f}")
        if self.rate:
            parts += [f"{self.target_rate:.0f} target tokens/s", f"{self.memory / 2**30:.1f} GiB"]
        return "   ".join(parts)


class Display:
    """Draws a status on stderr. Other output (an evaluation, a warning, a library's note) is moved above it."""

    def __init__(self, status: TrainingStatus) -> None:
        self.status = status
        self._progress = _BarAndFigures(status)
        self._task = self._progress.add_task(visible(status.title)[:_LONGEST_TITLE], tail="")

    def start(self) -> None:
        self._progress.start()
        self.update()

    def update(self) -> None:
        """Show the status as it is now; it is drawn within half a second."""
        status, left = self.status, self.status.seconds_left
        tail = status.progress + (f"   {format_duration(left)} left" if left is not None else "")
        self._progress.update(self._task, completed=status.step, total=status.steps, tail=tail)

    def stop(self) -> None:
        """Draw a last time and leave that there."""
        self.update()
        self._progress.stop()


class _BarAndFigures(Progress):
    def __init__(self, status: TrainingStatus) -> None:
        self._status = status
        super().__init__(
            TextColumn("{task.description}", markup=False, style="bold", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[tail]}", markup=False, table_column=Column(no_wrap=True)),
            console=Console(file=sys.stderr),
            refresh_per_second=_REDRAWS,
            expand=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield Text(self._status.figures, style="dim", no_wrap=True, overflow="ellipsis")


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
