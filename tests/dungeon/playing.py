"""The game on a screen of its own, driven as a player drives it: what its tests share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual import events
from textual.pilot import Pilot
from textual.widgets import Static, TextArea

from dungeon.paths import shelf_file
from dungeon.scenarios.model import Scenario
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.widgets.prompt import Prompt
from tests.dungeon import host
from tests.dungeon.scripted import ScriptedServer

Player = Pilot[None]


@asynccontextmanager
async def playing(
    server: ScriptedServer,
    scenario: Scenario | None = None,
    go_on: bool = False,
    size: tuple[int, int] = (100, 30),
) -> AsyncIterator[Player]:
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=scenario, go_on=go_on)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.voice_state == "ready")
        await idle(pilot)
        yield pilot
        await app.end_game()


@asynccontextmanager
async def at_the_door(server: ScriptedServer) -> AsyncIterator[Player]:
    """A new adventure before the iron door."""
    server.answers = ["x"]  # to reading ahead, which is the first thing asked: the test's own answers are for the turns
    async with playing(server, find_scenario("iron-door")) as pilot:
        yield pilot


async def until(pilot: Player, true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Lets the app run until something holds."""
    async with asyncio.timeout(seconds):
        while not true():
            await pilot.pause(0.01)


async def idle(pilot: Player) -> None:
    """Lets the app run until no worker does and every message is handled."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def type_in(pilot: Player, text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def send(pilot: Player, text: str) -> None:
    """Types, presses Enter and waits for the turn's end."""
    await type_in(pilot, text)
    await pilot.press("enter")
    await pilot.pause()
    await until(pilot, lambda: not play_screen(pilot).busy)
    await pilot.pause()


def play_screen(pilot: Player) -> PlayScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PlayScreen)
    return screen


def prompt(pilot: Player) -> Prompt:
    return play_screen(pilot).query_one("#prompt", Prompt)


def shown(pilot: Player) -> str:
    """All the text of the story on the screen, in order."""
    return "\n".join(
        str(static.content) for static in pilot.app.screen.query("#tale Static").results(Static) if static.display
    )


def on_disk() -> Adventure:
    """The last adventure as another process would find it."""
    shelf = Shelf(shelf_file())
    last = shelf.latest_id()
    assert last is not None
    adventure = shelf.open(last)
    shelf.close()
    return adventure


def notes(pilot: Player) -> str:
    return host.notes(pilot.app)


async def settled(pilot: Player) -> None:
    """Nothing moves and nothing blinks."""
    await until(pilot, lambda: pilot.app.voice_state == "ready")  # type: ignore[attr-defined]
    await idle(pilot)
    for area in pilot.app.screen.query(TextArea):
        area.cursor_blink = False
    await pilot.pause()
