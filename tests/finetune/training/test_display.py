"""The live display: it fits the terminal and shows the progress of the training."""

import re

import pytest

from finetune.training.display import TrainingStatus, format_duration, render

_HOSTILE = "[bold]You[/] \x1b[31mrun.\u202e \u0301\u0301\n\n[link=x]The " + "w" * 300 + "\n" + "\n".join("abcdefgh")


def _status() -> TrainingStatus:
    status = TrainingStatus(
        "my-voice", step=60, steps=180, target_rate=812.4, rate=2034.0, memory=3 << 30, seconds_left=3725.0
    )
    status.losses = [(step, 4.0 - step / 60) for step in range(1, 61)]
    status.validation = [(0, 4.0), (30, 3.4), (60, 3.6)]
    status.sample = (60, "A hall.\n\n> You run.\n", _HOSTILE)
    return status


@pytest.mark.parametrize(("width", "height"), [(79, 23), (119, 39), (30, 12), (200, 60)])
def test_the_display_fits_the_terminal(width: int, height: int) -> None:
    lines = render(_status(), width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


def test_the_display_shows_the_progress() -> None:
    shown = "\n".join(line.plain for line in render(_status(), 100, 40))
    for part in ("my-voice", "step 60/180", "33%", "1:02:05 left", "3.600, best 3.400 at step 30", "3.0 GiB"):
        assert part in shown
    assert "812 target tokens/s, 2034 with context and padding" in shown
    assert "> You run." in shown and "[bold]You[/] [31mrun." in shown  # generated text is not markup
    assert not re.search("[\x1b\u202e\u0301]", shown)


def test_the_curve_falls_from_left_to_right() -> None:
    """From the highest loss at its top to the lowest at its foot, over the steps that are done."""
    status = _status()
    status.sample, status.validation = None, []
    rows = [line.plain for line in render(status, 68, 24) if re.match(r" *[\d.]* [┤│]", line.plain)]
    assert rows[0].strip().startswith("3.98 ┤") and rows[-1].strip().startswith("3.00 ┤")
    places = [[n for n, mark in enumerate(row) if 0x2800 < ord(mark) < 0x2900] for row in rows]
    assert all(places) and places == sorted(places)
    assert max(places[-1]) < 8 + 60 / 3 + 1  # a third of the steps is done, so a third of the 60 cells is drawn


def test_a_training_without_steps_is_displayed() -> None:
    assert [line.plain.split()[0] for line in render(TrainingStatus("new"), 60, 20)] == ["new"]
    broken = TrainingStatus("nan", step=2, steps=9, losses=[(1, float("nan")), (2, float("inf"))])
    assert render(broken, 60, 20)
    assert (format_duration(59.9), format_duration(3600)) == ("0:59", "1:00:00")
