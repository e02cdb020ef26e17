"""A session with no storyteller, and an app that shows one screen on it: for tests of the screens around playing."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from corpus.actions import action_line
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import WRITTEN_BY_PLAYER
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State


class Host(App[None]):
    """What the screens need of the game's app."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.toasts: list[str] = []
        self.results: list[object] = []

    def toast(self, text: str, *, error: bool = False) -> None:
        self.toasts.append(text)

    @contextmanager
    def toast_errors(self) -> Iterator[None]:
        try:
            yield
        except DungeonError as error:
            self.toast(str(error), error=True)

    def show(self, screen: Screen[bool]) -> None:
        self.push_screen(screen, self.results.append)


@asynccontextmanager
async def showing(screen: Screen[bool], size: tuple[int, int] = (100, 30)) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """The screen on the host; what it returns comes into `results`."""
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.show(screen)
        await pilot.pause()
        yield app, pilot


def seated(folder: Path) -> Session:
    """A new adventure at its opening."""
    session = Session(Shelf(folder / "shelf.db"), RemoteStoryteller("http://127.0.0.1:9", "nobody"))
    session.begin(scenario_from_opening("You stand before the iron door.", "The door"))
    return session


def play(session: Session, words: str, prose: str, kind: Kind = Kind.DO) -> Node:
    """A turn below the head, as if it had been told."""
    adventure = session.adventure
    node = session.shelf.add_turn(adventure, kind, words, action_line(kind, words), WRITTEN_BY_PLAYER)
    node = adventure.set_prose(node.id, prose, State.DONE)
    session.shelf.save_turn(node)
    return node


def reopened(session: Session) -> Session:
    """The same adventure, read again from the disk."""
    again = Session(Shelf(session.shelf.path), session.storyteller)
    again.resume()
    return again


def shown(app: App[None], selector: str) -> str:
    """The text of a static."""
    return str(app.screen.query_one(selector, Static).content)


def page(app: App[None]) -> str:
    """All that is on the screen, as lines of text."""
    return "\n".join(
        "".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()
    )
