"""The story on the screen: the opening and the turns up to the head, of which only the latest pages are mounted.

The cost of a layout grows with the widgets that are mounted, so a long adventure shows its last turns and a button for
those before them, and a game of a thousand turns drops the oldest from the screen as it goes on. The turn that streams
is read from the adventure at most thirty times a second.
"""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tui.widgets.turn import TurnView, turn_labels

_FRAME_SECONDS = 1 / 30
_PAGE = 40
"""Turns mounted at a time."""


class Suggestion(Static):
    """An action that the player may pick by its number, or with the mouse."""

    class Picked(Message):
        """The player clicked on it."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, number: int, action: str) -> None:
        super().__init__(Content(f"{number}. {action}"), classes="suggestion", markup=False)
        self.set_class(number == 1, "-first")
        self._suggested = action

    def on_click(self) -> None:
        self.post_message(self.Picked(self._suggested))


class StoryView(VerticalScroll):
    """Shows `session.adventure`."""

    class Grown(Message):
        """More of the turn that streams is on the screen."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="story", can_focus=False)
        self.session = session
        self._streaming: TurnView | None = None
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
        """Shows the suggestions that there are now."""
        self.query(Suggestion).remove()
        actions = self.session.suggestions()
        self._tale.mount_all([Suggestion(number, action) for number, action in enumerate(actions, 1)])

    def _opening(self) -> list[Widget]:
        adventure = self.session.adventure
        return [
            Static(Content(adventure.title), classes="title", markup=False),
            Static(Content(adventure.opening), classes="opening", markup=False),
        ]

    def _turn_view(self, node: Node) -> TurnView:
        return TurnView(node, turn_labels(self.session.adventure, node.id))

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
            self.query(Suggestion).remove()
            self._streaming = self._turn_view(adventure.nodes[node_id])
            await self._tale.mount(self._streaming)
        self.anchor()

    def end_turn(self) -> None:
        """Shows all of the turn that streamed; it will not grow any more."""
        self._draw_frame()
        self._streaming = None

    def _draw_frame(self) -> None:
        view = self._streaming
        node = self.session.adventure.nodes.get(view.node_id) if view else None
        if view and node and node.prose != view.prose:
            view.show_prose(node.prose)
            self.post_message(self.Grown())
