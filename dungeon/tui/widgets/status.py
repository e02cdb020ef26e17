"""The lines at the bottom of a screen: which keys do what, and while playing, what the storyteller is doing."""

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from dungeon.tui.host import game
from dungeon.tui.widgets.header import READY, THINKING


class HintLine(Static):
    """One line that says which keys do what; cut at the screen's edge."""

    DEFAULT_CSS = """
    HintLine {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground 75%;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, hint: str = "", *, widget_id: str = "hint") -> None:
        super().__init__(Content(hint), id=widget_id, markup=False)


class StatusLine(HintLine):
    """Shows the storyteller's name and state, or the turn's state while one streams, and then a hint."""

    hint: reactive[str] = reactive("")
    """Which keys do what."""
    turn_state: reactive[str] = reactive("")
    """What the turn in progress is doing, or that suggestions are being written; "" when neither is."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(widget_id="status")
        self.set_reactive(StatusLine.hint, hint)

    def on_mount(self) -> None:
        self.watch(self.app, "voice_state", self._show)
        self.watch(self.app, "fetch_state", self._show)
        self._show()

    def watch_hint(self) -> None:
        self.watch_turn_state()

    def watch_turn_state(self) -> None:
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        app = game(self)
        waiting = self.turn_state == THINKING and app.voice_state != READY
        state = app.voice_state if waiting else self.turn_state or app.voice_state
        # One line whatever its length: no layout, so that it costs nothing while a turn streams.
        parts = (app.storyteller.name, state, app.fetch_state, self.hint)
        self.update(Content(" · ".join(part for part in parts if part)), layout=False)
