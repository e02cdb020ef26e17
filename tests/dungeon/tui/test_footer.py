"""The keys at the bottom of a screen: as many as fit, each whole, help and the way out always among them."""

import pytest
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input, OptionList

from dungeon.tui.bindings import bindings
from dungeon.tui.widgets.footer import KeyFooter
from tests.dungeon.host import Host, screen_text, settle, showing, wait_until


class Page(Screen[None]):
    BINDINGS = [
        Binding("escape", "dismiss", "Back"),
        Binding("ctrl+t", "next_tab", "Next tab"),
        Binding("slash", "search", "Search"),
        Binding("f11", "explain", "A key with a long explanation"),
        *bindings("quit", "tree", "help", "rename", shown=True),
    ]

    def action_next_tab(self) -> None: ...

    def action_search(self) -> None: ...

    def action_explain(self) -> None: ...

    def compose(self) -> ComposeResult:
        yield Input()
        yield KeyFooter()


class ListPage(Page):
    """A page with a list, whose Enter is the most important key."""

    class Rows(OptionList):
        BINDINGS = [Binding("enter", "select", "Choose")]

    def compose(self) -> ComposeResult:
        yield self.Rows("one")
        yield KeyFooter()


async def footer(width: int) -> str:
    async with showing(Page(), size=(width, 8)) as (app, _):
        return screen_text(app).splitlines()[-1].strip()


async def test_all_keys_are_shown_where_there_is_room() -> None:
    line = await footer(120)
    assert line.split() == (
        "F1 Help Esc Back Ctrl+T Next tab / Search F11 A key with a long explanation F5 Tree Ctrl+Q Quit".split()
    )


@pytest.mark.parametrize("width", [30, 40, 50, 60, 80])
async def test_a_key_is_shown_whole_or_not_at_all(width: int) -> None:
    line = await footer(width)
    for always in ("F1 Help", "Esc Back", "Ctrl+Q Quit"):
        assert always in line
    for key, description in (("F11", "A key with a long explanation"), ("Ctrl+T", "Next tab"), ("F5", "Tree")):
        assert (key in line) == (description in line)


async def test_the_keys_of_what_has_the_focus_come_first() -> None:
    async with showing(ListPage(), size=(44, 8)) as (app, pilot):
        await wait_until(pilot, lambda: "Enter Choose" in screen_text(app))
        assert screen_text(app).splitlines()[-1].split() == "F1 Help Enter Choose Esc Back Ctrl+Q Quit".split()


async def test_a_wider_terminal_shows_more_keys() -> None:
    async with showing(Page(), size=(30, 8)) as (app, pilot):
        assert "Search" not in screen_text(app)
        await pilot.resize_terminal(120, 8)
        await settle(pilot)
        assert "Search" in screen_text(app)


async def test_the_players_own_key_is_shown() -> None:
    async with showing(Page(), size=(120, 8)) as (app, pilot):
        assert isinstance(app, Host)
        app.set_keymap({"tree": "ctrl+b", "help": "f9"})
        await settle(pilot)
        assert screen_text(app).splitlines()[-1].strip().startswith("F9 Help")
        assert "Ctrl+B Tree" in screen_text(app)
