"""Setting things while playing: where each value comes from, where it is kept, and what is told when it can't be."""

from pathlib import Path

import msgspec
import pytest

from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.effective import EffectiveSettings, setting_lines
from dungeon.settings.file import SettingsNotSaved, load
from dungeon.settings.layers import Settings
from dungeon.settings.registry import SETTINGS
from dungeon.storyteller.client import Client
from dungeon.storyteller.sampling import Sampling

VOICE = Sampling(temperature=0.6, length=70, stop=("<end>",))


class Seat:
    """Choices at an adventure, and what was kept of it."""

    def __init__(self, game: Settings | None = None) -> None:
        self.kept = "{}"
        self.changes = 0
        self.settings = EffectiveSettings(VOICE, game or Settings())
        self.settings.on_change = self.changed
        self.settings.bind(self.kept, self.keep)

    def keep(self, overrides: str) -> None:
        self.kept = overrides

    def changed(self) -> None:
        self.changes += 1


def test_what_is_set_holds_here_and_is_kept_with_the_adventure() -> None:
    seat = Seat()
    assert seat.settings.set("temperature", "0.9") == "temperature = 0.9 (this adventure)"
    assert seat.settings.sampling.temperature == 0.9
    assert seat.kept == '{"temperature":0.9}'
    assert not settings_file().exists()
    assert seat.changes == 1
    seat.settings.bind("{}", seat.keep)  # another adventure
    assert seat.settings.sampling == VOICE


def test_what_is_set_everywhere_is_kept_in_the_file_and_gives_way_to_the_adventures_own() -> None:
    seat = Seat()
    seat.settings.set("length", "100")
    said = seat.settings.set("length", "200", everywhere=True)
    assert said == "length = 100 (this adventure)"
    assert load() == Settings({"length": 200})
    assert seat.settings.value("length", everywhere=True) == 200
    assert seat.settings.set("length", None) == "length = 200 (all adventures)"


def test_looks_are_for_all_adventures() -> None:
    seat = Seat()
    assert seat.settings.set("theme", "ink") == "theme = ink (all adventures)"
    assert load().theme == "ink"
    assert seat.kept == "{}"


def test_before_there_is_an_adventure_everything_is_set_for_all() -> None:
    choices = EffectiveSettings(VOICE, Settings())
    choices.set("temperature", "0.9")
    assert load() == Settings({"temperature": 0.9})


def test_where_a_value_comes_from() -> None:
    seat = Seat(Settings({"preset": "terse", "top_k": 5}))
    origins = {name: seat.settings.origin(name) for name in ("length", "top_k", "top_p", "preset", "seed", "theme")}
    assert origins == {
        "length": "preset terse",
        "top_k": "all adventures",
        "top_p": "voice",
        "preset": "all adventures",
        "seed": "default",
        "theme": "default",
    }
    seat.settings.set("preset", "voice")
    assert [seat.settings.origin(name) for name in ("length", "top_k")] == ["voice", "voice"]


def test_a_mistake_changes_nothing() -> None:
    seat = Seat()
    for name, text in (("temperature", "9"), ("smell", "1"), ("preset", "wlid"), ("keys.undo", "x"), ("keys.x", "f8")):
        with pytest.raises(DungeonError):
            seat.settings.set(name, text)
    assert (seat.settings.game, seat.settings.own, seat.changes) == (Settings(), {}, 0)


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(DungeonError, match=r"no preset 'wlid'\. Did you mean wild\?"):
        Seat().settings.set("preset", "wlid")


def test_what_can_not_be_written_holds_all_the_same(home: Path) -> None:
    home.mkdir()
    (home / "config").write_text("a file where the folder should be")
    seat = Seat()
    with pytest.raises(SettingsNotSaved, match="What you set holds until you leave the game"):
        seat.settings.set("theme", "ink")
    assert seat.settings.game.theme == "ink"
    assert seat.changes == 1


def test_an_adventure_on_a_full_disk_is_told_of_and_the_setting_holds() -> None:
    seat = Seat()

    def full(overrides: str) -> None:
        raise DungeonError("The shelf can't be written: disk full.")

    seat.settings.bind("{}", full)
    with pytest.raises(SettingsNotSaved, match=r"disk full\.\nWhat you set holds"):
        seat.settings.set("temperature", "0.9")
    assert seat.settings.sampling.temperature == 0.9


def test_the_present_numbers_become_a_preset_that_can_be_taken_away() -> None:
    seat = Seat()
    seat.settings.set("temperature", "0.9")
    seat.settings.set("banned", "a tapestry")
    assert seat.settings.save_preset("  Evening   Tales ") == "evening tales"
    seat.settings.set("preset", "evening tales", everywhere=True)
    assert load().presets["evening tales"]["temperature"] == 0.9
    other = Seat(load())
    assert other.settings.sampling == msgspec.structs.replace(VOICE, temperature=0.9)
    other.settings.forget_preset("evening tales")
    assert load() == Settings()
    assert other.settings.sampling == VOICE


@pytest.mark.parametrize("name", ["", " \n", "wild", "VOICE", "x" * 31])
def test_a_preset_that_can_not_have_that_name(name: str) -> None:
    seat = Seat()
    with pytest.raises(DungeonError, match="name"):
        seat.settings.save_preset(name)
    assert seat.settings.game == Settings()


def test_presets_that_come_with_the_game_stay() -> None:
    with pytest.raises(DungeonError, match="stays"):
        Seat().settings.forget_preset("wild")


def test_lines_tell_everything_that_can_be_set() -> None:
    seat = Seat()
    seat.settings.set("stop", r"\n\n")
    text = "\n".join(setting_lines(seat.settings))
    for setting in SETTINGS:
        assert f"  {setting.name} = " in text
    assert r"stop = \n\n (this adventure). A turn ends" in text
    assert "seed = a new one each turn (default)" in text
    assert seat.settings.about("top-k").startswith("top_k = 40 (voice)\nChoose among this many")


async def test_what_is_set_reaches_the_server() -> None:
    seat = Seat()
    for name, text in (("xtc-probability", "0.3"), ("stop", "###"), ("banned", "a tapestry"), ("top_k", "7")):
        seat.settings.set(name, text)
    client = Client("http://127.0.0.1:1", "m")
    body = client.body("x", seat.settings.sampling, max_tokens=9, seed=1)
    await client.close()
    assert (body["xtc_probability"], body["top_k"], body["stop"]) == (0.3, 7, ["\n>", "###"])
    assert not {"banned", "length"} & set(body)
