"""Reading in the terminal, a page at a time: a Textual app without a storyteller."""

from textual.binding import Binding

from dungeon.reading.bookmark import load_walk
from dungeon.reading.books import Book, library
from dungeon.reading.commands import BY_NAME, COMMANDS
from dungeon.settings.file import load_settings
from dungeon.tui.base_app import BaseApp
from dungeon.tui.screens.help import key_name


class ReaderApp(BaseApp):
    """Opens a single book at once; lets the reader choose one of several."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding(BY_NAME["quit"].key, "quit", "Quit", priority=True),
        Binding(BY_NAME["help"].key, "help", "Help", priority=True),
    ]

    def __init__(self, books: list[Book]) -> None:
        """Raises DungeonError if the settings, or the bookmark of a single book, can't be read."""
        super().__init__()
        self._books = books
        self._walk = load_walk(books[0]) if len(books) == 1 else None
        self.theme = load_settings().theme

    def on_mount(self) -> None:
        from dungeon.tui.reader.story import StoryScreen

        if self._walk:
            self.push_screen(StoryScreen(self._books[0], self._walk))
        else:
            self.choose(self._books)

    def choose(self, books: list[Book] | None = None) -> None:
        """Show these books, or all of the library's, with no screen above them."""
        from dungeon.tui.reader.stories import StoriesScreen

        with self.toast_errors():
            self.show_first(StoriesScreen(books or library()))

    def read(self, book: Book) -> None:
        """Open a book where the reader left it."""
        from dungeon.tui.reader.story import StoryScreen

        with self.toast_errors():
            self.push_screen(StoryScreen(book, load_walk(book)))

    def action_help(self) -> None:
        """Show every command; the same key closes the list."""
        from dungeon.tui.screens.text import TextScreen

        if isinstance(self.screen, TextScreen):
            self.pop_screen()
            return
        lines = [f"{key_name(command.key):>6}  {command.summary}" for command in COMMANDS]
        self.push_screen(TextScreen("Keys", "\n".join(["   1-9  Take that choice; so does Enter on it.", *lines])))
