"""What is shown while a voice is tuned: a picture that fits its terminal, and a log that outlives a killed process."""

import json
import re
from pathlib import Path

import pytest

from finetune.data.order import Order
from finetune.training.display import Standing, duration, picture
from finetune.training.progress import Log

_HOSTILE = "[bold]You[/] \x1b[31mrun.\u202e \u0301\u0301\n\n[link=x]The " + "w" * 300 + "\n" + "\n".join("abcdefgh")


def _standing() -> Standing:
    standing = Standing("my-voice", step=60, steps=180, target_rate=812.4, rate=2034.0, memory=3 << 30, left=3725.0)
    standing.losses = [(step, 4.0 - step / 60) for step in range(1, 61)]
    standing.validation = [(0, 4.0), (30, 3.4), (60, 3.6)]
    standing.sample = (60, "A hall.\n\n> You run.\n", _HOSTILE)
    return standing


@pytest.mark.parametrize(("width", "height"), [(79, 23), (119, 39), (30, 12), (200, 60)])
def test_the_picture_fits_its_terminal(width: int, height: int) -> None:
    lines = picture(_standing(), width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


def test_the_picture_says_how_the_training_stands() -> None:
    shown = "\n".join(line.plain for line in picture(_standing(), 100, 40))
    for part in ("my-voice", "step 60/180", "33%", "1:02:05 left", "3.600, best 3.400 at step 30", "3.0 GiB"):
        assert part in shown
    assert "812 target tokens/s, 2034 with context and padding" in shown
    assert "> You run." in shown and "[bold]You[/] [31mrun." in shown  # what a voice writes is no markup
    assert not re.search("[\x1b\u202e\u0301]", shown)


def test_the_curve_falls_from_left_to_right() -> None:
    """From the highest loss at its top to the lowest at its foot, over the steps that are done."""
    standing = _standing()
    standing.sample, standing.validation = None, []
    rows = [line.plain for line in picture(standing, 68, 24) if re.match(r" *[\d.]* [┤│]", line.plain)]
    assert rows[0].strip().startswith("3.98 ┤") and rows[-1].strip().startswith("3.00 ┤")
    places = [[n for n, mark in enumerate(row) if 0x2800 < ord(mark) < 0x2900] for row in rows]
    assert all(places) and places == sorted(places)
    assert max(places[-1]) < 8 + 60 / 3 + 1  # a third of the steps is done, so a third of the 60 cells is drawn


def test_a_training_that_has_just_begun_has_a_picture() -> None:
    assert [line.plain.split()[0] for line in picture(Standing("new"), 60, 20)] == ["new"]
    broken = Standing("nan", step=2, steps=9, losses=[(1, float("nan")), (2, float("inf"))])
    assert picture(broken, 60, 20)
    assert (duration(59.9), duration(3600)) == ("0:59", "1:00:00")


def test_the_log_drops_what_came_after_a_checkpoint(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    assert log.entries() == []
    for step in range(1, 5):
        log.add({"step": step, "loss": 1 / step})
    with log.path.open("a") as file:
        file.write('{"step": 5, "lo')  # killed while it wrote
    log.cut(3)
    assert [json.loads(line)["step"] for line in log.path.read_text().splitlines()] == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 7, 24, 1000])
def test_each_row_is_learned_once_an_epoch_whatever_the_devices(count: int) -> None:
    lengths = [(n * 7919) % 97 + 1 for n in range(count)]
    alone = Order(lengths, 8, seed=3)
    assert sorted(alone) == list(range(count)) and list(alone) == list(alone)
    shared = Order(lengths, 8, seed=3, filler=8)
    assert len(list(shared)) == len(shared) == -(-count // 8) * 8
    assert [row for row in shared if row < count] == list(alone)
    first = list(alone)
    alone.epoch = 1
    assert count < 8 or list(alone) != first


def test_rows_of_a_step_are_alike_and_the_longest_comes_first() -> None:
    lengths = [(n * 7919) % 97 + 1 for n in range(1000)]
    order = [lengths[row] for row in Order(lengths, 8, seed=0)]
    steps = [order[n : n + 8] for n in range(0, 1000, 8)]
    assert max(lengths) in steps[0]
    assert sum(max(step) * 8 for step in steps) < 1.1 * sum(lengths)  # little padding
    assert [max(step) for step in steps] != sorted((max(step) for step in steps), reverse=True)  # in no order of length
