"""The first screen: three ways in, stories and scenarios by genre, the player's scenarios, and search."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from corpus.turns import Kind
from dungeon.authored.books import find_books, library
from dungeon.paths import scenarios_folder, shelf_file
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Placeholder, Scenario, scenario_from_opening
from dungeon.scenarios.user import save_scenario, user_scenarios
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import State
from dungeon.tale.lore import Card
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.scenario_editor import ScenarioEditor
from dungeon.tui.screens.settings import SettingsScreen
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.screens.start_featured import first_story, scenario_of_the_day, story_of_the_day
from dungeon.tui.screens.start_voice import VoiceLines
from dungeon.tui.widgets.header import READY
from tests.dungeon.host import LOOKS, press, screen_text, settle, stop_blinking, toast_text, wait_until
from tests.dungeon.playing import playing
from tests.dungeon.scripted import ScriptedServer

LAMP_ROAD = Scenario(
    "The Lamp Road",
    "You are ${name}, a lamp lighter.",
    genre="fantasy",
    cards=(Card(("Berrin",), "He is old."),),
    placeholders=(Placeholder("name", "What is your name?", "Ada"),),
)
TODAY = date(2026, 3, 4)
STORIES = "Stories: written, with endings"
LISTED_FOLDED = 3 + 1 + 2 * (1 + 12)
"""The options while every genre is folded: three ways in, write your own, stories and scenarios with their headings."""
BEGIN_HERE = "Begin here: The Ten-Forty\n  a first story, with 11 endings"
HOSTILE = "[bold]x[/] [@click=app.quit]y"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers = ["x"]
        yield running


@asynccontextmanager
async def choosing(server: ScriptedServer, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), today=lambda: TODAY)
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: app.voice_state == READY)
        yield pilot


def choices(pilot: Pilot[None]) -> OptionList:
    return pilot.app.screen.query_one("#choices", OptionList)


def lines(pilot: Pilot[None]) -> list[str]:
    return [str(option.prompt) for option in choices(pilot).options]


def highlighted(pilot: Pilot[None]) -> str:
    option = choices(pilot).highlighted_option
    return str(option.prompt) if option else ""


def preview(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#opening", Static).content)


def add_adventures(*titles: str) -> None:
    """Adventures that were played."""
    shelf = Shelf(shelf_file())
    for title in titles:
        adventure = shelf.add_adventure(scenario_from_opening("You stand there.", title), "v")
        node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", NO_VOICE)
        shelf.save_turn(adventure.set_prose(node.id, "A heron lands.", State.DONE))
    shelf.close()


def footer(pilot: Pilot[None]) -> str:
    return screen_text(pilot.app).splitlines()[-1].strip()


# ---- three ways in -----------------------------------------------------------------------------------------------


async def test_a_new_player_is_led_into_a_first_story(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        assert "an open, local AI Dungeon" in screen_text(pilot.app)
        assert lines(pilot)[:6] == [
            BEGIN_HERE,
            "Scenario: The Warm Stove\n  today's: the voice writes it all",
            "Story: One Scream Before Sunrise\n  today's: written, with 13 endings",
            "Write your own…",
            STORIES,
            "▸ Comedy and everyday (6)",
        ]
        assert len(lines(pilot)) == LISTED_FOLDED
        assert highlighted(pilot) == BEGIN_HERE
        assert preview(pilot).startswith(
            "The Ten-Forty\nwestern · 7,447 words · 11 endings\n\nYou are Minnie Ostrander"
        )
        assert preview(pilot).endswith("What the author did not foresee, the voice improvises.")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.title == "The Ten-Forty"


@pytest.mark.parametrize(("row", "title"), [(1, "The Warm Stove"), (2, "One Scream Before Sunrise")])
async def test_what_the_day_brings_begins_with_enter(server: ScriptedServer, row: int, title: str) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *["down"] * row, "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.title == title


async def test_the_scenario_of_the_day_can_be_edited_as_ones_own(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "down", "ctrl+e", "f2", "escape")
    ((saved,), _) = user_scenarios()
    assert saved.title == "The Warm Stove"


async def test_the_adventure_that_was_played_last_comes_first_and_one_row_opens_the_shelf(
    server: ScriptedServer,
) -> None:
    add_adventures(*(f"Number {number}" for number in range(7)), HOSTILE)
    async with choosing(server) as pilot:
        first, *others = lines(pilot)
        assert first.startswith(f"Continue: {HOSTILE}\n  1 turn · today ")
        assert first.endswith(" · You wait.")
        assert others[2:4] == ["All adventures… (8)", "Write your own…"]
        assert preview(pilot).startswith(f"{HOSTILE}\ntoday ")
        assert preview(pilot).endswith("\n\n> You wait.\n\nA heron lands.")
        await press(pilot, "down", "down", "down", "enter")
        assert isinstance(pilot.app.screen, ShelfScreen)
        await press(pilot, "end", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.title == "Number 0"


async def test_what_was_opened_and_not_played_is_not_there_to_continue(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "enter", "ctrl+n")
        assert highlighted(pilot) == BEGIN_HERE
        await press(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        await press(pilot, "ctrl+n")
        assert lines(pilot)[0] == BEGIN_HERE
        assert not any(line.startswith("All adventures") for line in lines(pilot))
        await press(pilot, *"telegraph", "enter", *"/choose 1", "enter", "ctrl+n")
        assert lines(pilot)[0].startswith("Continue: The Ten-Forty\n  1 turn · today ")
        assert "All adventures… (1)" in lines(pilot)


async def test_a_story_that_was_begun_is_not_the_story_of_the_day(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "down", "down", "enter", "ctrl+n")
        assert lines(pilot)[2].startswith("Story: One Scream Before Sunrise\n"), "its opening was read, and no more"
        await press(pilot, "home", "down", "down", "enter", *"/choose 1", "enter", "ctrl+n")
        assert lines(pilot)[0].startswith("Continue: One Scream Before Sunrise\n")
        assert lines(pilot)[2].startswith("Story: Take Forty-One\n")


async def test_the_only_story_is_offered_once(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, books=find_books("the-ten-forty")) as pilot:
        await press(pilot, "ctrl+n")
        assert [line for line in lines(pilot) if "The Ten-Forty" in line] == [BEGIN_HERE, "    The Ten-Forty"]


def test_every_scenario_has_its_day() -> None:
    days = [TODAY + timedelta(days) for days in range(len(builtin_scenarios()))]
    assert {scenario_of_the_day(builtin_scenarios(), day) for day in days} == set(builtin_scenarios())


def test_the_story_of_the_day_is_one_that_was_not_begun_while_there_is_one() -> None:
    begun: set[str] = set()
    while len(begun) < len(library()) - 1:
        book = story_of_the_day(library(), begun, TODAY)
        assert book.key not in begun
        assert book is not first_story(library())
        begun.add(book.key)
    first = story_of_the_day(library(), set(), TODAY)
    assert story_of_the_day(library(), begun, TODAY) == first, "all were begun: the day's own"
    assert story_of_the_day(library(), set(), TODAY + timedelta(1)) != first


# ---- the voice, keys, settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "colour", "text"),
    [
        ("ready", "$success", "● Voice: scripted · ready"),
        ("loading the voice", "$warning", "◐ Voice: scripted · loading the voice"),
        ("no voice", "$error", "✗ Voice: scripted · no voice · stories play without one; F8 has others"),
    ],
)
async def test_the_voice_has_a_sign_in_a_colour_and_words(
    server: ScriptedServer, state: str, colour: str, text: str
) -> None:
    async with choosing(server) as pilot:
        app = pilot.app
        assert isinstance(app, DungeonApp)
        app.voice_state = state
        await settle(pilot)
        line = app.screen.query_one("#voice", Static).content
        assert isinstance(line, Content)
        assert (str(line), line.spans[0].style) == (text, colour)
        app.fetch_state = "fetching ember 42%"
        await settle(pilot)
        assert ("fetching ember 42%" in screen_text(app)) == (state != "no voice")


async def test_the_settings_of_all_adventures_open_from_the_first_screen(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"iron", "enter", *"/set length 77", "enter", "ctrl+n")
        app = pilot.app
        assert isinstance(app, DungeonApp)
        await press(pilot, "f4")
        assert isinstance(app.screen, SettingsScreen)
        assert app.screen.globally
        assert app.session.settings.value("length") != 77, "that was the adventure's own"
        await press(pilot, "escape")
        assert isinstance(app.screen, StartScreen)
        await press(pilot, "enter", "f4")
        assert isinstance(app.screen, SettingsScreen)
        assert not app.screen.globally
        assert app.session.settings.value("length") == 77


async def test_the_palette_runs_what_can_be_done_here(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        (settings,) = (
            command for command in pilot.app.get_system_commands(pilot.app.screen) if command.title == "Settings"
        )
        settings.callback()
        await settle(pilot)
        assert isinstance(pilot.app.screen, SettingsScreen)


async def test_the_footer_shows_the_keys_that_do_something_here(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server, (160, 30)) as pilot:
        always = ["F1 Help", "Enter Begin", "Ctrl+O Adventures", "F4 Settings", "F8 Voices", "Ctrl+Q Quit"]
        for keys, here in (
            ([], []),
            (["down"] * 4, ["Left Fold"]),
            (["down"], ["Left Fold", "Ctrl+E Edit as your own", "Del Throw away"]),
            (["down"], ["Right Unfold"]),
            ([*"iron"], ["Esc Back to all", "Ctrl+E Edit as your own"]),
        ):
            await press(pilot, *keys)
            wanted = sorted(" ".join([*always, *here]).split())
            await wait_until(pilot, lambda: sorted(footer(pilot).split()) == wanted)  # noqa: B023 - awaited here


async def test_the_adventure_in_play_can_be_renamed_on_the_shelf_but_not_purged(server: ScriptedServer) -> None:
    add_adventures("One", "Two")
    async with choosing(server) as pilot:
        await press(pilot, "enter")
        play = pilot.app.screen
        assert isinstance(play, PlayScreen)
        await press(pilot, "ctrl+o", "r", *" more", "enter")
        assert play.session.adventure.title == "Two more"
        await press(pilot, "p")
        assert "is being played" in toast_text(pilot.app)
        await press(pilot, "enter")
        assert pilot.app.screen is play


# ---- genres ------------------------------------------------------------------------------------------------------


async def test_the_preview_of_a_scenario_tells_its_genre_and_cards(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"grandfather,", "space", *"found")
        assert preview(pilot).startswith("One Grandfather, Found\ncomedy and everyday · 3 cards\n\nYou are the clerk")


async def test_genres_fold_and_unfold(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *["down"] * 4, "right")
        assert highlighted(pilot) == "▾ Comedy and everyday (6)"
        assert len(lines(pilot)) == LISTED_FOLDED + 6
        await press(pilot, "down", "left")
        assert highlighted(pilot) == "▸ Comedy and everyday (6)"
        assert len(lines(pilot)) == LISTED_FOLDED
        await press(pilot, "end", "right", "down")
        assert "▾ Western (5)" in lines(pilot)
        assert highlighted(pilot) == "    Dry Creek Mail"
        await press(pilot, "up", "enter")
        assert highlighted(pilot) == "▸ Western (5)"
        assert "Two Coffins by Noon" in preview(pilot)


async def test_typing_searches_titles_genres_and_openings(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        for typed, found in (
            ("seven door HIGH", ["The Iron Door  high fantasy"]),
            ("WESTERN coffins", ["Two Coffins by Noon  western"]),
            ("midwife wolf", ["The Wolf at the Door  fairy tale and myth"]),
            ("telegraph FORTY", ["The Ten-Forty  western, a story"]),
            ("zzz", []),
        ):
            await press(pilot, *typed)
            assert lines(pilot) == found
            await press(pilot, "escape")
            assert len(lines(pilot)) >= 13
            assert choices(pilot).has_focus
            assert highlighted(pilot)


async def test_matching_titles_come_before_openings_and_enter_begins_the_first(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "down", "down", "down", *"iron")
        assert lines(pilot)[0] == highlighted(pilot) == "The Iron Door  high fantasy"
        assert len(lines(pilot)) > 1
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.scenario == "iron-door"


async def test_arrows_and_enter_choose_among_the_matches(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"door")
        assert len(lines(pilot)) > 3
        await press(pilot, "down", "up", "down")
        second = lines(pilot)[1]
        assert highlighted(pilot) == second
        await press(pilot, "enter")
        if isinstance(pilot.app.screen, AskScreen):
            await press(pilot, "ctrl+s")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert second.startswith(pilot.app.screen.session.adventure.title)


async def test_deleting_the_search_lists_everything_again(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "z", "backspace")
        assert len(lines(pilot)) == LISTED_FOLDED
        assert choices(pilot).has_focus


# ---- user scenarios -----------------------------------------------------------------------------------------------


async def test_user_scenarios_come_first_and_ask_for_their_placeholders(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server) as pilot:
        assert lines(pilot)[3:6] == ["Write your own…", "▾ Yours (1)", "    The Lamp Road"]
        await press(pilot, *["down"] * 5)
        assert preview(pilot) == (
            "The Lamp Road\nfantasy · 1 card\n\nYou are Ada, a lamp lighter.\n\nYou are asked:\nWhat is your name?"
        )
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, AskScreen)
        await press(pilot, *"Bo", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.opening == "You are Bo, a lamp lighter."
        assert pilot.app.screen.session.adventure.scenario == "the-lamp-road"


async def test_a_user_scenario_is_edited_in_its_file(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server) as pilot:
        await press(pilot, *["down"] * 5, "ctrl+e")
        assert isinstance(pilot.app.screen, ScenarioEditor)
        await press(pilot, *"Hm", "f2", "escape")
        assert isinstance(pilot.app.screen, StartScreen)
        assert preview(pilot).startswith("The Lamp Road\nfantasy · 1 card\n\nHmYou are Ada")
    ((saved,), _) = user_scenarios()
    assert (saved.opening, saved.placeholders) == ("HmYou are ${name}, a lamp lighter.", LAMP_ROAD.placeholders)


async def test_editing_a_built_in_scenario_makes_a_copy(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"iron", "space", *"door", "ctrl+e", "f2", "escape")
        assert isinstance(pilot.app.screen, StartScreen)
        await press(pilot, "escape")
        assert "▾ Yours (1)" in lines(pilot)
    ((saved,), _) = user_scenarios()
    assert (saved.name, saved.title, len(saved.cards)) == ("the-iron-door", "The Iron Door", 3)


async def test_a_user_scenario_is_deleted_only_after_confirmation(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server) as pilot:
        await press(pilot, *["down"] * 5, "delete")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await press(pilot, "n")
        assert "▾ Yours (1)" in lines(pilot)
        await press(pilot, "delete", "y")
        assert "▾ Yours (1)" not in lines(pilot)
        await press(pilot, "end", "right", "end", "delete")
        assert isinstance(pilot.app.screen, StartScreen), "built-in scenarios stay"
    assert [path.name for path in (scenarios_folder() / "trash").iterdir()] == ["the-lamp-road.toml"]


async def test_an_invalid_scenario_file_is_reported_and_the_others_are_listed(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    (scenarios_folder() / "broken.toml").write_text(f'titel = "{HOSTILE}"')
    async with choosing(server) as pilot:
        assert "broken.toml: there is no key titel. Did you mean title?" in toast_text(pilot.app)
        assert "    The Lamp Road" in lines(pilot)


async def test_a_first_screen_that_was_left_says_nothing_more(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voice may be ready just when the screen goes: it still looks for a better one then."""
    monkeypatch.setattr("dungeon.tui.screens.start_voice.overview", lambda _: [])
    async with choosing(server) as pilot:
        first = pilot.app.screen
        lines_of_the_voice = first.query_one(VoiceLines)
        await press(pilot, *"iron", "enter", "ctrl+n")
        assert pilot.app.screen is not first
        worker = lines_of_the_voice._find_better_voice()
        await wait_until(pilot, lambda: worker.is_finished)
        await press(pilot, *"iron", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)


# ---- small and large ---------------------------------------------------------------------------------------------


async def test_the_preview_is_placed_by_the_size_of_the_terminal(server: ScriptedServer) -> None:
    add_adventures("One", "Two", "Three")
    async with choosing(server, (40, 12)) as pilot:
        preview, listed = pilot.app.screen.query_one("#preview"), choices(pilot)
        assert not preview.display
        assert listed.region.height >= 9
        assert all(
            start in screen_text(pilot.app) for start in ("Dungeon: ", "● Voice", "Continue: ", "Story: ", "All")
        )
        await press(pilot, *"iron")
        assert "The Iron Door  high fantasy" in lines(pilot)
        await pilot.resize_terminal(60, 40)
        await wait_until(pilot, lambda: preview.display and preview.region.y >= listed.region.bottom)
        for size in ((80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await wait_until(pilot, lambda: preview.region.x >= listed.region.right)


@pytest.mark.parametrize("look", ["wide", "narrow", "light"])
def test_snapshot(snap_compare: Callable[..., bool], server: ScriptedServer, look: str) -> None:
    size, theme = LOOKS[look]
    save_scenario(LAMP_ROAD)
    add_adventures("The Door", "The Gate")
    with sqlite3.connect(shelf_file()) as database:
        database.execute("UPDATE adventure SET played = '2024-03-01T12:00:00+00:00'")
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), today=lambda: TODAY)

    async def listed(pilot: Pilot[None]) -> None:
        await wait_until(pilot, lambda: app.voice_state == READY)
        app.theme = theme
        await stop_blinking(pilot)
        assert "Continue: The Gate" in screen_text(app)
        assert "Voice: scripted · ready" in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=listed)
