"""The stories to read, by genre, and the first page of the highlighted one."""

from itertools import groupby

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import printable
from dungeon.reading.bookmark import progress
from dungeon.reading.books import Book
from dungeon.tui.host import reader
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.status import HintLine


class StoriesScreen(Screen[None]):
    """A list on the left; on the right, where there is room, the first page of the highlighted story."""

    CSS_PATH = "stories.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]

    def __init__(self, books: list[Book]) -> None:
        super().__init__()
        self.books = books

    def compose(self) -> ComposeResult:
        yield Static("Stories", id="title")
        with Horizontal():
            yield Options(widget_id="stories")
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="opening", markup=False)
        yield HintLine("↑ ↓ choose · Enter reads · F1 keys · Ctrl+Q quit")

    def on_mount(self) -> None:
        stories = self.query_one("#stories", Options)
        for genre, numbered in groupby(enumerate(self.books), key=lambda entry: entry[1].genre):
            stories.add_option(Option(Content(genre.capitalize()), disabled=True))
            stories.add_options(Option(self._row(book), id=str(number)) for number, book in numbered)
        stories.action_first()
        stories.focus()

    def _row(self, book: Book) -> Content:
        found = ""
        with reader(self).toast_errors():
            found = progress(book)
        return Content.assemble(f"  {book.title}", (f"  {found}" if found else "", "dim"))

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        story = self.books[int(event.option_id or 0)].story
        self.query_one("#opening", Static).update(Content(printable(story.passages[story.start].text)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        reader(self).read(self.books[int(event.option_id or 0)])
