"""What the player sets: what is allowed, in which layer it lies, how it is kept, and which key does what."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.commands import BY_NAME, COMMANDS
from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings import (
    PRESETS,
    SETTINGS,
    Choices,
    Layer,
    NotKept,
    Setting,
    Settings,
    Value,
    effective,
    keymap,
    keys_for,
    load,
    parse_setting,
    read_layer,
    save,
    set_one,
    setting_lines,
    write_layer,
)
from dungeon.settings.keys import NO_KEY, with_key
from dungeon.settings.registry import check, shown
from dungeon.storyteller.client import Client
from dungeon.storyteller.voices import Sampling

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
    with pytest.raises(NotKept, match=r"can't be written: No space left on device. What you set holds until"):
        save(Settings({"column": 61}), load())
    assert path.read_text() == "column = 60\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_being_mended_is_not_written_over() -> None:
    old = load()
    path = written("column = \n")
    with pytest.raises(NotKept, match="at line 1, column 10"):
        save(Settings({"column": 61}), old)
    assert path.read_text() == "column = \n"


# ---- at the seat -------------------------------------------------------------------------------------------------


class Seat:
    """Choices at an adventure, and what was kept of it."""

    def __init__(self, game: Settings | None = None) -> None:
        self.kept = "{}"
        self.changes = 0
        self.choices = Choices(VOICE, game or Settings())
        self.choices.on_change = self.changed
        self.choices.sit_down(self.kept, self.keep)

    def keep(self, overrides: str) -> None:
        self.kept = overrides

    def changed(self) -> None:
        self.changes += 1


def test_what_is_set_holds_here_and_is_kept_with_the_adventure() -> None:
    seat = Seat()
    assert seat.choices.set("temperature", "0.9") == "temperature = 0.9 (this adventure)"
    assert seat.choices.sampling.temperature == 0.9
    assert seat.kept == '{"temperature":0.9}'
    assert not settings_file().exists()
    assert seat.changes == 1
    seat.choices.sit_down("{}", seat.keep)  # another adventure
    assert seat.choices.sampling == VOICE


def test_what_is_set_everywhere_is_kept_in_the_file_and_gives_way_to_the_adventures_own() -> None:
    seat = Seat()
    seat.choices.set("length", "100")
    said = seat.choices.set("length", "200", everywhere=True)
    assert said == "length = 100 (this adventure)"
    assert load() == Settings({"length": 200})
    assert seat.choices.value("length", everywhere=True) == 200
    assert seat.choices.set("length", None) == "length = 200 (all adventures)"


def test_looks_are_for_all_adventures() -> None:
    seat = Seat()
    assert seat.choices.set("theme", "ink") == "theme = ink (all adventures)"
    assert load().theme == "ink"
    assert seat.kept == "{}"


def test_before_there_is_an_adventure_everything_is_set_for_all() -> None:
    choices = Choices(VOICE, Settings())
    choices.set("temperature", "0.9")
    assert load() == Settings({"temperature": 0.9})


def test_where_a_value_comes_from() -> None:
    seat = Seat(Settings({"preset": "terse", "top_k": 5}))
    origins = {name: seat.choices.origin(name) for name in ("length", "top_k", "top_p", "preset", "seed", "theme")}
    assert origins == {
        "length": "preset terse",
        "top_k": "all adventures",
        "top_p": "voice",
        "preset": "all adventures",
        "seed": "default",
        "theme": "default",
    }
    seat.choices.set("preset", "voice")
    assert [seat.choices.origin(name) for name in ("length", "top_k")] == ["voice", "voice"]


def test_a_mistake_changes_nothing() -> None:
    seat = Seat()
    for name, text in (("temperature", "9"), ("smell", "1"), ("preset", "wlid"), ("keys.undo", "x"), ("keys.x", "f8")):
        with pytest.raises(DungeonError):
            seat.choices.set(name, text)
    assert (seat.choices.game, seat.choices.own, seat.changes) == (Settings(), {}, 0)


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(DungeonError, match=r"no preset 'wlid'\. Did you mean wild\?"):
        Seat().choices.set("preset", "wlid")


def test_what_can_not_be_written_holds_all_the_same(home: Path) -> None:
    home.mkdir()
    (home / "config").write_text("a file where the folder should be")
    seat = Seat()
    with pytest.raises(NotKept, match="What you set holds until you leave the game"):
        seat.choices.set("theme", "ink")
    assert seat.choices.game.theme == "ink"
    assert seat.changes == 1


def test_an_adventure_on_a_full_disk_is_told_of_and_the_setting_holds() -> None:
    seat = Seat()

    def full(overrides: str) -> None:
        raise DungeonError("The shelf can't be written: disk full.")

    seat.choices.sit_down("{}", full)
    with pytest.raises(NotKept, match=r"disk full\.\nWhat you set holds"):
        seat.choices.set("temperature", "0.9")
    assert seat.choices.sampling.temperature == 0.9


def test_the_present_numbers_become_a_preset_that_can_be_taken_away() -> None:
    seat = Seat()
    seat.choices.set("temperature", "0.9")
    seat.choices.set("banned", "a tapestry")
    assert seat.choices.save_preset("  Evening   Tales ") == "evening tales"
    seat.choices.set("preset", "evening tales", everywhere=True)
    assert load().presets["evening tales"]["temperature"] == 0.9
    other = Seat(load())
    assert other.choices.sampling == msgspec.structs.replace(VOICE, temperature=0.9)
    other.choices.forget_preset("evening tales")
    assert load() == Settings()
    assert other.choices.sampling == VOICE


@pytest.mark.parametrize("name", ["", " \n", "wild", "VOICE", "x" * 31])
def test_a_preset_that_can_not_have_that_name(name: str) -> None:
    seat = Seat()
    with pytest.raises(DungeonError, match="name"):
        seat.choices.save_preset(name)
    assert seat.choices.game == Settings()


def test_presets_that_come_with_the_game_stay() -> None:
    with pytest.raises(DungeonError, match="stays"):
        Seat().choices.forget_preset("wild")


def test_lines_tell_everything_that_can_be_set() -> None:
    seat = Seat()
    seat.choices.set("stop", r"\n\n")
    text = "\n".join(setting_lines(seat.choices))
    for setting in SETTINGS:
        assert f"  {setting.name} = " in text
    assert r"stop = \n\n (this adventure). A turn ends" in text
    assert "seed = a new one each turn (default)" in text
    assert seat.choices.about("top-k").startswith("top_k = 40 (voice)\nChoose among this many")


async def test_what_is_set_reaches_the_server() -> None:
    seat = Seat()
    for name, text in (("xtc-probability", "0.3"), ("stop", "###"), ("banned", "a tapestry"), ("top_k", "7")):
        seat.choices.set(name, text)
    client = Client("http://127.0.0.1:1", "m")
    body = client.body("x", seat.choices.sampling, max_tokens=9, seed=1)
    await client.close()
    assert (body["xtc_probability"], body["top_k"], body["stop"]) == (0.3, 7, ["\n>", "###"])
    assert not {"banned", "length"} & set(body)


# ---- keys --------------------------------------------------------------------------------------------------------


def test_every_command_has_the_registrys_key_unless_the_player_chose_another() -> None:
    assert keys_for(Settings()) == {command.name: command.key for command in COMMANDS}
    keys = keys_for(Settings(keys={"retry": "f8", "undo": "", "print": "f9"}))
    assert (keys["retry"], keys["undo"], keys["print"], keys["redo"]) == ("f8", "", "f9", BY_NAME["redo"].key)


def test_a_key_that_is_chosen_is_taken_from_who_had_it() -> None:
    undo = BY_NAME["undo"].key
    keys = keys_for(Settings(keys={"retry": undo}))
    assert (keys["retry"], keys["undo"]) == (undo, "")
    swapped = Settings(keys=with_key(Settings(keys={"retry": undo}), "undo", BY_NAME["retry"].key))
    assert keys_for(swapped)["undo"] == BY_NAME["retry"].key
    back = Settings(keys=with_key(swapped, "undo", None))
    assert (keys_for(back)["undo"], keys_for(back)["retry"]) == (undo, "")


@given(
    st.lists(st.tuples(st.sampled_from(["retry", "undo", "redo", "print"]), st.sampled_from(["f8", "f9", None, ""])))
)
def test_no_key_ever_does_two_things(chosen: list[tuple[str, str | None]]) -> None:
    settings = Settings()
    for command, key in chosen:
        settings = Settings(keys=with_key(settings, command, key))
        if key:
            assert keys_for(settings)[command] == key
    used = [key for key in keys_for(settings).values() if key]
    assert len(set(used)) == len(used)


def test_textual_is_told_of_what_is_not_as_it_was() -> None:
    assert keymap(Settings()) == {}
    taken = BY_NAME["redo"].key
    settings = Settings(keys={"undo": "", "print": "f8", "retry": taken})
    assert keymap(settings) == {"undo": NO_KEY, "print": "f8", "retry": taken, "redo": NO_KEY}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("x", "x is for typing"),
        ("shift+x", "shift+x is for typing"),
        ("space", "space is for typing"),
        ("ctrl+c", "ctrl+c can't be the key of retry: it copies."),
        ("Escape", "it closes what lies over the story."),
        ("esc", "it closes what lies over the story."),
        ("ctrl+m", "it is Enter to a terminal."),
        ("pageup", "it moves in what you read or type."),
        ("enter", "'enter' is not the name of a key."),
        ("f8,f9", "'f8,f9' is not the name of a key. Write it like f8, ctrl+t or alt+right."),
        ("\x1b[31m", "is not the name of a key"),
        ("x" * 100_000, "is not the name of a key"),
    ],
)
def test_a_key_that_can_not_be_given_is_told(key: str, said: str) -> None:
    with pytest.raises(DungeonError) as wrong:
        with_key(Settings(), "retry", key)
    assert said in message(wrong)
    assert message(wrong).isprintable()
    assert len(message(wrong)) < 150


def test_a_command_that_needs_words_has_no_key() -> None:
    with pytest.raises(DungeonError, match="/say needs words, which a key does not bring"):
        with_key(Settings(), "say", "f8")


@pytest.mark.parametrize("key", ["f8", "F12", "ctrl+t", "ctrl + t", "alt+x", "ctrl+shift+f5", "alt+right", "ctrl+at"])
def test_keys_that_terminals_send_can_be_given(key: str) -> None:
    assert with_key(Settings(), "retry", key) == {"retry": "".join(key.lower().split())}


def test_a_commands_own_key_may_be_one_that_others_can_not_have() -> None:
    assert with_key(Settings(keys={"stop": "f8"}), "stop", BY_NAME["stop"].key) == {}
