"""Authored stories on the screen: choices, the reading pace, offers, improvised turns, endings, and reading."""

import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from dungeon.authored.books import Book, find_books
from dungeon.paths import readings_folder
from dungeon.storyteller.none import NoStoryteller
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.authored import AT_THE_END
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.widgets.header import READY
from dungeon.tui.widgets.prompt import PromptBar
from dungeon.tui.widgets.story import StoryView
from dungeon.tui.widgets.suggestions import Suggestion
from dungeon.tui.widgets.turn import TurnView
from tests.dungeon.host import press, screen_text, settle, stop_blinking, toast_text, wait_until
from tests.dungeon.playing import (
    enter_line,
    play_line,
    play_screen,
    prompt,
    saved_adventure,
    story_text,
    wait_for_workers,
)
from tests.dungeon.scripted import ScriptedServer
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


UNSURE = "push hard against the gate"
"""A line that may mean the first choice."""


@pytest.fixture
def books(tmp_path: Path) -> tuple[Book, ...]:
    (tmp_path / "gate.twee").write_text(TALE)
    (tmp_path / "hill.twee").write_text(":: StoryTitle\nThe Hill\n\n:: Start\nYou climb the hill.\n\n[[Go->Start]]\n")
    return find_books(str(tmp_path))


def app_for(server: ScriptedServer | None, books: tuple[Book, ...]) -> DungeonApp:
    """The game with the scripted voice; without a server, reading."""
    storyteller = RemoteStoryteller(server.url, "scripted") if server else NoStoryteller()
    app = DungeonApp(storyteller, books=books)
    app.session.settings.set("pace", "0", globally=True)
    return app


@asynccontextmanager
async def playing_story(
    server: ScriptedServer | None, books: tuple[Book, ...], size: tuple[int, int] = (80, 30)
) -> AsyncIterator[Pilot[None]]:
    app = app_for(server, books)
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: app.voice_state == (READY if server else ""))
        await wait_for_workers(pilot)
        yield pilot
        await app.end_game()


def choices(pilot: Pilot[None]) -> list[str]:
    return [f"{each.number}. {each.action}" for each in pilot.app.screen.query(Suggestion)]


def story_view(pilot: Pilot[None]) -> StoryView:
    return pilot.app.screen.query_one(StoryView)


# ---- playing -----------------------------------------------------------------------------------------------------


async def test_a_typed_line_is_answered_by_the_author_or_improvised(
    server: ScriptedServer, books: tuple[Book, ...]
) -> None:
    async with playing_story(server, books[:1]) as pilot:
        assert "You are the keeper of a [bold]gate[/] on a hill." in story_text(pilot)
        assert choices(pilot) == ["1. Open the gate", '2. "Who is there?"']
        assert prompt(pilot).placeholder == "Pick a number, or type what you do."
        server.answers = ["\nThe wind takes your song away."]
        await play_line(pilot, "sing")
        assert story_text(pilot).endswith(
            '> You sing.\nThe wind takes your song away.\n1. Open the gate\n2. "Who is there?"'
        )
        await enter_line(pilot, "open the gate")
        assert "> You open the gate.\nThe gate opens. An old goat" in story_text(pilot)
        assert choices(pilot) == ["1. Continue"]
        marks = [view.has_class("-improvised") for view in pilot.app.screen.query(TurnView)]
        assert marks == [True, False], "the margin tells who answered"
        await press(pilot, "f5")
        assert isinstance(pilot.app.screen, TreeScreen)
        assert "(improvised)" in screen_text(pilot.app)
    assert [node.passage for node in saved_adventure().path()] == [None, "Hall"]


async def test_an_ending_is_shown_and_leads_back(server: ScriptedServer, books: tuple[Book, ...]) -> None:
    async with playing_story(server, books[:1]) as pilot:
        for line in ("1", ""):
            await enter_line(pilot, line)
        assert "The end. Endings found: 1 of 2." in story_text(pilot)
        assert choices(pilot) == [f"{number}. {way}" for number, way in enumerate(AT_THE_END, 1)]
        await pilot.click(Suggestion)
        await settle(pilot)
        assert choices(pilot) == ["1. Open the gate", '2. "Who is there?"']
        await enter_line(pilot, "2")
        assert "The end. Endings found: 2 of 2." in story_text(pilot)
        await enter_line(pilot, "/map")
        assert isinstance(pilot.app.screen, TextScreen)
        assert '"Who is there?" (you are here, an ending)' in screen_text(pilot.app)


async def test_an_author_s_text_appears_at_the_reading_pace_and_enter_shows_the_rest(
    server: ScriptedServer, books: tuple[Book, ...]
) -> None:
    async with playing_story(server, books[:1]) as pilot:
        play_screen(pilot).session.settings.set("pace", "1", globally=True)
        await enter_line(pilot, "1")
        assert story_view(pilot).is_revealing
        assert "The" in story_text(pilot)
        assert "lies down by the fire" not in story_text(pilot)
        assert choices(pilot) == ["1. Continue"], "the choices are there at once"
        await press(pilot, "enter")
        assert "lies down by the fire." in story_text(pilot)
        assert saved_adventure().path()[-1].passage == "Hall", "Enter did not go on"
        await press(pilot, "enter")
        await press(pilot, "escape")
        assert "It is a quiet evening." in story_text(pilot)


async def test_a_line_without_a_voice_is_given_back(server: ScriptedServer, books: tuple[Book, ...]) -> None:
    async with playing_story(server, books[:1]) as pilot:
        app = pilot.app
        assert isinstance(app, DungeonApp)
        app.voice_state = "fetching the voice, once ███ 40 of 98 MB"
        await enter_line(pilot, "sing")
        assert "the voice that could improvise one is not here yet" in toast_text(app)
        assert prompt(pilot).text == "sing"
        await press(pilot, *["backspace"] * 4)
        await enter_line(pilot, "1")
        assert "The gate opens." in story_text(pilot), "the author needs no voice"


async def test_an_unsure_line_is_offered_below_the_choices(server: ScriptedServer, books: tuple[Book, ...]) -> None:
    async with playing_story(server, books[:1]) as pilot:
        await enter_line(pilot, UNSURE)
        assert "Did you mean “Open the gate”?" in story_text(pilot)
        await press(pilot, "enter")
        assert "The gate opens." in story_text(pilot)
        assert "Did you mean" not in story_text(pilot)


async def test_a_story_is_chosen_on_the_first_screen_and_continued_there(
    server: ScriptedServer, books: tuple[Book, ...]
) -> None:
    async with playing_story(server, books) as pilot:
        assert isinstance(pilot.app.screen, StartScreen)
        await press(pilot, *"keeper", "space", *"knocks", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        await enter_line(pilot, "2")
        await press(pilot, "ctrl+n")
        assert isinstance(pilot.app.screen, StartScreen)
        await press(pilot, *"keeper", "space", *"knocks")
        listed = [str(option.prompt) for option in pilot.app.screen.query_one("#choices", OptionList).options]
        assert listed == ["The [red]Gate  fairy tale and myth, a story"]
        assert "Endings found: 1 of 2" in screen_text(pilot.app)
        await press(pilot, "enter")
        assert '> You say "Who is there?"' in story_text(pilot), "it goes on where the player was"


async def test_going_your_own_way_is_free_play(server: ScriptedServer, books: tuple[Book, ...]) -> None:
    async with playing_story(server, books[:1]) as pilot:
        server.answers = ["\nThe hill is steep."]
        await play_line(pilot, "/leave run down the hill")
        assert "> You run down the hill.\nThe hill is steep." in story_text(pilot)
        assert '2. "Who is there?"' not in story_text(pilot)
        await press(pilot, "ctrl+z")
        assert choices(pilot) == ["1. Open the gate", '2. "Who is there?"']


# ---- reading -----------------------------------------------------------------------------------------------------


async def test_a_story_is_read_with_numbers_and_enter(books: tuple[Book, ...]) -> None:
    async with playing_story(None, books[:1]) as pilot:
        assert not play_screen(pilot).query_one(PromptBar).display
        await press(pilot, "9")
        assert "Pick a number from 1 to 2" in toast_text(pilot.app)
        await press(pilot, "1")
        assert "> You open the gate.\nThe gate opens." in story_text(pilot)
        await press(pilot, "enter")
        assert "The end. Endings found: 1 of 2." in story_text(pilot)
        await press(pilot, "ctrl+z")
        assert choices(pilot) == ["1. Continue"]
    async with playing_story(None, books[:1]) as pilot:
        assert choices(pilot) == ["1. Continue"], "the next start opens the same page"


async def test_only_stories_are_offered_to_a_reader(books: tuple[Book, ...]) -> None:
    async with playing_story(None, books) as pilot:
        listed = [str(option.prompt) for option in pilot.app.screen.query_one("#choices", OptionList).options]
        assert listed[0].startswith("Story: ")
        assert listed[2:5] == ["▾ Fairy tale and myth (1)", "    The [red]Gate", "▾ Other (1)"]
        assert "read" in screen_text(pilot.app).splitlines()[2]
        assert "● Voice" not in screen_text(pilot.app)


async def test_a_damaged_bookmark_is_reported_and_the_list_stays_open(books: tuple[Book, ...]) -> None:
    from hashlib import sha256

    file = readings_folder() / f"{sha256(books[0].key.encode()).hexdigest()[:24]}.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"[x]")
    async with playing_story(None, books) as pilot:
        await press(pilot, *"keeper", "enter")
        assert isinstance(pilot.app.screen, StartScreen)
        assert "can't be read" in toast_text(pilot.app)


def test_in_a_real_terminal(books: tuple[Book, ...]) -> None:
    file = books[0].key.partition("#")[0]
    with Terminal([sys.executable, "-m", "dungeon", "read", file]) as terminal:
        terminal.expect("Somebody")
        terminal.send("1")
        terminal.expect("gate opens.")
        terminal.send("\x11")
        assert terminal.wait() == 0


# ---- looks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["improvised", "ending", "offer"])
def test_snapshot(
    snap_compare: Callable[..., bool], server: ScriptedServer, books: tuple[Book, ...], look: str
) -> None:
    app = app_for(server, books[:1])

    async def play(pilot: Pilot[None]) -> None:
        await wait_until(pilot, lambda: app.voice_state == READY)
        await wait_for_workers(pilot)
        server.answers = ["\nThe wind takes your song away. Somebody knocks once more, a little louder than before."]
        await play_line(pilot, "sing")
        for line in {"improvised": [], "ending": ["1", ""], "offer": [UNSURE]}[look]:
            await enter_line(pilot, line)
        await wait_for_workers(pilot)
        await stop_blinking(pilot)
        assert re.search("The end|Did you mean|takes your song", screen_text(app))

    assert snap_compare(app, terminal_size=(80, 24), run_before=play)
