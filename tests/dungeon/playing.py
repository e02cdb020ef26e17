"""The whole game on the screen, against a scripted server: what tests press and see while they play.

    async with playing_iron_door(server) as pilot:
        server.answers = ["\\nThe door opens."]
        await play_line(pilot, "open the door")
        assert "The door opens." in story_text(pilot)

`tests.dungeon.host` shows one screen alone, which is faster.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.widgets import Static

from dungeon.authored.books import Book
from dungeon.paths import shelf_file
from dungeon.scenarios.model import Scenario
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.widgets.header import READY
from dungeon.tui.widgets.prompt import Prompt
from tests.dungeon.host import paste, press, settle, wait_until
from tests.dungeon.scripted import ScriptedServer


@asynccontextmanager
async def playing(
    server: ScriptedServer,
    scenario: Scenario | None = None,
    go_on: bool = False,
    books: Sequence[Book] = (),
    size: tuple[int, int] = (100, 30),
) -> AsyncIterator[Pilot[None]]:
    """The game, once its voice is ready and nothing is prefetched any more."""
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=scenario, go_on=go_on, books=books)
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: app.voice_state == READY)
        await wait_for_workers(pilot)
        yield pilot
        await app.end_game()


@asynccontextmanager
async def playing_iron_door(server: ScriptedServer) -> AsyncIterator[Pilot[None]]:
    """A new adventure before the iron door."""
    server.answers = ["x"]  # for the first requests, which prefetch: the test's answers are for its turns
    async with playing(server, find_scenario("iron-door")) as pilot:
        yield pilot


# ---- what a player does ------------------------------------------------------------------------------------------


async def wait_for_workers(pilot: Pilot[None]) -> None:
    """Let the app run until no worker does and every message is handled."""
    await pilot.app.workers.wait_for_complete()
    await settle(pilot)


async def wait_for_turn(pilot: Pilot[None]) -> None:
    """Let the app run until no turn streams and the story shows the last one whole."""
    await settle(pilot)
    screen = play_screen(pilot)
    await wait_until(pilot, lambda: not screen.busy)
    await settle(pilot)


async def enter_line(pilot: Pilot[None], line: str) -> None:
    """Type a line at the prompt and press Enter."""
    await paste(pilot, line)
    await press(pilot, "enter")


async def play_line(pilot: Pilot[None], line: str) -> None:
    """Enter a line and wait for the end of its turn."""
    await enter_line(pilot, line)
    await wait_for_turn(pilot)


# ---- what a player sees ------------------------------------------------------------------------------------------


def play_screen(pilot: Pilot[None]) -> PlayScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PlayScreen)
    return screen


def prompt(pilot: Pilot[None]) -> Prompt:
    return play_screen(pilot).query_one("#prompt", Prompt)


def story_text(pilot: Pilot[None]) -> str:
    """All the text of the story on the screen, in order, without what stands in the margin."""
    texts = pilot.app.screen.query("#tale Static").exclude(".margin, .labels").results(Static)
    text = ""
    for static in texts:
        if static.has_class("number"):
            text += f"{str(static.content).lstrip(' ▸')} "
        elif static.display:
            text += f"{static.content}\n"
    return text.rstrip("\n")


def margins(pilot: Pilot[None]) -> list[list[str]]:
    """The signs in the margin of each turn on the screen."""
    return [str(margin.content).split() for margin in pilot.app.screen.query("#tale .margin").results(Static)]


def saved_adventure() -> Adventure:
    """The last adventure as another process would find it on the disk."""
    shelf = Shelf(shelf_file())
    last = shelf.latest_id()
    assert last is not None
    adventure = shelf.open(last)
    shelf.close()
    return adventure
