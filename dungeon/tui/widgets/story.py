"""The story on the screen: the opening and the turns up to the head, of which only the latest pages are mounted.

The cost of a layout grows with the widgets that are mounted, so a long adventure shows its last turns and a button for
those before them, and a game of a thousand turns drops the oldest from the screen as it goes on. `grow` is called for
every piece that streams in and draws at most thirty times a second.
"""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
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
        self._action_text = action

    def on_click(self) -> None:
        self.post_message(self.Picked(self._action_text))


class StoryView(VerticalScroll):
    """Shows `session.adventure`."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="story", can_focus=False)
        self.session = session
        self._growing: TurnView | None = None
        self._prose: str | None = None
        """What has come since the last frame."""
        self._mounted_from = 0

    def compose(self) -> ComposeResult:
        yield Vertical(id="tale")

    def on_mount(self) -> None:
        self.anchor()
        self.set_interval(_FRAME_SECONDS, self._frame)

    @property
    def _tale(self) -> Vertical:
        return self.query_one("#tale", Vertical)

    # ---- the whole -------------------------------------------------------------------------------------------

    async def show(self) -> None:
        """Everything anew: the opening and the turns up to the head, or only the last page of them."""
        self._growing = self._prose = None
        path = self.session.adventure.path()
        self._mounted_from = max(0, len(path) - _PAGE)
        views: list[Static | TurnView | Button] = [self._earlier_button()] if self._mounted_from else self._opening()
        views += [self._view(node) for node in path[self._mounted_from :]]
        with self.app.batch_update():
            await self._tale.remove_children()
            await self._tale.mount_all(views)
        self.show_suggestions()
        self.anchor()
        self.scroll_end(animate=False)

    def show_suggestions(self) -> None:
        """What the player might do now, as far as it is known."""
        self.query(Suggestion).remove()
        actions = self.session.suggestions()
        self._tale.mount_all([Suggestion(number, action) for number, action in enumerate(actions, 1)])

    def _opening(self) -> list[Static | TurnView | Button]:
        adventure = self.session.adventure
        return [
            Static(Content(adventure.title), classes="title", markup=False),
            Static(Content(adventure.opening), classes="opening", markup=False),
        ]

    def _view(self, node: Node) -> TurnView:
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
        views: list[Static | TurnView | Button] = [] if self._mounted_from else self._opening()
        self.release_anchor()
        await self._tale.mount_all([*views, *(self._view(node) for node in path)], after=button)
        if self._mounted_from:
            button.label = f"{self._mounted_from} earlier turns"
        else:
            await button.remove()

    # ---- a turn as it comes ----------------------------------------------------------------------------------

    async def begin(self, node: Node) -> None:
        """A turn that has just begun, at the end of the story; a retry stands in the place of the take before."""
        kept = {step.id for step in self.session.adventure.path()}
        gone = [view for view in self.query(TurnView) if view.node_id not in kept]
        if len(self.query(TurnView)) > 2 * _PAGE and self.is_vertical_scroll_end:
            oldest = [view for view in self.query(TurnView) if view not in gone][:_PAGE]
            gone += oldest
            self._mounted_from += len(oldest)
            await self.query(".title, .opening, #earlier").remove()
            await self._tale.mount(self._earlier_button(), before=0)
        with self.app.batch_update():
            for view in gone:
                await view.remove()
            self.query(Suggestion).remove()
            self._growing = self._view(node)
            await self._tale.mount(self._growing)
        self.anchor()

    def grow(self, prose: str) -> None:
        """The growing turn has come to this."""
        self._prose = prose

    def end(self, node: Node) -> None:
        """The growing turn is over."""
        self._prose = None
        if self._growing:
            self._growing.show_prose(node.prose)
        self._growing = None

    def _frame(self) -> None:
        if self._prose is None or self._growing is None:
            return
        self._growing.show_prose(self._prose)
        self._prose = None
        self.post_message(self.Grown())

    class Grown(Message):
        """A frame of the growing turn was drawn."""
