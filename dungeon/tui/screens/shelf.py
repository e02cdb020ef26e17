"""The shelf: all adventures, to find, play, label, export and purge."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static

from corpus.text import one_line, printable
from dungeon.play.adventures import ExportFileExists, default_export_path, export_adventure, plural, relabel, time_ago
from dungeon.play.session import Session
from dungeon.storage.shelf import ShelfEntry
from dungeon.tale.adventure import Adventure
from dungeon.tui.host import game
from dungeon.tui.screens.ask import LineScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.table import Column, Table

_SEARCH_SECONDS = 0.2
"""After the last letter: the search reads every turn on the shelf."""
_COLUMNS = (
    Column("Title"),
    Column("Last played", 15),
    Column("Turns", 7, right=True, from_width=56),
    Column("Words", 9, right=True, from_width=66),
    Column("Branches", 8, right=True, from_width=78),
    Column("Tags", 22, from_width=104),
)
_ORDERS = ("Last played", "Title", "Words")
"""The columns that it can be sorted by, the first as the shelf itself does."""
_KEYS = "Enter play · / search · r rename · t tags · s sort · m .md · x .txt · p purge"


class ShelfScreen(Screen[int | None]):
    """Returns the id of the adventure that the player wants to play, or None if they went back."""

    CSS_PATH = "shelf.tcss"
    AUTO_FOCUS = "#adventures"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("slash", "search", "Search"),
        Binding("r", "rename", "Rename"),
        Binding("t", "tag", "Tags"),
        Binding("s", "sort", "Sort"),
        Binding("m", "export('.md', False)", "Markdown"),
        Binding("x", "export('.txt', False)", "Text"),
        Binding("M", "export('.md', True)", "Markdown, all branches"),
        Binding("X", "export('.txt', True)", "Text, all branches"),
        Binding("p,delete", "purge", "Purge"),
    ]

    def __init__(self, session: Session, search: str = "") -> None:
        super().__init__()
        self.session = session
        self.shelf = session.shelf
        self._wanted = search
        self._listing: list[ShelfEntry] = []
        self._order = _ORDERS[0]
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("Adventures", id="title", markup=False)
        yield Input(self._wanted, placeholder="/ searches titles, tags and every turn", id="search", compact=True)
        yield Table(_COLUMNS, id="adventures")
        yield Static(id="detail", markup=False)
        yield Static(Content(_KEYS), id="keys", markup=False)

    def on_mount(self) -> None:
        self._fill(self._playing)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self, on: int | None = None) -> None:
        """Shows what there is now, the mark on the adventure `on`."""
        with game(self).toast_errors():
            self._listing = self.shelf.list_adventures(self._wanted)
            if self._order == "Title":
                self._listing.sort(key=lambda listed: listed.title.casefold())
            elif self._order == "Words":
                self._listing.sort(key=lambda listed: -listed.words)
            places = {listed.id: place for place, listed in enumerate(self._listing)}
            columns = [
                replace(column, title=f"{column.title} ▾") if column.title == self._order else column
                for column in _COLUMNS
            ]
            self.query_one(Table).show(_Rows(self._listing), places.get(on or 0, 0), columns)
            count = self.shelf.count_adventures()
            found = f"{len(self._listing)} of {count}" if self._wanted.strip() else f"{count}"
            self.query_one("#title", Static).update(Content(f"Adventures ({found})"))

    @property
    def _marked(self) -> ShelfEntry | None:
        return self._listing[self.query_one(Table).mark] if self._listing else None

    @on(Table.Marked)
    def _detail(self) -> None:
        listed = self._marked
        text = "No adventure holds these words." if self._wanted.strip() else "No adventure yet. Esc, then begin one."
        if listed:
            text = " · ".join([*_counts(listed), *(f"#{one_line(tag)}" for tag in listed.tags)])
        self.query_one("#detail", Static).update(Content(text))

    @on(Table.Chosen)
    def _play(self) -> None:
        if listed := self._marked:
            self.dismiss(None if listed.id == self._playing else listed.id)

    @property
    def _playing(self) -> int | None:
        """The adventure that is open in the game right now, below this screen."""
        from dungeon.tui.screens.play import PlayScreen

        playing = any(isinstance(screen, PlayScreen) for screen in self.app.screen_stack)
        return self.session.adventure.id if playing else None

    def action_sort(self) -> None:
        """By the next of: last played, title, words."""
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]
        self._fill(self._marked.id if self._marked else None)

    # ---- searching -------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Typing searches, until Enter or Down."""
        self.query_one("#search").focus()

    @on(Input.Changed, "#search")
    def _search_soon(self, event: Input.Changed) -> None:
        if self._timer:
            self._timer.stop()
        if event.value != self._wanted:
            self._timer = self.set_timer(_SEARCH_SECONDS, self._search)

    def _search(self) -> None:
        wanted = self.query_one("#search", Input).value
        if wanted != self._wanted:
            self._wanted = wanted
            self._fill()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self._search()
        self.query_one(Table).focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.query_one("#search").has_focus:
            event.stop()
            self._found()

    def action_back(self) -> None:
        """Out of the search first, then out of the screen."""
        search = self.query_one("#search", Input)
        if search.value or search.has_focus:
            search.value = ""
            self._found()
        else:
            self.dismiss(None)

    # ---- what is done with an adventure ----------------------------------------------------------------------

    def _opened(self, listed: ShelfEntry) -> Adventure:
        """The adventure; the one in play as the game has it, so that it knows of what is changed here."""
        return self.session.adventure if listed.id == self._playing else self.shelf.open(listed.id)

    def action_rename(self) -> None:
        """Another title."""
        if listed := self._marked:
            asked = LineScreen("What is it to be called?", one_line(listed.title))
            self.app.push_screen(asked, partial(self._rename, listed))

    def _rename(self, listed: ShelfEntry, title: str | None) -> None:
        if title is not None:
            with game(self).toast_errors():
                relabel(self.shelf, self._opened(listed), title=title)
                self._fill(listed.id)

    def action_tag(self) -> None:
        """Other tags."""
        if listed := self._marked:
            asked = LineScreen("Which tags? Commas between them; none takes them away.", ", ".join(listed.tags))
            self.app.push_screen(asked, partial(self._tag, listed))

    def _tag(self, listed: ShelfEntry, tags: str | None) -> None:
        if tags is not None:
            with game(self).toast_errors():
                relabel(self.shelf, self._opened(listed), tags=tags.split(","))
                self._fill(listed.id)

    def action_export(self, ending: str, whole: bool) -> None:
        """Writes the story to a file."""
        listed = self._marked
        if listed is None:
            return
        with game(self).toast_errors():
            adventure = self._opened(listed)
            what = "all branches" if whole else "the story up to where you stand"
            several = listed.branches > 1 and not whole
            hint = f"Shift and the same key writes all {listed.branches} branches." if several else ""
            asked = LineScreen(f"Write {what} to which file?", str(default_export_path(adventure, ending)), hint)
            self.app.push_screen(asked, partial(self._export, adventure, whole))

    def _export(self, adventure: Adventure, whole: bool, to: str | None, over: bool = False) -> None:
        if to is None:
            return
        with game(self).toast_errors():
            try:
                path = export_adventure(adventure, to, whole=whole, over=over)
            except ExportFileExists:
                confirm = ConfirmScreen(f"There is a file {printable(to)} already. Write over it?", "Write over it")
                self.app.push_screen(confirm, partial(self._export_over, adventure, whole, to))
            else:
                game(self).toast(f"Written to {printable(str(path.absolute()))}")

    def _export_over(self, adventure: Adventure, whole: bool, to: str, yes: bool | None) -> None:
        if yes:
            self._export(adventure, whole, to, over=True)

    def action_purge(self) -> None:
        """Off the disk, once it is confirmed."""
        listed = self._marked
        if listed is None:
            return
        if listed.id == self._playing:
            game(self).toast("This adventure is being played. Leave it first: Esc, then choose another.")
            return
        question = (
            f"Take “{one_line(listed.title)}” off the disk, for good?\n\n"
            f"{' · '.join(_counts(listed))}. Nothing brings them back."
        )
        self.app.push_screen(ConfirmScreen(question, "Purge"), partial(self._purge, listed))

    def _purge(self, listed: ShelfEntry, yes: bool | None) -> None:
        if not yes:
            return
        with game(self).toast_errors():
            place = self._listing.index(listed)
            beside = [*self._listing[place + 1 :], *self._listing[:place][::-1]]
            self.shelf.purge(listed.id)
            self._fill(beside[0].id if beside else None)


class _Rows(Sequence[tuple[str, ...]]):
    """The adventures as cells, made when they come into sight."""

    def __init__(self, listing: list[ShelfEntry]) -> None:
        self._listing = listing

    def __len__(self) -> int:
        return len(self._listing)

    def __getitem__(self, row: Any) -> Any:
        listed = self._listing[row]
        return (
            one_line(listed.title),
            time_ago(listed.played),
            f"{listed.turns:,}",
            f"{listed.words:,}",
            f"{listed.branches:,}",
            " ".join(f"#{one_line(tag)}" for tag in listed.tags),
        )


def _counts(listed: ShelfEntry) -> list[str]:
    return [plural(listed.turns, "turn"), plural(listed.words, "word"), plural(listed.branches, "branch")]
