"""Playing: the story above, the prompt below; typing always goes to the prompt.

A turn runs in a worker that posts messages; their handlers, and nothing else, touch the widgets. Messages carry the ids
of turns, for the adventure replaces a node whenever its text grows. Commands are those of `dungeon.play.registry`; this
screen is the frontend that they work on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.keys import key_name, keys_for
from dungeon.play.registry import COMMANDS, Request, parse_line, typed_line
from dungeon.play.session import OnUpdate, Session
from dungeon.tale.adventure import Node
from dungeon.tale.people import people_and_things
from dungeon.tui import crash
from dungeon.tui.bindings import bindings
from dungeon.tui.host import game
from dungeon.tui.screens.by_command import open_screen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.header import NO_ANSWER, READY, SUGGESTING, THINKING, WAITING, PlayHeader
from dungeon.tui.widgets.message_line import MessageLine
from dungeon.tui.widgets.prompt import Prompt, PromptBar
from dungeon.tui.widgets.side_panel import SidePanel
from dungeon.tui.widgets.story import StoryView
from dungeon.tui.widgets.suggestions import Suggestion
from dungeon.tui.widgets.turn import MARGIN, TurnLabels

_OFFERED = "Enter: yes · n: no, as you typed it · or something else"
_IN_A_STORY = "Pick a number, or type what you do."
"""The placeholder where the author's choices stand."""
_NEEDS_VOICE = "The author has no answer to this, and the voice that could improvise one is not here yet."
_PLACEHOLDERS = {
    Kind.DO: 'What do you do?  ("…" to speak, Enter alone to go on)',
    Kind.SAY: "What do you say?",
    Kind.STORY: "What happens next? Write it yourself.",
}


_SHOWN_KEYS = ("retry", "undo", "tree", "memory", "settings", "panel", "context", "edit", "new")
"""The commands whose keys are shown while there is room, in this order."""
_OTHER_KEYS = (
    *(
        name
        for name, command in COMMANDS.items()
        if command.stands_alone and command.needs_adventure and name not in _SHOWN_KEYS
    ),
    "shelf",
)
_PANEL_FROM = 120
"""Columns from which the side panel is shown, unless the player has chosen."""


class PlayScreen(Screen[None]):
    """One adventure in play: a `PlayFrontend`."""

    CSS_PATH = "play.tcss"
    AUTO_FOCUS = "#prompt"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]
    BINDINGS = bindings(*_SHOWN_KEYS, shown=True) + bindings(*_OTHER_KEYS, page=True)

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

    def __init__(self, session: Session, message: str = "") -> None:
        """`message` is shown at first."""
        super().__init__()
        self.session = session
        self._first_message = message
        self.mode = Kind.DO
        self.busy = False
        """Whether a turn is being played."""
        self._silent_from: int | None = None
        """While the player is told that nothing comes: how many tokens had come."""
        self._turn_words = ""
        """What the player typed for the turn that is being played; "" for a retry."""
        self._head_before = session.adventure.head
        """Where the player was before that turn: for a retry, on the take that was there."""
        self._names: tuple[str, ...] = ()
        """The names that Tab completes."""

    @property
    def story(self) -> StoryView:
        """The story on the screen."""
        return self.query_one(StoryView)

    @property
    def prompt(self) -> Prompt:
        """Where the player types."""
        return self.query_one(Prompt)

    def compose(self) -> ComposeResult:
        yield PlayHeader(self.session)
        with Horizontal(id="middle"):
            yield StoryView(self.session)
            yield SidePanel(self.session)
        yield MessageLine()
        yield PromptBar(Prompt(self._names_to_complete), enabled=self.session.may_type)
        yield KeyFooter()

    async def on_mount(self) -> None:
        self.session.on_notice = lambda text: self.post_message(self.NoticeGiven(text))
        self.set_mode(Kind.DO)
        self.prompt.remember([typed_line(node) for node in self.session.adventure.path()])
        self.apply_settings()
        await self.show_story()
        if self._first_message:
            self.show_message(self._first_message)
        self.prefetch()

    def apply_settings(self) -> None:
        """The width of the column, and the side panel, as the player has set them."""
        self.story.query_one("#tale").styles.max_width = self.session.settings.global_settings.column + MARGIN
        self._show_panel()

    def on_resize(self) -> None:
        self._show_panel()

    def _show_panel(self) -> None:
        wanted = self.session.settings.global_settings.panel
        panel = self.query_one(SidePanel)
        panel.display = self.app.size.width >= _PANEL_FROM if wanted == "auto" else wanted == "on"
        panel.show()
        self._names = tuple(known.name for known in people_and_things(self.session.adventure))

    def _names_to_complete(self) -> Sequence[str]:
        return self._names

    def _show_state(self, text: str) -> None:
        self.query_one(PlayHeader).turn_state = text
        if text == SUGGESTING:
            self.query_one(PromptBar).show_work("thinking of what you might do")
        else:
            self.query_one(PromptBar).show_work("writing · Esc stops" if self.busy else "")

    # ---- what the player asks for ----------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Typing goes to the prompt, wherever a click has put the focus; without a prompt, a number is a choice."""
        if not self.session.may_type:
            if event.key == "enter" or (event.character or "").isdecimal():
                event.stop()
                self.post_message(Prompt.Sent("" if event.key == "enter" else event.character or ""))
        elif event.is_printable and event.character and self.focused is not self.prompt:
            self.prompt.focus()
            self.prompt.insert(event.character)
            event.stop()

    @on(Prompt.Sent)
    async def _line_sent(self, event: Prompt.Sent) -> None:
        self.clear_message()  # it is about an earlier line
        if self.story.is_revealing and not event.text.strip():
            self.story.end_turn()
            return
        try:
            request = parse_line(event.text, self.mode, self.session.suggestions())
        except DungeonError as error:
            self.show_message(str(error))
            self.prompt.give_back(event.text)
            return
        if not await self.run_command(request):
            self.prompt.give_back(event.text)

    @on(Suggestion.Picked)
    async def _suggestion_picked(self, event: Suggestion.Picked) -> None:
        self.prompt.focus()
        await self.run_command(Request("choose", str(event.number)))

    @on(Prompt.SteppedOut)
    def _left_history(self) -> None:
        self.focus_next(Suggestion)

    @on(Prompt.Stepped)
    async def _arrow_pressed(self, event: Prompt.Stepped) -> None:
        await self.run_command(Request("left" if event.step < 0 else "right"))

    @on(TurnLabels.Clicked)
    def _labels_clicked(self, event: TurnLabels.Clicked) -> None:
        from dungeon.tui.screens.takes import TakesScreen

        if not self.busy and event.node_id in self.session.adventure.nodes:
            self.app.push_screen(TakesScreen(self.session, event.node_id), self._screen_closed)

    async def action_command(self, name: str) -> None:
        """A command by its key. While something is typed, undo and redo are the prompt's own, and Tab completes."""
        self.clear_message()
        if name in ("undo", "redo") and self.prompt.text:
            self.prompt.undo() if name == "undo" else self.prompt.redo()
        elif name == "mode" and (self.focused is not self.prompt or self.prompt.text):
            if not self.prompt.complete():
                self.prompt.focus()
        else:
            await self.run_command(Request(name))

    async def run_command(self, request: Request) -> bool:
        """Runs a command; whether it could be run now. What goes wrong is shown, and the game goes on."""
        command = COMMANDS[request.command]
        if self.busy and not command.while_streaming:
            self.show_message("Still writing. Esc stops it and keeps what came.")
            return False
        if not command.needs_adventure:
            await game(self).run_command(request)
            return True
        before = self._what_prefetching_depends_on()
        try:
            if screen := open_screen(self.session, request):
                self.app.push_screen(screen, self._screen_closed)
            else:
                await command.handler(self, request)
        except DungeonError as error:
            self.show_error(str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one command must not end the game
            self.show_error(crash.report(error))
            await self.story.show()
        if not self.busy and self._what_prefetching_depends_on() != before:
            self.apply_settings()
            self.prefetch()
        return True

    def _what_prefetching_depends_on(self) -> object:
        session = self.session
        adventure = session.adventure
        return adventure, adventure.head, adventure.lore, session.params().sampling, session.settings.global_settings

    async def _screen_closed(self, _: Any) -> None:
        """Whatever a screen has changed."""
        self.apply_settings()
        await self.show_story()
        self.prefetch()

    def begin_command(self, name: str) -> None:
        """Begins a command in the prompt that needs words."""
        self.prompt.set_line(f"/{name} ")
        self.prompt.focus()

    def action_page(self, direction: int) -> None:
        """Scrolls the story by a page."""
        self.story.release_anchor()
        self.story.scroll_page_up() if direction < 0 else self.story.scroll_page_down()

    # ---- what commands need (`PlayFrontend`) -----------------------------------------------------------------

    def show_message(self, text: str) -> None:
        """Shows a message above the prompt."""
        self.query_one(MessageLine).show_message(text)

    def show_error(self, text: str) -> None:
        """Shows what went wrong above the prompt."""
        self.query_one(MessageLine).show_message(text, error=True)

    def clear_message(self) -> None:
        """Takes the message away."""
        self.query_one(MessageLine).clear_message()

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Shows a message, or a page where that is too little."""
        game(self).show_lines(title, lines)

    async def show_story(self) -> None:
        """Shows the story as it is now."""
        await self.story.show()
        self._show_place()

    async def show_latest(self) -> None:
        """Scrolls to the end."""
        self.story.scroll_to_latest()

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        """Starts a turn of the storyteller's."""
        if not leaves_author and self.session.ways_on and game(self).voice_is_missing:
            self.show_message(_NEEDS_VOICE)
            self.prompt.give_back(words)
            return
        self._start_turn(partial(self.session.play_turn, kind, words, leaves_author=leaves_author), words)

    async def play_suggestion(self, action: str) -> None:
        """Plays an action that the voice has suggested."""
        await self.play_turn(*read_input(action))

    async def show_authored_turn(self, node_id: int) -> None:
        """Shows a turn that the author has answered, as fast as the player wants to read."""
        await self.story.show_authored_turn(node_id, self.session.settings.global_settings.pace)
        self._show_place()

    def show_offer(self, label: str) -> None:
        """Asks whether the player meant this choice."""
        self.story.show_offer(label)
        self._show_placeholder()

    async def retry(self) -> None:
        """Starts another take of the last turn."""
        self._start_turn(self.session.retry, "")

    def stop_turn(self) -> None:
        """Stops the turn that streams; what came is kept. An authored one is shown whole."""
        if not self.busy:
            self.story.end_turn()
            self.session.offer = None
            self.story.remove_offer()
            self._show_placeholder()
        self.workers.cancel_group(self, "turn")

    async def edit_turn(self, node_id: int) -> None:
        """Opens the editor."""
        from dungeon.tui.screens.edit import EditScreen

        self.app.push_screen(EditScreen(self.session, node_id), self._screen_closed)

    async def suggest(self) -> None:
        """Has suggestions written in the background."""
        self.story.show_suggestions()
        self.prefetch()

    def set_mode(self, mode: Kind) -> None:
        """Changes what a bare line means."""
        self.mode = mode
        self.query_one(PromptBar).show_mode(mode)
        self._show_placeholder()

    def toggle_panel(self) -> None:
        """Shows or hides the side panel, from now on."""
        shown = self.query_one(SidePanel).display
        self.session.settings.set("panel", "off" if shown else "on", globally=True)

    def _show_place(self) -> None:
        """What depends on where the player is in the adventure, beside the story."""
        self._show_placeholder()
        self.query_one(PlayHeader).show()
        self._show_panel()

    def _show_placeholder(self) -> None:
        """What can be typed now."""
        in_a_story = self.mode is Kind.DO and self.session.ways_on
        text = _IN_A_STORY if in_a_story else _PLACEHOLDERS[self.mode]
        self.prompt.placeholder = _OFFERED if self.session.offer else text

    async def confirm(self, question: str, yes: str, action: Callable[[], Awaitable[None]]) -> None:
        """Asks on a screen of its own."""
        from dungeon.tui.screens.confirm import ConfirmScreen

        async def answered(confirmed: bool | None) -> None:
            if confirmed:
                with game(self).toast_errors():
                    await action()
                self.prefetch()

        self.app.push_screen(ConfirmScreen(question, yes), answered)

    def copy(self, text: str) -> None:
        """Copies through the terminal."""
        self.app.copy_to_clipboard(text)
        self.show_message("Copied, if your terminal allows it.")

    async def open_shelf(self, search: str) -> None:
        """Shows the adventures."""
        await game(self).open_shelf(search)

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice."""
        await game(self).switch_voice(name)

    def voice_switched(self) -> None:
        """Another storyteller has taken over: it reads the story and writes its own suggestions."""
        self.apply_settings()
        self.story.show_suggestions()
        self.prefetch()

    async def choose_adventure(self) -> None:
        """Goes back to the first screen."""
        game(self).choose()

    def leave(self) -> None:
        """Leaves the game."""
        game(self).leave()

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

    def _start_turn(self, play: Callable[[OnUpdate], Awaitable[Node]], words: str) -> None:
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
        self._show_place()
        if event.error:
            self.show_error(event.error)
            self._note_failure()
        if event.notes:
            self.show_message(" ".join(event.notes))
        node = self.session.adventure.nodes.get(event.node_id or 0)
        if node is None:  # it never started: the disk is full, say
            self.prompt.give_back(self._turn_words)
        elif not node.prose:
            await self._return_from_empty_turn(event, node)
        elif not event.error:
            game(self).voice_state = READY  # it may have failed before
            self.prefetch()

    async def _return_from_empty_turn(self, event: TurnEnded, node: Node) -> None:
        """No text came: the player is again where they were, with their words in the prompt."""
        with game(self).toast_errors():
            self.session.abandon_turn(node.id, self._head_before)
        await self.story.show()
        if self._head_before == node.parent:  # the words of a retry are in the story
            self.prompt.give_back(node.input)
        if not event.error and not event.stopped:
            self.show_message("The storyteller has nothing to say. Try again, or do something else.")
