"""Which voices are here, which fit, which are recommended, and which is played by default."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dungeon.storyteller.catalogue import CATALOGUE
from dungeon.storyteller.download.weights import weights_path
from dungeon.storyteller.hardware import machine as machine_module
from dungeon.storyteller.hardware.machine import Machine, this_machine
from dungeon.storyteller.hardware.measurements import Speed, keep_network_speed, keep_speed
from dungeon.storyteller.voices import overview as overview_module
from dungeon.storyteller.voices.added import AddedVoice, add_voice
from dungeon.storyteller.voices.lines import duration_text, machine_line, voice_lines
from dungeon.storyteller.voices.overview import Place, VoiceRow, default_voice, fetch_seconds, overview, recommended
from tests.dungeon.gguf_files import instruct_gguf

GB = 10**9
LAPTOP = Machine(6 * GB, 8 * GB, 4, 50 * GB)
LARGE = Machine(60 * GB, 64 * GB, 16, 200 * GB)
TINY = Machine(GB, 2 * GB, 2, 20 * GB)


@pytest.fixture
def put() -> Callable[..., None]:
    """Puts the weights of voices, or a part of them, where they would be fetched to: files that are empty inside."""

    def put(*names: str, part: float = 0) -> None:
        for name in names:
            weights = CATALOGUE[name].weights
            path = weights_path(weights)
            path.parent.mkdir(parents=True, exist_ok=True)
            path = path.with_name(f"{path.name}.part") if part else path
            with path.open("wb") as file:
                file.truncate(int(weights.size * (part or 1)))

    return put


def row(machine: Machine, name: str) -> VoiceRow:
    return next(row for row in overview(machine) if row.name == name)


def test_each_voice_says_where_it_is(put: Callable[..., None], tmp_path: Path) -> None:
    put("ember")
    put("qwen3-4b", part=0.25)
    own = tmp_path / "own.gguf"
    own.write_bytes(instruct_gguf())
    add_voice(AddedVoice("own", str(own), str(own), "MIT"))
    add_voice(AddedVoice("gone", str(tmp_path / "gone.gguf"), "x"))
    places = {row.name: row.place for row in overview(LAPTOP)}
    assert places["ember"] is Place.HERE
    assert places["qwen3-4b"] is Place.PART
    assert places["lantern"] is Place.HUB
    assert places["own"] is Place.HERE
    assert places["gone"] is Place.LOST


def test_a_file_of_another_size_is_not_the_voice(put: Callable[..., None]) -> None:
    put("ember")
    weights_path(CATALOGUE["ember"].weights).write_bytes(b"")
    assert row(LAPTOP, "ember").place is Place.HUB


def test_memory_decides_what_fits() -> None:
    assert [row.name for row in overview(LAPTOP) if row.fits][:4] == ["lantern", "ember", "smollm2-1.7b", "qwen3-4b"]
    assert not row(LAPTOP, "ministral-8b").fits
    assert all(row.fits for row in overview(LARGE))
    assert all(row.fits for row in overview(Machine(0, 0, 1, GB))), "nobody knows"


def test_a_mixture_of_experts_is_as_fast_as_the_experts_that_speak() -> None:
    assert row(LARGE, "qwen3-30b-a3b").words_per_second > 3 * row(LARGE, "harbinger-24b").words_per_second


def test_a_measured_speed_takes_the_place_of_the_estimate() -> None:
    assert not row(LAPTOP, "ember").measured
    keep_speed("ember", Speed(3.0, 0.3, 24.0))
    measured = row(LAPTOP, "ember")
    assert (measured.measured, measured.words_per_second, measured.first_words) == (True, 18.0, 0.3)


def test_recommended_is_the_best_that_fits_and_keeps_up_with_reading() -> None:
    better = recommended(overview(LAPTOP))
    assert better is not None
    assert (better.name, better.fits, better.reads_along) == ("qwen3-4b", True, True)
    assert recommended(overview(TINY)) is None, "lantern comes by itself"


def test_nothing_is_recommended_where_the_best_is_here(put: Callable[..., None]) -> None:
    put("qwen3-4b")
    assert recommended(overview(LAPTOP)) is None
    put("harbinger-24b")
    assert recommended(overview(LAPTOP)) is None, "the player has a better one"


@pytest.mark.parametrize(
    ("here", "free", "default"),
    [
        ((), 20 * GB, "lantern"),
        (("smollm2",), 20 * GB, "lantern"),
        (("ember",), 20 * GB, "ember"),
        (("ember", "qwen3-4b"), 20 * GB, "qwen3-4b"),
        (("ember", "qwen3-4b"), 4 * GB, "ember"),
        (("ember", "qwen3-4b"), GB, "lantern"),
        (("ember",), 0, "ember"),
    ],
)
def test_the_default_is_the_best_that_is_here_and_fits(
    put: Callable[..., None], monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], free: int, default: str
) -> None:
    put(*here)
    monkeypatch.setattr(overview_module, "free_memory", lambda: free)
    assert default_voice() == default


def test_the_time_to_fetch_follows_from_the_latest_download(put: Callable[..., None]) -> None:
    assert fetch_seconds(row(LAPTOP, "ember")) == 0.0
    keep_network_speed(10e6)
    put("ember", part=0.5)
    assert fetch_seconds(row(LAPTOP, "ember")) == pytest.approx(55.9, abs=0.1)


@pytest.mark.parametrize(("seconds", "text"), [(3, "10 s"), (42, "40 s"), (120, "2 min"), (7200, "2.0 h")])
def test_times_are_round(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_lines_have_a_column_for_each_thing(put: Callable[..., None]) -> None:
    put("ember", part=0.31)
    keep_speed("lantern", Speed(0.5, 0.1, 70.0))
    lines = voice_lines(LAPTOP)
    assert {line.count("\t") for line in lines} == {6}
    assert lines[0].startswith("lantern *\tcan be fetched\t98 MB\tneeds 0.6 GB, fits\t52 words/s, first in 0.1 s (meas")
    assert "\t30% is here\t" in lines[1] or "\t31% is here\t" in lines[1]
    assert "6.0 GB of 8.0 GB" in machine_line(LAPTOP)


def test_this_machine_has_memory_and_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = this_machine()
    assert 0 < found.memory_free <= found.memory_total
    assert found.cores >= 1 and found.bandwidth > 1e8
    monkeypatch.setattr(machine_module, "_measure_bandwidth", lambda: 0.0)
    assert this_machine().bandwidth == found.bandwidth
