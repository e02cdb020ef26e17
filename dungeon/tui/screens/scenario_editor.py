"""Writing a scenario. An opening alone is enough; the other fields are folded away until they are wanted."""

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Static, TextArea

from corpus.text import printable
from dungeon.errors import DungeonError
from dungeon.scenarios.drafts import load_draft, save_draft
from dungeon.scenarios.model import (
    TITLE_LENGTH,
    Scenario,
    ask_for_placeholders,
    clean_scenario,
    placeholder_names,
    scenario_from_opening,
)
from dungeon.scenarios.user import save_scenario
from dungeon.tale.lore import Card, card_from_text, card_to_text
from dungeon.tui.host import game
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.text_area import text_area

_DRAFT_SECONDS = 2.0
"""From a change until the draft is saved."""
_OPENING = "You are … Write in the present tense, a few sentences, and end where something must be done."
_FOLDED = {
    "memory": ("Memory", "What the voice always knows."),
    "note": ("Author's note", "A word on style."),
    "actions": ("First actions", 'What the player might do first, one a line: Open the door, or "Who is there?"'),
    "cards": ("Cards", "Berrin, old man: Berrin is the lamp lighter. One a line; more of it after a space."),
    "instructions": ("Instructions", "What a chat model is asked to do. Empty: the game's own."),
}
"""The text areas that are folded away, with their labels and placeholders."""


class ScenarioEditor(Screen[Scenario | None]):
    """Returns the scenario to begin, or None if the player went back.

    `scenario` is the one to change: the player's own scenario of that `name`, or with "" a copy of a built-in one.
    """

    CSS_PATH = "scenario_editor.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("ctrl+s", "begin", "Begin", priority=True),
        Binding("escape", "back", "Back"),
        Binding("f2", "keep", "Keep", priority=True),
        Binding("f3", "more", "More", priority=True),
    ]

    def __init__(self, scenario: Scenario | None = None, name: str = "") -> None:
        super().__init__()
        self._scenario = scenario
        self._scenario_name = name
        """The file name of the player's scenario; "" until it is kept."""
        self._draft_name = name or (scenario.name if scenario else "")
        self._kept_fields = _fields_of(scenario)
        """The fields as they were at the beginning, or when they were last kept."""
        self._fields = dict(self._kept_fields)
        """The fields as they are now, by the names that `_fields_of` gives."""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with game(self).toast_errors():
            if saved := load_draft(self._draft_name):
                self._fields |= {field: text for field, text in saved.items() if field in self._fields}
                game(self).toast("Here is what you wrote last. Esc throws it away.")
        fields = self._fields
        own = "Your own scenario" if self._scenario_name else "Your own adventure"
        with Pane(own), VerticalScroll(id="form", can_focus=False):
            yield LineField(fields["title"], placeholder="Title (optional)", id="own-title", max_length=TITLE_LENGTH)
            yield text_area("own-opening", fields["opening"], _OPENING)
            with Vertical(id="folded"):
                yield LineField(
                    fields["genre"], placeholder="Genre (optional)", id="own-genre", max_length=TITLE_LENGTH
                )
                for field, (label, placeholder) in _FOLDED.items():
                    yield Label(label)
                    yield text_area(f"own-{field}", fields[field], placeholder)
        yield Static(id="questions", markup=False)
        with Horizontal(id="buttons"):
            yield Button("Begin", id="begin", variant="primary", compact=True)
            yield Button("Keep", id="keep", compact=True)
            yield Button("More", id="more", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        if any(self._fields[field] for field in (*_FOLDED, "genre")):
            self.action_more()
        self._show_questions()
        self.query_one("#own-opening").focus(scroll_visible=False)

    # ---- the fields ------------------------------------------------------------------------------------------

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self, event: Input.Changed | TextArea.Changed) -> None:
        self._read_field(event.control)
        self._show_questions()
        if self._timer is None:
            self._timer = self.set_timer(_DRAFT_SECONDS, self._save_draft)

    def _read_field(self, control: Input | TextArea) -> None:
        text = control.text if isinstance(control, TextArea) else control.value
        self._fields[str(control.id).removeprefix("own-")] = text

    def _read_fields(self) -> None:
        """Read every field: the message about the last letters may not have come yet."""
        for control in self.query("#form Input, #form TextArea"):
            assert isinstance(control, Input | TextArea)
            self._read_field(control)

    def _show_questions(self) -> None:
        """Show which placeholders the player will be asked for."""
        texts = [text for field, text in self._fields.items() if field != "genre"]
        names = placeholder_names(Scenario("", "\n".join(texts)))
        hint = "${name} and ${Who?} are asked first."
        questions = f"Asked at the start: {', '.join(names)}" if names else hint
        self.query_one("#questions", Static).update(Content(printable(questions)))

    def _written_scenario(self) -> Scenario:
        """Return the scenario that the fields hold.

        Raises:
            DungeonError: a required field is empty, or a card can't be read.
        """
        self._read_fields()
        fields = self._fields
        scenario = msgspec.structs.replace(
            scenario_from_opening(fields["opening"], fields["title"]),
            genre=fields["genre"],
            memory=fields["memory"],
            note=fields["note"],
            actions=tuple(fields["actions"].split("\n")),
            cards=cards_from_lines(fields["cards"]),
            name=self._scenario_name,
        )
        used = placeholder_names(scenario)
        before = self._scenario.placeholders if self._scenario else ()
        kept = tuple(placeholder for placeholder in before if placeholder.name in used)
        return ask_for_placeholders(clean_scenario(msgspec.structs.replace(scenario, placeholders=kept)))

    # ---- the draft -------------------------------------------------------------------------------------------

    def _save_draft(self) -> None:
        """Save what is not kept yet; an empty draft deletes the saved one."""
        self._timer = None
        with game(self).toast_errors():
            save_draft(self._draft_name, self._fields if self._fields != self._kept_fields else {})

    def _delete_draft(self) -> None:
        self._kept_fields = dict(self._fields)
        if self._timer:
            self._timer.stop()
        self._save_draft()

    def on_unmount(self) -> None:
        if self._timer:  # the game ends while the player writes
            self._timer.stop()
            self._save_draft()

    # ---- buttons ---------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#more")
    def action_more(self) -> None:
        """Unfold the other fields, or fold them."""
        self.toggle_class("-more")
        if not self.has_class("-more"):
            self.query_one("#own-opening").focus()

    @on(Button.Pressed, "#keep")
    def action_keep(self) -> None:
        """Save it among the player's own scenarios."""
        with game(self).toast_errors():
            path = save_scenario(self._written_scenario(), self._scenario_name)
            self._scenario_name = path.stem
            self._delete_draft()
            game(self).toast(f"Kept. To share it, send the file {printable(str(path))}")

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Play it, once its questions are answered."""
        try:
            scenario = self._written_scenario()
        except DungeonError as error:
            game(self).toast(str(error))
            return
        if scenario.placeholders:
            self.app.push_screen(AskScreen(scenario), self._begin)
        else:
            self._begin(scenario)

    def _begin(self, scenario: Scenario | None) -> None:
        if scenario:
            self._delete_draft()
            self.dismiss(scenario)

    def action_back(self) -> None:
        """Leave; ask first if something is not kept."""
        self._read_fields()
        if self._fields == self._kept_fields:
            self.dismiss(None)
        else:
            self.app.push_screen(ConfirmScreen("Throw away what you wrote here?", "Throw away"), self._back)

    def _back(self, yes: bool | None) -> None:
        if yes:
            self._delete_draft()
            self.dismiss(None)


def _fields_of(scenario: Scenario | None) -> dict[str, str]:
    """Return the texts of a scenario as they are edited, by the name of the field."""
    if scenario is None:
        return dict.fromkeys(("title", "opening", "genre", *_FOLDED), "")
    fields = {name: getattr(scenario, name) for name in ("title", "opening", "genre", "memory", "note", "instructions")}
    return fields | {"actions": "\n".join(scenario.actions), "cards": cards_to_lines(scenario.cards)}


def cards_to_lines(cards: tuple[Card, ...]) -> str:
    """Return cards as they are edited: one a line; a line that continues a card begins with a space."""
    return "\n".join(card_to_text(card).replace("\n", "\n  ") for card in cards)


def cards_from_lines(text: str) -> tuple[Card, ...]:
    """Return the cards that were written.

    Raises:
        DungeonError: a card can't be read; names its number.
    """
    texts: list[str] = []
    for line in text.split("\n"):
        if texts and (line[:1].isspace() or not line):
            texts[-1] += f"\n{line.strip()}"
        elif line.strip():
            texts.append(line)
    cards = []
    for number, card_text in enumerate(texts, 1):
        try:
            cards.append(card_from_text(card_text))
        except DungeonError as error:
            raise DungeonError(f"Card {number} ({printable(card_text.strip())[:30]} …): {error}") from error
    return tuple(cards)
