"""Writing a scenario of one's own. An opening alone is enough; the rest is folded away until it is wanted."""

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

_DRAFT_SECONDS = 2.0
_OPENING = "You are … Write in the present tense, a few sentences, and end where something must be done."
_FOLDED = {
    "memory": ("Memory", "What the voice always knows."),
    "note": ("Author's note", "A word on style."),
    "actions": ("First actions", 'What the player might do first, one a line: Open the door, or "Who is there?"'),
    "cards": (
        "Cards",
        "Berrin, old man: Berrin is the lamp lighter. One a line; more of it after a space.",
    ),
}
"""The fields that are folded away, with their titles and what may stand in them."""


class ScenarioEditor(Screen[Scenario | None]):
    """Returns the scenario to begin, or None if the player went back.

    `scenario` is to be changed: the player's own of that `name`, or with "" a copy of another.
    """

    CSS_PATH = "scenario_editor.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("ctrl+s", "begin", "Begin", priority=True),
        Binding("f2", "keep", "Keep", priority=True),
        Binding("f3", "more", "More", priority=True),
    ]

    def __init__(self, scenario: Scenario | None = None, name: str = "") -> None:
        super().__init__()
        self._scenario = scenario
        self._own = name
        self._draft = name or (scenario.name if scenario else "")
        """What the draft is kept under."""
        self._kept = _fields(scenario)
        """The fields as they were given, or kept last."""
        self._fields = dict(self._kept)
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with game(self).toast_errors():
            if written := load_draft(self._draft):
                self._fields |= {field: text for field, text in written.items() if field in self._fields}
                game(self).toast("Here is what you wrote last. Esc throws it away.")
        given = self._fields
        with VerticalScroll(id="form", can_focus=False):
            yield Label("Your own scenario" if self._own else "Your own adventure", id="heading")
            yield Input(given["title"], placeholder="Title (optional)", id="own-title", max_length=TITLE_LENGTH)
            yield _area("opening", given["opening"], _OPENING)
            with Vertical(id="folded"):
                yield Input(given["genre"], placeholder="Genre (optional)", id="own-genre", max_length=TITLE_LENGTH)
                for field, (title, hint) in _FOLDED.items():
                    yield Label(title)
                    yield _area(field, given[field], hint)
        yield Static(id="asked", markup=False)
        with Horizontal(id="buttons"):
            yield Button("Begin (Ctrl+S)", id="begin", variant="primary", compact=True)
            yield Button("Keep (F2)", id="keep", compact=True)
            yield Button("More (F3)", id="more", compact=True)

    def on_mount(self) -> None:
        if any(self._fields[field] for field in (*_FOLDED, "genre")):
            self.action_more()
        self._tell_questions()
        self.query_one("#own-opening").focus(scroll_visible=False)

    # ---- what is written -------------------------------------------------------------------------------------

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self, event: Input.Changed | TextArea.Changed) -> None:
        self._take(event.control)
        self._tell_questions()
        if self._timer is None:
            self._timer = self.set_timer(_DRAFT_SECONDS, self._save_draft)

    def _take(self, control: Input | TextArea) -> None:
        text = control.text if isinstance(control, TextArea) else control.value
        self._fields[str(control.id).removeprefix("own-")] = text

    def _take_all(self) -> None:
        """What is in the fields now: the last letters may not have been told of yet."""
        for control in self.query("#form Input, #form TextArea"):
            assert isinstance(control, Input | TextArea)
            self._take(control)

    def _save_draft(self) -> None:
        self._timer = None
        with game(self).toast_errors():
            save_draft(self._draft, self._fields if self._fields != self._kept else {})

    def on_unmount(self) -> None:
        if self._timer:  # the game ends in the middle of it
            self._timer.stop()
            self._save_draft()

    def _forget(self) -> None:
        """There is no draft any more: what was written is kept, or nobody wants it."""
        self._kept = dict(self._fields)
        if self._timer:
            self._timer.stop()
        self._save_draft()

    def _tell_questions(self) -> None:
        texts = [text for field, text in self._fields.items() if field != "genre"]
        names = placeholder_names(Scenario("", "\n".join(texts)))
        hint = "A ${name} in any text is asked for at the start."
        asked = f"Asked at the start: {', '.join(names)}" if names else hint
        self.query_one("#asked", Static).update(Content(printable(asked)))

    def _written(self) -> Scenario:
        """The scenario as the fields have it.

        Raises:
            DungeonError: a field that is needed is empty, or a card is none.
        """
        self._take_all()
        fields = self._fields
        plain = scenario_from_opening(fields["opening"], fields["title"])
        before = self._scenario.placeholders if self._scenario else ()
        written = msgspec.structs.replace(
            plain,
            genre=fields["genre"],
            memory=fields["memory"],
            note=fields["note"],
            actions=tuple(fields["actions"].split("\n")),
            cards=cards_from_lines(fields["cards"]),
            name=self._own,
        )
        used = placeholder_names(written)
        asked = tuple(placeholder for placeholder in before if placeholder.name in used)
        return ask_for_placeholders(clean_scenario(msgspec.structs.replace(written, placeholders=asked)))

    # ---- what is done with it --------------------------------------------------------------------------------

    def action_more(self) -> None:
        """Unfolds the other fields, or folds them."""
        self.toggle_class("-more")
        if not self.has_class("-more"):
            self.query_one("#own-opening").focus()

    @on(Button.Pressed, "#more")
    def _more(self) -> None:
        self.action_more()

    @on(Button.Pressed, "#keep")
    def action_keep(self) -> None:
        """Keeps it among the player's own scenarios."""
        with game(self).toast_errors():
            path = save_scenario(self._written(), self._own)
            self._own = path.stem
            self._forget()
            game(self).toast(f"Kept. To share it, send the file {printable(str(path))}")

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Plays it, once its questions are answered."""
        try:
            scenario = self._written()
        except DungeonError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        if scenario.placeholders:
            self.app.push_screen(AskScreen(scenario), self._begin)
        else:
            self._begin(scenario)

    def _begin(self, scenario: Scenario | None) -> None:
        if scenario:
            self._forget()
            self.dismiss(scenario)

    def action_back(self) -> None:
        """Leaves; what is not kept only if the player says so."""
        self._take_all()
        if self._fields == self._kept:
            self.dismiss(None)
        else:
            self.app.push_screen(ConfirmScreen("Throw away what you wrote here?", "Throw away"), self._back)

    def _back(self, yes: bool | None) -> None:
        if yes:
            self._forget()
            self.dismiss(None)


def _area(field: str, text: str, hint: str) -> TextArea:
    return TextArea(
        text,
        id=f"own-{field}",
        soft_wrap=True,
        tab_behavior="focus",
        placeholder=hint,
        compact=True,
        highlight_cursor_line=False,
    )


def _fields(scenario: Scenario | None) -> dict[str, str]:
    """The texts of a scenario, as they are edited."""
    if scenario is None:
        return dict.fromkeys(("title", "opening", "genre", *_FOLDED), "")
    return {
        "title": scenario.title,
        "opening": scenario.opening,
        "genre": scenario.genre,
        "memory": scenario.memory,
        "note": scenario.note,
        "actions": "\n".join(scenario.actions),
        "cards": cards_to_lines(scenario.cards),
    }


def cards_to_lines(cards: tuple[Card, ...]) -> str:
    """Cards as they are edited: one a line, and a line that goes on with a card begins with a space."""
    return "\n".join(card_to_text(card).replace("\n", "\n  ") for card in cards)


def cards_from_lines(text: str) -> tuple[Card, ...]:
    """The cards that were written.

    Raises:
        DungeonError: one of them is none; says which.
    """
    cards: list[str] = []
    for line in text.split("\n"):
        if cards and (line[:1].isspace() or not line):
            cards[-1] += f"\n{line.strip()}"
        elif line.strip():
            cards.append(line)
    read = []
    for number, card in enumerate(cards, 1):
        try:
            read.append(card_from_text(card))
        except DungeonError as error:
            raise DungeonError(f"Card {number} ({printable(card.strip())[:30]} …): {error}") from error
    return tuple(read)
