"""Beside the story, where there is room: who and what is in it, what the cards say of them, memory and summary."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from corpus.text import one_line
from dungeon.play.session import Session
from dungeon.tale.people import people_and_things

_CARD_LENGTH = 160
"""Characters of a card; the lore screen has all of it."""
_TEXT_LENGTH = 600


class SidePanel(VerticalScroll, can_focus=False):
    """Shows what the session's adventure knows; `show` brings it up to date."""

    DEFAULT_CSS = """
    SidePanel {
        display: none;
        width: 36;
        padding: 1 1 0 2;
        border-left: vkey $foreground 20%;
        scrollbar-size-vertical: 1;
        & > Static { margin: 0 0 1 0; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="side-panel")
        self._session = session

    def compose(self) -> ComposeResult:
        for name in ("people", "memory", "summary"):
            yield Static(id=name, markup=False)

    def show(self) -> None:
        """Shows it as the adventure is now; costs nothing while the panel is hidden."""
        if not self.display:
            return
        lore = self._session.adventure.lore
        known = people_and_things(self._session.adventure)
        cards = [each for each in known if each.text]
        others = ", ".join(one_line(each.name) for each in known if not each.text)
        people: list[Content | tuple[str, str]] = []
        for each in cards:
            people.append((f"\n{one_line(each.name)}\n", "bold $secondary"))
            people.append((f"{_shortened(each.text, _CARD_LENGTH)}\n", "$foreground 75%"))
        if others:
            people.append((f"\n{'Also named: ' if cards else ''}{others}", ""))
        named = Content.assemble(*people) if people else None
        self._fill("people", "People and things", named, "\nNobody is named yet.")
        memory = _shortened(lore.memory, _TEXT_LENGTH)
        self._fill("memory", "Memory", Content(f"\n{memory}") if memory else None, "\n/memory WORDS: facts to keep.")
        summary = _shortened(lore.summary, _TEXT_LENGTH)
        self.query_one("#summary").display = bool(summary)
        self._fill("summary", "Summary", Content(f"\n{summary}"), "")

    def _fill(self, name: str, title: str, text: Content | None, otherwise: str) -> None:
        body = text if text is not None else Content.styled(otherwise, "$foreground 60%")
        self.query_one(f"#{name}", Static).update(Content.assemble((title, "bold"), body))


def _shortened(text: str, length: int) -> str:
    text = one_line(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
