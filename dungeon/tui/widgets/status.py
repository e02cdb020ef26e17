"""The line at the bottom: which voice, what it is doing, how fast."""

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from dungeon.tui.host import game

READY = "ready"
"""The voice's state when it can be asked."""
THINKING = "thinking"
"""The turn's state until its first word."""


class StatusLine(Static):
    """Shows the voice's state, or the turn's while one runs, and a hint at its end."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground 75%;
    }
    """

    hint: reactive[str] = reactive("")
    """Which keys do what."""
    turn_state: reactive[str] = reactive("")
    """What the turn in progress is doing; "" when none is."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(id="status", markup=False)
        self.set_reactive(StatusLine.hint, hint)

    def on_mount(self) -> None:
        self.watch(self.app, "voice_state", self._show)
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
        self.update(Content(f"{app.storyteller.name} · {state} · {self.hint}"), layout=False)
