"""A screen on which turns are played: the worker that plays one, its messages, and what follows from them.

The worker posts messages; their handlers, and nothing else, touch the widgets. Messages carry the ids of turns, for the
adventure replaces a node whenever its text grows. `PlayScreen` is built on this and adds what the player can ask for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from dungeon.errors import DungeonError
from dungeon.play.keys import key_name, keys_for
from dungeon.play.session import OnUpdate, Session
from dungeon.tale.adventure import Node
from dungeon.tui import crash
from dungeon.tui.host import game
from dungeon.tui.widgets.header import NO_ANSWER, READY, SUGGESTING, THINKING, WAITING, PlayHeader
from dungeon.tui.widgets.message_line import MessageLine
from dungeon.tui.widgets.prompt import Prompt, PromptBar
from dungeon.tui.widgets.story import StoryView


class TurnScreen(Screen[None]):
    """Shows the session's adventure, and plays its turns."""

    @dataclass
    class TurnStarted(Message):
        """A turn has been added to the adventure."""

        node_id: int

    @dataclass
    class TurnEnded(Message):
        """A turn is done, was stopped, or failed."""

        node_id: int | None
        """None when it never started."""
        stopped: bool = False
        error: str = ""
        notes: tuple[str, ...] = ()
        """What the player should know about how it was generated."""

    class Suggested(Message):
        """Suggestions are being written, there is another one, or all are there."""

    @dataclass
    class NoticeGiven(Message):
        """The storyteller keeps the player waiting; why."""

        text: str

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.busy = False
        """Whether a turn is being played."""
        self._silent_from: int | None = None
        """While the player is told that nothing comes: how many tokens had come."""
        self._turn_words = ""
        """What the player typed for the turn that is being played; "" for a retry."""
        self._head_before = session.adventure.head
        """Where the player was before that turn: for a retry, on the take that was there."""

    @property
    def story(self) -> StoryView:
        """The story on the screen."""
        return self.query_one(StoryView)

    @property
    def prompt(self) -> Prompt:
        """Where the player types."""
        return self.query_one(Prompt)

    def _show_state(self, text: str) -> None:
        self.query_one(PlayHeader).turn_state = text
        if text == SUGGESTING:
            self.query_one(PromptBar).show_work("thinking of what you might do")
        else:
            self.query_one(PromptBar).show_work("writing · Esc stops" if self.busy else "")

    def show_place(self) -> None:
        """What depends on where the player is in the adventure, beside the story."""
        self.query_one(PlayHeader).show()

    def show_message(self, text: str) -> None:
        """Shows a message above the prompt."""
        self.query_one(MessageLine).show_message(text)

    def show_error(self, text: str) -> None:
        """Shows what went wrong above the prompt."""
        self.query_one(MessageLine).show_message(text, error=True)

    def clear_message(self) -> None:
        """Takes the message away."""
        self.query_one(MessageLine).clear_message()

    # ---- while the player reads ------------------------------------------------------------------------------

    @work(group="prefetch", exclusive=True, exit_on_error=False)
    async def prefetch(self) -> None:
        """Has the voice read the story, suggest and prefetch while the player reads; a turn cancels it."""
        try:
            await self.session.prefetch(lambda: self.post_message(self.Suggested()))
        except DungeonError:
            self._note_failure()  # the next turn meets the same trouble, and reports it

    @on(Suggested)
    def _suggested(self) -> None:
        if self.busy:
            return
        self.query_one(PlayHeader).show()  # the context has been counted
        prefetcher, adventure = self.session.prefetcher, self.session.adventure
        is_suggesting = prefetcher.is_suggesting(adventure)
        self._show_state(SUGGESTING if is_suggesting else "")
        self.story.show_suggestions()
        if prefetcher.are_requested(adventure) and not self.session.suggestions() and not is_suggesting:
            self.show_message("Nothing comes to the voice's mind. What do you do?")

    # ---- turns -----------------------------------------------------------------------------------------------

    def start_turn(self, play: Callable[[OnUpdate], Awaitable[Node]], words: str) -> None:
        """Plays a turn in the background; `words` are what the player typed for it."""
        self.busy = True
        self._turn_words = words
        self._silent_from = None
        self._head_before = self.session.adventure.head
        self._show_state(THINKING)
        self._play_turn(play)

    @work(group="turn", exclusive=True, exit_on_error=False)
    async def _play_turn(self, play: Callable[[OnUpdate], Awaitable[Node]]) -> None:
        """Plays a turn and posts how it goes."""
        self.workers.cancel_group(self, "prefetch")
        node_id: int | None = None

        def on_update(node: Node) -> None:
            nonlocal node_id
            if node_id is None:
                node_id = node.id
                self.post_message(self.TurnStarted(node.id))

        try:
            await play(on_update)
        except asyncio.CancelledError:
            self.post_message(self.TurnEnded(node_id, stopped=True))
            raise
        except DungeonError as error:
            self.post_message(self.TurnEnded(node_id, error=str(error)))
        except Exception as error:  # noqa: BLE001 - a bug in one turn must not end the game
            self.post_message(self.TurnEnded(node_id, error=crash.report(error)))
        else:
            self.post_message(self.TurnEnded(node_id, notes=self.session.notes))

    @on(TurnStarted)
    async def _turn_started(self, event: TurnStarted) -> None:
        await self.story.begin_turn(event.node_id)

    @on(StoryView.Grown)
    def _turn_grown(self) -> None:
        stats = self.session.stats
        if self.busy and stats.tokens != self._silent_from:
            self._end_silence()
            speed = stats.tokens_per_second
            self._show_state("streaming" + (f" {speed:.0f} tokens/s" if speed else ""))

    @on(NoticeGiven)
    def _notice_given(self, event: NoticeGiven) -> None:
        if self.busy:  # nobody waits for what is prefetched
            self._silent_from = self.session.stats.tokens
            self._show_state(WAITING)
            stop = key_name(keys_for(self.session.settings.global_settings)["stop"]) or "/stop"
            self.show_message(f"{event.text} {stop} stops waiting and keeps what came.")

    def _end_silence(self) -> None:
        if self._silent_from is not None:
            self._silent_from = None
            self.clear_message()

    def _note_failure(self) -> None:
        """Shows whether it was the storyteller that failed."""
        if game(self).voice_state == READY and not self.session.storyteller.is_ready:
            game(self).voice_state = NO_ANSWER

    @on(TurnEnded)
    async def _turn_ended(self, event: TurnEnded) -> None:
        self.busy = False
        self._end_silence()
        self._show_state("")
        self.story.end_turn()
        if self.session.ways_on:
            self.story.show_suggestions()
        self.show_place()
        if event.error:
            self.show_error(event.error)
            self._note_failure()
        node = self.session.adventure.nodes.get(event.node_id or 0)
        if event.notes:
            self.show_message(" ".join(event.notes))
        elif node and node.prose and not event.error:
            self._say_what_next(node, stopped=event.stopped)
        if node is None:  # it never started: the disk is full, say
            self.prompt.give_back(self._turn_words)
        elif not node.prose:
            await self._return_from_empty_turn(event, node)
        elif not event.error:
            game(self).voice_state = READY  # it may have failed before
            self.prefetch()

    def _say_what_next(self, node: Node, *, stopped: bool) -> None:
        """What the player can do with a turn that was stopped, or with one of several takes."""
        adventure = self.session.adventure
        takes = len(adventure.takes(node.id))
        if stopped and adventure.unfinished():
            self.show_message("Stopped. Enter alone finishes the sentence; what came is kept.")
        elif not self._turn_words and takes > 1:
            number = adventure.take_number(node.id)
            browse = f"Take {number} of {takes}: ← and → on an empty line show the others, /takes compares them."
            self.show_message(browse)

    async def _return_from_empty_turn(self, event: TurnEnded, node: Node) -> None:
        """No text came: the player is again where they were, with their words in the prompt."""
        with game(self).toast_errors():
            self.session.abandon_turn(node.id, self._head_before)
        await self.story.show()
        self.show_place()
        if self._head_before == node.parent:  # the words of a retry are in the story
            self.prompt.give_back(node.input)
        if not event.error and not event.stopped:
            self.show_message("The storyteller has nothing to say. Try again, or do something else.")
