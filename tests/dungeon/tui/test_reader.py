"""The reader app of `dungeon read`."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from dungeon.reading.bookmark import bookmark_file, load_walk
from dungeon.reading.books import Book, find_books
from dungeon.tui.reader.app import ReaderApp
from dungeon.tui.reader.stories import StoriesScreen
from dungeon.tui.reader.story import StoryScreen
from dungeon.tui.screens.text import TextScreen
from tests.dungeon.host import press, screen_text, settle, toast_text
from tests.terminal import Terminal

TALE = """:: StoryTitle
The [red]Gate

:: StoryData
{"ifid": "5C2A5A0B-7F0B-4A55-A1B0-0F5E0E0C5D11", "genre": "fairy tale and myth"}

:: Start
You are the keeper of a [bold]gate[/] on a hill. Somebody knocks on the wood.

[[Open the gate->Hall]]
[["Who is there?"->Goat]]

:: Hall
The gate opens. An old goat walks past you and lies down by the fire.

[[Continue->Supper]]

:: Goat [odd ending]
"A goat," says a goat. You have nothing to say to that.

:: Supper [ending]
You share your soup with the goat. It is a quiet evening.
"""


@pytest.fixture
def books(tmp_path: Path) -> list[Book]:
    (tmp_path / "gate.twee").write_text(TALE)
    (tmp_path / "hill.twee").write_text(":: StoryTitle\nThe Hill\n\n:: Start\nYou climb the hill.\n\n[[Go->Start]]\n")
    return find_books(str(tmp_path))


@asynccontextmanager
async def reading(books: list[Book]) -> AsyncIterator[Pilot[None]]:
    async with ReaderApp(books).run_test(size=(80, 30)) as pilot:
        await settle(pilot)
        yield pilot


def visible_text(pilot: Pilot[None]) -> str:
    statics = pilot.app.screen.query(Static).results(Static)
    return "\n".join(str(static.content) for static in statics if static.display)


def options(pilot: Pilot[None]) -> list[str]:
    found = pilot.app.screen.query_one(OptionList).options
    return [str(option.prompt) for option in found]


async def test_a_story_is_read_with_numbers_and_enter(books: list[Book]) -> None:
    async with reading(books[:1]) as pilot:
        assert "You are the keeper of a [bold]gate[/] on a hill." in visible_text(pilot)
        assert options(pilot) == ["1. Open the gate", '2. "Who is there?"']
        await press(pilot, "9")
        await press(pilot, "1")
        assert "> You open the gate.\nThe gate opens." in visible_text(pilot)
        await press(pilot, "enter")
        assert "The end. Endings found: 1 of 2." in visible_text(pilot)
        assert "Supper" not in visible_text(pilot), "the names of passages are not shown"
        assert options(pilot) == ["Go back a page", "Begin this story again", "Choose another story"]
        await press(pilot, "down", "enter")
        assert "Somebody knocks" in visible_text(pilot)
        await press(pilot, "down", "enter")
        assert '> You say "Who is there?"' in visible_text(pilot)
        assert "Endings found: 2 of 2" in visible_text(pilot)
        await press(pilot, "b", "b")
        assert "You share your soup" in visible_text(pilot)
    assert load_walk(books[0]).passage.name == "Supper"
    assert load_walk(books[0]).endings_found == ("Goat", "Supper")


async def test_the_next_start_opens_the_same_page(books: list[Book]) -> None:
    async with reading(books[:1]) as pilot:
        await press(pilot, "1")
    async with reading(books[:1]) as pilot:
        assert "> You open the gate." in visible_text(pilot)


async def test_the_map_and_the_help_open_over_the_page(books: list[Book]) -> None:
    async with reading(books[:1]) as pilot:
        await press(pilot, "1", "m")
        assert isinstance(pilot.app.screen, TextScreen)
        assert "Start (1 not tried)\n  Hall (you are here, 1 not tried)" in visible_text(pilot)
        await press(pilot, "m")
        assert isinstance(pilot.app.screen, StoryScreen)
        await press(pilot, "f1")
        assert "Back one page" in visible_text(pilot)
        await press(pilot, "f1")
        assert isinstance(pilot.app.screen, StoryScreen)


async def test_a_story_is_chosen_from_a_list_and_closed(books: list[Book]) -> None:
    async with reading(books) as pilot:
        assert isinstance(pilot.app.screen, StoriesScreen)
        assert options(pilot) == ["Fairy tale and myth", "  The [red]Gate", "Other", "  The Hill"]
        await press(pilot, "down")
        assert "You climb the hill." in visible_text(pilot)
        await press(pilot, "up", "enter")
        await press(pilot, "2", "s")
        assert isinstance(pilot.app.screen, StoriesScreen)
        assert any("The Salt Stair" in option for option in options(pilot))


async def test_a_damaged_bookmark_is_reported_and_the_list_stays_open(books: list[Book]) -> None:
    bookmark_file(books[0]).parent.mkdir(parents=True)
    bookmark_file(books[0]).write_bytes(b"[x]")
    async with reading(books) as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, StoriesScreen)
        assert "can't be read" in toast_text(pilot.app)


async def test_a_failed_write_is_reported_and_reading_continues(books: list[Book], home: Path) -> None:
    async with reading(books[:1]) as pilot:
        (home / "data").mkdir(parents=True)
        (home / "data" / "readings").touch()
        await press(pilot, "1")
        assert "The gate opens." in visible_text(pilot)
        assert "can't be written" in toast_text(pilot.app)


def test_in_a_real_terminal(books: list[Book]) -> None:
    file = books[0].key.partition("#")[0]
    with Terminal([sys.executable, "-m", "dungeon", "read", file]) as terminal:
        terminal.expect("Somebody knocks")
        terminal.send("1")
        terminal.expect("The gate opens.")
        terminal.send("\x11")
        assert terminal.wait() == 0


def test_as_lines_in_a_real_terminal(books: list[Book]) -> None:
    file = books[0].key.partition("#")[0]
    with Terminal([sys.executable, "-m", "dungeon", "read", "--plain", file]) as terminal:
        terminal.expect("Somebody knocks")
        terminal.send("1\n")
        terminal.expect("> You open the gate.")
        terminal.expect("1. Continue")
        time.sleep(0.3)  # Python sees a signal in the moment before it reads a line only after the line
        terminal.send("\x03")
        assert terminal.wait(10) == 130
        assert b"\x1b" not in terminal.seen
    assert load_walk(books[0]).passage.name == "Hall"


@pytest.mark.parametrize(
    ("keys", "text"),
    [("1", "The gate opens. An old goat"), ("11m", "Endings found: 1 of 2")],
    ids=["page", "map"],
)
def test_snapshot(snap_compare: Callable[..., bool], books: list[Book], keys: str, text: str) -> None:
    app = ReaderApp(books[:1])

    async def read(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)
        assert text in screen_text(app)

    assert snap_compare(app, terminal_size=(80, 20), run_before=read)


def test_snapshot_stories(snap_compare: Callable[..., bool], books: list[Book]) -> None:
    app = ReaderApp(books)

    async def listed(pilot: Pilot[None]) -> None:
        await settle(pilot)
        assert "Fairy tale and myth" in screen_text(app)

    assert snap_compare(app, terminal_size=(100, 16), run_before=listed)
