"""The stories to read, by genre, and how the marked one begins."""

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


class StoriesScreen(Screen[None]):
    """A list on the left, the first page of what is marked on the right (where there is room)."""

    CSS_PATH = "stories.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]

    def __init__(self, books: list[Book]) -> None:
        super().__init__()
        self.books = books

    def compose(self) -> ComposeResult:
        yield Static("Stories", id="title")
        with Horizontal():
            yield OptionList(id="stories", markup=False)
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="opening", markup=False)
        yield Static("↑ ↓ choose · Enter reads · F1 keys · Ctrl+Q quit", id="status")

    def on_mount(self) -> None:
        stories = self.query_one("#stories", OptionList)
        numbered = enumerate(self.books)
        for genre, books in groupby(numbered, key=lambda entry: entry[1].genre):
            stories.add_option(Option(Content(genre.capitalize()), disabled=True))
            for number, book in books:
                stories.add_option(Option(self._line(book), id=str(number)))
        stories.action_first()
        stories.focus()

    def _line(self, book: Book) -> Content:
        read_so_far = ""
        with reader(self).toast_errors():
            read_so_far = progress(book)
        return Content.assemble(f"  {book.title}", (f"  {read_so_far}" if read_so_far else "", "dim"))

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        story = self.books[int(event.option_id or 0)].story
        self.query_one("#opening", Static).update(Content(printable(story.passages[story.start].text)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        reader(self).read(self.books[int(event.option_id or 0)])
