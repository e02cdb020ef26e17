"""Exactly what the voice will see: each part with its tokens, whether it is included, why, and whether it is cached."""

from dataclasses import dataclass
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import one_line, printable
from dungeon.generation.context_view import (
    FREE,
    LETTERS,
    TokenCounts,
    bar,
    cached_parts,
    count_tokens,
    estimate_tokens,
    headline,
    legend,
    preview,
)
from dungeon.play.session import Session
from dungeon.tale.context import PartKind
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Fitted, Options

_COLOURS = {
    PartKind.INSTRUCTIONS: "$secondary",
    PartKind.MEMORY: "$success",
    PartKind.OPENING: "$secondary",
    PartKind.SUMMARY: "$accent",
    PartKind.TURN: "$foreground",
    PartKind.CARD: "$warning",
    PartKind.NOTE: "$error",
    PartKind.ACTION: "$primary",
}
_CACHED, _TO_READ, _LEFT_OUT = "●", "◐", "○"
_UNFOLD = "cards"
"""The id of the row that stands for all cards that are left out."""
_MAX_LEFT_OUT = 3
"""Cards that are left out: more than these are one row until the player opens it."""
_WIDE = 70
_LONGEST = 20_000
"""Characters of a part that are shown at once: the turns that have left the window may be a whole book."""


class PartList(Options):
    """The parts."""

    BINDINGS = [Binding("enter", "select", "Show")]


class ContextScreen(Screen[None]):
    """The context of the next turn, if the player let the story go on."""

    CSS_PATH = "context.tcss"
    AUTO_FOCUS = "#parts"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [Binding("escape", "dismiss", "Close", priority=True)]

    @dataclass
    class Counted(Message):
        """The storyteller has counted the tokens."""

        counts: TokenCounts

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.context = session.context()
        self.token_counts = estimate_tokens(self.context)
        self._unfolded = False
        self._longest_reason = max(len(part.reason) for part in self.context.parts)

    def compose(self) -> ComposeResult:
        with Pane("What the voice will see", widget_id="whole"):
            yield Static(id="headline", markup=False)
            yield Static(id="bar", markup=False)
            yield Static(id="legend", markup=False)
        with Pane(f"Parts: {_CACHED} cached {_TO_READ} to read {_LEFT_OUT} left out", widget_id="list"):
            yield PartList(widget_id="parts")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._count()

    def on_resize(self) -> None:
        self._show()

    @work(group="count", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        self.post_message(self.Counted(await count_tokens(self.session.storyteller, self.context)))

    @on(Counted)
    def _counted(self, event: Counted) -> None:
        self.token_counts = event.counts
        self._show()

    # ---- what is shown ---------------------------------------------------------------------------------------

    def _show(self) -> None:
        context, counts = self.context, self.token_counts
        width = max(10, self.size.width - 4)
        self.query_one("#headline", Static).update(Content(headline(context, counts)))
        pieces = [
            ((FREE if kind is None else LETTERS[kind]) * cells, _style(kind))
            for kind, cells in bar(context, counts, width)
        ]
        self.query_one("#bar", Static).update(Content.assemble(*pieces))
        names: list[str | tuple[str, str]] = []
        for kind, text in legend(context, counts):
            names += ["  " if names else "", (text, _style(kind))]
        self.query_one("#legend", Static).update(Content.assemble(*names))
        self._fill()

    def _fill(self) -> None:
        """List the parts."""
        cards = [
            number
            for number, part in enumerate(self.context.parts)
            if part.kind is PartKind.CARD and not part.included and part.text
        ]
        folded = cards if len(cards) > _MAX_LEFT_OUT and not self._unfolded else []
        cached = cached_parts(self.context, self.token_counts)
        options = []
        for number in range(len(self.context.parts)):
            if number not in folded:
                options.append(Option(Fitted(partial(self._row, number, cached[number])), id=str(number)))
            elif number == folded[0]:
                text = f"{_LEFT_OUT}        {len(folded)} cards are left out…"
                options.append(Option(Content.assemble(("C ", _style(PartKind.CARD)), text), id=_UNFOLD))
        parts = self.query_one("#parts", Options)
        highlighted = parts.highlighted or 0
        parts.set_options(options)
        parts.highlighted = min(highlighted, len(options) - 1)

    def _row(self, number: int, cached: bool, width: int) -> Content:
        """Draw a part in so many cells."""
        part = self.context.parts[number]
        sign = _LEFT_OUT if not part.included else _CACHED if cached else _TO_READ
        tokens = f"{self.token_counts.counts[number]:,}" if part.text else ""
        head = ((f"{LETTERS[part.kind]} ", _style(part.kind)), f"{sign} {tokens:>6} ")
        label = printable(part.label)
        if part.kind in (PartKind.TURN, PartKind.ACTION) and part.included and part.text.strip():
            label = f"{label}: {preview(part, 200)}"
        style = "" if part.included else "dim"
        room = width - 11
        if width < _WIDE:
            reason = "\n           " + _cropped(part.reason, room)
            return Content.assemble(*head, (_cropped(label, room), style), (reason, "dim"))
        left = room - min(self._longest_reason, room // 2)
        reason = _cropped(part.reason, room - left)
        return Content.assemble(*head, (f"{_cropped(label, left - 1):{left}}", style), (reason, "dim"))

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == _UNFOLD:
            self._unfolded = True
            self._show()
            return
        part = self.context.parts[int(event.option_id or 0)]
        text = printable(part.text).strip("\n")
        if len(text) > _LONGEST:
            text = f"({len(text) - _LONGEST:,} characters before this)\n\n…{text[-_LONGEST:]}"
        state = "included" if part.included else "left out"
        self.app.push_screen(TextScreen(f"{printable(part.label)} · {state}: {part.reason}", text or "(nothing)"))


def _style(kind: PartKind | None) -> str:
    return "dim" if kind is None else f"bold {_COLOURS[kind]}"


def _cropped(text: str, length: int) -> str:
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"
