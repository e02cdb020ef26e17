"""The first screen: adventures to go on with, scenarios by genre, the player's own, and finding among them."""

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
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.lore import Card
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.scenario_editor import ScenarioEditor
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.widgets.status import READY
from tests.dungeon.host import LOOKS, notes, page, press, stop_blinking, until
from tests.dungeon.scripted import ScriptedServer

LAMP_ROAD = Scenario(
    "The Lamp Road",
    "You are ${name}, a lamp lighter.",
    genre="fantasy",
    cards=(Card(("Berrin",), "He is old."),),
    placeholders=(Placeholder("name", "What is your name?", "Ada"),),
)
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
        await until(pilot, lambda: app.voice_state == READY)
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


def begun(*titles: str) -> None:
    shelf = Shelf(shelf_file())
    for title in titles:
        shelf.add_adventure(scenario_from_opening("You stand there.", title), "v")
    shelf.close()


# ---- adventures --------------------------------------------------------------------------------------------------


async def test_a_new_player_sees_the_first_scenario_with_one_genre_unfolded(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        assert lines(pilot)[:3] == ["Write your own…", "▾ Comedy and everyday (5)", "    One Grandfather, Found"]
        assert len(lines(pilot)) == 1 + 12 + 5
        assert highlighted(pilot) == "    One Grandfather, Found"
        assert preview(pilot).startswith("One Grandfather, Found\ncomedy and everyday · 3 cards\n\nYou are the clerk")


async def test_the_last_adventure_comes_first_and_all_of_them_are_a_key_away(server: ScriptedServer) -> None:
    begun(*(f"Number {number}" for number in range(7)), HOSTILE)
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


async def test_the_adventure_in_play_is_renamed_on_the_shelf_and_not_purged(server: ScriptedServer) -> None:
    begun("One", "Two")
    async with choosing(server) as pilot:
        await press(pilot, "enter")
        play = pilot.app.screen
        assert isinstance(play, PlayScreen)
        await press(pilot, "ctrl+o", "r", *" more", "enter")
        assert play.session.adventure.title == "Two more"
        await press(pilot, "p")
        assert "is being played" in notes(pilot.app)
        await press(pilot, "enter")
        assert pilot.app.screen is play


# ---- genres ------------------------------------------------------------------------------------------------------


async def test_genres_fold_and_unfold(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "left")
        assert highlighted(pilot) == "▸ Comedy and everyday (5)"
        assert len(lines(pilot)) == 13
        await press(pilot, "end", "right", "down")
        assert "▾ Western (5)" in lines(pilot)
        assert highlighted(pilot) == "    Dry Creek Mail"
        await press(pilot, "up", "enter")
        assert highlighted(pilot) == "▸ Western (5)"
        assert "Two Coffins by Noon" in preview(pilot)


async def test_typing_finds_by_title_genre_and_opening(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        for typed, found in (
            ("seven door HIGH", ["The Iron Door  high fantasy"]),
            ("WESTERN coffins", ["Two Coffins by Noon  western"]),
            ("midwife", ["The Wolf at the Door  fairy tale and myth"]),
            ("zzz", []),
        ):
            await press(pilot, *typed)
            assert lines(pilot) == found
            await press(pilot, "escape")
            assert len(lines(pilot)) >= 13
            assert choices(pilot).has_focus
            assert highlighted(pilot)


async def test_titles_are_found_before_openings_and_enter_begins_the_first(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "down", "down", "down", *"iron")
        assert lines(pilot)[0] == highlighted(pilot) == "The Iron Door  high fantasy"
        assert len(lines(pilot)) > 1
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PlayScreen)
        assert pilot.app.screen.session.adventure.scenario == "iron-door"


async def test_the_arrows_and_enter_work_on_what_was_found(server: ScriptedServer) -> None:
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


async def test_deleting_what_was_typed_brings_everything_back(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, "z", "backspace")
        assert len(lines(pilot)) == 18
        assert choices(pilot).has_focus


# ---- the player's own --------------------------------------------------------------------------------------------


async def test_the_player_s_own_come_first_and_begin_after_their_questions(server: ScriptedServer) -> None:
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


async def test_the_player_s_own_is_edited_in_place(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    async with choosing(server) as pilot:
        await press(pilot, "ctrl+e")
        assert isinstance(pilot.app.screen, ScenarioEditor)
        await press(pilot, *"Hm", "f2", "escape")
        assert isinstance(pilot.app.screen, StartScreen)
        assert preview(pilot).startswith("The Lamp Road\nfantasy · 1 card\n\nHmYou are Ada")
    ((kept,), _) = user_scenarios()
    assert (kept.opening, kept.placeholders) == ("HmYou are ${name}, a lamp lighter.", LAMP_ROAD.placeholders)


async def test_a_built_in_scenario_is_copied_to_be_edited(server: ScriptedServer) -> None:
    async with choosing(server) as pilot:
        await press(pilot, *"iron", "space", *"door", "ctrl+e", "f2", "escape")
        assert isinstance(pilot.app.screen, StartScreen)
        await press(pilot, "escape")
        assert "▾ Yours (1)" in lines(pilot)
    ((kept,), _) = user_scenarios()
    assert (kept.name, kept.title, len(kept.cards)) == ("the-iron-door", "The Iron Door", 3)


async def test_the_player_s_own_is_thrown_away_only_when_that_is_confirmed(server: ScriptedServer) -> None:
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


async def test_a_broken_file_is_reported_and_the_others_are_listed(server: ScriptedServer) -> None:
    save_scenario(LAMP_ROAD)
    (scenarios_folder() / "broken.toml").write_text(f'titel = "{HOSTILE}"')
    async with choosing(server) as pilot:
        assert "broken.toml: there is no key titel. Did you mean title?" in notes(pilot.app)
        assert "    The Lamp Road" in lines(pilot)


# ---- small and large ---------------------------------------------------------------------------------------------


async def test_the_preview_is_where_there_is_room(server: ScriptedServer) -> None:
    begun("One", "Two", "Three")
    async with choosing(server, (40, 12)) as pilot:
        preview, listed = pilot.app.screen.query_one("#preview"), choices(pilot)
        assert not preview.display
        assert listed.region.height >= 9
        await press(pilot, *"iron")
        assert "The Iron Door  high fantasy" in lines(pilot)
        await pilot.resize_terminal(60, 40)
        await until(pilot, lambda: preview.display and preview.region.y >= listed.region.bottom)
        for size in ((80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: preview.region.x >= listed.region.right)


@pytest.mark.parametrize("look", ["wide", "narrow"])
def test_snapshot(snap_compare: Callable[..., bool], server: ScriptedServer, look: str) -> None:
    size, theme = LOOKS[look]
    save_scenario(LAMP_ROAD)
    begun("The Door", "The Gate")
    with sqlite3.connect(shelf_file()) as database:
        database.execute("UPDATE adventure SET played = '2024-03-01T12:00:00+00:00'")
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"))

    async def listed(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.voice_state == READY)
        app.theme = theme
        await stop_blinking(pilot)
        assert "Continue: The Gate (0 turns)" in page(app)
        assert "▾ Yours (1)" in page(app)
        assert "scripted · ready · Enter begins" in page(app)

    assert snap_compare(app, terminal_size=size, run_before=listed)
