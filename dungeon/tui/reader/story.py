"""A story's page: what you did, what came of it, and the ways on."""

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
from dungeon.tui.host import reader
from dungeon.tui.screens.text import TextScreen

_AT_THE_END = {"back": "Go back a page", "restart": "Begin this story again", "stories": "Choose another story"}


class ReadScreen(Screen[None]):
    """One book, open at one page. Choices are options; a number takes one at once."""

    CSS_PATH = "story.tcss"
    BINDINGS = [
        Binding("b,backspace", "back", "Back"),
        Binding(BY_NAME["map"].key, "map", "Map"),
        Binding(BY_NAME["restart"].key, "restart", "Restart"),
        Binding(BY_NAME["stories"].key, "stories", "Stories"),
        Binding("pageup", "page(-1)", "Scroll up", priority=True),
        Binding("pagedown,space", "page(1)", "Scroll down", priority=True),
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
            yield OptionList(id="choices", markup=False)
        yield Static(id="status", markup=False)

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        walk = self.walk
        action = label_action(walk.steps[-1].label)
        self._put("#action", f"{ACTION_MARK}{action}" if action else "")
        self._put("#prose", printable(walk.passage.text))
        self._put("#end", "" if walk.choices else f"The end. {endings_line(walk)}.")
        self._put("#status", f"{endings_line(walk)} · F1 keys · b back · m map · r restart · s stories")
        options = self.query_one("#choices", OptionList)
        options.clear_options()
        for number, choice in enumerate(walk.choices, 1):
            options.add_option(Option(Content(f"{number}. {printable(choice.label)}"), id=str(number)))
        if not walk.choices:
            options.add_options([Option(Content(says), id=command) for command, says in _AT_THE_END.items()])
        options.action_first()
        options.focus()
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    def _put(self, selector: str, text: str) -> None:
        static = self.query_one(selector, Static)
        static.update(Content(text))
        static.display = bool(text)

    def _step(self, walk: Walk) -> None:
        if walk is self.walk:
            return
        self.walk = walk
        with reader(self).toast_errors():
            save_walk(self.book, walk)
        self._show()

    # ---- what the reader wants -------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    async def _selected(self, event: OptionList.OptionSelected) -> None:
        chosen = event.option_id or ""
        if chosen.isdecimal():
            self._step(take_choice(self.walk, int(chosen)))
        else:
            await self.run_action(chosen)

    def on_key(self, event: events.Key) -> None:
        """A number takes its choice."""
        if event.character and event.character in "123456789" and int(event.character) <= len(self.walk.choices):
            event.stop()
            self._step(take_choice(self.walk, int(event.character)))

    def action_back(self) -> None:
        """One page back."""
        self._step(go_back(self.walk))

    def action_restart(self) -> None:
        """The first page."""
        self._step(restart(self.walk))

    def action_map(self) -> None:
        """Where the reader has been."""
        self.app.push_screen(TextScreen(self.book.title, "\n".join(map_lines(self.walk)), key=BY_NAME["map"].key))

    def action_stories(self) -> None:
        """The list of stories."""
        reader(self).choose()

    def action_page(self, direction: int) -> None:
        """Scrolls a long page."""
        page = self.query_one("#page", VerticalScroll)
        page.scroll_page_up() if direction < 0 else page.scroll_page_down()
