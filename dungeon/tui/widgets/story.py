"""The story on the screen: the opening and the turns up to the head, of which only the latest pages are mounted.

The cost of a layout grows with the widgets that are mounted, so a long adventure shows its last turns and a button for
those before them, and a game of a thousand turns drops the oldest from the screen as it goes on. The turn that streams
is read from the adventure at most thirty times a second. An author's turn is there at once, and is shown at the
player's reading pace.
"""

import re
import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.authored import endings_line, has_ended
from dungeon.tui.widgets.suggestions import Suggestion
from dungeon.tui.widgets.turn import TurnView, turn_signs

_FRAME_SECONDS = 1 / 30
_PAGE = 40
"""Turns mounted at a time."""


class StoryView(VerticalScroll):
    """Shows `session.adventure`."""

    class Grown(Message):
        """More of the turn that streams is on the screen."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="story", can_focus=False)
        self.session = session
        self._streaming: TurnView | None = None
        self._pace = 0
        """Words a second at which an author's turn is shown; 0 while none is."""
        self._reveals_since = 0.0
        """Monotonic seconds."""
        self._mounted_from = 0
        """The place in the path of the first turn that is mounted."""

    def compose(self) -> ComposeResult:
        yield Vertical(id="tale")

    def on_mount(self) -> None:
        self.anchor()
        self.set_interval(_FRAME_SECONDS, self._draw_frame)

    @property
    def _tale(self) -> Vertical:
        return self.query_one("#tale", Vertical)

    # ---- all of it -------------------------------------------------------------------------------------------

    async def show(self) -> None:
        """Mounts the opening and the turns up to the head anew, or only the last page of them."""
        self._streaming = None
        path = self.session.adventure.path()
        self._mounted_from = max(0, len(path) - _PAGE)
        views: list[Widget] = [self._earlier_button()] if self._mounted_from else self._opening()
        views += [self._turn_view(node) for node in path[self._mounted_from :]]
        with self.app.batch_update():
            await self._tale.remove_children()
            await self._tale.mount_all(views)
        self.show_suggestions()
        self.scroll_to_latest()

    def scroll_to_latest(self) -> None:
        """Shows the end of the story, and follows it."""
        self.anchor()
        self.scroll_end(animate=False)

    def show_suggestions(self) -> None:
        """Shows the suggestions that there are now, and where a story has ended, that it has.

        Those that are on the screen stay: a new one comes below them.
        """
        actions, ready = self.session.suggestions(), self.session.ready_actions()
        shown = [view for view in self.query(Suggestion) if not view.is_leaving]
        if [view.action for view in shown] != list(actions[: len(shown)]) or not shown:
            self._remove_suggestions()
            shown = []
        for view in shown:
            view.show_ready(view.action in ready)
        adventure = self.session.adventure
        widgets: list[Widget] = []
        if adventure.story and has_ended(adventure) and not shown:
            seen = self.session.shelf.seen_passages(adventure.book)
            line = f"The end. {endings_line(adventure.story, seen)}."
            widgets.append(Static(Content(line), classes="end", markup=False))
        first = len(shown) + 1
        new = enumerate(actions[len(shown) :], first)
        widgets += [Suggestion(number, action, ready=action in ready) for number, action in new]
        self._tale.mount_all(widgets)

    def _remove_suggestions(self) -> None:
        for view in self.query(Suggestion):
            view.is_leaving = True
        self.query("Suggestion, .end, .offer").remove()

    def remove_offer(self) -> None:
        """Takes the question away."""
        self.query(".offer").remove()

    def show_offer(self, label: str) -> None:
        """Asks below the choices whether the player meant this one."""
        self.remove_offer()
        quoted = label if label.startswith(('"', "“")) else f"“{label}”"
        text = Content(f"Did you mean {quoted}?")
        self._tale.mount(Static(text, classes="offer", markup=False))
        self.scroll_to_latest()

    def _opening(self) -> list[Widget]:
        adventure = self.session.adventure
        return [
            Static(Content(adventure.title), classes="title", markup=False),
            Static(Content(adventure.opening), classes="opening", markup=False),
        ]

    def _turn_view(self, node: Node) -> TurnView:
        return TurnView(node, turn_signs(self.session.adventure, node.id))

    def _earlier_button(self) -> Button:
        return Button(f"{self._mounted_from} earlier turns", id="earlier", compact=True)

    @on(Button.Pressed, "#earlier")
    async def _show_earlier(self, event: Button.Pressed) -> None:
        event.stop()
        first = self._mounted_from
        self._mounted_from = max(0, first - _PAGE)
        path = self.session.adventure.path()[self._mounted_from : first]
        button = event.button
        views: list[Widget] = [] if self._mounted_from else self._opening()
        self.release_anchor()
        await self._tale.mount_all([*views, *(self._turn_view(node) for node in path)], after=button)
        if self._mounted_from:
            button.label = f"{self._mounted_from} earlier turns"
        else:
            await button.remove()

    # ---- the turn that streams -------------------------------------------------------------------------------

    async def begin_turn(self, node_id: int) -> None:
        """Mounts a turn that has begun, at the end of the story; a retry takes the place of the take before."""
        self.end_turn()
        adventure = self.session.adventure
        path = {node.id for node in adventure.path()}
        mounted = list(self.query(TurnView))
        left = [view for view in mounted if view.node_id not in path]
        if len(mounted) > 2 * _PAGE and self.is_vertical_scroll_end:
            oldest = [view for view in mounted if view not in left][:_PAGE]
            left += oldest
            self._mounted_from += len(oldest)
            await self.query(".title, .opening, #earlier").remove()
            await self._tale.mount(self._earlier_button(), before=0)
        with self.app.batch_update():
            for view in left:
                await view.remove()
            self._remove_suggestions()
            self._streaming = self._turn_view(adventure.nodes[node_id])
            await self._tale.mount(self._streaming)
        self.anchor()

    async def show_authored_turn(self, node_id: int, pace: int) -> None:
        """Mounts a turn that the author has answered, and the choices.

        Its text appears at `pace` words a second; 0: at once.
        """
        await self.begin_turn(node_id)
        if pace and self._streaming:
            self._streaming.show_prose("")
            self._pace, self._reveals_since = pace, time.monotonic()
            self._draw_frame()
        else:
            self.end_turn()
        self.show_suggestions()

    @property
    def is_revealing(self) -> bool:
        """Whether an author's turn is on the screen in part."""
        return bool(self._pace)

    def end_turn(self) -> None:
        """Shows all of the turn that streamed, or is being revealed; it will not grow any more."""
        self._pace = 0
        self._draw_frame()
        self._streaming = None

    def _draw_frame(self) -> None:
        view = self._streaming
        node = self.session.adventure.nodes.get(view.node_id) if view else None
        if view is None or node is None:
            return
        prose = node.prose
        if self._pace:
            prose = _first_words(prose, 1 + int((time.monotonic() - self._reveals_since) * self._pace))
        if prose != view.prose:
            view.show_prose(prose)
            self.post_message(self.Grown())
        if self._pace and prose == node.prose:
            self._pace, self._streaming = 0, None


def _first_words(text: str, count: int) -> str:
    """The first words of a text, with the white space between them."""
    words = re.match(rf"(?:\s*\S+){{0,{count}}}", text)
    return words[0] if words else ""
