"""Exactly what the voice will see: each part with its tokens, whether it is in, why, and whether it is cached."""

from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import printable
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

_COLOURS = {
    PartKind.MEMORY: "$success",
    PartKind.OPENING: "$secondary",
    PartKind.SUMMARY: "$accent",
    PartKind.TURN: "$foreground",
    PartKind.CARD: "$warning",
    PartKind.NOTE: "$error",
    PartKind.ACTION: "$primary",
}
_CACHED, _READ, _OUT = "●", "◐", "○"
_UNFOLD = "cards"
_FOLDED = 3
"""More cards than these that are out are one row until the player opens it."""
_WIDE = 70
_LONGEST = 20_000
"""Characters of a part that are shown at once; what has left the window may be a whole book."""


class ContextScreen(Screen[None]):
    """The context of the next turn, as if the player let the story go on."""

    CSS_PATH = "context.tcss"
    AUTO_FOCUS = "#parts"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [Binding("escape", "dismiss", "Close", priority=True)]

    @dataclass
    class Counted(Message):
        """The storyteller has counted the tokens."""

        weighed: TokenCounts

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.context = session.context()
        self.weighed = estimate_tokens(self.context)
        self._unfolded = False
        self._reasons = max(len(part.reason) for part in self.context.parts)
        """Characters of the longest reason."""

    def compose(self) -> ComposeResult:
        yield Static("What the voice will see", id="title")
        yield Static(id="headline", markup=False)
        yield Static(id="bar", markup=False)
        yield Static(id="legend", markup=False)
        yield OptionList(id="parts", markup=False)
        yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        hint = f"{_CACHED} cached {_READ} to read {_OUT} out · Enter shows it · Esc closes"
        self.query_one("#hint", Static).update(Content(hint))
        self._count()

    def on_resize(self) -> None:
        self._show()

    @work(group="count", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        self.post_message(self.Counted(await count_tokens(self.session.storyteller, self.context)))

    @on(Counted)
    def _counted(self, event: Counted) -> None:
        self.weighed = event.weighed
        self._show()

    # ---- what is shown ---------------------------------------------------------------------------------------

    def _show(self) -> None:
        context, weighed = self.context, self.weighed
        width = max(10, self.size.width - 4)
        self.query_one("#headline", Static).update(Content(headline(context, weighed)))
        pieces = [
            ((FREE if kind is None else LETTERS[kind]) * cells, _style(kind))
            for kind, cells in bar(context, weighed, width)
        ]
        self.query_one("#bar", Static).update(Content.assemble(*pieces))
        named: list[str | tuple[str, str]] = []
        for kind, text in legend(context, weighed):
            named += ["  " if named else "", (text, _style(kind))]
        self.query_one("#legend", Static).update(Content.assemble(*named))
        self._fill(width)

    def _fill(self, width: int) -> None:
        parts = self.query_one("#parts", OptionList)
        at = parts.highlighted
        cached = cached_parts(self.context, self.weighed)
        cards_out = [
            number
            for number, part in enumerate(self.context.parts)
            if part.kind is PartKind.CARD and not part.included and part.text
        ]
        folded = set(cards_out) if len(cards_out) > _FOLDED and not self._unfolded else set()
        options = []
        for number in range(len(self.context.parts)):
            if number not in folded:
                options.append(Option(self._row(number, cached[number], width), id=str(number)))
            elif number == cards_out[0]:
                row = Content.assemble(("C ", _style(PartKind.CARD)), f"{_OUT}        {len(folded)} cards are out…")
                options.append(Option(row, id=_UNFOLD))
        parts.clear_options()
        parts.add_options(options)
        parts.highlighted = min(at or 0, len(options) - 1)

    def _row(self, number: int, cached: bool, width: int) -> Content:
        part = self.context.parts[number]
        mark = _OUT if not part.included else _CACHED if cached else _READ
        tokens = f"{self.weighed.counts[number]:,}" if part.text else ""
        head = ((f"{LETTERS[part.kind]} ", _style(part.kind)), f"{mark} {tokens:>6} ")
        label = printable(part.label)
        if part.kind in (PartKind.TURN, PartKind.ACTION) and part.included and part.text.strip():
            label = f"{label}: {preview(part, 200)}"
        dim = "" if part.included else "dim"
        room = width - 11
        if width < _WIDE:
            shown = _cropped(label, room)
            return Content.assemble(*head, (shown, dim), ("\n           " + _cropped(part.reason, room), "dim"))
        left = room - min(self._reasons, room // 2)
        return Content.assemble(
            *head, (f"{_cropped(label, left - 1):{left}}", dim), (_cropped(part.reason, room - left), "dim")
        )

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
        state = "in" if part.included else "out"
        self.app.push_screen(TextScreen(f"{printable(part.label)} · {state}: {part.reason}", text or "(nothing)"))


def _style(kind: PartKind | None) -> str:
    return "dim" if kind is None else f"bold {_COLOURS[kind]}"


def _cropped(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
