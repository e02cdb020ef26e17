"""What the voice is to know beside the tale, to be changed: memory, author's note, cards and the summary.

Leaving keeps what was typed and asks nothing: the shelf has every lore that was.
"""

from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Checkbox, Input, Label, OptionList, Static, TabbedContent, TabPane, TextArea
from textual.widgets.option_list import Option

from corpus.text import one_line, printable
from dungeon.play.session import Session
from dungeon.tale.context import Context, Part, PartKind, context_to_continue
from dungeon.tale.lore import DEFAULT_DEPTH, Card, Lore, clean_keys, clean_text

_TABS = {"memory": "Memory", "note": "Note", "cards": "Cards", "summary": "Summary"}
_MEMORY = "Who you are, what must never be forgotten. It stands in front of the tale, always."
_NOTE = "A word to the storyteller on style, or on what is to come: Plain words, a little humour."
_SUMMARY = "What happened. Left empty, the game tells it in sentences of the turns that have left the window."
_CARD = "What the voice is told while one of the keys was named lately."


class CardList(OptionList):
    """The cards, and the keys that change the list while it has the focus."""

    BINDINGS = [
        Binding("n", "screen.new", "New"),
        Binding("d", "screen.duplicate", "Duplicate"),
        Binding("delete,backspace", "screen.delete", "Delete"),
    ]


class Tick(Checkbox):
    """A checkbox that shows without colours, too, whether it is on."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class LoreScreen(Screen[Lore | None]):
    """Begins at a tab (memory, note, cards, summary). Returns the lore, or None if nothing has changed."""

    CSS_PATH = "lore.tcss"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [
        Binding("escape,ctrl+s", "keep", "Keep and close", priority=True),
        Binding("ctrl+t", "next_tab", "Next tab", priority=True),
        Binding("ctrl+n", "new", "New card", priority=True),
    ]

    def __init__(self, session: Session, tab: str = "memory") -> None:
        super().__init__()
        self.session = session
        self.before = session.adventure.lore
        self._tab = tab
        context = session.context()
        self._budget = context.budget
        self._summary = context.summary
        """As it is now: what the editor began with."""
        self._cards = list(self.before.cards)
        self._at: int | None = None
        """The card in the editor."""

    def compose(self) -> ComposeResult:
        lore = self.before
        with TabbedContent(initial=self._tab):
            for name, text, hint in (("memory", lore.memory, _MEMORY), ("note", lore.note, _NOTE)):
                with TabPane(_TABS[name], id=name):
                    yield _area(f"{name}-text", text, hint)
                    yield Static(id=f"{name}-hint", classes="hint", markup=False)
            with TabPane(_TABS["cards"], id="cards"), Horizontal(id="cards-both"):
                with Vertical(id="cards-left"):
                    yield CardList(id="cards-list", markup=False)
                    with Horizontal(id="cards-buttons"):
                        for label, action in (("New", "new"), ("Copy", "duplicate"), ("Delete", "delete")):
                            yield Static(f"[@click=screen.{action}]{label}[/]", classes="link")
                with VerticalScroll(id="card", can_focus=False):
                    yield Label("Keys, separated by commas")
                    yield Input(placeholder="Berrin, old man", id="card-keys", compact=True)
                    yield _area("card-text", "", _CARD)
                    yield Static(id="cards-hint", classes="hint", markup=False)
                    yield Tick("Always in, whatever is named", id="card-always", compact=True)
                    yield Tick("Capitals must be as in the key", id="card-case", compact=True)
                    yield Tick("Whole words only", id="card-whole", compact=True)
                    with Horizontal(id="card-depth-line"):
                        yield Label("Turns back that a key is looked for ")
                        yield Input(id="card-depth", restrict=r"\d{0,2}", compact=True)
            with TabPane(_TABS["summary"], id="summary"):
                yield _area("summary-text", self._summary, _SUMMARY)
                yield Static(id="summary-hint", classes="hint", markup=False)
        yield Static(id="help", markup=False)

    def on_mount(self) -> None:
        for area in self.query(TextArea):
            area.move_cursor(area.document.end)
        self._fill(0)
        self._show()

    # ---- from one tab to another -----------------------------------------------------------------------------

    @on(TabbedContent.TabActivated)
    def _activated(self) -> None:
        active = self.query_one(TabbedContent).active
        self.query_one("#cards-list" if active == "cards" else f"#{active}-text").focus()
        keys = "n new · d copy · Del delete · " if active == "cards" else ""
        self.query_one("#help", Static).update(f"Esc keeps and closes · Ctrl+T next tab · {keys}Tab next field")

    def action_next_tab(self) -> None:
        """The next of the tabs, round and round."""
        tabs = self.query_one(TabbedContent)
        names = list(_TABS)
        tabs.active = names[(names.index(tabs.active) + 1) % len(names)]

    # ---- cards -----------------------------------------------------------------------------------------------

    def _fill(self, at: int) -> None:
        """The list anew, with the mark on that card."""
        cards = self.query_one("#cards-list", OptionList)
        cards.clear_options()
        cards.add_options(Option(_title(card)) for card in self._cards)
        if not self._cards:
            cards.add_option(Option(Content("No cards yet."), disabled=True))
        self._at = None
        self._load(min(at, len(self._cards) - 1) if self._cards else None)
        cards.highlighted = self._at

    def _load(self, at: int | None) -> None:
        """Puts a card into the editor."""
        self._at = at
        self.query_one("#card").display = at is not None
        if at is None:
            return
        card = self._cards[at]
        with self.prevent(Input.Changed, TextArea.Changed, Checkbox.Changed):
            self.query_one("#card-keys", Input).value = ", ".join(map(printable, card.keys))
            self.query_one("#card-text", TextArea).load_text(printable(card.text))
            self.query_one("#card-always", Checkbox).value = card.always
            self.query_one("#card-case", Checkbox).value = card.case
            self.query_one("#card-whole", Checkbox).value = card.whole_word
            self.query_one("#card-depth", Input).value = str(card.depth)

    def _edited(self) -> Card:
        """The card in the editor, as it is now."""
        assert self._at is not None
        before = self._cards[self._at]
        keys = self.query_one("#card-keys", Input).value
        text = self.query_one("#card-text", TextArea).text
        depth = self.query_one("#card-depth", Input).value
        return Card(
            before.keys if keys == ", ".join(map(printable, before.keys)) else clean_keys(keys),
            before.text if text == printable(before.text) else clean_text(text),
            always=self.query_one("#card-always", Checkbox).value,
            case=self.query_one("#card-case", Checkbox).value,
            whole_word=self.query_one("#card-whole", Checkbox).value,
            depth=int(depth) if depth else DEFAULT_DEPTH,
        )

    @on(OptionList.OptionHighlighted, "#cards-list")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index != self._at and event.option_index < len(self._cards):
            self._take_edit()
            self._load(event.option_index)
            self._show()

    @on(OptionList.OptionSelected, "#cards-list")
    def _selected(self) -> None:
        if self._at is not None:
            self.query_one("#card-keys").focus()

    def _take_edit(self) -> None:
        """The editor's card into the list."""
        if self._at is None:
            return
        card = self._edited()
        if card != self._cards[self._at]:
            self._cards[self._at] = card
            self.query_one("#cards-list", OptionList).replace_option_prompt_at_index(self._at, _title(card))

    def action_new(self) -> None:
        """A new card, ready for its keys."""
        self._take_edit()
        self.query_one(TabbedContent).active = "cards"
        self._cards.append(Card((), ""))
        self._fill(len(self._cards) - 1)
        self.call_after_refresh(self.query_one("#card-keys").focus)

    def action_duplicate(self) -> None:
        """Another card like this one, behind it."""
        if self._at is not None:
            self._take_edit()
            at = self._at
            self._cards.insert(at, self._cards[at])
            self._fill(at + 1)
            self._show()

    def action_delete(self) -> None:
        """Takes the card away. The lore before, on the shelf, still has it."""
        if self._at is not None:
            at = self._at
            del self._cards[at]
            self._fill(at)
            self._show()

    # ---- what is kept ----------------------------------------------------------------------------------------

    def lore(self) -> Lore:
        """As it is now. Cards of which nothing was written are left out."""
        self._take_edit()
        memory, note, summary = (
            self.query_one(f"#{name}-text", TextArea).text for name in ("memory", "note", "summary")
        )
        lore = replace(
            self.before,
            memory=self.before.memory if memory == printable(self.before.memory) else clean_text(memory),
            note=self.before.note if note == printable(self.before.note) else one_line(note),
            cards=tuple(card for card in self._cards if card.keys or card.text),
        )
        if summary == printable(self._summary):
            return lore
        words = clean_text(summary)
        through = context_to_continue(self.session.adventure, self._budget).summary_through if words else 0
        return replace(lore, summary=words, summary_through=through)

    @on(TextArea.Changed)
    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _show(self) -> None:
        """How each text stands with the voice, as it is now."""
        lore = self.lore()
        context = context_to_continue(self.session.adventure, self._budget, lore)
        for name, kind in (("memory", PartKind.MEMORY), ("note", PartKind.NOTE), ("summary", PartKind.SUMMARY)):
            part = next(part for part in context.parts if part.kind is kind)
            self.query_one(f"#{name}-hint", Static).update(Content(_standing(part)))
        self.query_one("#cards-hint", Static).update(Content(self._card_standing(context)))

    def _card_standing(self, context: Context) -> str:
        if self._at is None:
            return ""
        card = self._cards[self._at]
        if not card.text:
            return "Out: it says nothing yet."
        if not card.keys and not card.always:
            return "Out: it has no key, and is not always in."
        label = f"Card: {', '.join(card.keys) or 'no key'}"
        parts = (part for part in context.parts if part.kind is PartKind.CARD and part.label == label)
        return next((_standing(part) for part in parts if part.text.strip() == card.text.strip()), "")

    def action_keep(self) -> None:
        """Closes; the caller gets what has changed."""
        lore = self.lore()
        self.dismiss(None if lore == self.before else lore)

    def keep_text(self) -> None:
        """Keeps what was typed when the game ends."""
        self.session.set_lore(self.lore())

    def on_key(self, event: events.Key) -> None:
        """Up and down leave a line of one row."""
        if event.key in ("down", "up") and isinstance(self.focused, Input):
            self.focus_next() if event.key == "down" else self.focus_previous()
            event.stop()


def _area(id: str, text: str, placeholder: str) -> TextArea:  # noqa: A002
    return TextArea(
        printable(text),
        id=id,
        soft_wrap=True,
        tab_behavior="focus",
        compact=True,
        highlight_cursor_line=False,
        placeholder=placeholder,
    )


def _title(card: Card) -> Content:
    flags = " · always" if card.always else ""
    return Content(printable(", ".join(card.keys) or card.text[:40] or "(new)").replace("\n", " ") + flags)


def _standing(part: Part) -> str:
    """How a part stands with the voice."""
    reason = f"{part.reason[:1].upper()}{part.reason[1:]}"
    if not part.text.strip():
        return f"{reason}."
    return f"{'In' if part.included else 'Out'}, about {part.estimated_tokens:,} tokens. {reason}."
