"""The voices on the screen: fetching in the background, pausing, switching in mid-adventure, removing."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import ProgressBar, Static

from dungeon.errors import DungeonError
from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.catalogue import CATALOGUE, CatalogueWeights
from dungeon.storyteller.download.weights import is_here, part_bytes, weights_path
from dungeon.storyteller.hardware import machine as machine_module
from dungeon.storyteller.hardware.machine import Machine
from dungeon.storyteller.hardware.measurements import Speed, keep_network_speed, keep_speed
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.servers.detect import FoundServer, Kind
from dungeon.storyteller.servers.models import ServedModel
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.storyteller.voices.find import Voice
from dungeon.storyteller.voices.getting import find_wish, get_voice
from dungeon.tui import app as app_module
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens import start_voice as start_module
from dungeon.tui.screens import voices as voices_module
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.screens.voices import VoicesScreen
from dungeon.tui.widgets.table import Table
from tests.dungeon.file_server import FileServer, hang, serving
from tests.dungeon.gguf_files import instruct_gguf
from tests.dungeon.host import press, screen_text, settle, stop_blinking, toast_text, wait_until, widget_text
from tests.dungeon.playing import play_line, prompt
from tests.dungeon.scripted import Hold, ScriptedServer

GB = 10**9
LAPTOP = Machine(6 * GB, 8 * GB, 4, 50 * GB)
CONTENT = instruct_gguf() + bytes(200_000)


async def answer(servers: list[FoundServer]) -> list[FoundServer]:
    return servers


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of these tests. No server runs on it."""
    monkeypatch.setattr(voices_module, "find_local_servers", partial(answer, []))
    for module in (machine_module, start_module, voices_module):
        monkeypatch.setattr(module, "this_machine", lambda: LAPTOP)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A Hub whose files are all the same small one, and a catalogue that expects it for ember."""
    small = CatalogueWeights(
        "ember",
        "ember.gguf",
        len(CONTENT),
        hashlib.sha256(CONTENT).hexdigest(),
        "Apache-2.0",
        "https://example.org/l",
        CATALOGUE["ember"].weights.sources[:1],
    )
    monkeypatch.setitem(CATALOGUE, "ember", replace(CATALOGUE["ember"], weights=small))
    with serving(CONTENT) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield server


class FakeVoice(LocalStoryteller):
    """A local voice whose engine is the scripted server."""

    url = ""
    started: list[str] = []
    closed: list[str] = []

    def __init__(self, voice: Voice, on_download: Callable[[int, int], None] | None = None) -> None:
        super().__init__(voice, on_download)
        self._remote = RemoteStoryteller(self.url, voice.name)

    async def start(self) -> None:
        self.started.append(self.name)

    def stream(self, request: Any) -> Any:
        return self._remote.stream(request)

    async def evict_suffix(self, prompt: str) -> None:
        pass

    async def close(self) -> None:
        self.closed.append(self.name)
        await self._remote.close()


@pytest.fixture
def fake(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> type[FakeVoice]:
    """All local voices of the app are played by the scripted server."""
    FakeVoice.url, FakeVoice.started, FakeVoice.closed = server.url, [], []
    monkeypatch.setattr(app_module, "LocalStoryteller", FakeVoice)
    monkeypatch.setattr(start_module, "LocalStoryteller", FakeVoice)
    return FakeVoice


@asynccontextmanager
async def opened(
    server: ScriptedServer, fake: type[FakeVoice], *, scenario: str = "", size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Pilot[None]]:
    """The game with lantern as its voice."""
    server.answers = ["x"]
    voice = fake(Voice("lantern", Path("/nowhere")))
    app = DungeonApp(voice, scenario=find_scenario(scenario) if scenario else None)
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: app.voice_state == "ready")
        await settle(pilot)
        yield pilot
        await app.end_game()


async def voices(pilot: Pilot[None], name: str = "") -> VoicesScreen:
    """The screen, with the cursor on a voice."""
    await press(pilot, "f8")
    screen = pilot.app.screen
    assert isinstance(screen, VoicesScreen)
    await wait_until(pilot, lambda: bool(screen.query_one(Table).rows))
    if name:
        await at(pilot, name)
    return screen


async def at(pilot: Pilot[None], name: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, VoicesScreen)
    screen.query_one(Table).cursor_row = [row.name for row in screen._rows].index(name)
    await settle(pilot)


def where(pilot: Pilot[None], name: str) -> str:
    screen = pilot.app.screen
    assert isinstance(screen, VoicesScreen)
    place = [row.name for row in screen._rows].index(name)
    return str(screen.query_one(Table).rows[place][1])


def detail(pilot: Pilot[None]) -> str:
    return widget_text(pilot.app, "#detail")


def weights(name: str) -> CatalogueWeights:
    return CATALOGUE[name].weights


# ---- servers -----------------------------------------------------------------------------------------------------


async def test_the_models_of_a_server_on_this_machine_are_listed_and_one_plays(
    server: ScriptedServer, fake: type[FakeVoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ServedModel("mist[red]ral", 8192, is_loaded=True)
    found = FoundServer(server.url, Kind.OLLAMA, (model,))
    monkeypatch.setattr(voices_module, "find_local_servers", partial(answer, [found]))
    async with opened(server, fake, scenario="iron-door") as pilot:
        screen = await voices(pilot)
        table = screen.query_one(Table)
        await wait_until(pilot, lambda: "mist[red]ral" in str(table.rows[-1][0]))
        table.cursor_row = len(table.rows) - 1
        await settle(pilot)
        assert server.url in detail(pilot)
        assert "8,192 tokens" in detail(pilot)
        await press(pilot, "enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, PlayScreen))
        server.answers = ["\nThe door opens wide."]
        await play_line(pilot, "open the door")
        assert "opens wide" in screen_text(pilot.app)
        assert server.requests[-1]["model"] == "mist[red]ral"
        assert fake.closed == ["lantern"]


# ---- the list ----------------------------------------------------------------------------------------------------


async def test_the_list_says_what_a_player_asks(server: ScriptedServer, fake: type[FakeVoice]) -> None:
    keep_network_speed(10e6)
    async with opened(server, fake) as pilot:
        await voices(pilot, "qwen3-4b")
        assert "6.0 GB of 8.0 GB of memory free, 4 cores" in widget_text(pilot.app, "#machine")
        text = detail(pilot)
        assert "needs 4.1 GB of memory, which this machine has free" in text and "words a second" in text
        assert "Apache-2.0 https://" in text
        assert "Enter asks whether to fetch it: 2.5 GB, about 4 min." in text
        await at(pilot, "harbinger-24b")
        assert "more than this machine can spare now" in detail(pilot) and "slower than people read" in detail(pilot)
        assert "smollm2" not in [row.name for row in pilot.app.screen._rows]  # type: ignore[attr-defined]


async def test_it_opens_by_key_by_command_and_closes(server: ScriptedServer, fake: type[FakeVoice]) -> None:
    async with opened(server, fake, scenario="iron-door") as pilot:
        await voices(pilot)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, PlayScreen)
        prompt(pilot).insert("/voices")
        await press(pilot, "enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, VoicesScreen))
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PlayScreen)


# ---- fetching ----------------------------------------------------------------------------------------------------


async def test_nothing_is_fetched_without_a_yes(server: ScriptedServer, fake: type[FakeVoice], hub: FileServer) -> None:
    async with opened(server, fake) as pilot:
        await voices(pilot, "ember")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert "Its licence is Apache-2.0: https://example.org/l" in widget_text(pilot.app, "#question")
        await press(pilot, "n")
        assert hub.asked == []


async def test_a_voice_is_fetched_while_the_game_goes_on(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    hub.plan = [hang(100_000)]
    async with opened(server, fake, scenario="iron-door") as pilot:
        await voices(pilot, "ember")
        await press(pilot, "enter", "y")
        await wait_until(pilot, lambda: part_bytes(weights("ember")) == 100_000)
        await press(pilot, "escape")
        server.answers = ["\nThe door opens wide. "]
        await play_line(pilot, "open the door")
        assert "opens wide" in screen_text(pilot.app)
        await voices(pilot, "ember")
        assert "Enter pauses the download" in detail(pilot)
        bar = pilot.app.screen.query_one(ProgressBar)
        assert bar.display
        assert bar.percentage == pytest.approx(100_000 / len(CONTENT))
        await press(pilot, "up")
        assert not bar.display, "it is of the highlighted voice"
        await press(pilot, "down", "enter")
        await wait_until(pilot, lambda: where(pilot, "ember").startswith("paused at "))
        assert not bar.display
        await wait_until(pilot, lambda: "goes on fetching it" in detail(pilot))
        await press(pilot, "enter")
        await wait_until(pilot, lambda: is_here(weights("ember")))
        await wait_until(pilot, lambda: where(pilot, "ember") == "here")
        assert "The voice ember is here. F8 goes on with it." in toast_text(pilot.app)
        assert hub.gets[-1].headers["Range"] == "bytes=100000-"


async def test_a_fetch_that_fails_says_why_and_the_game_goes_on(
    server: ScriptedServer, fake: type[FakeVoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    async with opened(server, fake) as pilot:
        await voices(pilot, "qwen3-4b")
        await press(pilot, "enter", "y")
        await wait_until(pilot, lambda: "switched off by HF_HUB_OFFLINE" in toast_text(pilot.app))
        assert where(pilot, "qwen3-4b") == "can be fetched"


async def test_leaving_the_game_stops_the_fetch_and_keeps_the_part(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    hub.plan = [hang(100_000)]
    async with opened(server, fake) as pilot:
        await voices(pilot, "ember")
        await press(pilot, "enter", "y")
        await wait_until(pilot, lambda: part_bytes(weights("ember")) == 100_000)
    assert part_bytes(weights("ember")) == 100_000
    assert not [thread for thread in threading.enumerate() if thread.name == "fetch ember"]


async def test_the_status_line_shows_how_far_it_is(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    hub.plan = [hang(len(CONTENT) // 2)]
    async with opened(server, fake) as pilot:
        await voices(pilot, "ember")
        await press(pilot, "enter", "y")
        await wait_until(pilot, lambda: pilot.app.fetch_state != "")  # type: ignore[attr-defined]
        await press(pilot, "escape")
        assert "fetching ember" in screen_text(pilot.app)


# ---- switching ---------------------------------------------------------------------------------------------------


async def test_the_voice_changes_in_mid_adventure_and_each_turn_records_its_own(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    await asyncio.to_thread(get_voice, find_wish("ember"))
    async with opened(server, fake, scenario="iron-door") as pilot:
        app = pilot.app
        assert isinstance(app, DungeonApp)
        server.answers = ["\nThe door opens wide. "]
        await play_line(pilot, "open the door")
        await voices(pilot, "ember")
        await press(pilot, "enter")
        await wait_until(pilot, lambda: app.voice_state == "ready" and "ember" in fake.started)
        assert isinstance(app.screen, PlayScreen)
        assert fake.closed == ["lantern"], "two voices may not fit into the memory"
        assert (app.storyteller.name, app.session.storyteller.name) == ("ember", "ember")
        assert app.session.settings.voice.length == 35
        assert app.session.budget > 2048
        server.answers = ["\nIt is quite dark. "]
        await play_line(pilot, "look around")
        first, second = app.session.adventure.path()
        assert [node.prose for node in (first, second)] == ["The door opens wide.", "It is quite dark."]
        models = [request["model"] for request in server.requests if "look around" in str(request["prompt"])]
        assert set(models) == {"ember"}


async def test_no_switch_while_a_turn_is_written(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    await asyncio.to_thread(get_voice, find_wish("ember"))
    async with opened(server, fake, scenario="iron-door") as pilot:
        app = pilot.app
        assert isinstance(app, DungeonApp)
        server.answers = [["\nThe door", Hold(), " opens wide. "]]
        prompt(pilot).insert("open the door")
        await press(pilot, "enter")
        await wait_until(pilot, lambda: "The door" in screen_text(app))
        with pytest.raises(DungeonError, match="A turn is being written"):
            await app.switch_voice("ember")
        server.release()
        await wait_until(pilot, lambda: isinstance(app.screen, PlayScreen) and not app.screen.busy)


async def test_a_voice_that_is_not_here_is_not_fetched_by_its_name(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    async with opened(server, fake, scenario="iron-door") as pilot:
        await play_line(pilot, "/voices ember")
        await wait_until(pilot, lambda: "dungeon voices get ember" in toast_text(pilot.app))
        assert hub.asked == []


async def test_a_voice_that_needs_too_much_memory_is_asked_about(server: ScriptedServer, fake: type[FakeVoice]) -> None:
    path = weights_path(weights("harbinger-24b"))
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    async with opened(server, fake) as pilot:
        await voices(pilot, "harbinger-24b")
        await press(pilot, "enter")
        assert "It may be very slow" in widget_text(pilot.app, "#question")
        await press(pilot, "y")
        await wait_until(pilot, lambda: pilot.app.storyteller.name == "harbinger-24b")  # type: ignore[attr-defined]


# ---- removing ----------------------------------------------------------------------------------------------------


async def test_a_voice_is_removed_after_a_question(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    await asyncio.to_thread(get_voice, find_wish("ember"))
    async with opened(server, fake) as pilot:
        await voices(pilot, "ember")
        await press(pilot, "delete", "n")
        assert is_here(weights("ember"))
        await press(pilot, "delete", "y")
        await wait_until(pilot, lambda: where(pilot, "ember") == "can be fetched")
        assert not is_here(weights("ember"))


async def test_what_plays_is_not_removed(server: ScriptedServer, fake: type[FakeVoice]) -> None:
    path = weights_path(weights("lantern"))
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(weights("lantern").size)
    async with opened(server, fake) as pilot:
        await voices(pilot, "lantern")
        await press(pilot, "delete")
        assert "This voice is playing" in toast_text(pilot.app)
        assert path.exists()


# ---- the first screen --------------------------------------------------------------------------------------------


def better(pilot: Pilot[None]) -> str:
    line = pilot.app.screen.query_one("#better", Static)
    return str(line.content) if line.display else ""


async def test_the_first_screen_names_a_better_voice(
    server: ScriptedServer, fake: type[FakeVoice], hub: FileServer
) -> None:
    keep_network_speed(10e6)
    async with opened(server, fake) as pilot:
        assert isinstance(pilot.app.screen, StartScreen)
        await wait_until(pilot, lambda: better(pilot) != "")
        assert better(pilot) == (
            "F8 shows a better voice for this machine: Qwen3 4B Instruct 2507, 2.5 GB, about 4 min to fetch"
        )
        assert hub.asked == []


async def test_the_first_screen_is_silent_where_the_best_is_here(
    server: ScriptedServer, fake: type[FakeVoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    def best_is_here(_: object) -> None:
        looked.set()

    monkeypatch.setattr(start_module, "recommended", best_is_here)
    async with opened(server, fake) as pilot:
        await wait_until(pilot, looked.is_set)
        await settle(pilot)
        assert better(pilot) == ""


# ---- pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(100, 30), (40, 12)], ids=["wide", "narrow"])
def test_snapshot(size: tuple[int, int], snap_compare: Any, server: ScriptedServer, fake: type[FakeVoice]) -> None:
    keep_network_speed(10e6)
    keep_speed("lantern", Speed(0.5, 0.1, 70.0))
    for name, share in (("ember", 1.0), ("lantern", 1.0), ("qwen3-4b", 0.31)):
        path = weights_path(weights(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path if share == 1 else path.with_name(f"{path.name}.part")).open("wb") as file:
            file.truncate(int(weights(name).size * share))

    async def before(pilot: Pilot[None]) -> None:
        await wait_until(pilot, lambda: pilot.app.voice_state == "ready")  # type: ignore[attr-defined]
        await voices(pilot, "qwen3-4b")
        await stop_blinking(pilot)

    server.answers = ["x"]
    app = DungeonApp(fake(Voice("lantern", Path("/nowhere"))))
    assert snap_compare(app, terminal_size=size, run_before=before)
