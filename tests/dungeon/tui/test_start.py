"""The first screen: adventures to continue, scenarios by genre, the player's scenarios, and search."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from dungeon.paths import scenarios_folder, shelf_file
from dungeon.scenarios.model import Placeholder, Scenario, scenario_from_opening
from dungeon.scenarios.user import save_scenario, user_scenarios
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.lore import Card
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.scenario_editor import ScenarioEditor
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.widgets.header import READY
from tests.dungeon.host import LOOKS, press, screen_text, stop_blinking, toast_text, wait_until
from tests.dungeon.scripted import ScriptedServer

LAMP_ROAD = Scenario(
    "The Lamp Road",
    "You are ${name}, a lamp lighter.",
    genre="fantasy",
    cards=(Card(("Berrin",), "He is old."),),
    placeholders=(Placeholder("name", "What is your name?", "Ada"),),
)
STORIES = "Stories: written, with endings"
LISTED_FOLDED = 1 + 2 * (1 + 12)
"""The lines while every genre is folded: write your own, and stories and scenarios with their headings."""
HOSTILE = "[bold]x[/] [@click=app.quit]y"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers = ["x"]
        yield running


@asynccontextmanager
async def choosing(server: ScriptedServer, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"))
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
    shelf = Shelf(shelf_file())
    for title in titles:
        shelf.add_adventure(scenario_from_opening("You stand there.", title), "v")
    shelf.close()


# ---- adventures --------------------------------------------------------------------------------------------------


async def test_a_new_player_sees_the_first_story_in_an_unfolded_genre(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        assert lines(pilot)[:4] == [
            "Write your own…",
            STORIES,
            "▾ Comedy and everyday (6)",
            "    Four Hundred Steps to the Harbor",
        ]
        assert len(lines(pilot)) == LISTED_FOLDED + 6
        assert highlighted(pilot) == "    Four Hundred Steps to the Harbor"
        assert preview(pilot).startswith(
            "Four Hundred Steps to the Harbor\ncomedy and everyday · 7,055 words · 10 endings\n\nYou are Lalo"
        )


async def test_the_preview_of_a_scenario_tells_its_genre_and_cards(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"grandfather,", "space", *"found")
        assert preview(pilot).startswith("One Grandfather, Found\ncomedy and everyday · 3 cards\n\nYou are the clerk")


async def test_the_latest_adventures_come_first_and_one_row_opens_the_shelf(server: ScriptedServer) -> None:
    add_adventures(*(f"Number {number}" for number in range(7)), HOSTILE)
    async with choosing(server) as pilot:
        assert lines(pilot)[:6] == [
            f"Continue: {HOSTILE} (0 turns)",
            "Go back to: Number 6 (0 turns)",
            "Go back to: Number 5 (0 turns)",
            "Go back to: Number 4 (0 turns)",
            "All adventures… (8)",
            "Write your own…",
        ]
        assert preview(pilot).startswith(f"{HOSTILE}\ntoday ")
        assert preview(pilot).endswith("\n\nYou stand there.")
        await press(pilot, "down", "down", "down", "down", "enter")
        assert isinstance(pilot.app.screen, ShelfScreen)
        await press(pilot, "end", "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.title == "Number 0"


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


async def test_genres_fold_and_unfold(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "left")
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
        assert len(lines(pilot)) == LISTED_FOLDED + 6
        assert choices(pilot).has_focus


# ---- user scenarios -----------------------------------------------------------------------------------------------


async def test_user_scenarios_come_first_and_ask_for_their_placeholders(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server) as pilot:
        assert lines(pilot)[:3] == ["Write your own…", "▾ Yours (1)", "    The Lamp Road"]
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
        await press(pilot, "ctrl+e")
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
        await press(pilot, "delete")
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
    monkeypatch.setattr("dungeon.tui.screens.start.overview", lambda _: [])
    async with choosing(server) as pilot:
        first = pilot.app.screen
        assert isinstance(first, StartScreen)
        await press(pilot, *"iron", "enter", "ctrl+n")
        assert pilot.app.screen is not first
        worker = first._find_better_voice()
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
        await press(pilot, *"iron")
        assert "The Iron Door  high fantasy" in lines(pilot)
        await pilot.resize_terminal(60, 40)
        await wait_until(pilot, lambda: preview.display and preview.region.y >= listed.region.bottom)
        for size in ((80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await wait_until(pilot, lambda: preview.region.x >= listed.region.right)


@pytest.mark.parametrize("look", ["wide", "narrow"])
def test_snapshot(snap_compare: Callable[..., bool], server: ScriptedServer, look: str) -> None:
    size, theme = LOOKS[look]
    save_scenario(LAMP_ROAD)
    add_adventures("The Door", "The Gate")
    with sqlite3.connect(shelf_file()) as database:
        database.execute("UPDATE adventure SET played = '2024-03-01T12:00:00+00:00'")
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"))

    async def listed(pilot: Pilot[None]) -> None:
        await wait_until(pilot, lambda: app.voice_state == READY)
        app.theme = theme
        await stop_blinking(pilot)
        assert "Continue: The Gate (0 turns)" in screen_text(app)
        assert "▾ Yours (1)" in screen_text(app)
        assert "scripted · ready · Enter begins" in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=listed)
