"""Playing: the story above, the prompt below, typing always goes to the prompt.

A turn runs in a worker that posts messages; their handlers, and nothing else, touch the widgets.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Static

from corpus.turns import Kind
from dungeon.commands import BY_NAME, Request, read_line
from dungeon.errors import DungeonError
from dungeon.session import Session
from dungeon.tale.adventure import Node
from dungeon.widgets.prompt import Prompt
from dungeon.widgets.status import READY, THINKING, StatusLine
from dungeon.widgets.turn import TurnView

if TYPE_CHECKING:
    from dungeon.app import DungeonApp

_FRAME_SECONDS = 1 / 30
_PAGE = 40
"""Turns mounted at a time: the cost of a layout grows with them."""
_MODES = (Kind.DO, Kind.SAY, Kind.STORY)
_PLACEHOLDERS = {
    Kind.DO: 'What do you do?  ("…" to speak, Enter alone to go on)',
    Kind.SAY: "What do you say?",
    Kind.STORY: "What happens next? Write it yourself.",
}


class PlayScreen(Screen[None]):
    """One adventure in play."""

    CSS_PATH = "play.tcss"
    AUTO_FOCUS = "#prompt"
    BINDINGS = [
        Binding(BY_NAME["stop"].key, "stop", "Stop", priority=True),
        Binding(BY_NAME["mode"].key, "mode", "Mode", priority=True),
        Binding(BY_NAME["retry"].key, "obey('retry')", "Retry", priority=True),
        Binding(BY_NAME["undo"].key, "obey('undo')", "Undo", priority=True),
        Binding(BY_NAME["redo"].key, "obey('redo')", "Redo", priority=True),
        Binding(BY_NAME["new"].key, "obey('new')", "New", priority=True),
        Binding("pageup", "page(-1)", "Scroll up", priority=True),
        Binding("pagedown", "page(1)", "Scroll down", priority=True),
    ]

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

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.mode = Kind.DO
        self.busy = False
        self._growing: TurnView | None = None
        self._prose: str | None = None
        """What has come since the last frame."""
        self._mounted_from = 0
        self._came_from: int | None = None
        """Where the player stood before the turn in progress: for a retry, on the take that stood there."""

    @property
    def _game(self) -> "DungeonApp":
        return cast("DungeonApp", self.app)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="story", can_focus=False):
            yield Vertical(id="tale")
        yield Prompt(id="prompt")
        yield StatusLine("F1 help · Ctrl+R retry · Ctrl+Z undo")

    async def on_mount(self) -> None:
        self.query_one("#story", VerticalScroll).anchor()
        self._set_mode(Kind.DO)
        self.set_interval(_FRAME_SECONDS, self._frame)
        await self._show_adventure()
        self.read_ahead()

    # ---- the story on the screen -----------------------------------------------------------------------------

    async def _show_adventure(self) -> None:
        """The opening and the turns up to the head, or only the last page of them."""
        tale = self.query_one("#tale", Vertical)
        await tale.remove_children()
        adventure = self.session.adventure
        path = adventure.path()
        self._mounted_from = max(0, len(path) - _PAGE)
        views: list[Static | TurnView | Button] = []
        if self._mounted_from:
            views.append(Button(f"{self._mounted_from} earlier turns", id="earlier", compact=True))
        else:
            views += self._opening()
        views += [TurnView(node) for node in path[self._mounted_from :]]
        for number, action in enumerate(self.session.suggestions(), 1):
            views.append(Static(Content(f"{number}. {action}"), classes="suggestion", markup=False))
        await tale.mount_all(views)
        self.query_one("#story", VerticalScroll).scroll_end(animate=False)

    def _opening(self) -> list[Static | TurnView | Button]:
        adventure = self.session.adventure
        return [
            Static(Content(adventure.title), classes="title", markup=False),
            Static(Content(adventure.opening), classes="opening", markup=False),
        ]

    @on(Button.Pressed, "#earlier")
    async def _show_earlier(self) -> None:
        tale = self.query_one("#tale", Vertical)
        first = self._mounted_from
        self._mounted_from = max(0, first - _PAGE)
        path = self.session.adventure.path()[self._mounted_from : first]
        button = self.query_one("#earlier", Button)
        views: list[Static | TurnView | Button] = [] if self._mounted_from else self._opening()
        await tale.mount_all([*views, *(TurnView(node) for node in path)], after=button)
        if self._mounted_from:
            button.label = f"{self._mounted_from} earlier turns"
        else:
            await button.remove()
        self.query_one("#prompt").focus()

    def _frame(self) -> None:
        """Shows what has come since the last frame, at most thirty times a second."""
        if self._prose is None or self._growing is None:
            return
        self._growing.grow(self._prose)
        self._prose = None
        rate = self.session.pace.rate
        self._state("streaming" + (f" {rate:.0f} tokens/s" if rate else ""))

    def _state(self, text: str) -> None:
        self.query_one(StatusLine).turn_state = text

    # ---- what the player wants -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Typing goes to the prompt, wherever a click has put the focus."""
        prompt = self.query_one("#prompt", Prompt)
        if event.is_printable and event.character and self.focused is not prompt:
            prompt.focus()
            prompt.insert(event.character)
            event.stop()

    @on(Prompt.Sent)
    async def _sent(self, event: Prompt.Sent) -> None:
        try:
            request = read_line(event.text, self.mode, self.session.suggestions())
        except DungeonError as error:
            self._game.tell(str(error))
            return
        if self.busy and request.command not in ("stop", "help", "quit"):
            self._game.tell("The storyteller is at it. Esc stops and keeps what came.")
            return
        self.query_one("#prompt", Prompt).clear()
        await self._obey(request)

    async def action_obey(self, name: str) -> None:
        """A command by its key. Undo and redo are the prompt's own while something is typed there."""
        prompt = self.query_one("#prompt", Prompt)
        if name in ("undo", "redo") and prompt.text:
            prompt.undo() if name == "undo" else prompt.redo()
        elif self.busy:
            self._game.tell("The storyteller is at it. Esc stops and keeps what came.")
        else:
            await self._obey(Request(name))

    async def _obey(self, request: Request) -> None:
        command = request.command
        if request.kind is not None or command == "retry":
            self.busy = True
            self._came_from = self.session.adventure.head
            self._state(THINKING)
            self.play_turn(request)
        elif command in ("undo", "redo"):
            with self._game.telling():
                moved = self.session.undo() if command == "undo" else self.session.redo()
                if moved is None:
                    self._game.tell(f"There is nothing to {command}.")
                else:
                    await self._show_adventure()
                    self.read_ahead()
        elif command == "print":
            self.query_one("#story", VerticalScroll).scroll_end(animate=False)
        elif command == "new":
            self._game.choose()
        elif command == "mode":
            self.action_mode()
        elif command == "stop":
            self.action_stop()
        else:
            await self.app.run_action("help" if command == "help" else "leave")

    def action_mode(self) -> None:
        """The next of do, say and story."""
        self._set_mode(_MODES[(_MODES.index(self.mode) + 1) % len(_MODES)])

    def _set_mode(self, mode: Kind) -> None:
        self.mode = mode
        self.query_one("#prompt", Prompt).placeholder = _PLACEHOLDERS[mode]

    def action_stop(self) -> None:
        """Stops the turn in progress."""
        self.workers.cancel_group(self, "turn")

    def action_page(self, direction: int) -> None:
        """Scrolls the story by a page."""
        story = self.query_one("#story", VerticalScroll)
        story.scroll_page_up() if direction < 0 else story.scroll_page_down()

    # ---- turns -----------------------------------------------------------------------------------------------

    @work(group="ahead", exclusive=True, exit_on_error=False)
    async def read_ahead(self) -> None:
        """Has the voice read the story while the player does; a turn cancels it."""
        try:
            await self.session.warm()
        except DungeonError:
            return  # the next turn meets the same trouble, and tells of it

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
                node = await self.session.retry(self._grew, began)
            else:
                assert request.kind is not None
                node = await self.session.turn(request.kind, request.words, self._grew, began)
        except asyncio.CancelledError:
            self.post_message(self.Ended(self._latest(node), stopped=True))
            raise
        except DungeonError as error:
            self.post_message(self.Ended(self._latest(node), error=str(error), failed=node is not None))
        else:
            self.post_message(self.Ended(node))

    def _latest(self, node: Node | None) -> Node | None:
        return self.session.adventure.nodes[node.id] if node else None

    def _grew(self, prose: str) -> None:
        self._prose = prose

    @on(Began)
    async def _turn_began(self, event: Began) -> None:
        path = self.session.adventure.path()
        views = self.query(TurnView)
        # A retry answers beside the turn on the screen, not below it.
        for view in views:
            if all(view.node.id != node.id for node in path):
                await view.remove()
        await self.query(".suggestion").remove()
        self._growing = TurnView(event.node)
        await self.query_one("#tale", Vertical).mount(self._growing)
        self.query_one("#story", VerticalScroll).anchor()

    @on(Ended)
    async def _turn_ended(self, event: Ended) -> None:
        self.busy = False
        self._state("")
        self._prose = None
        node = event.node
        if self._growing and node:
            self._growing.grow(node.prose)
        self._growing = None
        if event.error:
            self._game.tell(event.error, failed=event.failed)
        if node and not node.prose:
            # Nothing came: the player gets the words back, the place before them, and loses nothing.
            with self._game.telling():
                self.session.leave(node, self._came_from)
            await self._show_adventure()
            if self._came_from == node.parent:  # a retry has its words on the screen
                self.query_one("#prompt", Prompt).text = node.input
            if not event.error and not event.stopped:
                self._game.tell("The storyteller has nothing to say. Try again, or do something else.")
        elif not event.error:
            self._game.voice_state = READY  # it may have been told of as failed before
            self.read_ahead()
