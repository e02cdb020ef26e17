"""What a screen may ask of the app that shows it. Screens know these protocols, and never the app's class.

class ShelfScreen(Screen[int | None]):
    def action_purge(self) -> None:
        with game(self).toast_errors():
            game(self).shelf.purge(...)
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, cast, runtime_checkable

from textual.dom import DOMNode

from dungeon.authored.books import Book
from dungeon.play.registry import Request
from dungeon.play.session import Session
from dungeon.scenarios.model import Scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices.background import Fetch, Fetches


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
    fetches: Fetches
    voice_is_missing: bool
    """Whether the voice is still being fetched, or could not be started."""
    is_playing: bool
    """Whether an adventure is on a screen, perhaps below others."""
    books: Sequence[Book]
    """The authored stories that are offered; none: those of the library."""
    fetch_state: str
    """How far the voices are that are fetched in the background; "" if none is."""

    def use_theme(self, name: str) -> None:
        """Shows a theme; what the player has set stays."""

    def begin(self, scenario: Scenario) -> None:
        """Plays a new adventure, after the player has answered what the scenario asks."""

    def open_story(self, book: Book) -> None:
        """Goes on with an authored story, or begins it."""

    def resume(self, adventure_id: int | None = None) -> None:
        """Plays an adventure of the shelf, or the latest."""

    def choose(self) -> None:
        """Goes back to the first screen."""

    async def run_command(self, request: Request) -> None:
        """Runs a command that needs no adventure in play."""

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Shows the output of a command."""

    async def open_shelf(self, search: str = "") -> None:
        """Shows the adventures that match the search."""

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice, unless a turn is being written.

        Raises:
            DungeonError: there is no such voice, it is not here, or a turn is being written.
        """

    async def switch_server(self, url: str, model: str) -> None:
        """Goes on with a model of a server, unless a turn is being written.

        Raises:
            DungeonError: the server does not answer, or a turn is being written.
        """

    def leave(self) -> None:
        """Ends the game, after what streams or is being edited has been kept."""


@runtime_checkable
class KeepsText(Protocol):
    """A screen whose text is kept when the player leaves the game."""

    def keep_text(self) -> None:
        """Keeps it.

        Raises:
            DungeonError: it can't be saved.
        """


@runtime_checkable
class ShowsFetches(Protocol):
    """A screen that shows how far voices are that are fetched in the background."""

    def fetch_changed(self, fetch: Fetch) -> None:
        """A fetch has come further, or has ended."""


def game(node: DOMNode) -> Game:
    """The game's app, from any screen or widget in it."""
    return cast(Game, node.app)
