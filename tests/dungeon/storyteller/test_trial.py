"""Measuring a voice."""

from pathlib import Path

import pytest

from dungeon.storyteller.hardware.measurements import Speed, keep_speed, load_measurements
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.local.trial import try_voice
from dungeon.storyteller.voices.find import Voice


@pytest.mark.real
async def test_a_voice_is_measured_cold_and_warm(weights: Path) -> None:
    storyteller = LocalStoryteller(Voice("smollm2", weights))
    speed = await try_voice(storyteller)
    assert 0 < speed.first_warm < speed.first_cold
    assert speed.tokens_per_second > 1
    assert storyteller.pid is None, "it has ended"


def test_speeds_are_kept_and_a_damaged_file_costs_only_them(home: Path) -> None:
    keep_speed("a", Speed(1.0, 0.5, 20.0))
    keep_speed("b", Speed(2.0, 0.5, 10.0))
    assert {name: speed.tokens_per_second for name, speed in load_measurements().voices.items()} == {
        "a": 20.0,
        "b": 10.0,
    }
    (home / "state" / "measurements.json").write_text("{")
    assert load_measurements().voices == {}
