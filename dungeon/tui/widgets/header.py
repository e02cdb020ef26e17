"""The line at the top of the play screen: the adventure, the turn, the voice and its state, how full its context is.

A colour never says anything alone: the state stands beside its sign in words. The line is drawn without a layout, so
that it costs nothing while a turn streams.
"""

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from dungeon.play.session import Session
from dungeon.tui.host import game

READY = "ready"
"""The storyteller's state when it can be asked."""
NO_VOICE = "no voice"
"""Its state when it could not be started."""
NO_ANSWER = "does not answer"
"""Its state when it was ready, and its server has failed since."""
THINKING = "thinking"
"""The turn's state until its first word."""
WAITING = "no answer yet"
"""Its state when the storyteller keeps the player waiting for longer than usual."""
SUGGESTING = "suggesting"
"""The state while suggestions are being written."""

_GAUGE = "▁▂▃▄▅▆▇█"
_GAUGE_FROM = 70
"""Columns from which the gauge has its name beside it."""
_LEAST_TITLE = 12
"""Cells of the title before the turn is left out."""


class PlayHeader(Static):
    """Shows the session's adventure and storyteller."""

    DEFAULT_CSS = """
    PlayHeader { dock: top; height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; }
    """

    turn_state: reactive[str] = reactive("")
    """What the turn in progress is doing, or that suggestions are being written; "" when neither is."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="header", markup=False)
        self._session = session

    def on_mount(self) -> None:
        self.watch(self.app, "voice_state", self.show)
        self.watch(self.app, "fetch_state", self.show)
        self.show()

    def on_resize(self) -> None:
        self.show()

    def watch_turn_state(self) -> None:
        if self.is_mounted:
            self.show()

    @property
    def state(self) -> str:
        """What the storyteller is doing, in words."""
        app = game(self)
        waiting = self.turn_state == THINKING and app.voice_state != READY
        return app.voice_state if waiting else self.turn_state or app.voice_state

    def show(self) -> None:
        """Draws it as things are now."""
        width = self.size.width
        right = self._right(width)
        room = width - right.cell_length - 2
        left = self._left(room)
        gap = max(1, width - left.cell_length - right.cell_length)
        self.update(Content.assemble(left, " " * gap, right), layout=False)

    def _left(self, room: int) -> Content:
        adventure = self._session.adventure
        count = len(adventure.path())
        title = adventure.title
        turn = f" · turn {count}" if count else ""
        if room - cell_len(turn) < min(cell_len(title), _LEAST_TITLE):
            turn = ""
        room -= cell_len(turn)
        if cell_len(title) > room:
            title = set_cell_size(title, max(1, room - 1)).rstrip() + "…"
        return Content.assemble((title, "bold"), (turn, "$foreground 75%"))

    def _right(self, width: int) -> Content:
        app = game(self)
        state = self.state
        parts: list[Content] = []
        if self._session.may_type:
            sign, colour = state_sign(state)
            name = self._session.storyteller.name
            parts.append(Content.assemble((f"{sign} ", colour), f"{name} {state}".rstrip()))
        if app.fetch_state:
            parts.append(Content(app.fetch_state))
        if (share := self._session.context_share) is not None:
            sign = _GAUGE[min(7, int(share * 8))]
            parts.append(Content(("context " if width >= _GAUGE_FROM else "") + f"{sign} {share:.0%}"))
        return Content(" · ").join(parts)


def state_sign(state: str) -> tuple[str, str]:
    """The sign of a state and its colour."""
    if state == READY:
        return "●", "$success"
    if state in (NO_VOICE, NO_ANSWER):
        return "✗", "$error"
    return "◐", "$warning"
