"""What the player sets: what is allowed, in which layer it lies, how it is kept, and which key does what."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.file import SettingsNotSaved, load, save
from dungeon.settings.layers import Layer, Settings, effective, read_layer, set_one, write_layer
from dungeon.settings.presets import PRESETS
from dungeon.settings.registry import SETTINGS, Setting, Value, check, parse_setting, shown
from dungeon.storyteller.sampling import Sampling

VOICE = Sampling(temperature=0.6, length=70, stop=("<end>",))


def message(wrong: pytest.ExceptionInfo[DungeonError]) -> str:
    return str(wrong.value)


# ---- the table ---------------------------------------------------------------------------------------------------


def test_everything_that_decides_how_a_turn_is_told_can_be_set() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names)
    assert set(Sampling.__struct_fields__) <= set(names)


def test_what_voices_and_presets_have_by_default_is_allowed() -> None:
    by_name = {setting.name: setting for setting in SETTINGS}
    for name, value in msgspec.structs.asdict(Sampling()).items():
        assert check(by_name[name], value) == value
    for preset in PRESETS.values():
        for name, value in preset.values.items():
            assert check(by_name[name], value) == value
    for setting in SETTINGS:
        if setting.default is not None:
            assert check(setting, setting.default) == setting.default


def test_each_setting_is_explained_in_sentences() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        assert setting.more.endswith(".")
        assert len(setting.help) <= 76


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.9", 0.9),
        ("Top-P", " 1 ", 1.0),
        ("dry allowed length", "5", 5),
        ("ahead", "Off", False),
        ("ahead", "yes", True),
        ("theme", "Parchment", "parchment"),
        ("seed", "2147483647", 2**31 - 1),
        ("stop", r"<|im_end|>; \n\n", ("<|im_end|>", "\n\n")),
        ("banned", "a testament to;  [bold]shivers[/] ;", ("a testament to", "[bold]shivers[/]")),
        ("banned", "none", ()),
    ],
)
def test_what_a_player_types_is_read(name: str, text: str, value: Value) -> None:
    read = parse_setting(name, text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("temprature", "1", "no setting 'temprature'. Did you mean temperature?"),
        ("dry", "1", "Did you mean dry_multiplier?"),
        ("", "1", "no setting ''."),
        ("x" * 100_000, "1", "no setting '" + "x" * 30 + "'."),
        ("temperature", "hot", "temperature must be a number from 0 to 2, not 'hot'."),
        ("temperature", "2.5", "from 0 to 2, not 2.5."),
        ("temperature", "nan", "from 0 to 2, not nan."),
        ("temperature", "", "from 0 to 2, not ''."),
        ("length", "80.5", "a whole number from 16 to 512 tokens, not '80.5'."),
        ("length", "9" * 5000, "a whole number from 16 to 512 tokens"),
        ("ahead", "maybe", "ahead must be on or off, not 'maybe'."),
        ("theme", "pink", "theme must be one of lamplight, "),
        ("stop", "a;b;c;d", "at most 3 phrases"),
        ("banned", "x" * 101, "phrases of up to 100 letters"),
    ],
)
def test_what_can_not_be_is_told_with_what_can(name: str, text: str, said: str) -> None:
    with pytest.raises(DungeonError) as wrong:
        parse_setting(name, text)
    assert said in message(wrong)
    assert len(message(wrong)) < 250


@given(st.sampled_from([setting.name for setting in SETTINGS]), st.text())
def test_any_text_is_a_value_or_a_message(name: str, text: str) -> None:
    try:
        value = parse_setting(name, text)
    except DungeonError as error:
        assert str(error).isprintable()
    else:
        assert parse_setting(name, shown(value)) == value


@given(
    st.sampled_from(SETTINGS),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers()),
)
def test_any_value_of_a_file_is_allowed_or_told_of(setting: Setting, value: object) -> None:
    try:
        read = check(setting, value)
    except DungeonError as error:
        assert str(error).isprintable()
    else:
        assert check(setting, read) == read


# ---- layers ------------------------------------------------------------------------------------------------------


def test_each_layer_lies_over_the_last() -> None:
    game = Settings({"temperature": 0.8, "top_k": 20, "stop": ("###",)})
    assert effective(VOICE, Settings()) == VOICE
    assert effective(VOICE, game) == msgspec.structs.replace(VOICE, temperature=0.8, top_k=20, stop=("###",))
    here = effective(VOICE, game, {"temperature": 1.0, "length": 120, "stop": ()})
    assert here == msgspec.structs.replace(VOICE, temperature=1.0, top_k=20, length=120, stop=())


def test_a_preset_starts_from_the_voice_again_and_leaves_the_players_phrases() -> None:
    game = Settings({"temperature": 0.8, "top_k": 20, "banned": ("a tapestry",)})
    here = effective(VOICE, game, {"preset": "terse", "top_p": 0.5})
    assert (here.temperature, here.top_k, here.top_p, here.length) == (0.6, VOICE.top_k, 0.5, 40)
    assert here.banned == ("a tapestry",)


def test_a_preset_puts_aside_the_numbers_set_by_hand_in_its_place() -> None:
    layer: Layer = {"temperature": 0.8, "banned": ("a tapestry",), "seed": 4, "suggestions": 2}
    assert set_one(layer, "preset", "wild") == {
        "preset": "wild",
        "banned": ("a tapestry",),
        "seed": 4,
        "suggestions": 2,
    }
    assert layer["temperature"] == 0.8


def test_what_is_given_back_is_gone_from_its_layer_only() -> None:
    layer = set_one({}, "top-k", "7")
    assert layer == {"top_k": 7}
    assert set_one(layer, "top_k", None) == {}
    assert set_one({}, "top_k", None) == {}


def test_an_adventures_layer_comes_back_from_the_shelf_without_what_is_no_longer_known() -> None:
    layer: Layer = {"temperature": 1.0, "banned": ("a", "b"), "preset": "wild"}
    assert read_layer(write_layer(layer)) == layer
    assert read_layer('{"temperature": 1, "smell": "sweet", "top_k": "many", "theme": "ink"}') == {"temperature": 1.0}
    assert read_layer("{}") == {}


def test_an_adventure_with_a_preset_that_is_gone_has_the_voices_values() -> None:
    assert effective(VOICE, Settings({"temperature": 2.0}), {"preset": "mine"}) == VOICE


# ---- the file ----------------------------------------------------------------------------------------------------

ALL = Settings(
    {"temperature": 0.8, "theme": "ink", "ahead": False, "banned": ('a "tapestry"', "[b]", "x\ny"), "preset": "mine"},
    {"retry": "f8", "undo": ""},
    {"mine": {"length": 120, "top_p": 0.9}, "very long": {"length": 500}},
)


def written(text: str) -> Path:
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_a_file_everything_has_its_default() -> None:
    settings = load()
    assert settings == Settings()
    assert (settings.theme, settings.column, settings.ahead) == ("lamplight", 78, True)
    assert not settings_file().exists()


def test_what_is_saved_is_loaded() -> None:
    save(ALL, Settings())
    assert load() == ALL
    save(Settings(), ALL)
    assert load() == Settings()


def test_what_the_player_wrote_around_it_stays() -> None:
    path = written('# mine\ntheme = "ink"   # for the evening\n\n[keys] # all of them\nretry = "f8"\n')
    old = load()
    save(replace(old, values={"theme": "deepwood", "column": 60}), old)
    assert path.read_text() == (
        '# mine\ntheme = "deepwood"   # for the evening\ncolumn = 60\n\n[keys] # all of them\nretry = "f8"\n'
    )


def test_a_top_setting_goes_before_the_tables() -> None:
    written('[keys]\nretry = "f8"\n')
    old = load()
    save(replace(old, values={"column": 60}), old)
    assert load() == Settings({"column": 60}, {"retry": "f8"})


def test_what_another_game_wrote_meanwhile_stays() -> None:
    mine = Settings({"column": 60})
    save(mine, Settings())
    save(Settings({"column": 60, "theme": "ink"}), mine)
    save(Settings({"column": 70}), mine)  # it has never heard of the theme
    assert load() == Settings({"column": 70, "theme": "ink"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("temprature = 1\n", "line 1: There is no setting 'temprature'. Did you mean temperature?"),
        ("\n# x\ntemperature = 'hot'\n", "line 3: temperature must be a number from 0 to 2, not 'hot'."),
        ("column = true\n", "line 1: column must be a whole number from 40 to 200 letters, not True."),
        ("banned = 'x'\n", "line 1: banned must be at most 100 phrases"),
        ("top-p = 1\n", "line 1: Write it top_p."),
        ("a = [1,\n", "can't be read: Invalid value (at end of document)."),
        ("x = 1\nx = 2\n", "(at line 2, column 6)."),
        ("keys = 1\n", "line 1: keys must be a table: [keys]."),
        (
            "column = 50\n[keys]\nretyr = 'f8'\n",
            "line 3: There is no command 'retyr' to give a key. Did you mean retry?",
        ),
        ("[keys]\nretry = 8\n", 'line 2: The key of retry must be a text, like "f8".'),
        ("[keys]\nretry = 'f8'\nundo = 'F8'\n", "line 3: f8 is given to retry and to undo"),
        ("[presets]\nmine = 1\n", "line 2: The preset 'mine' must be a table: [presets.mine]."),
        ("[presets.mine]\nlenght = 90\n", "line 2: There is no setting 'lenght'. Did you mean length?"),
        ("length = 90\n[presets.mine]\nlength = 9\n", "line 3: length must be a whole number from 16"),
        ("[presets.mine]\ntheme = 'ink'\n", "line 2: A preset can't hold theme; it may hold temperature, "),
        ("[presets.wild]\nlength = 90\n", "line 1: 'wild' comes with the game and stays as it is."),
        ("[presets.Mine]\nlength = 90\n", "line 1: A preset is named in small letters: mine."),
        ("preset = 'mien'\n[presets.mine]\nlength = 90\n", "line 1: There is no preset 'mien'. Did you mean mine?"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_line_and_what_to_do(text: str, said: str) -> None:
    path = written(text)
    with pytest.raises(DungeonError) as wrong:
        load()
    assert str(path) in message(wrong)
    assert said in message(wrong)
    assert "Mend the file, or move it away" in message(wrong)


def test_a_file_of_another_systems_editor_is_read() -> None:
    written("").write_bytes(b"\xef\xbb\xbf# mine\r\ncolumn = 60\r\n")
    assert load() == Settings({"column": 60})
    save(Settings({"column": 61}), load())
    assert load() == Settings({"column": 61})


@pytest.mark.parametrize("content", [b"theme = '\xff'", b"\x00", b"a = " + b"[" * 100_000, b"\x1b[31m = 1"])
def test_what_is_no_settings_file_is_told(content: bytes) -> None:
    written("").write_bytes(content)
    with pytest.raises(DungeonError) as wrong:
        load()
    assert "Mend the file" in message(wrong)
    assert message(wrong).isprintable()


def test_a_folder_in_the_files_place_is_told() -> None:
    settings_file().mkdir(parents=True)
    with pytest.raises(DungeonError, match="can't be read: Is a directory"):
        load()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("column = 60\n")
    settings_file().parent.mkdir(parents=True)
    settings_file().symlink_to(kept)
    save(Settings({"column": 61}), load())
    assert settings_file().is_symlink()
    assert kept.read_text() == "column = 61\n"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written("column = 60\n")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsNotSaved, match=r"can't be written: No space left on device. What you set holds until"):
        save(Settings({"column": 61}), load())
    assert path.read_text() == "column = 60\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_being_mended_is_not_written_over() -> None:
    old = load()
    path = written("column = \n")
    with pytest.raises(SettingsNotSaved, match="at line 1, column 10"):
        save(Settings({"column": 61}), old)
    assert path.read_text() == "column = \n"
