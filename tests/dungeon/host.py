"""A host app that shows one screen of the game, a session to show on it, and what screen tests press and see.

    async with showing(TreeScreen(new_session(tmp_path))) as (app, pilot):
        await press(pilot, "up", "enter")
        assert app.results == [True]

`tests.dungeon.playing` runs the whole game instead.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from corpus.actions import action_line
from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tui.base_app import BaseApp
from dungeon.tui.widgets.message_line import MessageLine
from dungeon.tui.widgets.pane import Pane

LOOKS: dict[str, tuple[tuple[int, int], str]] = {
    "wide": ((100, 30), "lamplight"),
    "narrow": ((40, 12), "lamplight"),
    "light": ((100, 30), "parchment"),
    "ansi": ((100, 30), "ansi-dark"),
}
"""The terminal's size and the theme of each snapshot."""


class Host(BaseApp):
    """What the screens need of the game's app."""

    TITLE = "Host"
    ENABLE_COMMAND_PALETTE = False
    is_playing = True

    def __init__(self, screen: Screen[Any] | None = None, theme: str = "lamplight") -> None:
        super().__init__()
        self.theme = theme
        self.first_screen = screen
        self.toasts: list[str] = []
        self.results: list[object] = []
        """What the screens have returned."""

    def on_mount(self) -> None:
        if self.first_screen:
            self.show(self.first_screen)

    def toast(self, text: str, *, error: bool = False) -> None:
        self.toasts.append(text)

    def show(self, screen: Screen[Any]) -> None:
        self.push_screen(screen, self.results.append)


@asynccontextmanager
async def showing(screen: Screen[Any], size: tuple[int, int] = (100, 30)) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """The screen on the host; what it returns is in `results`."""
    app = Host(screen)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


def new_session(folder: Path) -> Session:
    """A new adventure at its opening; its storyteller can't be reached."""
    session = Session(Shelf(folder / "shelf.db"), RemoteStoryteller("http://127.0.0.1:9", "nobody"))
    session.begin(scenario_from_opening("You stand before the iron door.", "The door"))
    return session


def add_turn(session: Session, words: str, prose: str, kind: Kind = Kind.DO) -> Node:
    """Add a turn below the head, as if the storyteller had answered."""
    adventure = session.adventure
    node = session.shelf.add_turn(adventure, kind, words, action_line(kind, words), NO_VOICE)
    node = adventure.set_prose(node.id, prose, State.DONE)
    session.shelf.save_turn(node)
    return node


def reopened(session: Session) -> Session:
    """Another session on the same adventure, loaded from the disk."""
    again = Session(Shelf(session.shelf.path), session.storyteller)
    again.resume()
    return again


@contextmanager
def write_protected(shelf: Shelf) -> Iterator[None]:
    """Every write to the shelf fails in the block, as on a full or a write-protected disk."""
    shelf._db.execute("PRAGMA query_only=ON")  # private: SQLite can be asked for this on the connection only
    yield
    shelf._db.execute("PRAGMA query_only=OFF")


# ---- what a player does ------------------------------------------------------------------------------------------


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, each after the app has handled the one before.

    `Pilot.press` also waits twice until the process is idle: 0.05 s a key, and more on a busy machine.
    """
    for key in keys:
        # Textual's function does not know the slash.
        pilot.app.post_message(events.Key(key, "/" if key == "slash" else key_to_character(key)))
        await settle(pilot)


async def paste(pilot: Pilot[None], text: str) -> None:
    """Paste text into whatever has the focus."""
    pilot.app.post_message(events.Paste(text))
    await settle(pilot)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until the app has handled every message, those that these sent, and has drawn the result."""
    for _ in range(60):  # a message is handed on a few times, and each time takes a turn or two of the event loop
        await asyncio.sleep(0)
    await pilot.pause(0)


async def wait_until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Let the app run until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await pilot.pause(0.01)


# ---- what a player sees ------------------------------------------------------------------------------------------


def widget_text(app: App[Any], selector: str) -> str:
    """The text of a widget."""
    return str(app.screen.query_one(selector, Static).content)


def pane_title(app: App[Any], selector: str) -> str:
    """The title of a pane."""
    return app.screen.query_one(selector, Pane).title


def screen_text(app: App[Any]) -> str:
    """Everything on the screen, as lines of text."""
    strips = app.screen._compositor.render_strips()  # private: Textual offers pictures of a screen, but no text
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def toast_text(app: App[Any], severity: str = "") -> str:
    """The messages that the app shows above the prompt or over the screen; with a severity, only those of it."""
    toasts = [toast for toast in app._notifications if severity in ("", toast.severity)]  # private: no list is public
    shown = [line for line in app.screen.query(MessageLine) if severity != "error" or line.has_class("-error")]
    return "\n".join([*(toast.message for toast in toasts), *(line.message for line in shown)])


async def stop_blinking(pilot: Pilot[None]) -> None:
    """Stop everything that moves, for a picture."""
    await pilot.pause()
    for field in (*pilot.app.screen.query(TextArea), *pilot.app.screen.query(Input)):
        field.cursor_blink = False
    await pilot.pause()
