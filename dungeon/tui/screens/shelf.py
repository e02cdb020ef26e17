"""The shelf: all adventures, to find, play, rename, tag, export and purge."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from corpus.text import one_line, printable
from dungeon.play.adventures import ExportFileExists, default_export_path, export_adventure, plural, relabel, time_ago
from dungeon.play.session import Session
from dungeon.storage.entries import ShelfEntry
from dungeon.storage.search import Found
from dungeon.tale.adventure import Adventure
from dungeon.tui.host import game
from dungeon.tui.screens.ask import LineScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.adventure_detail import AdventureDetail
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.table import Column, Table

_SEARCH_SECONDS = 0.2
"""From the last letter until the search, which reads every turn on the shelf."""
_COLUMNS = (
    Column("Title"),
    Column("Last played", 15),
    Column("Turns", 7, right=True, from_width=52),
    Column("Words", 9, right=True, from_width=66),
    Column("Branches", 8, right=True, from_width=78),
    Column("Tags", 22, from_width=104),
)
_ORDERS = ("Last played", "Title", "Words")
"""The columns to sort by; the shelf itself sorts by the first."""


class AdventureTable(Table):
    """The adventures; its keys are for the highlighted one."""

    BINDINGS = [
        Binding("enter", "select", "Play"),
        Binding("slash", "screen.search", "Search"),
        Binding("g", "screen.go", "Play from there"),
        Binding("r", "screen.rename", "Rename"),
        Binding("t", "screen.tag", "Tags"),
        Binding("s", "screen.sort", "Sort"),
        Binding("m", "screen.export('.md', False)", "Markdown"),
        Binding("x", "screen.export('.txt', False)", "Text"),
        Binding("p,delete", "screen.purge", "Purge"),
        Binding("M", "screen.export('.md', True)", "Markdown, all branches", show=False),
        Binding("X", "screen.export('.txt', True)", "Text, all branches", show=False),
    ]


class ShelfScreen(Screen[int | None]):
    """Returns the id of the adventure that the player wants to play, or None if they went back."""

    CSS_PATH = "shelf.tcss"
    AUTO_FOCUS = "#adventures"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
    ]

    def __init__(self, session: Session, search: str = "") -> None:
        super().__init__()
        self.session = session
        self.shelf = session.shelf
        self._search_words = search
        self._entries: list[ShelfEntry] = []
        self._found: Found | None = None
        """Where the words that are searched for stand in the highlighted adventure."""
        self._order = _ORDERS[0]
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Container(id="both"):
            with Pane(widget_id="list"):
                yield LineField(
                    self._search_words, placeholder="/ searches all that was played", id="search", compact=True
                )
                yield AdventureTable(_COLUMNS, widget_id="adventures")
            with Pane(widget_id="about"):
                yield AdventureDetail()
        yield KeyFooter()

    def on_mount(self) -> None:
        self._fill(self._playing)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self, adventure_id: int | None = None) -> None:
        """List the adventures again, with the cursor on this one if it is still there."""
        with game(self).toast_errors():
            self._entries = self.shelf.list_adventures(self._search_words)
            if self._order == "Title":
                self._entries.sort(key=lambda entry: entry.title.casefold())
            elif self._order == "Words":
                self._entries.sort(key=lambda entry: -entry.words)
            places = {entry.id: place for place, entry in enumerate(self._entries)}
            columns = [
                replace(column, title=f"{column.title} ▾") if column.title == self._order else column
                for column in _COLUMNS
            ]
            self.query_one(Table).set_rows(_Rows(self._entries), places.get(adventure_id or 0, 0), columns)
            count = self.shelf.count_adventures()
            found = f"{len(self._entries):,} of {count:,}" if self._search_words.strip() else f"{count:,}"
            pane = self.query_one("#list", Pane)
            pane.set_title(f"Adventures ({found})")
            pane.border_subtitle = f"by {self._order.lower()}"

    @property
    def _highlighted(self) -> ShelfEntry | None:
        return self._entries[self.query_one(Table).cursor_row] if self._entries else None

    @on(Table.RowHighlighted)
    def _show_detail(self) -> None:
        self._found = None
        detail, searching = self.query_one(AdventureDetail), self._search_words.strip()
        entry = self._highlighted
        if entry is None:
            none = "No adventure holds these words." if searching else "No adventure yet. Esc, then begin one."
            detail.show(none)
        else:
            about = " · ".join([*_counts(entry), *(f"#{one_line(tag)}" for tag in entry.tags)])
            with game(self).toast_errors():
                self._found = self.shelf.find_words(entry.id, self._search_words) if searching else None
                detail.show(about, self._found or self.shelf.last_passage(entry.id))
        self.query_one("#about", Pane).set_title(entry.title if entry else "")
        self.refresh_bindings()

    @on(Table.RowSelected)
    def _play(self) -> None:
        if entry := self._highlighted:
            self.dismiss(None if entry.id == self._playing else entry.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to play from a turn only where one was found."""
        return action != "go" or bool(self._found and self._found.turn is not None)

    def action_go(self) -> None:
        """Play from the turn that was found; undo and redo lead from there to the others."""
        if (entry := self._highlighted) and self._found:
            with game(self).toast_errors():
                adventure = self._open(entry)
                adventure.move(self._found.turn)
                self.shelf.save_head(adventure)
                self.dismiss(entry.id)

    @property
    def _playing(self) -> int | None:
        """The id of the adventure that is being played below this screen, if one is."""
        from dungeon.tui.screens.play import PlayScreen

        playing = any(isinstance(screen, PlayScreen) for screen in self.app.screen_stack)
        return self.session.adventure.id if playing else None

    def action_sort(self) -> None:
        """Sort by the next of: last played, title, words."""
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]
        self._fill(self._highlighted.id if self._highlighted else None)

    # ---- searching -------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Go to the search field; Enter or Down leaves it."""
        self.query_one("#search").focus()

    @on(Input.Changed, "#search")
    def _search_soon(self, event: Input.Changed) -> None:
        if self._timer:
            self._timer.stop()
        if event.value != self._search_words:
            self._timer = self.set_timer(_SEARCH_SECONDS, self._search)

    def _search(self) -> None:
        words = self.query_one("#search", Input).value
        if words != self._search_words:
            self._search_words = words
            self._fill()

    @on(Input.Submitted, "#search")
    def _search_at_once(self) -> None:
        self._search()
        self.query_one(Table).focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.query_one("#search").has_focus:
            event.stop()
            self._search_at_once()

    def action_back(self) -> None:
        """Leave the search, or else the screen."""
        search = self.query_one("#search", Input)
        if search.value or search.has_focus:
            search.value = ""
            self._search_at_once()
        else:
            self.dismiss(None)

    # ---- titles, tags, files ---------------------------------------------------------------------------------

    def _open(self, entry: ShelfEntry) -> Adventure:
        """Return the adventure; the one being played is the session's own object, so that the game sees the change."""
        return self.session.adventure if entry.id == self._playing else self.shelf.open(entry.id)

    def action_rename(self) -> None:
        """Ask for another title."""
        if entry := self._highlighted:
            screen = LineScreen("What should it be called?", one_line(entry.title))
            self.app.push_screen(screen, lambda title: self._relabel(entry, title=title))

    def action_tag(self) -> None:
        """Ask for other tags."""
        if entry := self._highlighted:
            question = "Which tags? Separate them by commas; an empty line removes all."
            screen = LineScreen(question, ", ".join(entry.tags))
            self.app.push_screen(screen, lambda tags: self._relabel(entry, tags=tags))

    def _relabel(self, entry: ShelfEntry, *, title: str | None = None, tags: str | None = None) -> None:
        """Change the title or the tags, unless the player went back and gave neither."""
        if (title, tags) != (None, None):
            with game(self).toast_errors():
                relabel(self.shelf, self._open(entry), title=title, tags=None if tags is None else tags.split(","))
                self._fill(entry.id)

    def action_export(self, extension: str, whole: bool) -> None:
        """Ask for a file and write the story to it: the player's branch, or the `whole` tree."""
        entry = self._highlighted
        if entry is None:
            return
        with game(self).toast_errors():
            adventure = self._open(entry)
            what = "all branches" if whole else "the story up to where you are"
            more = entry.branches > 1 and not whole
            hint = f"Shift and the same key writes all {entry.branches} branches." if more else ""
            screen = LineScreen(f"Write {what} to which file?", str(default_export_path(adventure, extension)), hint)
            self.app.push_screen(screen, partial(self._export, adventure, whole))

    def _export(self, adventure: Adventure, whole: bool, file: str | None, over: bool = False) -> None:
        if file is None:
            return
        with game(self).toast_errors():
            try:
                path = export_adventure(adventure, file, whole=whole, over=over)
            except ExportFileExists:
                screen = ConfirmScreen(f"The file {printable(file)} exists. Write over it?", "Write over it")
                self.app.push_screen(screen, partial(self._export_over, adventure, whole, file))
            else:
                game(self).toast(f"Written to {printable(str(path.absolute()))}")

    def _export_over(self, adventure: Adventure, whole: bool, file: str, yes: bool | None) -> None:
        if yes:
            self._export(adventure, whole, file, over=True)

    def action_purge(self) -> None:
        """Delete an adventure from the disk, once the player has confirmed it."""
        entry = self._highlighted
        if entry is None:
            return
        if entry.id == self._playing:
            game(self).toast("This adventure is being played. Leave it first: Esc, then choose another.")
            return
        question = (
            f"Delete “{one_line(entry.title)}” from the disk, for good?\n\n"
            f"{' · '.join(_counts(entry))}. Nothing brings them back."
        )
        self.app.push_screen(ConfirmScreen(question, "Purge"), partial(self._purge, entry))

    def _purge(self, entry: ShelfEntry, yes: bool | None) -> None:
        if not yes:
            return
        with game(self).toast_errors():
            self.shelf.purge(entry.id)
            others = [other.id for other in self._entries if other.id != entry.id]
            place = min(self.query_one(Table).cursor_row, len(others) - 1)
            self._fill(others[place] if others else None)


class _Rows(Sequence[tuple[str, ...]]):
    """The cells of the entries, which are made when they are drawn."""

    def __init__(self, entries: list[ShelfEntry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, row: Any) -> Any:
        entry = self._entries[row]
        return (
            one_line(entry.title),
            time_ago(entry.played),
            f"{entry.turns:,}",
            f"{entry.words:,}",
            f"{entry.branches:,}",
            " ".join(f"#{one_line(tag)}" for tag in entry.tags),
        )


def _counts(entry: ShelfEntry) -> list[str]:
    return [plural(entry.turns, "turn"), plural(entry.words, "word"), plural(entry.branches, "branch")]
