"""The voices: what is here, what can be fetched, what fits this machine. Fetch, pause, switch and remove.

Below the voices stand the models of servers that answer on this machine's usual ports. They are found by GETs alone;
nothing else is sent before the player chooses one. A fetch runs in the app (`dungeon.tui.host.Game.fetches`) and goes
on when this screen is closed.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from corpus.text import one_line
from dungeon.storyteller.hardware.gpu import gpu_hint
from dungeon.storyteller.hardware.machine import READING_WORDS, Machine, this_machine
from dungeon.storyteller.servers.detect import FoundServer, find_local_servers
from dungeon.storyteller.servers.models import ServedModel
from dungeon.storyteller.voices.background import Fetch, FetchState
from dungeon.storyteller.voices.getting import find_wish, remove_voice
from dungeon.storyteller.voices.lines import (
    duration_text,
    gigabytes,
    machine_line,
    memory_text,
    place_text,
    size_text,
    words_text,
)
from dungeon.storyteller.voices.overview import Place, VoiceRow, fetch_seconds, overview
from dungeon.tui.host import game
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.table import Column, Table

_COLUMNS = (
    Column("Voice"),
    Column("Where", 16),
    Column("Size", 7, right=True, from_width=56),
    Column("Memory", 8, right=True, from_width=68),
    Column("Fits", 4, from_width=48),
    Column("Words/s", 7, right=True, from_width=78),
    Column("Licence", 11, from_width=96),
)
_PLAYING = "● "


class VoiceTable(Table):
    """The voices."""

    BINDINGS = [
        Binding("enter", "select", "Fetch, pause or play"),
        Binding("delete", "screen.remove", "Remove"),
    ]


class VoicesScreen(Screen[None]):
    """A table of voices; below it, what there is to know of the highlighted one, and what Enter does."""

    CSS_PATH = "voices.tcss"
    AUTO_FOCUS = "#voices"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [Binding("escape", "dismiss", "Back")]

    @dataclass
    class Loaded(Message):
        """What is known of the machine and the voices."""

        machine: Machine
        rows: list[VoiceRow]
        gpu_hint: str

    @dataclass
    class ServersFound(Message):
        """Servers that answer on this machine."""

        servers: list[FoundServer]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[VoiceRow] = []
        self._served: list[tuple[FoundServer, ServedModel]] = []
        """The models of servers, which are listed below the voices."""
        self._machine: Machine | None = None

    def compose(self) -> ComposeResult:
        with Pane("Voices", widget_id="pane"):
            yield Static("Looking at this machine…", id="machine", markup=False)
            yield VoiceTable(_COLUMNS, widget_id="voices")
        with Pane(widget_id="about"):
            yield ProgressBar(id="progress")
            yield Static(id="detail", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._load()
        self._look_for_servers()

    # ---- the list --------------------------------------------------------------------------------------------

    @work(group="overview", exclusive=True)
    async def _load(self) -> None:
        """Look at the machine and the disk, on a thread: that may take a while."""
        machine = await asyncio.to_thread(this_machine)
        rows = await asyncio.to_thread(overview, machine)
        self.post_message(self.Loaded(machine, rows, await asyncio.to_thread(gpu_hint)))

    @work(group="servers", exclusive=True)
    async def _look_for_servers(self) -> None:
        self.post_message(self.ServersFound(await find_local_servers()))

    @on(ServersFound)
    def _servers_found(self, event: ServersFound) -> None:
        self._served = [(server, model) for server in event.servers for model in server.models]
        if self._rows:
            self._fill(self._highlighted.name if self._highlighted else "")

    @on(Loaded)
    def _loaded(self, event: Loaded) -> None:
        first = not self._rows
        highlighted = game(self).storyteller.name if first else self._highlighted.name if self._highlighted else ""
        self._machine = event.machine
        self._rows = [row for row in event.rows if row.offered or row.name == game(self).storyteller.name]
        lines = [machine_line(event.machine), event.gpu_hint]
        self.query_one("#machine", Static).update(Content("\n".join(filter(None, lines))))
        self._fill(highlighted)

    def _fill(self, name: str) -> None:
        places = {row.name: place for place, row in enumerate(self._rows)}
        rows = [self._cells(row) for row in self._rows] + [_server_cells(*served) for served in self._served]
        self.query_one(Table).set_rows(rows, places.get(name, 0))

    def _cells(self, row: VoiceRow) -> tuple[str, ...]:
        playing = row.name == game(self).storyteller.name
        return (
            f"{_PLAYING if playing else '  '}{one_line(row.title)}",
            self._where(row),
            size_text(row.size),
            gigabytes(row.memory),
            "yes" if row.fits else "no",
            words_text(row),
            one_line(row.license) or "not stated",
        )

    def _where(self, row: VoiceRow) -> str:
        fetch = game(self).fetches.get(row.name)
        if fetch and fetch.state is FetchState.RUNNING:
            return f"fetching {fetch.percent}%"
        if fetch and fetch.state is FetchState.PAUSED and not row.is_here:
            return f"paused at {fetch.percent}%"
        return place_text(row)

    def fetch_changed(self, fetch: Fetch) -> None:
        """A voice has come further; when it is here, or the fetch has failed, the list is read again."""
        if fetch.state is not FetchState.RUNNING:
            self._load()
        if row := self._highlighted:
            self._fill(row.name)

    @property
    def _highlighted(self) -> VoiceRow | None:
        place = self.query_one(Table).cursor_row
        return self._rows[place] if place < len(self._rows) else None

    @property
    def _highlighted_model(self) -> tuple[FoundServer, ServedModel] | None:
        place = self.query_one(Table).cursor_row - len(self._rows)
        return self._served[place] if self._rows and 0 <= place < len(self._served) else None

    @on(Table.RowHighlighted)
    def _show_detail(self) -> None:
        title, text = "", ""
        if row := self._highlighted:
            title, text = row.title, self._detail(row)
        elif served := self._highlighted_model:
            title, text = served[1].title, _server_detail(*served)
        self.query_one("#about", Pane).set_title(title)
        self.query_one("#detail", Static).update(Content(text))
        self._show_progress(row)

    def _show_progress(self, row: VoiceRow | None) -> None:
        """Show how much of the highlighted voice has arrived, if it is being fetched."""
        bar = self.query_one(ProgressBar)
        fetch = game(self).fetches.get(row.name) if row else None
        bar.display = fetch is not None and fetch.state is FetchState.RUNNING and fetch.total > 0
        if fetch and bar.display:
            bar.update(total=fetch.total, progress=fetch.done)

    def _detail(self, row: VoiceRow) -> str:
        speed = ""
        if row.words_per_second:
            how = "Measured here" if row.measured else "Estimated"
            speed = f" {how}: {words_text(row)} words a second, {_beside_reading(row)}."
        terms = one_line(f"{row.license or 'not stated'} {row.license_url}")
        fits = "which this machine has free" if row.fits else "more than this machine can spare now"
        memory = f"It needs {gigabytes(row.memory)} of memory, {fits}." if row.memory else ""
        return (
            f"Enter {self._what_enter_does(row)}.\n"  # first: on a small screen there is no room for more
            f"{memory}{speed}\n"
            f"{one_line(row.summary)}\n"
            f"Licence: {terms}"
        )

    def _what_enter_does(self, row: VoiceRow) -> str:
        fetch = game(self).fetches.get(row.name)
        if fetch and fetch.state is FetchState.RUNNING:
            return "pauses the download; what has arrived is kept"
        if row.is_here:
            return "goes back: this voice is playing" if row.name == game(self).storyteller.name else "plays with it"
        if row.place is Place.LOST:
            return "can't play it: its file is gone. Del takes it out of the list"
        if row.place is Place.PART:
            return f"goes on fetching it: {size_text(row.size - row.done)} more{_time(row)}"
        return f"asks whether to fetch it: {size_text(row.size)}{_time(row)}"

    # ---- fetching and playing --------------------------------------------------------------------------------

    @on(Table.RowSelected)
    async def _selected(self) -> None:
        if served := self._highlighted_model:
            await self._play_on_server(*served)
        row = self._highlighted
        if row is None:
            return
        fetch = game(self).fetches.get(row.name)
        if fetch and fetch.state is FetchState.RUNNING:
            game(self).fetches.pause(row.name)
        elif row.is_here and row.name == game(self).storyteller.name:
            self.dismiss(None)
        elif row.is_here and row.fits:
            await self._play(row.name, True)
        elif row.is_here:
            question = f"{row.title} {memory_text(row)}. It may be very slow, or not start. Play with it all the same?"
            self.app.push_screen(ConfirmScreen(question, "Play"), partial(self._play, row.name))
        elif row.place is Place.LOST:
            game(self).toast(f"The file {one_line(str(row.file))} is gone.", error=True)
        elif row.place is Place.PART:
            self._fetch(row.name, True)
        else:
            question = (
                f"Fetch {row.title}?\n\n{size_text(row.size)}{_time(row)}. Its licence is {row.license}: "
                f"{row.license_url}\n\nThe game goes on meanwhile."
            )
            if not row.fits:
                question += f" This machine has too little memory for it now: it {memory_text(row)}."
            self.app.push_screen(ConfirmScreen(question, "Fetch"), partial(self._fetch, row.name))

    def _fetch(self, name: str, yes: bool | None) -> None:
        if yes:
            with game(self).toast_errors():
                game(self).fetches.start(find_wish(name))
            self._load()

    async def _play(self, name: str, yes: bool | None) -> None:
        if yes:
            with game(self).toast_errors():
                await game(self).switch_voice(name)
                self.dismiss(None)

    async def _play_on_server(self, server: FoundServer, model: ServedModel) -> None:
        with game(self).toast_errors():
            await game(self).switch_server(server.url, model.name)
            self.dismiss(None)

    # ---- removing --------------------------------------------------------------------------------------------

    def action_remove(self) -> None:
        """Delete a voice's file, once that is confirmed."""
        row = self._highlighted
        if row is None:
            return
        playing = next((other for other in self._rows if other.name == game(self).storyteller.name), None)
        if row.place is Place.HUB:
            game(self).toast("This voice is not here.")
        elif playing and playing.file == row.file:
            game(self).toast("This voice is playing. Go on with another one first.")
        else:
            if row.place is Place.LOST or not row.deletes:
                question = f"Take {row.title} out of the list? Its file stays where it is."
            else:
                question = f"Delete {row.title} from the disk ({size_text(row.done)})? It can be fetched again."
            self.app.push_screen(ConfirmScreen(question, "Remove"), partial(self._confirmed, row.name))

    def _confirmed(self, name: str, yes: bool | None) -> None:
        if yes:
            game(self).fetches.forget(name)
            self._remove(name)

    @work(group="remove")
    async def _remove(self, name: str) -> None:
        with game(self).toast_errors():
            await asyncio.to_thread(remove_voice, name)
        self._load()


def _time(row: VoiceRow) -> str:
    seconds = fetch_seconds(row)
    return f", about {duration_text(seconds)}" if seconds else ""


def _beside_reading(row: VoiceRow) -> str:
    if row.words_per_second >= 2 * READING_WORDS:
        return "faster than people read"
    return "about as fast as people read" if row.reads_along else "slower than people read"


def _server_cells(server: FoundServer, model: ServedModel) -> tuple[str, ...]:
    return (f"  {one_line(model.title)}", f"at {server.kind}", "", "", "", "", "")


def _server_detail(server: FoundServer, model: ServedModel) -> str:
    context = f" Its context has {model.context:,} tokens." if model.context else ""
    loaded = " It is loaded." if model.is_loaded else ""
    return f"Enter plays with it.\nA model of the {server.kind} server at {one_line(server.url)}.{context}{loaded}"
