"""What a screen may ask of the app that shows it. Screens know these protocols, and never the app's class.

class ShelfScreen(Screen[int | None]):
    def action_purge(self) -> None:
        with game(self).toast_errors():
            game(self).shelf.purge(...)
"""

from contextlib import AbstractContextManager
from typing import Protocol, cast

from textual.dom import DOMNode

from dungeon.play.commands import Request
from dungeon.play.session import Session
from dungeon.reading.books import Book
from dungeon.scenarios.model import Scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.open import Storyteller


class Toaster(Protocol):
    """An app that shows short messages over the screen."""

    def toast(self, text: str, *, error: bool = False) -> None:
        """Shows a message, never as markup; an error stays longer."""

    def toast_errors(self) -> AbstractContextManager[None]:
        """Shows a DungeonError that the block raises as a message, and goes on."""


class Game(Toaster, Protocol):
    """The game's app."""

    shelf: Shelf
    session: Session
    storyteller: Storyteller
    voice_state: str
    """What the storyteller is doing while no turn streams: "loading", "ready", …"""

    def begin(self, scenario: Scenario) -> None:
        """Plays a new adventure, after the player has answered what the scenario asks."""

    def resume(self, adventure_id: int | None = None) -> None:
        """Plays an adventure of the shelf, or the latest."""

    def choose(self) -> None:
        """Goes back to the first screen."""

    def run_command(self, request: Request) -> None:
        """Runs a command that needs no adventure in play."""

    def open_shelf(self, search: str = "") -> None:
        """Shows the adventures, those that match the search."""


class Reader(Toaster, Protocol):
    """The app of `dungeon read`."""

    def choose(self) -> None:
        """Goes back to the list of stories."""

    def read(self, book: Book) -> None:
        """Opens a story where the reader left it."""


def game(node: DOMNode) -> Game:
    """The game's app, from any screen or widget in it."""
    return cast(Game, node.app)


def reader(node: DOMNode) -> Reader:
    """The reading app, from any screen or widget in it."""
    return cast(Reader, node.app)
