"""The screen of the shelf: searching, playing, renaming, tagging, exporting and purging adventures."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import NO_VOICE
from dungeon.tale.adventure import State
from dungeon.tale.lore import Lore
from dungeon.tui.screens.ask import LineScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.widgets.adventure_detail import AdventureDetail
from dungeon.tui.widgets.table import Table
from tests.dungeon.host import (
    LOOKS,
    Host,
    new_session,
    press,
    screen_text,
    settle,
    showing,
    stop_blinking,
    wait_until,
    write_protected,
)

HOSTILE = "[bold]x[/] [@click=app.quit]y \x1b[31mred\nline 🐉 שלום"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Three adventures on the shelf, "The door" in play, and a working folder for this test alone."""
    monkeypatch.chdir(tmp_path)
    session = new_session(tmp_path)
    for title, prose in (("The lamp", "A heron lands."), ("The key", "It is cold, very cold.")):
        adventure = session.shelf.add_adventure(scenario_from_opening("You wait.", title), "v")
        node = session.shelf.add_turn(adventure, Kind.DO, "look", "You look.", NO_VOICE)
        session.shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))
    session.resume(1)
    return session


@asynccontextmanager
async def on_shelf(
    session: Session, search: str = "", size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    async with showing(ShelfScreen(session, search), size) as (app, pilot):
        yield app, pilot


def titles(app: Host) -> list[str]:
    return [row[0] for row in app.screen.query_one(Table).rows]


def detail(app: Host) -> list[str]:
    """The lines of the pane about the highlighted adventure, without those that are empty."""
    return [line for line in app.screen.query_one(AdventureDetail).render().plain.split("\n") if line]


def on_disk(session: Session) -> dict[str, tuple[str, ...]]:
    return {entry.title: entry.tags for entry in session.shelf.list_adventures()}


async def ask(pilot: Pilot[None], key: str, kind: type[Screen[Any]] = LineScreen) -> None:
    """Press a key that opens a question."""
    await press(pilot, key)
    assert isinstance(pilot.app.screen, kind)


async def answer(pilot: Pilot[None], key: str, line: str | None = None) -> None:
    """Answer the question with a key, after replacing its line if one is given."""
    asked = pilot.app.screen
    if line is not None:
        asked.query_one(Input).value = line
    await press(pilot, key)
    assert pilot.app.screen is not asked


async def test_the_last_played_adventure_comes_first_with_its_counts(session: Session) -> None:
    async with on_shelf(session, size=(120, 30)) as (app, _):
        assert titles(app) == ["The key", "The lamp", "The door"]
        assert app.screen.query_one(Table).rows[0][1].startswith("today ")
        assert app.screen.query_one(Table).rows[0][2:5] == ("1", "5", "1")
        assert "Adventures (3)" in screen_text(app)
        assert detail(app) == ["1 turn · 5 words · 1 branch", "It is cold, very cold."]


async def test_enter_plays_and_escape_goes_back(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await press(pilot, "down", "enter")
        app.show(ShelfScreen(session))
        await settle(pilot)
        await press(pilot, "escape")
        assert app.results == [2, None]


async def test_a_click_highlights_and_another_plays(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await pilot.click(Table, offset=(5, 3))
        assert app.screen.query_one(Table).cursor_row == 2
        await pilot.click(Table, offset=(5, 20))
        assert app.screen.query_one(Table).cursor_row == 2, "no row was clicked"
        await pilot.click(Table, offset=(5, 3))
        await settle(pilot)
        assert app.results == [1]


async def test_search_covers_every_turn(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await press(pilot, "slash", *"heron")
        await wait_until(pilot, lambda: titles(app) == ["The lamp"])
        assert "Adventures (1 of 3)" in screen_text(app)
        await press(pilot, "enter", "enter")
        assert app.results == [2]


async def test_the_sentence_that_was_found_is_shown_with_the_words_marked(session: Session) -> None:
    async with on_shelf(session, "COLD it") as (app, pilot):
        assert detail(app)[1] == "turn 1: It is cold, very cold."
        text = app.screen.query_one(AdventureDetail).render()
        assert [text.plain[span.start : span.end] for span in text.spans if "underline" in str(span.style)] == [
            "It",
            "cold",
            "cold",
        ]
        await press(pilot, "escape")
        assert detail(app)[1] == "It is cold, very cold.", "where the player is"


async def test_what_was_found_in_other_places_is_named(session: Session) -> None:
    adventure = session.shelf.open(3)
    adventure.tags, adventure.lore = ("winter",), Lore(memory="The thief is [bold]left-handed[/].")
    session.shelf.save_adventure_labels(adventure)
    session.shelf.save_lore(adventure)
    async with on_shelf(session) as (app, pilot):
        for words, shown in (
            ("winter", "tag: winter"),
            ("thief", "memory: The thief is [bold]left-handed[/]."),
            ("key", "title: The key"),
        ):
            app.screen.query_one("#search", Input).value = words
            await wait_until(pilot, lambda shown=shown: detail(app)[1] == shown)  # type: ignore[misc]
            assert "from there" not in screen_text(app)


async def test_an_adventure_can_be_played_from_the_turn_that_was_found(session: Session) -> None:
    adventure = session.shelf.open(2)
    first = adventure.path()[0].id
    node = session.shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", NO_VOICE)
    session.shelf.save_turn(adventure.set_prose(node.id, "It flies off.", State.DONE))
    async with on_shelf(session, "heron") as (app, pilot):
        assert "Play from there" in screen_text(app)
        await press(pilot, "g")
        assert app.results == [2]
    again = session.shelf.open(2)
    assert (again.head, len(again.nodes)) == (first, 2)


async def test_adventures_with_one_title_can_be_told_apart(session: Session) -> None:
    with sqlite3.connect(session.shelf.path) as database:
        database.execute("UPDATE adventure SET title = 'The key'")
        database.execute("UPDATE adventure SET played = '2024-03-01T12:00:00+00:00' WHERE id = 2")
    for width in (40, 80, 110, 160):
        async with on_shelf(session, size=(width, 24)) as (app, pilot):
            assert "1 Mar 2024" in screen_text(app)
            shown = []
            for _ in range(3):
                shown.append(detail(app))
                await press(pilot, "down")
            assert shown[0] == ["1 turn · 5 words · 1 branch", "It is cold, very cold."]
            assert shown[1] == ["1 turn · 3 words · 1 branch", "A heron lands."]
            assert shown[2] == ["0 turns · 0 words · 1 branch", "You stand before the iron door."]


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (110, 34), (160, 50)])
async def test_nothing_is_cut_off_without_a_sign(session: Session, size: tuple[int, int]) -> None:
    adventure = session.shelf.open(3)
    adventure.title = "The very long title of an adventure that nobody can " + "read " * 30
    session.shelf.save_adventure_labels(adventure)
    node = adventure.path()[0]
    session.shelf.save_turn(adventure.set_prose(node.id, "A heron lands on the roof and waits. " * 100, State.DONE))
    for search in ("", "heron"):
        async with on_shelf(session, search, size) as (app, _):
            lines = screen_text(app).split("\n")
            assert any("The very" in line and "…" in line for line in lines[2:6]), "the row"
            about = app.screen.query_one(AdventureDetail)
            assert "…" in lines[app.screen.query_one("#about").region.y], "the title of the pane"
            assert len(about.render().wrap(about.content_size.width)) <= about.content_size.height
            assert detail(app)[-1].endswith("…") == (search == "")
            assert "Esc Back" in lines[-1] and "/ Search" in lines[-1]
            assert max(map(len, lines)) <= size[0]


async def test_a_search_can_be_preset_and_cleared(session: Session) -> None:
    async with on_shelf(session, "cold") as (app, pilot):
        assert titles(app) == ["The key"]
        await press(pilot, "escape")
        assert titles(app) == ["The key", "The lamp", "The door"]
        await press(pilot, "slash", *"nowhere", "down")
        assert titles(app) == []
        assert detail(app) == ["No adventure holds these words."]
        await press(pilot, "enter", "r", "t", "m", "p")
        assert isinstance(app.screen, ShelfScreen), "no row is highlighted, so there is nothing to do"
        await press(pilot, "escape", "escape")
        assert app.results == [None]


async def test_sorting_keeps_the_cursor_on_its_adventure(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await press(pilot, "s")
        assert titles(app) == ["The door", "The key", "The lamp"]
        assert "Title ▾" in screen_text(app)
        assert app.screen.query_one(Table).cursor_row == 1
        await press(pilot, "s")
        assert titles(app) == ["The key", "The lamp", "The door"]
        await press(pilot, "s")
        assert "Last played ▾" in screen_text(app)


async def test_an_adventure_is_renamed_and_tagged(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await ask(pilot, "r")
        assert app.screen.query_one(Input).value == "The key"
        await answer(pilot, "enter", "The cold key")
        await ask(pilot, "t")
        await answer(pilot, "enter", "winter, [bold]short")
        assert titles(app)[0] == "The cold key"
        assert detail(app)[0].endswith("#winter · #[bold]short")
        for key in ("r", "t"):
            await ask(pilot, key)
            await answer(pilot, "escape", "not this")
    assert on_disk(session) == {"The cold key": ("winter", "[bold]short"), "The lamp": (), "The door": ()}


async def test_export_asks_for_a_path_and_before_overwriting(session: Session, tmp_path: Path) -> None:
    async with on_shelf(session) as (app, pilot):
        await ask(pilot, "m")
        assert app.screen.query_one(Input).value == "the-key.md"
        await answer(pilot, "enter")
        assert (tmp_path / "the-key.md").read_text().endswith("**> You look.**\n\nIt is cold, very cold.\n")
        assert str(tmp_path / "the-key.md") in app.toasts[0]

        (tmp_path / "the-key.txt").write_text("mine")
        for key in ("n", "y"):
            assert (tmp_path / "the-key.txt").read_text() == "mine"
            await ask(pilot, "x")
            assert app.screen.query_one(Input).value == "the-key-2.txt"
            app.screen.query_one(Input).value = "the-key.txt"
            await ask(pilot, "enter", ConfirmScreen)
            await answer(pilot, key)
        assert (tmp_path / "the-key.txt").read_text().startswith("The key\n\nYou wait.")

        await ask(pilot, "X")
        await answer(pilot, "enter", "nowhere/a.md")
        assert "no folder nowhere" in app.toasts[-1]
        await ask(pilot, "M")
        await answer(pilot, "escape")
        assert isinstance(app.screen, ShelfScreen)


async def test_purging_asks_first_and_says_what_will_be_deleted(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await ask(pilot, "p", ConfirmScreen)
        assert "Delete “The key” from the disk" in screen_text(app)
        assert "1 turn · 5 words · 1 branch" in screen_text(app)
        await answer(pilot, "enter")
        assert len(on_disk(session)) == 3
        await ask(pilot, "p", ConfirmScreen)
        await answer(pilot, "y")
        assert titles(app) == ["The lamp", "The door"]
        await press(pilot, "end")
        for _ in range(2):
            await ask(pilot, "delete", ConfirmScreen)
            await answer(pilot, "y")
        assert titles(app) == []
        assert detail(app) == ["No adventure yet. Esc, then begin one."]
    assert on_disk(session) == {}


async def test_a_failed_write_is_reported(session: Session) -> None:
    async with on_shelf(session) as (app, pilot):
        await ask(pilot, "p", ConfirmScreen)
        with write_protected(session.shelf):
            await answer(pilot, "y")
        assert str(session.shelf.path) in app.toasts[0]
        assert titles(app) == ["The key", "The lamp", "The door"]


async def test_hostile_titles_and_tags_are_shown_as_text(session: Session) -> None:
    adventure = session.shelf.open(3)
    adventure.title, adventure.tags = HOSTILE, (HOSTILE,)
    session.shelf.save_adventure_labels(adventure)
    async with on_shelf(session, size=(120, 30)) as (app, pilot):
        assert titles(app)[0] == "[bold]x[/] [@click=app.quit]y [31mred line 🐉 שלום"
        assert "[bold]x[/] [@click=app.quit]y [31mred" in screen_text(app)
        for column in range(0, 60, 10):  # a click on the highlighted row would play it
            await pilot.click(Table, offset=(column, 2))
            await pilot.click(Table, offset=(column, 1))
        await ask(pilot, "p", ConfirmScreen)
        assert app.is_running


@pytest.mark.parametrize("size", [(40, 12), (120, 40)])
async def test_two_thousand_adventures_can_be_browsed_at_any_size(session: Session, size: tuple[int, int]) -> None:
    with sqlite3.connect(session.shelf.path) as database:
        database.executemany(
            "INSERT INTO adventure (title, scenario, opening, made, played, latest) VALUES (?, '', '', '', '', ?)",
            [(f"Number {number}", 1000 + number) for number in range(2000)],
        )
    async with on_shelf(session, size=size) as (app, pilot):
        table = app.screen.query_one(Table)
        for key, row in (("end", 2002), ("up", 2001), ("home", 0), ("pagedown", table.size.height - 2), ("up", None)):
            await press(pilot, key)
            assert row is None or table.cursor_row == row
            assert titles(app)[table.cursor_row] in screen_text(app)
        assert "Title" in screen_text(app)
        for line in screen_text(app).split("\n"):
            assert len(line) <= size[0]
        assert app.screen.query_one("#detail").region.bottom <= size[1]


@pytest.mark.parametrize("look", ["wide", "narrow"])
def test_snapshot(snap_compare: Callable[..., bool], session: Session, look: str) -> None:
    size, theme = LOOKS[look]
    adventure = session.shelf.open(3)
    adventure.tags = ("winter", "short")
    session.shelf.save_adventure_labels(adventure)
    with sqlite3.connect(session.shelf.path) as database:
        database.execute("UPDATE adventure SET played = '2024-03-01T12:00:00+00:00'")
    app = Host(ShelfScreen(session), theme)

    async def listed(pilot: Pilot[None]) -> None:
        await stop_blinking(pilot)
        assert "The key" in screen_text(app)
        assert "1 Mar 2024" in screen_text(app)
        assert "1 turn · 5 words · 1 branch ·" in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=listed)
