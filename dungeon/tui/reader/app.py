"""Reading in the terminal: a Textual app without a voice, a page at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from textual.app import App
from textual.binding import Binding

from dungeon.errors import DungeonError
from dungeon.reading.bookmark import load_walk
from dungeon.reading.books import Book, library
from dungeon.reading.commands import BY_NAME, COMMANDS
from dungeon.settings.file import load_settings
from dungeon.tui.screens.help import key_name
from dungeon.tui.themes import textual_themes


class ReaderApp(App[None]):
    """Opens a single book at once; of several the reader chooses."""

    TITLE = "Dungeon"
    CSS_PATH = "../app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding(BY_NAME["quit"].key, "quit", "Quit", priority=True),
        Binding(BY_NAME["help"].key, "help", "Help", priority=True),
    ]

    def __init__(self, books: list[Book]) -> None:
        """Raises DungeonError where the settings, or the bookmark of a single book, can't be read."""
        super().__init__()
        self._theme = load_settings().theme
        self._books = books
        self._walk = load_walk(books[0]) if len(books) == 1 else None

    def on_mount(self) -> None:
        from dungeon.tui.reader.story import ReadScreen

        for theme in textual_themes():
            self.register_theme(theme)
        self.theme = self._theme
        if self._walk:
            self.push_screen(ReadScreen(self._books[0], self._walk))
        else:
            self.choose(self._books)

    def choose(self, books: list[Book] | None = None) -> None:
        """Shows these books, or all of the library's, with nothing above them."""
        from dungeon.tui.reader.stories import StoriesScreen

        with self.toast_errors():
            books = books or library()
            while len(self.screen_stack) > 1:
                self.pop_screen()
            self.push_screen(StoriesScreen(books))

    def read(self, book: Book) -> None:
        """Opens a book where the reader left it."""
        from dungeon.tui.reader.story import ReadScreen

        with self.toast_errors():
            self.push_screen(ReadScreen(book, load_walk(book)))

    @contextmanager
    def toast_errors(self) -> Iterator[None]:
        """What the reader can mend (a full disk, a damaged bookmark) is told and ends nothing."""
        try:
            yield
        except DungeonError as error:
            self.notify(str(error), severity="error", timeout=30, markup=False)

    def action_help(self) -> None:
        """Shows every command; again to close."""
        from dungeon.tui.screens.text import TextScreen

        if isinstance(self.screen, TextScreen):
            self.pop_screen()
            return
        lines = [f"{key_name(command.key):>6}  {command.summary}" for command in COMMANDS]
        self.push_screen(TextScreen("Keys", "\n".join(["   1-9  Take that choice; so does Enter on it.", *lines])))
