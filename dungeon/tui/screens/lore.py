"""Editing what the voice knows beside the story: memory, author's note, cards, summary and instructions.

Leaving keeps what was typed and asks nothing: the shelf keeps every earlier version of the lore. Under each text a hint
says whether the voice will see it. That needs a whole context, which is built in a thread once the typing pauses.
"""

from copy import copy
from dataclasses import dataclass, replace

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Button, Checkbox, Input, Label, OptionList, Static, TabbedContent, TabPane, TextArea
from textual.widgets.option_list import Option

from corpus.text import one_line, printable
from dungeon.play.session import Session
from dungeon.tale.context import Context, Part, PartKind, context_to_continue
from dungeon.tale.lore import DEFAULT_DEPTH, Card, Lore, clean_keys, clean_text
from dungeon.tui.host import game
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.text_area import text_area

_TABS = {"memory": "Memory", "note": "Note", "cards": "Cards", "summary": "Summary", "instructions": "Instructions"}
_TITLES = {
    "memory": "What the voice always knows",
    "note": "A word to the storyteller",
    "summary": "What happened so far",
    "instructions": "What the voice is asked to do",
}
_TEXTS = {
    "memory": PartKind.MEMORY,
    "note": PartKind.NOTE,
    "summary": PartKind.SUMMARY,
    "instructions": PartKind.INSTRUCTIONS,
}
"""The tabs with one text, and the part of the context that it becomes."""
_MEMORY = "Who you are, and what must never be forgotten. The voice always sees it, before the story."
_NOTE = "A word to the storyteller on style, or on what is coming: Plain words, a little humour."
_SUMMARY = "What happened so far. If it is empty, the game picks sentences from the turns that have left the window."
_INSTRUCTIONS = "What the voice is asked to do: how it tells the story, what it must not do."
_CARD = "What the voice should know when one of the keys was named lately."
_PREVIEW_SECONDS = 0.2
"""From the last change until the hints follow it."""


class CardList(Options):
    """The cards. The keys call actions of the screen, and work only while the list has the focus."""

    BINDINGS = [
        Binding("n", "screen.new", "New"),
        Binding("d", "screen.duplicate", "Copy"),
        Binding("delete,backspace", "screen.delete", "Delete"),
    ]


class Tick(Checkbox):
    """A checkbox that can be read without colours."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class LoreScreen(Screen[None]):
    """Opens at a tab (memory, note, cards, summary, instructions). Closing keeps what was changed."""

    CSS_PATH = "lore.tcss"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [
        Binding("escape,ctrl+s", "keep", "Keep", priority=True),
        Binding("ctrl+t", "next_tab", "Next tab", priority=True),
        Binding("ctrl+n", "new", "New card", priority=True),
    ]

    @dataclass
    class Previewed(Message):
        """The context with the lore as it was after this many edits."""

        context: Context
        edits: int

    def __init__(self, session: Session, tab: str = "memory") -> None:
        super().__init__()
        self.session = session
        self.before = session.adventure.lore
        self._tab = tab
        self._last_preview = session.context()
        """The context with the lore, as far as it has been previewed."""
        self._summary = self._last_preview.summary
        """The summary that the editor began with: the player's, the game's, or both."""
        self._summary_through = self._last_preview.summary_through
        self._instructions = self.before.instructions or session.prompt_format.default_instructions
        """The instructions that the editor began with: the adventure's, or the default."""
        # The preview reads the adventure in a thread: a copy, for the game may replace a node meanwhile.
        self._adventure = copy(session.adventure)
        self._adventure.nodes = dict(session.adventure.nodes)
        self._edits = 0
        self._timer: Timer | None = None
        self._cards = list(self.before.cards)
        self._edited: int | None = None
        """The index of the card in the editor."""

    def compose(self) -> ComposeResult:
        with TabbedContent(initial=self._tab):
            yield self._text_tab("memory", self.before.memory, _MEMORY)
            yield self._text_tab("note", self.before.note, _NOTE)
            with TabPane(_TABS["cards"], id="cards"), Horizontal(id="cards-both"):
                with Pane("Cards", widget_id="cards-left"):
                    yield CardList(widget_id="cards-list")
                    with Horizontal(id="cards-buttons"):
                        yield Button("New", id="new", compact=True)
                        yield Button("Copy", id="duplicate", compact=True)
                        yield Button("Delete", id="delete", compact=True)
                with Pane("The card", widget_id="card"), VerticalScroll(can_focus=False):
                    yield Label("Keys, separated by commas")
                    yield LineField(placeholder="Berrin, old man", id="card-keys")
                    yield text_area("card-text", placeholder=_CARD)
                    yield Static(id="cards-hint", classes="hint", markup=False)
                    yield Tick("Always included", id="card-always", compact=True)
                    yield Tick("Capital letters must match", id="card-case", compact=True)
                    yield Tick("Whole words only", id="card-whole", compact=True)
                    with Horizontal(id="card-depth-line"):
                        yield Label("Turns back in which a key is looked for ")
                        yield LineField(id="card-depth", restrict=r"\d{0,2}")
            yield self._text_tab("summary", self._summary, _SUMMARY)
            yield self._text_tab("instructions", self._instructions, _INSTRUCTIONS)
        yield KeyFooter()

    def _text_tab(self, name: str, text: str, placeholder: str) -> TabPane:
        area = text_area(f"{name}-text", printable(text), placeholder)
        hint = Static(id=f"{name}-hint", classes="hint", markup=False)
        return TabPane(_TABS[name], Pane(_TITLES[name], area, hint), id=name)

    def on_mount(self) -> None:
        for area in self.query(TextArea):
            area.move_cursor(area.document.end)
        self._fill(0)

    # ---- tabs ------------------------------------------------------------------------------------------------

    @on(TabbedContent.TabActivated)
    def _activated(self) -> None:
        active = self.query_one(TabbedContent).active
        self.query_one("#cards-list" if active == "cards" else f"#{active}-text").focus()

    def action_next_tab(self) -> None:
        """Show the next tab, and after the last the first."""
        tabs = self.query_one(TabbedContent)
        names = list(_TABS)
        tabs.active = names[(names.index(tabs.active) + 1) % len(names)]

    # ---- cards -----------------------------------------------------------------------------------------------

    @property
    def _list(self) -> CardList:
        return self.query_one("#cards-list", CardList)

    def _fill(self, index: int) -> None:
        """List the cards again, with that card highlighted and in the editor."""
        self._list.clear_options()
        self._list.add_options(Option(_title(card)) for card in self._cards)
        if not self._cards:
            self._list.add_option(Option(Content("No cards yet."), disabled=True))
        self._edited = None
        self._load(min(index, len(self._cards) - 1) if self._cards else None)
        self._list.highlighted = self._edited
        self._show_hints()

    def _load(self, index: int | None) -> None:
        """Put a card into the editor; None hides the editor."""
        self._edited = index
        self.query_one("#card").display = index is not None
        if index is None:
            return
        card = self._cards[index]
        with self.prevent(Input.Changed, TextArea.Changed, Checkbox.Changed):
            self.query_one("#card-keys", Input).value = ", ".join(map(printable, card.keys))
            self.query_one("#card-text", TextArea).load_text(printable(card.text))
            self.query_one("#card-always", Checkbox).value = card.always
            self.query_one("#card-case", Checkbox).value = card.case
            self.query_one("#card-whole", Checkbox).value = card.whole_word
            self.query_one("#card-depth", Input).value = str(card.depth)

    def _card_in_editor(self, before: Card) -> Card:
        """Return the card as the fields have it. Fields that still show `before` keep its exact text."""
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

    def _take_edit(self) -> None:
        """Put what was changed in the editor into the list of cards."""
        if self._edited is None:
            return
        card = self._card_in_editor(self._cards[self._edited])
        if card != self._cards[self._edited]:
            self._cards[self._edited] = card
            self._list.replace_option_prompt_at_index(self._edited, _title(card))

    @on(OptionList.OptionHighlighted, "#cards-list")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index != self._edited and event.option_index < len(self._cards):
            self._take_edit()
            self._load(event.option_index)
            self._show_hints()

    @on(OptionList.OptionSelected, "#cards-list")
    def _selected(self) -> None:
        if self._edited is not None:
            self.query_one("#card-keys").focus()

    def action_new(self) -> None:
        """Add a card and go to its keys."""
        self._take_edit()
        self.query_one(TabbedContent).active = "cards"
        self._cards.append(Card((), ""))
        self._fill(len(self._cards) - 1)
        self._changed()
        self.call_after_refresh(self.query_one("#card-keys").focus)

    def action_duplicate(self) -> None:
        """Copy the card behind itself."""
        if self._edited is not None:
            self._take_edit()
            self._cards.insert(self._edited, self._cards[self._edited])
            self._fill(self._edited + 1)
            self._changed()

    def action_delete(self) -> None:
        """Delete the card. Earlier versions of the lore, on the shelf, still have it."""
        if self._edited is not None:
            del self._cards[self._edited]
            self._fill(self._edited)
            self._changed()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        await self.run_action(event.button.id or "")

    # ---- hints -----------------------------------------------------------------------------------------------

    @on(TextArea.Changed)
    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        """Take what was typed, and preview it once the typing pauses."""
        self._take_edit()
        self._edits += 1
        if self._timer:
            self._timer.stop()
        self._timer = self.set_timer(_PREVIEW_SECONDS, self._preview_now)

    def _preview_now(self) -> None:
        self._preview(self.lore(), self._edits)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _preview(self, lore: Lore, edits: int) -> None:
        """Build the context with this lore, away from the UI's loop. Closing the screen does not wait for it."""
        last = self._last_preview
        context = context_to_continue(self._adventure, last.budget, lore, last.format)
        self.post_message(self.Previewed(context, edits))

    @on(Previewed)
    def _previewed(self, event: Previewed) -> None:
        if event.edits == self._edits:  # or else a later preview is on its way
            self._last_preview = event.context
            self._show_hints()

    def _show_hints(self) -> None:
        """Say of each text whether the voice will see it, as of the last preview."""
        for name, kind in _TEXTS.items():
            part = next((part for part in self._last_preview.parts if part.kind is kind), None)
            hint = _in_words(part) if part else "This voice reads plain text and takes no instructions."
            self.query_one(f"#{name}-hint", Static).update(Content(hint))
        self.query_one("#cards-hint", Static).update(Content(self._card_hint()))

    def _card_hint(self) -> str:
        if self._edited is None:
            return ""
        card = self._cards[self._edited]
        if not card.text:
            return "Left out: nothing is written on it yet."
        if not card.keys and not card.always:
            return "Left out: it has no key, and is not always included."
        label = f"Card: {', '.join(card.keys) or 'no key'}"
        parts = (part for part in self._last_preview.parts if part.kind is PartKind.CARD and part.label == label)
        return next((_in_words(part) for part in parts if part.text.strip() == card.text.strip()), "")

    # ---- what is kept ----------------------------------------------------------------------------------------

    def lore(self) -> Lore:
        """Return the lore as it is now, without cards on which nothing was written."""
        self._take_edit()
        texts = (self.query_one(f"#{name}-text", TextArea).text for name in _TEXTS)
        memory, note, summary, instructions = texts
        lore = replace(
            self.before,
            memory=self.before.memory if memory == printable(self.before.memory) else clean_text(memory),
            note=self.before.note if note == printable(self.before.note) else one_line(note),
            cards=tuple(card for card in self._cards if card.keys or card.text),
        )
        if instructions != printable(self._instructions):
            lore = replace(lore, instructions=clean_text(instructions))
        if summary == printable(self._summary):
            return lore
        words = clean_text(summary)
        return replace(lore, summary=words, summary_through=self._summary_through if words else 0)

    def action_keep(self) -> None:
        """Keep the lore and close."""
        with game(self).toast_errors():
            self.keep_text()
            self.dismiss()

    def keep_text(self) -> None:
        """Keep what was typed; the game ends."""
        lore = self.lore()
        if lore != self.before:
            self.session.set_lore(lore)

    def on_key(self, event: events.Key) -> None:
        """Let Up and Down leave a field of one line."""
        if event.key in ("down", "up") and isinstance(self.focused, Input):
            self.focus_next() if event.key == "down" else self.focus_previous()
            event.stop()


def _title(card: Card) -> Content:
    flags = " · always" if card.always else ""
    return Content(one_line(", ".join(card.keys) or card.text[:40] or "(new)") + flags)


def _in_words(part: Part) -> str:
    """Return whether the voice sees a part, what it costs, and why."""
    if not part.text.strip():
        return f"{part.reason[:1].upper()}{part.reason[1:]}."
    return f"{'Included' if part.included else 'Left out'}, about {part.estimated_tokens:,} tokens: {part.reason}."
