"""What a command needs from whoever shows the game: the app's play screen, or the plain lines."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from corpus.turns import Kind
from dungeon.play.session import Session


class Frontend(Protocol):
    """What a command can use that needs no adventure."""

    session: Session

    def show_message(self, text: str) -> None:
        """Shows a short message."""

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Shows the output of a command."""

    async def open_shelf(self, search: str) -> None:
        """Lists the adventures that match the search, to go on with one."""

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice."""

    def leave(self) -> None:
        """Leaves the game."""


class PlayFrontend(Frontend, Protocol):
    """What all others can use. The methods return when the player can go on typing."""

    mode: Kind
    """What a bare line means: do, say or story."""

    async def show_story(self) -> None:
        """Shows the story again: the player has moved, or a turn has changed."""

    async def show_latest(self) -> None:
        """Shows the last turns once more."""

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        """Has the storyteller play a turn; `leaves_author` as in `Session.play_turn`."""

    async def play_suggestion(self, action: str) -> None:
        """Plays an action that the voice has suggested."""

    async def show_authored_turn(self, node_id: int) -> None:
        """Shows a turn that the author has answered."""

    def show_offer(self, label: str) -> None:
        """Asks whether the player meant this choice: Enter takes it."""

    async def retry(self) -> None:
        """Plays the last action again."""

    def stop_turn(self) -> None:
        """Stops the turn that streams."""

    async def edit_turn(self, node_id: int) -> None:
        """Lets the player change the texts of a turn."""

    async def suggest(self) -> None:
        """Has the voice write suggestions, and shows them."""

    def set_mode(self, mode: Kind) -> None:
        """Changes what a bare line means."""

    def toggle_panel(self) -> None:
        """Shows or hides what stands beside the story."""

    async def confirm(self, question: str, yes: str, action: Callable[[], Awaitable[None]]) -> None:
        """Asks the player, and runs the action if the answer is yes. `yes` names it on the button."""

    def copy(self, text: str) -> None:
        """Hands the text to the player, to be pasted elsewhere."""

    async def choose_adventure(self) -> None:
        """Leaves the adventure, and lets the player choose another."""
