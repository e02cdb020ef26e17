"""Playing: the story above, the prompt below, typing always goes to the prompt.

A turn runs in a worker that posts messages; their handlers, and nothing else, touch the widgets. Commands that need a
screen of their own are in `_SCREENS`; the others, and all that come with words, are obeyed as in plain lines
(`dungeon.play.run_command`) and what that says is shown.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from textual import events, on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from corpus.turns import PARAGRAPH, Kind
from dungeon.errors import DungeonError
from dungeon.play.commands import COMMANDS, Request, number_of, read_line
from dungeon.play.keys import keys_for, takes_key
from dungeon.play.run_command import node_of, obey
from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.lore import Lore
from dungeon.tale.outline import find_turn
from dungeon.tui.bindings import bindings
from dungeon.tui.host import game
from dungeon.tui.screens.help import key_name
from dungeon.tui.widgets.prompt import Prompt
from dungeon.tui.widgets.status import READY, THINKING, StatusLine
from dungeon.tui.widgets.story import StoryView, Suggestion
from dungeon.tui.widgets.turn import TurnLabels

_MODES = (Kind.DO, Kind.SAY, Kind.STORY)
_PLACEHOLDERS = {
    Kind.DO: 'What do you do?  ("…" to speak, Enter alone to go on)',
    Kind.SAY: "What do you say?",
    Kind.STORY: "What happens next? Write it yourself.",
}
_MOVES: dict[str, Callable[[Session], Node | None]] = {
    "undo": Session.undo,
    "redo": Session.redo,
    "left": lambda session: session.step_take(-1),
    "right": lambda session: session.step_take(1),
}
_NOWHERE = {
    "undo": "There is nothing to undo.",
    "redo": "There is nothing to redo.",
    "left": "There is no take before this one.",
    "right": "There is no take after this one. Ctrl+R tells another.",
}
_SHORT = 200
"""Characters of an answer that a toast holds; a longer one gets a page."""
_THE_APPS = ("help", "quit", "theme")
_WHILE_BUSY = ("stop", "help", "quit", "mode", "theme")


class PlayScreen(Screen[None]):
    """One adventure in play."""

    CSS_PATH = "play.tcss"
    AUTO_FOCUS = "#prompt"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
    BINDINGS = bindings(
        *(command.name for command in COMMANDS if takes_key(command) and command.name not in _THE_APPS), page=True
    )

    @dataclass
    class Began(Message):
        """A turn began."""

        node: Node

    @dataclass
    class Ended(Message):
        """A turn is over: done, stopped, or failed."""

        node: Node | None
        """None when it never began."""
        stopped: bool = False
        error: str = ""
        failed: bool = False
        """The storyteller did; otherwise the player asked for what can't be done."""
        notes: tuple[str, ...] = ()
        """What the player is to know of how it was told."""

    class Suggested(Message):
        """There are new suggestions."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.mode = Kind.DO
        self.busy = False
        self._asked = Request("")
        """The turn in progress, as the player asked for it."""
        self._came_from: int | None = None
        """Where the player stood before the turn in progress: for a retry, on the take that stood there."""

    @property
    def story(self) -> StoryView:
        """The story on the screen."""
        return self.query_one(StoryView)

    @property
    def prompt(self) -> Prompt:
        """Where the player types."""
        return self.query_one("#prompt", Prompt)

    def compose(self) -> ComposeResult:
        yield StoryView(self.session)
        yield Prompt(id="prompt")
        yield StatusLine()

    async def on_mount(self) -> None:
        self._set_mode(Kind.DO)
        self.fit()
        await self.refresh_story()

    def fit(self) -> None:
        """The column as wide, and the keys, as the player has set them."""
        game = self.session.settings.game
        self.story.query_one("#tale").styles.max_width = game.column
        keys = keys_for(game)
        hints = (f"{key_name(keys[name])} {name}" for name in ("help", "retry", "undo", "tree") if keys[name])
        self.query_one(StatusLine).hint = " · ".join(hints)

    async def refresh_story(self) -> None:
        """The story as it is now, and what the voice can prepare for it."""
        await self.story.show()
        self.read_ahead()

    def _state(self, text: str) -> None:
        self.query_one(StatusLine).turn_state = text

    @on(StoryView.Grown)
    def _grown(self) -> None:
        if self.busy:
            rate = self.session.stats.rate
            self._state("streaming" + (f" {rate:.0f} tokens/s" if rate else ""))

    # ---- what the player wants -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Typing goes to the prompt, wherever a click has put the focus."""
        if event.is_printable and event.character and self.focused is not self.prompt:
            self.prompt.focus()
            self.prompt.insert(event.character)
            event.stop()

    @on(Prompt.Sent)
    async def _sent(self, event: Prompt.Sent) -> None:
        try:
            request = read_line(event.text, self.mode, self.session.suggestions())
        except DungeonError as error:
            game(self).toast(str(error))
            return
        if self._may(request.command):
            self.prompt.clear()
            await self._obey(request)

    @on(Suggestion.Picked)
    async def _picked(self, event: Suggestion.Picked) -> None:
        if self._may("do"):
            await self._obey(read_line(event.action))

    @on(Prompt.Stepped)
    async def _stepped(self, event: Prompt.Stepped) -> None:
        await self.action_command("left" if event.step < 0 else "right")

    @on(TurnLabels.Clicked)
    async def _labels_clicked(self, event: TurnLabels.Clicked) -> None:
        if self._may("takes"):
            self._open_takes(event.node_id)

    async def action_command(self, name: str) -> None:
        """A command by its key. Undo and redo are the prompt's own while something is typed there."""
        if name in ("undo", "redo") and self.prompt.text:
            self.prompt.undo() if name == "undo" else self.prompt.redo()
        elif self._may(name):
            await self._obey(Request(name))

    def _may(self, command: str) -> bool:
        if self.busy and command not in _WHILE_BUSY:
            game(self).toast("The storyteller is at it. Esc stops and keeps what came.")
            return False
        return True

    async def _obey(self, request: Request) -> None:
        command = request.command
        if request.kind is not None or command == "retry":
            self.busy = True
            self._asked = request
            self._came_from = self.session.adventure.head
            self._state(THINKING)
            self.play_turn(request)
        elif command in _MOVES:
            with game(self).toast_errors():
                if _MOVES[command](self.session) is None:
                    game(self).toast(_NOWHERE[command])
                else:
                    await self.refresh_story()
        elif command == "mode":
            self._set_mode(_MODES[(_MODES.index(self.mode) + 1) % len(_MODES)])
        elif command == "stop":
            self.workers.cancel_group(self, "turn")
        elif command == "print":
            self.story.anchor()
            self.story.scroll_end(animate=False)
        elif command == "suggest":
            self.session.request_suggestions()
            self.story.show_suggestions()
            self.read_ahead()
        elif command in ("new", "help", "quit", "shelf", "theme"):
            game(self).run_command(request)
        else:
            with game(self).toast_errors():
                await self._look(request)

    async def _look(self, request: Request) -> None:
        """Commands that show or change something beside the turns."""
        command, words = request.command, request.words
        session = self.session
        if command == "edit":
            self._open_edit(node_of(session, request).id)
        elif command == "takes":
            self._open_takes(node_of(session, request).id)
        elif command == "compare":
            from dungeon.tui.screens.compare import CompareScreen

            adventure = session.adventure
            self.app.push_screen(CompareScreen(adventure, find_turn(adventure, number_of(request)), adventure.head))
        elif command == "tree":
            from dungeon.tui.screens.tree import TreeScreen

            self.app.push_screen(TreeScreen(session), self._changed)
        elif command in ("memory", "note", "cards", "summary") and not words:
            from dungeon.tui.screens.lore import LoreScreen

            self.app.push_screen(LoreScreen(session, command), self._lore_changed)
        elif command == "context":
            from dungeon.tui.screens.context import ContextScreen

            self.app.push_screen(ContextScreen(session))
        elif command == "settings":
            self._open_settings()
        elif command == "purge":
            self._ask_to_purge(request)
        elif command == "copy":
            head = session.adventure.path()[-1:]
            self.app.copy_to_clipboard(PARAGRAPH.join(node.prose for node in head) or session.adventure.opening)
            game(self).toast("Copied, if your terminal allows it.")
        else:
            before = session.adventure.head
            self._show_lines(command, obey(session, request))
            if session.adventure.head != before or command in ("bookmark", "name"):
                await self.refresh_story()
            elif command in ("memory", "note", "summary", "card", "uncard", "set", "preset"):
                self.fit()
                self.read_ahead()

    def _show_lines(self, title: str, lines: tuple[str, ...]) -> None:
        text = "\n".join(lines)
        if len(text) > _SHORT or len(lines) > 3:
            from dungeon.tui.screens.text import TextScreen

            self.app.push_screen(TextScreen(title.capitalize(), text))
        elif text:
            game(self).toast(text)

    def _set_mode(self, mode: Kind) -> None:
        self.mode = mode
        self.prompt.placeholder = _PLACEHOLDERS[mode]

    def action_page(self, direction: int) -> None:
        """Scrolls the story by a page."""
        self.story.release_anchor()
        self.story.scroll_page_up() if direction < 0 else self.story.scroll_page_down()

    # ---- screens of their own --------------------------------------------------------------------------------

    def _open_edit(self, id_: int) -> None:
        from dungeon.tui.screens.edit import EditScreen

        self.app.push_screen(EditScreen(self.session, id_), self._changed)

    def _open_takes(self, id_: int) -> None:
        from dungeon.tui.screens.takes import TakesScreen

        self.app.push_screen(TakesScreen(self.session, id_), self._changed)

    def _open_settings(self) -> None:
        from dungeon.tui.screens.settings import SettingsScreen

        self.app.push_screen(SettingsScreen(self.session.settings), self._changed)

    async def _changed(self, _result: object) -> None:
        self.fit()
        await self.refresh_story()

    async def _lore_changed(self, lore: Lore | None) -> None:
        if lore is not None:
            with game(self).toast_errors():
                self.session.set_lore(lore)
            self.read_ahead()

    def _ask_to_purge(self, request: Request) -> None:
        from dungeon.tui.screens.confirm import ConfirmScreen

        node = node_of(self.session, request)
        turns = [node, *self.session.adventure.below(node.id)]
        words = sum(len(turn.prose.split()) for turn in turns)

        async def answered(yes: bool | None) -> None:
            if yes:
                with game(self).toast_errors():
                    self.session.purge_turn(node.id)
                await self.refresh_story()

        question = f"Take turn {number_of(request)} and all that follows it off the disk: {len(turns)} turns, "
        self.app.push_screen(ConfirmScreen(f"{question}{words} words? This can't be undone.", "Purge"), answered)

    # ---- turns -----------------------------------------------------------------------------------------------

    @work(group="ahead", exclusive=True, exit_on_error=False)
    async def read_ahead(self) -> None:
        """Has the voice read the story, suggest and prepare while the player reads; a turn cancels it."""
        try:
            await self.session.prefetch(self._tell_of_suggestions)
        except DungeonError:
            return  # the next turn meets the same trouble, and tells of it

    def _tell_of_suggestions(self) -> None:
        self.post_message(self.Suggested())

    @on(Suggested)
    def _suggested(self) -> None:
        if not self.busy:
            self.story.show_suggestions()
            if not self.session.suggestions():
                game(self).toast("Nothing comes to the voice's mind. What do you do?")

    @work(group="turn", exclusive=True, exit_on_error=False)
    async def play_turn(self, request: Request) -> None:
        """Plays a turn and posts how it goes."""
        self.workers.cancel_group(self, "ahead")
        node: Node | None = None

        def began(it: Node) -> None:
            nonlocal node
            node = it
            self.post_message(self.Began(it))

        try:
            if request.command == "retry":
                node = await self.session.retry(self.story.grow, began)
            else:
                assert request.kind is not None
                node = await self.session.play_turn(request.kind, request.words, self.story.grow, began)
        except asyncio.CancelledError:
            self.post_message(self.Ended(self._latest(node), stopped=True))
            raise
        except DungeonError as error:
            self.post_message(self.Ended(self._latest(node), error=str(error), failed=node is not None))
        else:
            self.post_message(self.Ended(node, notes=self.session.notes))

    def _latest(self, node: Node | None) -> Node | None:
        return self.session.adventure.nodes[node.id] if node else None

    @on(Began)
    async def _turn_began(self, event: Began) -> None:
        await self.story.begin(event.node)

    @on(Ended)
    async def _turn_ended(self, event: Ended) -> None:
        self.busy = False
        self._state("")
        node = event.node
        if node:
            self.story.end(node)
        if event.error:
            game(self).toast(event.error, error=event.failed)
            if not (node or self.prompt.text):  # it never began, for the disk is full: the words are the player's again
                self.prompt.text = self._asked.words
        for note in event.notes:
            game(self).toast(note)
        if node and not node.prose:
            # Nothing came: the player gets the words back, the place before them, and loses nothing.
            with game(self).toast_errors():
                self.session.abandon_turn(node, self._came_from)
            await self.story.show()
            if self._came_from == node.parent:  # a retry has its words on the screen
                self.prompt.text = node.input
            if not event.error and not event.stopped:
                game(self).toast("The storyteller has nothing to say. Try again, or do something else.")
        elif not event.error:
            game(self).voice_state = READY  # it may have been told of as failed before
            self.read_ahead()
