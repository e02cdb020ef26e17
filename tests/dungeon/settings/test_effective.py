"""Settings while an adventure is played: where a value comes from, where it is saved, and errors."""

from pathlib import Path

import msgspec
import pytest

from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.effective import EffectiveSettings, SettingsNotSaved, setting_lines
from dungeon.settings.file import load_settings
from dungeon.settings.layers import Settings
from dungeon.settings.registry import SETTINGS
from dungeon.storyteller.sampling import Sampling
from tests.dungeon.completions import completion, llama_cpp

VOICE = Sampling(temperature=0.6, length=70, stop=("<end>",))


class Bound(EffectiveSettings):
    """Settings bound to an adventure; remembers the saved overrides and counts the changes."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(VOICE, settings or Settings())
        self.saved = "{}"
        self.changes = 0
        self.on_change = self.count
        self.bind(self.saved, self.save)

    def save(self, overrides: str) -> None:
        self.saved = overrides

    def count(self) -> None:
        self.changes += 1


def test_a_setting_is_saved_with_its_adventure() -> None:
    settings = Bound()
    assert settings.set("temperature", "0.9") == "temperature = 0.9 (this adventure)"
    assert settings.sampling.temperature == 0.9
    assert settings.saved == '{"temperature":0.9}'
    assert not settings_file().exists()
    assert settings.changes == 1
    settings.bind("{}", settings.save)  # another adventure
    assert settings.sampling == VOICE


def test_a_global_setting_is_saved_in_the_file_and_the_adventures_overrides_it() -> None:
    settings = Bound()
    settings.set("length", "100")
    assert settings.set("length", "200", globally=True) == "length = 100 (this adventure)"
    assert load_settings() == Settings({"length": 200})
    assert settings.value("length", globally=True) == 200
    assert settings.set("length", None) == "length = 200 (all adventures)"


@pytest.mark.parametrize("name", ["prefetch", "ahead"])
def test_prefetch_is_set_globally_also_by_its_old_name(name: str) -> None:
    settings = Bound()
    assert settings.set(name, "off") == "prefetch = off (all adventures)"
    assert load_settings() == Settings({"prefetch": False})
    assert settings.saved == "{}"


def test_without_an_adventure_every_setting_is_global() -> None:
    EffectiveSettings(VOICE, Settings()).set("temperature", "0.9")
    assert load_settings() == Settings({"temperature": 0.9})


def test_keys_are_saved_in_the_file() -> None:
    settings = Bound()
    settings.set_keys({"retry": "f8"})
    assert load_settings() == settings.global_settings == Settings(keys={"retry": "f8"})
    assert settings.changes == 1


def test_the_origin_of_each_value() -> None:
    settings = Bound(Settings({"preset": "terse", "top_k": 5}))
    origins = {name: settings.origin(name) for name in ("length", "top_k", "top_p", "preset", "seed", "theme")}
    assert origins == {
        "length": "preset terse",
        "top_k": "all adventures",
        "top_p": "voice",
        "preset": "all adventures",
        "seed": "default",
        "theme": "default",
    }
    settings.set("preset", "voice")
    assert [settings.origin(name) for name in ("length", "top_k")] == ["voice", "voice"]


@pytest.mark.parametrize(("name", "text"), [("temperature", "9"), ("smell", "1"), ("preset", "wlid")])
def test_after_an_error_no_setting_has_changed(name: str, text: str) -> None:
    settings = Bound()
    with pytest.raises(DungeonError):
        settings.set(name, text)
    assert (settings.global_settings, settings.overrides, settings.changes) == (Settings(), {}, 0)


def test_an_unknown_preset_is_reported_with_the_nearest() -> None:
    with pytest.raises(DungeonError, match=r"no preset 'wlid'\. Did you mean wild\?"):
        Bound().set("preset", "wlid")


def test_a_change_that_can_not_be_written_to_the_file_is_in_force_for_this_game(home: Path) -> None:
    home.mkdir()
    (home / "config").write_text("a file where the folder should be")
    settings = Bound()
    with pytest.raises(SettingsNotSaved, match="Your change holds until you leave the game"):
        settings.set("theme", "ink")
    assert settings.global_settings.theme == "ink"
    assert settings.changes == 1


def test_a_change_that_can_not_be_saved_with_the_adventure_is_in_force_for_this_game() -> None:
    settings = Bound()

    def full(overrides: str) -> None:
        raise DungeonError("The shelf can't be written: disk full.")

    settings.bind("{}", full)
    with pytest.raises(SettingsNotSaved, match=r"disk full\.\nYour change holds"):
        settings.set("temperature", "0.9")
    assert settings.sampling.temperature == 0.9


def test_a_preset_is_made_of_the_values_in_force_and_can_be_deleted() -> None:
    settings = Bound()
    settings.set("temperature", "0.9")
    settings.set("banned", "a tapestry")
    assert settings.save_preset("  Evening   Tales ") == "evening tales"
    settings.set("preset", "evening tales", globally=True)
    assert load_settings().presets["evening tales"]["temperature"] == 0.9
    other = Bound(load_settings())
    assert other.sampling == msgspec.structs.replace(VOICE, temperature=0.9)
    other.delete_preset("evening tales")
    assert load_settings() == Settings()
    assert other.sampling == VOICE


@pytest.mark.parametrize("name", ["", " \n", "wild", "VOICE", "x" * 31])
def test_an_invalid_preset_name_is_refused(name: str) -> None:
    settings = Bound()
    with pytest.raises(DungeonError, match="name"):
        settings.save_preset(name)
    assert settings.global_settings == Settings()


def test_presets_of_the_game_can_not_be_deleted() -> None:
    with pytest.raises(DungeonError, match="stays"):
        Bound().delete_preset("wild")


def test_setting_lines_list_every_setting() -> None:
    settings = Bound()
    settings.set("stop", r"\n\n")
    text = "\n".join(setting_lines(settings))
    for setting in SETTINGS:
        assert f"  {setting.name} = " in text
    assert r"stop = \n\n (this adventure). A turn ends" in text
    assert "seed = a new one each turn (default)" in text
    assert settings.describe("top-k").startswith("top_k = 40 (voice)\nChoose among this many")


async def test_settings_are_sent_to_the_server() -> None:
    settings = Bound()
    for name, text in (("xtc-probability", "0.3"), ("stop", "###"), ("banned", "a tapestry"), ("top_k", "7")):
        settings.set(name, text)
    client = llama_cpp("http://127.0.0.1:1", "m")
    body = client.body(completion("x", settings.sampling))
    await client.close()
    assert (body["xtc_probability"], body["top_k"], body["stop"]) == (0.3, 7, ["\n>", "###"])
    assert not {"banned", "length"} & set(body)


# ---- themes ------------------------------------------------------------------------------------------------------


def test_only_a_theme_that_there_is_can_be_set() -> None:
    settings = EffectiveSettings(VOICE, Settings())
    with pytest.raises(DungeonError, match=r"There is no theme 'inc'\. Did you mean ink\?"):
        settings.set("theme", "inc")
    assert settings.theme == "lamplight"
    assert settings.set("theme", "INK") == "theme = ink (all adventures)"
    assert "It can be one of lamplight, deepwood, " in settings.describe("theme")


def test_a_theme_that_is_gone_is_kept_in_the_settings_and_the_default_is_shown() -> None:
    settings = EffectiveSettings(VOICE, Settings({"theme": "hearth"}))
    assert settings.theme == "lamplight"
    settings.set("column", "60")
    assert settings.global_settings.theme == "hearth"
