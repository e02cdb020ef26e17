"""The player's own themes: what a file may hold, what is taken from where, and what a broken file leads to."""

import os
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import themes_folder
from dungeon.settings.palettes import PALETTES, THEME_HELP
from dungeon.settings.user_themes import Themes, load_themes


def write(content: str | bytes, name: str = "hearth.toml") -> Path:
    path = themes_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problem(themes: Themes, name: str = "hearth") -> str:
    assert name not in themes.help
    return themes.problems[name]


def test_without_a_folder_there_are_the_themes_of_the_game() -> None:
    assert load_themes() == Themes(THEME_HELP)
    assert not themes_folder().exists()


def test_a_theme_has_its_own_colours_and_the_rest_of_its_base() -> None:
    write('base = "saltwater"\nprimary = "#F80"\naccent = "teal"\nerror = "#ff9090"\n')
    palette = load_themes().own["hearth"]
    base = PALETTES["saltwater"]
    assert (palette.primary, palette.accent, palette.error) == ("#ff8800", "#008080", "#ff9090")
    assert (palette.background, palette.surface, palette.panel) == (base.background, base.surface, base.panel)
    assert (palette.foreground, palette.success, palette.dark) == (base.foreground, base.success, True)


@pytest.mark.parametrize(
    ("content", "base", "dark"),
    [
        ("", "lamplight", True),
        ("dark = false", "parchment", False),
        ('background = "#fafafa"', "parchment", False),
        ('background = "#0a0a0a"', "lamplight", True),
        ('base = "ink"', "ink", False),
    ],
)
def test_what_is_not_said_follows_from_what_is(content: str, base: str, dark: bool) -> None:
    write(content)
    palette = load_themes().own["hearth"]
    assert (palette.dark, palette.primary, palette.error) == (dark, PALETTES[base].primary, PALETTES[base].error)


def test_surfaces_follow_a_background_of_its_own() -> None:
    write('background = "#000000"\nforeground = "#ffffff"\npanel = "#333333"\n')
    palette = load_themes().own["hearth"]
    assert (palette.background, palette.surface, palette.panel) == ("#000000", "#0f0f0f", "#333333")


def test_the_name_is_that_of_the_file_or_the_one_that_is_given() -> None:
    write("", "Night-2.toml")
    write('name = "embers"', "x y.toml")
    assert list(load_themes().own) == ["night-2", "embers"]


def test_own_themes_are_listed_after_those_of_the_game() -> None:
    write('base = "ink"')
    assert [*load_themes().help] == [*THEME_HELP, "hearth"]
    assert load_themes().help["hearth"] == "Yours, from hearth.toml."


def test_a_theme_that_can_hardly_be_read_is_there_with_a_note() -> None:
    write('background = "#777777"\nforeground = "#888888"\n')
    write('base = "ink"\nprimary = "#7a9cff"\n', "pale.toml")
    themes = load_themes()
    assert "Hard to read: " in themes.help["hearth"] and themes.own["hearth"].foreground == "#888888"
    assert themes.help["pale"] == (
        "Yours, from pale.toml. Hard to read: primary on panel has a contrast of 2.1 to 1, less than 4.5."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('primay = "#fff"', "hearth.toml: there is no key primay. Did you mean primary?"),
        ("primary = 7", "hearth.toml: Expected `str`, got `int` - at `primary`."),
        ('primary = "#12345"', 'hearth.toml: primary must be a colour like "#d9a441", or one of black, silver, '),
        ('surface = "[red]x"', "hearth.toml: surface must be a colour like"),
        ('surface = "rgb(1,2,3)"', "not 'rgb(1,2,3)'."),
        ('surface = "ansi_red"', "not 'ansi_red'."),
        ('error = "#fff; color: red"', "hearth.toml: error must be a colour"),
        ('base = "lamplite"', "hearth.toml: there is no theme 'lamplite' to be its base. Did you mean lamplight?"),
        ('base = "ansi-dark"', "there is no theme 'ansi-dark' to be its base."),
        ('name = "two words"', "name must be up to 30 small letters, digits, - and _"),
        ('name = "parchment"', "there is a theme parchment already. Give this one another name."),
        ("dark = ", "hearth.toml is not valid TOML"),
        (b"primary = '\xff'", "hearth.toml is not text in UTF-8"),
        (b"#" * (1 << 20), "hearth.toml is larger than 256 KiB"),
    ],
)
def test_a_broken_file_is_a_problem_with_file_and_key_and_the_others_are_read(
    content: str | bytes, message: str
) -> None:
    write(content)
    write('base = "ink"', "other.toml")
    themes = load_themes()
    assert message in problem(themes)
    assert problem(themes).endswith(" Correct the file or move it away.")
    assert len(problem(themes)) < 500
    assert list(themes.own) == ["other"]


def test_two_files_of_one_name_are_a_problem_of_the_second() -> None:
    write('primary = "#ffffff"', "a.toml")
    write('name = "a"', "b.toml")
    themes = load_themes()
    assert themes.own["a"].primary == "#ffffff"
    assert "b.toml: there is a theme a already" in problem(themes, "b")


def test_what_is_not_a_theme_file_is_left_alone() -> None:
    write("", ".hidden.toml")
    write("", "notes.txt")
    assert load_themes() == Themes(THEME_HELP)


def test_a_folder_or_a_pipe_does_not_keep_the_game_waiting() -> None:
    (themes_folder() / "folder.toml").mkdir(parents=True)
    (themes_folder() / "gone.toml").symlink_to("nowhere")
    names = ["folder", "gone"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(themes_folder() / "pipe.toml")
        names.append("pipe")
    themes = load_themes()
    assert sorted(themes.problems) == names
    assert "can't be read: " in problem(themes, "folder") and "can't be read: " in problem(themes, "gone")


def test_an_unknown_name_is_an_error_that_names_the_nearest_or_the_problem() -> None:
    write('base = "pink"', "broken.toml")
    write("", "hearth.toml")
    themes = load_themes()
    themes.check("hearth")
    themes.check("ansi-dark")
    with pytest.raises(DungeonError, match=r"no theme 'heart'\. Did you mean hearth\?"):
        themes.check("heart")
    with pytest.raises(DungeonError, match=r"no theme 'zzz'\. There are lamplight, .*, hearth\."):
        themes.check("zzz")
    with pytest.raises(DungeonError, match="there is no theme 'pink' to be its base"):
        themes.check("broken")
