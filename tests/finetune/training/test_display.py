"""The live display: it fits the terminal and shows the progress of the training."""

import io
import re
from collections.abc import Callable

import pytest

from finetune.training.display import Display, TrainingStatus, format_duration

Shown = Callable[..., list[str]]


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Returns the lines that a terminal of a width shows of a status, and what was printed meanwhile."""

    def call(status: TrainingStatus, columns: int = 80, meanwhile: Callable[[], None] = lambda: None) -> list[str]:
        terminal = _Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        display = Display(status)
        display.start()
        meanwhile()
        display.stop()
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()).replace("\r", "\n").split("\n")

    return call


def _status() -> TrainingStatus:
    status = TrainingStatus(
        "my-voice", step=60, steps=180, target_rate=812.4, rate=2034.0, memory=3 << 30, seconds_left=3725.0
    )
    status.losses.extend(4.0 - step / 60 for step in range(1, 61))
    status.validation = [(0, 4.0), (30, 3.4), (60, 3.6)]
    return status


def test_the_display_shows_the_progress(shown: Shown) -> None:
    lines = shown(_status())
    bar = next(line for line in reversed(lines) if "my-voice" in line)
    assert re.fullmatch(r"my-voice ━+╸? ?━* step 60/180   1:02:05 left", bar.rstrip())
    assert "loss 3.075   validation 3.600   812 target tokens/s   3.0 GiB" in lines


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_display_fits_the_terminal(shown: Shown, columns: int) -> None:
    status = _status()
    status.title, status.activity = "[bold]a\x1b[31m\u202e" + "voice" * 30, "evaluating"
    lines = shown(status, columns)
    assert all(len(line) <= columns for line in lines)
    assert any(line.startswith("evaluating …") for line in lines)
    assert any("[bold]a" in line for line in lines)  # a name is not markup
    assert not any("\u202e" in line for line in lines)


def test_what_is_printed_meanwhile_stands_above_the_display(shown: Shown) -> None:
    def meanwhile() -> None:
        import sys

        print("step 60/180: validation loss 3.600", file=sys.stderr)

    lines = shown(_status(), meanwhile=meanwhile)
    printed = lines.index("step 60/180: validation loss 3.600")
    assert any("my-voice" in line for line in lines[printed:])


def test_a_training_without_steps_is_displayed(shown: Shown) -> None:
    assert any(line.startswith("new ") for line in shown(TrainingStatus("new")))
    assert (format_duration(59.9), format_duration(3600)) == ("0:59", "1:00:00")
