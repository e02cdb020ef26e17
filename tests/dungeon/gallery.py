"""The game's screens in the states that a player meets, each in the whole game: for tests of what is drawn.

    async with visiting("tree") as pilot:
        ...  # the screen is open, and the voice ready

`SCENES` names them all. A scene plays as a player does, by keys and lines, or opens a screen as the game would.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.notifications import SeverityLevel
from textual.pilot import Pilot
from textual.screen import Screen

from corpus.turns import PARAGRAPH, Kind
from dungeon.authored.books import find_books
from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.model import Placeholder, Scenario
from dungeon.scenarios.user import find_scenario, save_scenario
from dungeon.settings.palettes import THEME_HELP
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.lore import Card, Lore
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen, LineScreen
from dungeon.tui.screens.choose import ChooseScreen, KeyScreen
from dungeon.tui.screens.compare import CompareScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.context import ContextScreen
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.lore import LoreScreen
from dungeon.tui.screens.scenario_editor import ScenarioEditor
from dungeon.tui.screens.settings import SettingsScreen
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.screens.takes import TakesScreen
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.screens.voices import VoicesScreen
from dungeon.tui.widgets.header import READY
from dungeon.tui.widgets.table import Table
from tests.dungeon.host import add_turn, new_session, paste, press, settle, stop_blinking, wait_until
from tests.dungeon.playing import enter_line, play_line, play_screen, wait_for_workers
from tests.dungeon.scripted import SuggestingServer

TALE = """:: StoryTitle
The Gate

:: StoryData
{"ifid": "5C2A5A0B-7F0B-4A55-A1B0-0F5E0E0C5D11", "genre": "fairy tale and myth"}

:: Start
You are the keeper of a gate on a hill. Somebody knocks on the wood.

[[Open the gate->Hall]]
[["Who is there?"->Goat]]

:: Hall [ending]
The gate opens. An old goat walks past you and lies down by the fire.

:: Goat [odd ending]
"A goat," says a goat. You have nothing to say to that.
"""
LAMP_ROAD = Scenario(
    "The Lamp Road",
    "You are ${name}, a lamp lighter.",
    genre="fantasy",
    cards=(Card(("Berrin",), "He is old."),),
    placeholders=(Placeholder("name", "What is your name?", "Ada"),),
)

TOASTS: dict[str, SeverityLevel] = {
    "The voice ember is here.": "information",
    "There is no such file.": "error",
    "That is no number.": "warning",
}


def played_session(folder: Path) -> Session:
    """An adventure with takes, a branch, a name, a bookmark, an edit and lore."""
    session = new_session(folder)
    add_turn(session, "knock", "Three knocks answer you. Then it is quiet.")
    add_turn(session, "open the door", f"The hinges scream.{PARAGRAPH}A man with a lamp looks at you.")
    session.undo()
    add_turn(session, "open the door", f"The hinges scream.{PARAGRAPH}A girl with a lamp looks past you.")
    session.label_turn(session.adventure.path()[-1].id, name="the girl with the lamp", bookmarked=True)
    add_turn(session, "take the lamp", "It is warm.")
    session.edit(session.adventure.path()[-1].id, prose="It is cold.")
    session.set_lore(
        Lore(memory="You are Ada.", cards=(Card(("Berrin",), "He is old."), Card(("lamp",), "It is cold.")))
    )
    return session


@asynccontextmanager
async def visiting(
    scene: str, theme: str = "lamplight", size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Pilot[None]]:
    """The game with that scene on the screen, and nothing that moves."""
    shelf_file().parent.mkdir(parents=True, exist_ok=True)
    session = played_session(shelf_file().parent)
    add_turn(session, "The lamp goes out.", "Somebody breathes.", Kind.STORY)
    session.shelf.close()
    save_scenario(LAMP_ROAD)
    with SuggestingServer() as server:
        app = DungeonApp(RemoteStoryteller(server.url, "scripted"), go_on=True)
        app.session.settings.set("theme", theme)
        async with app.run_test(size=SMALL.get(scene, (100, 30)), notifications=True) as pilot:
            await wait_until(pilot, lambda: app.voice_state == READY)
            await wait_for_workers(pilot)
            await SCENES[scene](pilot)
            await wait_for_workers(pilot)
            await stop_blinking(pilot)
            await settle(pilot)
            yield pilot
            await app.end_game()


def game_of(pilot: Pilot[None]) -> DungeonApp:
    """The game that the pilot steers."""
    assert isinstance(pilot.app, DungeonApp)
    return pilot.app


def _opens(screen: Callable[[Session], Screen[Any]], *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """A scene that opens a screen, and presses keys there."""

    async def open_it(pilot: Pilot[None]) -> None:
        pilot.app.push_screen(screen(game_of(pilot).session))
        await settle(pilot)
        await press(pilot, *keys)

    return open_it


async def _play(pilot: Pilot[None]) -> None:
    """The side panel, a message, and what the app says over any screen."""
    await press(pilot, "f9")
    play_screen(pilot).show_message("The key of retry is f8.")
    for words, severity in TOASTS.items():
        pilot.app.notify(words, severity=severity, timeout=60)


async def _play_typing(pilot: Pilot[None]) -> None:
    await paste(pilot, "open the iron door")
    await press(pilot, "shift+home")
    play_screen(pilot).show_error("The disk is full.")


async def _play_completing(pilot: Pilot[None]) -> None:
    await press(pilot, "tab", "slash", *"boo")


async def _story(pilot: Pilot[None]) -> None:
    """An improvised turn, the author's choices, and a question about them."""
    file = shelf_file().with_name("gate.twee")
    file.write_text(TALE, encoding="utf-8")
    game = game_of(pilot)
    game.session.settings.set("pace", "0", globally=True)
    game.open_story(find_books(str(file))[0])
    await settle(pilot)
    await play_line(pilot, "sing")
    await enter_line(pilot, "push hard against the gate")


async def _story_ended(pilot: Pilot[None]) -> None:
    await _story(pilot)
    await play_line(pilot, "1")


async def _start(pilot: Pilot[None]) -> None:
    game_of(pilot).choose()
    await settle(pilot)


async def _start_finding(pilot: Pilot[None]) -> None:
    await _start(pilot)
    await paste(pilot, "lamp")
    await press(pilot, *"lamp")


async def _settings_wrong_value(pilot: Pilot[None]) -> None:
    await _opens(lambda session: SettingsScreen(session.settings))(pilot)
    await press(pilot, "down", "enter", "end", *"900")


async def _voices(pilot: Pilot[None]) -> None:
    await _opens(lambda session: VoicesScreen())(pilot)
    await wait_until(pilot, lambda: bool(pilot.app.screen.query_one(Table).rows))


async def _palette(pilot: Pilot[None]) -> None:
    await press(pilot, "ctrl+p", *"un")


SCENES: dict[str, Callable[[Pilot[None]], Awaitable[None]]] = {
    "play": _play,
    "play, typing": _play_typing,
    "play, completing": _play_completing,
    "play, small": _play_typing,
    "story": _story,
    "story, ended": _story_ended,
    "start": _start,
    "start, finding": _start_finding,
    "settings": _opens(lambda session: SettingsScreen(session.settings)),
    "settings, a wrong value": _settings_wrong_value,
    "tree": _opens(TreeScreen),
    "tree, searching": _opens(TreeScreen, "slash", "l"),
    "takes": _opens(lambda session: TakesScreen(session, 2)),
    "compare": _opens(lambda session: CompareScreen(session.adventure, 2, session.adventure.head)),
    "edit": _opens(lambda session: EditScreen(session, 3)),
    "context": _opens(ContextScreen),
    "lore": _opens(lambda session: LoreScreen(session, "memory")),
    "cards": _opens(lambda session: LoreScreen(session, "cards")),
    "scenario": _opens(lambda session: ScenarioEditor(LAMP_ROAD), "f3"),
    "scenario, new": _opens(lambda session: ScenarioEditor()),
    "shelf": _opens(ShelfScreen),
    "voices": _voices,
    "help": _opens(lambda session: HelpScreen(session.settings.global_settings)),
    "text": _opens(lambda session: TextScreen("Where you have been", "The gate: 2 of 2 endings found.")),
    "ask": _opens(lambda session: AskScreen(find_scenario("a-voice-from-tomorrow"))),
    "line": _opens(lambda session: LineScreen("What is this place called?", "")),
    "confirm": _opens(lambda session: ConfirmScreen("Delete 3 turns, 40 words, from the disk, for good?", "Purge")),
    "choose": _opens(
        lambda session: ChooseScreen("Theme", {name: (name, text) for name, text in THEME_HELP.items()}, "lamplight")
    ),
    "key": _opens(lambda session: KeyScreen("retry")),
    "palette": _palette,
}
"""By its name, what brings the game there from the latest adventure."""
SMALL = {"play, small": (50, 14)}
"""The sizes of scenes on a small screen."""
