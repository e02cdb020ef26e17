"""The settings file: every name is checked, and the player's comments and layout are kept."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.file import load_settings, save_settings
from dungeon.settings.layers import Settings

ALL = Settings(
    {
        "temperature": 0.8,
        "theme": "ink",
        "prefetch": False,
        "banned": ('a "tapestry"', "[b]", "x\ny"),
        "preset": "mine",
    },
    {"retry": "f8", "undo": ""},
    {"mine": {"length": 120, "top_p": 0.9}, "very long": {"length": 500}},
)
FORMER_FILE = """\
# dungeon's settings for all adventures. The game writes here what you set, and keeps your comments.
# `/settings` in the game lists every name; what is not here has its default.

ahead = false # quiet nights
column = 60
preset = "mine"

[keys]
retry = "f8"

[presets.mine]
temperature = 0.9
"""
"""As the game wrote it before `ahead` was renamed."""


def write(text: str) -> Path:
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_a_file_every_setting_has_its_default() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert (settings.theme, settings.column, settings.prefetch) == ("lamplight", 78, True)
    assert not settings_file().exists()


def test_saved_settings_are_loaded() -> None:
    save_settings(ALL, Settings())
    assert load_settings() == ALL
    save_settings(Settings(), ALL)
    assert load_settings() == Settings()


def test_a_file_with_former_names_is_read_and_written_with_the_new_ones() -> None:
    path = write(FORMER_FILE)
    old = load_settings()
    assert old.prefetch is False
    assert old == Settings(
        {"prefetch": False, "column": 60, "preset": "mine"}, {"retry": "f8"}, {"mine": {"temperature": 0.9}}
    )
    save_settings(replace(old, values={**old.values, "column": 70}), old)
    assert load_settings() == replace(old, values={**old.values, "column": 70})
    assert "prefetch = false # quiet nights\n" in path.read_text()
    assert "ahead" not in path.read_text()


def test_the_players_comments_and_layout_stay() -> None:
    path = write('# mine\ntheme = "ink"   # for the evening\n\n[keys] # all of them\nretry = "f8"\n')
    old = load_settings()
    save_settings(replace(old, values={"theme": "deepwood", "column": 60}), old)
    assert path.read_text() == (
        '# mine\ntheme = "deepwood"   # for the evening\ncolumn = 60\n\n[keys] # all of them\nretry = "f8"\n'
    )


def test_a_new_setting_is_written_before_the_tables() -> None:
    write('[keys]\nretry = "f8"\n')
    old = load_settings()
    save_settings(replace(old, values={"column": 60}), old)
    assert load_settings() == Settings({"column": 60}, {"retry": "f8"})


def test_settings_that_another_game_wrote_meanwhile_stay() -> None:
    mine = Settings({"column": 60})
    save_settings(mine, Settings())
    save_settings(Settings({"column": 60, "theme": "ink"}), mine)
    save_settings(Settings({"column": 70}), mine)  # this game does not know of the theme
    assert load_settings() == Settings({"column": 70, "theme": "ink"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temprature = 1\n", "There is no setting 'temprature'. Did you mean temperature?"),
        ("\n# x\ntemperature = 'hot'\n", "temperature must be a number from 0 to 2, not 'hot'."),
        ("column = true\n", "column must be a whole number from 40 to 200 letters, not True."),
        ("banned = 'x'\n", "banned must be at most 100 phrases"),
        ("top-p = 1\n", "top-p: write it top_p."),
        ("a = [1,\n", "Invalid value (at end of document)."),
        ("x = 1\nx = 2\n", "(at line 2, column 6)."),
        ("keys = 1\n", "keys must be a table: [keys]."),
        ("[keys]\nretry = 8\n", 'keys.retry must be a text, like "f8".'),
        ("[presets]\nmine = 1\n", "The preset 'mine' must be a table: [presets.mine]."),
        ("[presets.mine]\nlenght = 90\n", "presets.mine: There is no setting 'lenght'. Did you mean length?"),
        ("length = 90\n[presets.mine]\nlength = 9\n", "presets.mine: length must be a whole number from 16"),
        ("[presets.mine]\ntheme = 'ink'\n", "presets.mine can't hold theme; it may hold temperature, "),
        ("[presets.wild]\nlength = 90\n", "'wild' comes with the game and stays as it is."),
        ("[presets.Mine]\nlength = 90\n", "A preset is named in small letters: mine."),
        ("preset = 'mien'\n[presets.mine]\nlength = 90\n", "There is no preset 'mien'. Did you mean mine?"),
    ],
)
def test_an_invalid_file_is_reported_with_its_path_the_key_and_what_to_do(text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(DungeonError) as caught:
        load_settings()
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "Correct the file, or move it away" in str(caught.value)


def test_a_file_with_a_byte_order_mark_and_crlf_is_read() -> None:
    write("").write_bytes(b"\xef\xbb\xbf# mine\r\ncolumn = 60\r\n")
    assert load_settings() == Settings({"column": 60})
    save_settings(Settings({"column": 61}), load_settings())
    assert load_settings() == Settings({"column": 61})


@pytest.mark.parametrize(
    "content",
    [
        b"theme = '\xff'",
        b"\x00",
        b"a = " + b"[" * 100_000,
        b"a." * 100_000 + b"a = 1",
        b"\x1b[31m = 1",
        b'"\\u001b" = 1',
        b'[keys]\n"\\u001b" = 1',
    ],
    ids=lambda content: repr(content[:10]),
)
def test_a_file_that_is_not_toml_is_reported(content: bytes) -> None:
    write("").write_bytes(content)
    with pytest.raises(DungeonError) as caught:
        load_settings()
    assert "Correct the file" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_folder_in_place_of_the_file_is_reported() -> None:
    settings_file().mkdir(parents=True)
    with pytest.raises(DungeonError, match="can't be read: Is a directory"):
        load_settings()


def test_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.toml"
    target.write_text("column = 60\n")
    settings_file().parent.mkdir(parents=True)
    settings_file().symlink_to(target)
    save_settings(Settings({"column": 61}), load_settings())
    assert settings_file().is_symlink()
    assert target.read_text() == "column = 61\n"


def test_a_full_disk_leaves_the_old_file_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("column = 60\n")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DungeonError, match=r"can't be written: No space left on device"):
        save_settings(Settings({"column": 61}), load_settings())
    assert path.read_text() == "column = 60\n"
    assert list(path.parent.iterdir()) == [path]


def test_an_invalid_file_is_not_overwritten() -> None:
    old = load_settings()
    path = write("column = \n")
    with pytest.raises(DungeonError, match="at line 1, column 10"):
        save_settings(Settings({"column": 61}), old)
    assert path.read_text() == "column = \n"
