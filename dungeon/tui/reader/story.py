"""A page of a story: the action that led to it, its text, and the choices."""

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpus.labels import label_action
from corpus.text import printable
from corpus.turns import ACTION_MARK
from dungeon.reading.bookmark import save_walk
from dungeon.reading.books import Book
from dungeon.reading.commands import BY_NAME
from dungeon.reading.walk import Walk, endings_line, go_back, map_lines, restart, take_choice
from dungeon.tui.bindings import PAGE_KEYS, scroll_page
from dungeon.tui.host import reader
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.status import HintLine

_AT_THE_END = {"back": "Go back a page", "restart": "Begin this story again", "stories": "Choose another story"}
"""The actions that are offered where the story ends."""


class StoryScreen(Screen[None]):
    """One book, open at one page. A number takes that choice, and so does Enter on it."""

    CSS_PATH = "story.tcss"
    BINDINGS = [
        Binding("b,backspace", "back", "Back"),
        Binding(BY_NAME["map"].key, "map", "Map"),
        Binding(BY_NAME["restart"].key, "restart", "Restart"),
        Binding(BY_NAME["stories"].key, "stories", "Stories"),
        *PAGE_KEYS,
        Binding("space", "page(1)", "Scroll down", priority=True),
    ]

    def __init__(self, book: Book, walk: Walk) -> None:
        super().__init__()
        self.book = book
        self.walk = walk

    def compose(self) -> ComposeResult:
        with Vertical(id="book"):
            yield Static(Content(self.book.title), id="title", markup=False)
            with VerticalScroll(id="page", can_focus=False):
                yield Static(id="action", markup=False)
                yield Static(id="prose", markup=False)
                yield Static(id="end", markup=False)
            yield Options(widget_id="choices")
        yield HintLine()

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        walk = self.walk
        action = label_action(walk.steps[-1].label)
        self._put("#action", f"{ACTION_MARK}{action}" if action else "")
        self._put("#prose", printable(walk.passage.text))
        self._put("#end", "" if walk.choices else f"The end. {endings_line(walk)}.")
        self._put("#hint", f"{endings_line(walk)} · F1 keys · b back · m map · r restart · s stories")
        choices = self.query_one("#choices", Options)
        choices.clear_options()
        for number, choice in enumerate(walk.choices, 1):
            choices.add_option(Option(Content(f"{number}. {printable(choice.label)}"), id=str(number)))
        if not walk.choices:
            choices.add_options([Option(Content(text), id=action) for action, text in _AT_THE_END.items()])
        choices.action_first()
        choices.focus()
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    def _put(self, selector: str, text: str) -> None:
        """Put text into a widget, which is hidden without text."""
        static = self.query_one(selector, Static)
        static.update(Content(text))
        static.display = bool(text)

    def _go_to(self, walk: Walk) -> None:
        if walk is self.walk:
            return
        self.walk = walk
        with reader(self).toast_errors():
            save_walk(self.book, walk)
        self._show()

    # ---- choices and keys ------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    async def _selected(self, event: OptionList.OptionSelected) -> None:
        option_id = event.option_id or ""
        if option_id.isdecimal():
            self._go_to(take_choice(self.walk, int(option_id)))
        else:
            await self.run_action(option_id)

    def on_key(self, event: events.Key) -> None:
        """Take the choice of the number that was pressed."""
        if event.character and event.character in "123456789" and int(event.character) <= len(self.walk.choices):
            event.stop()
            self._go_to(take_choice(self.walk, int(event.character)))

    def action_back(self) -> None:
        """Go back one page."""
        self._go_to(go_back(self.walk))

    def action_restart(self) -> None:
        """Go to the first page."""
        self._go_to(restart(self.walk))

    def action_map(self) -> None:
        """Show where the reader has been."""
        self.app.push_screen(TextScreen(self.book.title, "\n".join(map_lines(self.walk)), key=BY_NAME["map"].key))

    def action_stories(self) -> None:
        """Show the list of stories."""
        reader(self).choose()

    def action_page(self, direction: int) -> None:
        """Scroll a long page."""
        scroll_page(self.query_one("#page", VerticalScroll), direction)
