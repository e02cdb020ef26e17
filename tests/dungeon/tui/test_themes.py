"""The game's palettes as Textual themes, and the player's own themes in the game."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import OptionList

from dungeon.authored.books import find_books
from dungeon.paths import settings_file, themes_folder
from dungeon.settings.file import load_settings
from dungeon.settings.palettes import PALETTES, TERMINAL_THEMES, TEXT_COLOURS, THEME_HELP, contrast
from dungeon.storyteller.none import NoStoryteller
from dungeon.tui.app import DungeonApp
from dungeon.tui.base_app import BaseApp
from dungeon.tui.screens.choose import ChooseScreen
from dungeon.tui.themes import theme_of
from tests.dungeon.host import press, screen_text, settle, toast_text


@asynccontextmanager
async def started(theme: str = "") -> AsyncIterator[tuple[DungeonApp, Pilot[None]]]:
    """The game in an authored story, with that theme in the settings file."""
    if theme:
        settings_file().parent.mkdir(parents=True, exist_ok=True)
        settings_file().write_text(f'theme = "{theme}"\n')
    app = DungeonApp(NoStoryteller(), books=find_books("the-ten-forty"))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(pilot)
        yield app, pilot
        await app.end_game()


def write_theme(name: str, content: str) -> None:
    themes_folder().mkdir(parents=True, exist_ok=True)
    (themes_folder() / f"{name}.toml").write_text(content)


async def test_every_theme_can_be_used() -> None:
    app = BaseApp()
    async with app.run_test() as pilot:
        for name in THEME_HELP:
            app.use_theme(name)
            await pilot.pause()
            assert app.theme == name
            assert app.current_theme.ansi is (name in TERMINAL_THEMES)
            if name in PALETTES:
                assert app.theme_variables["foreground"] == Color.parse(PALETTES[name].foreground).hex


@pytest.mark.parametrize("name", PALETTES)
def test_text_of_every_colour_can_be_read_where_the_cursor_is(name: str) -> None:
    variables = theme_of(PALETTES[name]).variables
    for background in ("block-cursor-background", "block-cursor-blurred-background"):
        line = Color.parse(variables[background])
        for colour in TEXT_COLOURS:
            assert contrast(getattr(PALETTES[name], colour), line.hex) >= 4.5
        assert contrast(line.blend(Color.parse(PALETTES[name].foreground), 0.6).hex, line.hex) >= 4.45


TERMINALS = {
    "ansi-dark": {
        "xterm": "#000000 cyan=#00cdcd green=#00cd00 yellow=#cdcd00 bright_red=#ff0000",
        "Windows": "#0c0c0c cyan=#3a96dd green=#13a10e yellow=#c19c00 bright_red=#e74856",
        "GNOME": "#171421 cyan=#2aa1b3 green=#26a269 yellow=#a2734c bright_red=#f66151",
        "macOS": "#000000 cyan=#00a6b2 green=#00a600 yellow=#999900 bright_red=#e50000",
    },
    "ansi-light": {
        "xterm": "#ffffff blue=#0000ee magenta=#cd00cd red=#cd0000",
        "Windows": "#ffffff blue=#0037da magenta=#881798 red=#c50f1f",
        "GNOME": "#ffffff blue=#12488b magenta=#a347ba red=#c01c28",
        "macOS": "#ffffff blue=#0000b2 magenta=#b200b2 red=#990000",
    },
}
"""The background and the colours that the theme uses, as terminals come."""


@pytest.mark.parametrize(("name", "terminal"), [(name, each) for name, them in TERMINALS.items() for each in them])
async def test_the_terminals_own_colours_can_be_read_in_terminals_as_they_come(name: str, terminal: str) -> None:
    background, *pairs = TERMINALS[name][terminal].split()
    shades = {"ansi_" + pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}
    theme = BaseApp().available_themes[name]
    for colour in TEXT_COLOURS:
        value = getattr(theme, colour)
        assert value == "ansi_default" or contrast(shades[value], background) >= 4, f"{colour} is {value}"


# ---- the player's own --------------------------------------------------------------------------------------------


async def test_a_theme_of_the_players_own_is_shown_and_the_key_goes_through_it() -> None:
    write_theme("hearth", 'base = "lamplight"\nbackground = "#101010"\n')
    async with started("ansi-light") as (app, pilot):
        await press(pilot, "f7")
        assert app.theme == "hearth"
        assert app.theme_variables["background"] == "#101010"
        assert "Yours, from hearth.toml." in toast_text(app)
        await press(pilot, "f7")
        assert app.theme == "lamplight"
    assert load_settings().theme == "lamplight"
    async with started("hearth") as (app, pilot):
        assert app.theme == "hearth" and not toast_text(app)


async def test_it_is_in_the_settings_with_how_well_it_can_be_read() -> None:
    write_theme("pale", 'base = "ink"\nprimary = "#7a9cff"\n')
    async with started() as (app, pilot):
        await press(pilot, "f4")
        settings = app.screen.query_one("#settings", OptionList)
        settings.highlighted = settings.get_option_index("theme")
        await press(pilot, "enter", "end")
        assert isinstance(app.screen, ChooseScreen)
        assert app.theme == "pale"
        assert "Yours, from pale.toml. Hard to read: primary" in screen_text(app)
        await press(pilot, "escape")
        assert app.theme == "lamplight"
        await press(pilot, "left")
        assert app.theme == "pale"
    assert load_settings().theme == "pale"


async def test_a_broken_theme_is_reported_once_and_the_others_are_there() -> None:
    write_theme("broken", "primay = 1")
    write_theme("hearth", "")
    write_theme("odd", 'base = "none"')
    async with started("hearth") as (app, pilot):
        assert "odd.toml: there is no theme 'none'" in toast_text(app, "error")
        assert toast_text(app, "error").count("broken.toml: there is no key primay. Did you mean primary?") == 1
        assert app.theme == "hearth"
        app.clear_notifications()
        await press(pilot, "f7")
        assert not toast_text(app, "error")


@pytest.mark.parametrize("content", ["", 'background = "mauve-ish"'], ids=["deleted", "broken"])
async def test_a_theme_that_is_gone_does_not_stop_the_start(content: str) -> None:
    if content:
        write_theme("gone", content)
    async with started("gone") as (app, pilot):
        assert app.theme == "lamplight"
        expected = "background must be a colour" if content else "There is no theme 'gone' any more"
        assert toast_text(app).count(expected) == 1
        await press(pilot, "f7")
        assert app.theme == "deepwood"
    assert load_settings().theme == "deepwood"


async def test_a_name_in_the_settings_is_never_markup_or_a_path() -> None:
    async with started("../[bold]x") as (app, _):
        assert app.theme == "lamplight"
        assert "There is no theme '../[bold]x' any more" in " ".join(screen_text(app).split())
