"""Disk failures during play: no finished turn is lost, and each error message says what to do."""

import asyncio
import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play.adventures import relabel
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.scenarios.user import find_scenario
from dungeon.storage import turn_rows
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Lore
from dungeon.tui.app import DungeonApp
from dungeon.tui.widgets.prompt import Prompt
from tests.dungeon.host import toast_text
from tests.dungeon.scripted import Hold, ScriptedServer
from tests.terminal import Terminal

RECORD = GenerationRecord("v", "{}", 1)
DISK_FULL = "The disk is full, or fails. Make room, then go on"


@pytest.fixture
def server(untraced: None) -> Iterator[ScriptedServer]:
    """Untraced, since most games here are processes: coverage makes each start three times slower."""
    with ScriptedServer() as running:
        yield running


def command(server: ScriptedServer, *options: str) -> list[str]:
    return [sys.executable, "-m", "dungeon", "play", "--endpoint", server.url, "--model", "scripted", *options]


def play(server: ScriptedServer, lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(server, "--plain", *options),
        input=lines,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def last_adventure() -> Adventure:
    """The adventure that was played last, read from the shelf."""
    with closing(Shelf(shelf_file())) as shelf:
        last = shelf.latest_id()
        assert last is not None
        return shelf.open(last)


def saved_turns() -> list[tuple[str, str]]:
    """The action and the prose of each turn up to the head, read from the shelf; none before the first."""
    with closing(Shelf(shelf_file())) as shelf:
        last = shelf.latest_id()
        return [] if last is None else [(node.action, node.prose) for node in shelf.open(last).path()]


def wait_until(is_true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits for the game, which saves what it shows a moment later."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def save_adventure(turns: int, file: Path | None = None) -> Adventure:
    """Saves an adventure with finished turns and closes the shelf."""
    with closing(Shelf(file or shelf_file())) as shelf:
        adventure = shelf.add_adventure(scenario_from_opening("You stand before the iron door."), "v")
        for number in range(turns):
            node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", RECORD)
            shelf.save_turn(adventure.set_prose(node.id, f"Hour {number} goes by. " * 40, State.DONE))
    return adventure


# ---- a full disk -----------------------------------------------------------------------------------------------------
# A limit on the size of files gives a program the same errors as a full disk.


def fill_disk(pid: int) -> None:
    """From now on the process can't make any file longer."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def make_room(pid: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_a_full_disk_before_a_turn_is_an_error_and_the_game_continues(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", "\nIt is dark."]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\n")
        game.expect("It opens.\r\n")
        fill_disk(game.pid)
        game.send("go in\n")
        game.expect("can't be written")
        game.expect(DISK_FULL)
        assert saved_turns() == [("You open the door.", "It opens.")]
        make_room(game.pid)
        game.send("go in\n")
        game.expect("It is dark.\r\n")
        game.send("/quit\n")
        assert game.wait() == 0
    assert saved_turns() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]


def test_a_turn_during_which_the_disk_fills_up_is_saved_once_there_is_room(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", ["\nIt is dark. ", Hold(), "Something breathes."], "\nIt sleeps on."]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\ngo in\n")
        wait_until(lambda: saved_turns()[1:] == [("You go in.", "It is dark.")])
        fill_disk(game.pid)
        server.release()
        game.expect("can't be written")
        game.expect(DISK_FULL)
        assert saved_turns() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]
        make_room(game.pid)
        game.send("listen\n")
        game.expect("It sleeps on.\r\n")
        # The prose that could not be saved before is saved now.
        assert saved_turns()[1:] == [
            ("You go in.", "It is dark. Something breathes."),
            ("You listen.", "It sleeps on."),
        ]


def test_a_game_killed_on_a_full_disk_loses_only_the_prose_that_could_not_be_saved(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", ["\nIt is dark. ", Hold(), "Something breathes."]]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\ngo in\n")
        wait_until(lambda: saved_turns()[1:] == [("You go in.", "It is dark.")])
        fill_disk(game.pid)
        server.release()
        game.expect(DISK_FULL)
        game.send("listen\n")
        game.expect(DISK_FULL)
    assert saved_turns() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]
    assert "> You go in.\n\nIt is dark.\n" in play(server, "", "--continue").stdout


async def test_a_change_that_could_not_be_saved_is_not_made(server: ScriptedServer) -> None:
    """Otherwise the player would go on from a turn, or with a memory, that is not on the shelf."""
    server.answers = ["\nIt opens.", "\nIt is dark.", "\nIt is bright."]
    storyteller = RemoteStoryteller(server.url, "scripted")
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        first = await session.play_turn(Kind.DO, "open it", lambda prose: None)
        second = await session.play_turn(Kind.DO, "go in", lambda prose: None)
        await session.retry(lambda prose: None)
        changes: list[Callable[[], object]] = [
            session.undo,
            session.redo,
            lambda: session.go_to(first.id),
            lambda: session.step_take(-1),
            lambda: session.edit(second.id, prose="It is grey."),
            lambda: session.label_turn(second.id, name="The dark", bookmarked=True),
            lambda: session.set_lore(Lore("The door is iron.")),
            lambda: relabel(shelf, session.adventure, title="The door", tags=("iron",)),
        ]
        for change in changes:
            fails_on_a_full_disk(change)
            assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
        fill_disk(os.getpid())
        try:
            with pytest.raises(DungeonError, match=DISK_FULL):
                await session.retry(lambda prose: None)
        finally:
            make_room(os.getpid())
        assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
        for change in changes:
            change()
            assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
    await storyteller.close()


def fails_on_a_full_disk(change: Callable[[], object]) -> None:
    """Tries the change while the disk is full and expects the error."""
    fill_disk(os.getpid())
    try:
        with pytest.raises(DungeonError, match=DISK_FULL):
            change()
    finally:
        make_room(os.getpid())


async def test_on_a_full_disk_the_input_returns_to_the_prompt_and_the_game_continues(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens."]
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))
    async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(30):

        async def until(true: Callable[[], bool]) -> None:
            while not true():
                await pilot.pause(0.01)

        def prompt() -> Prompt:
            return app.screen.query_one(Prompt)

        async def send(words: str) -> None:
            prompt().text = words
            await pilot.press("enter")

        await until(lambda: bool(app.screen.query(Prompt)))
        await send("open the door")
        await until(lambda: saved_turns() == [("You open the door.", "It opens.")] and app.screen.busy is False)  # type: ignore[attr-defined]
        try:
            fill_disk(os.getpid())
            await send("go in")
            await until(lambda: DISK_FULL in toast_text(app))
        finally:
            make_room(os.getpid())
        assert saved_turns() == [("You open the door.", "It opens.")]
        await until(lambda: prompt().text == "go in")
        await pilot.press("enter")
        await until(lambda: saved_turns() == [("You open the door.", "It opens."), ("You go in.", "It opens.")])


def test_a_shelf_that_can_not_be_made_on_a_full_disk_is_an_error(server: ScriptedServer) -> None:
    full = "import os, resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, (0, 0)); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", full, *command(server, "--plain", "--scenario", "iron-door")]
    with Terminal(argv, size=(30, 400)) as game:
        assert game.wait() == 2
    printed = game.seen.decode()
    assert f"The shelf {shelf_file()} can't be opened" in printed
    assert DISK_FULL in printed
    assert "Traceback" not in printed
    assert not shelf_file().exists()


# ---- a home that can't be written to ---------------------------------------------------------------------------------


_NO_SUPERUSER = """
import ctypes, os, sys
try:
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # drop CAP_DAC_OVERRIDE: permissions hold for root as for anybody
except AttributeError:
    pass
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def write_protected(*paths: Path) -> Iterator[None]:
    """Makes the paths read-only within the block."""
    modes = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode)


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "screen"])
@pytest.mark.parametrize("read_only_path", ["home", "folder", "file"])
def test_a_read_only_home_is_an_error_that_names_dungeon_home(
    server: ScriptedServer, home: Path, read_only_path: str, plain: bool
) -> None:
    home.mkdir()
    if read_only_path != "home":
        save_adventure(1)
    paths = {"home": [home], "folder": [shelf_file().parent], "file": [shelf_file()]}[read_only_path]
    before = shelf_file().read_bytes() if shelf_file().exists() else None
    options = ["--plain"] if plain else []
    options += ["--scenario", "iron-door"] if read_only_path == "home" else ["--continue"]
    argv = [sys.executable, "-c", _NO_SUPERUSER, *command(server, *options)]
    with write_protected(*paths), Terminal(argv, size=(30, 400)) as game:
        assert game.wait() == 2
    printed = game.seen.decode()
    assert f"dungeon: The shelf {shelf_file()} can't be opened: " in printed
    assert "dungeon must be able to write there" in printed
    assert "set DUNGEON_HOME to a folder of your own" in printed
    assert "Traceback" not in printed
    assert "\x1b" not in printed, "the screen was not started"
    assert (shelf_file().read_bytes() if shelf_file().exists() else None) == before


# ---- several games on one shelf --------------------------------------------------------------------------------------


def test_two_games_can_play_the_same_adventure_at_once(server: ScriptedServer) -> None:
    server.answers = ["\nIt begins.", *(f"\nHour {number} goes by." for number in range(24))]
    play(server, "look\n", "--scenario", "iron-door")
    with ExitStack() as stack:
        games = [stack.enter_context(Terminal(command(server, "--plain", "--continue"))) for _ in range(2)]
        for game in games:
            game.expect("It begins.")
        for game, word in zip(games, ("knock", "listen"), strict=True):
            game.send(f"{word}\n/retry\n{word} again\n/undo\n{word} once more\n" * 3 + "/quit\n")
        assert [game.wait() for game in games] == [0, 0]
    adventure = last_adventure()
    (_, *others) = adventure.nodes.values()
    assert len(others) == 24
    assert len({node.prose for node in others}) == 24, "each has a different answer"
    for node in others:
        (word,) = {"knock", "listen"} & set(node.input.split())
        assert all(word in before.input for before in adventure.path(node.id)[1:]), (
            "each turn follows turns of the same game"
        )


async def test_a_turn_of_an_adventure_that_another_game_purged_is_an_error(
    server: ScriptedServer,
) -> None:
    server.answers = [["\nIt opens. ", Hold(), "It is dark."]]
    with closing(Shelf(shelf_file())) as mine, closing(Shelf(shelf_file())) as theirs:
        storyteller = RemoteStoryteller(server.url, "scripted")
        session = Session(mine, storyteller)
        adventure = session.begin(scenario_from_opening("You stand before the iron door."))
        started = asyncio.Event()
        turn = asyncio.create_task(session.play_turn(Kind.DO, "open it", lambda prose: started.set()))
        await started.wait()

        theirs.purge(adventure.id)
        other = theirs.add_adventure(scenario_from_opening("You stand on a hill."), "v")
        node = theirs.add_turn(other, Kind.DO, "look", "You look.", RECORD)
        theirs.save_turn(other.set_prose(node.id, "Green hills.", State.DONE))
        server.release()
        with pytest.raises(DungeonError, match="Another game has purged"):
            await turn
        with pytest.raises(DungeonError, match="Another game has purged"):
            await session.play_turn(Kind.DO, "go in", lambda prose: None)
        assert [entry.title for entry in mine.list_adventures()] == ["You stand on a hill."]
        assert [(node.action, node.prose) for node in mine.open(other.id).path()] == [("You look.", "Green hills.")]
        await storyteller.close()


def test_a_locked_shelf_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storage.database._LOCK_SECONDS", 0.05)
    adventure = save_adventure(1)
    with closing(Shelf(shelf_file())) as shelf, closing(sqlite3.connect(shelf_file(), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DungeonError, match=r"Another program has locked the file"):
            shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", RECORD)
        other.execute("ROLLBACK")
        shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", RECORD)


# ---- damaged and foreign shelves -------------------------------------------------------------------------------------


def contents(file: Path) -> dict[str, bytes]:
    """The shelf and its log."""
    return {path.name: path.read_bytes() for path in (file, Path(f"{file}-wal")) if path.exists()}


_WRITE_AND_DIE = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_shelf_of_a_newer_version_whose_game_was_killed_is_refused_and_not_changed(server: ScriptedServer) -> None:
    """Opening and closing it with SQLite would already write its log into the file."""
    save_adventure(3)
    file = shelf_file()
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(file), "PRAGMA user_version = 99"], check=False)
    before = contents(file)
    assert before[f"{file.name}-wal"]
    result = play(server, "", "--continue")
    assert result.returncode == 2
    assert result.stderr.startswith(f"dungeon: The shelf {file} was made by a newer dungeon")
    assert contents(file) == before


def refusal(file: Path) -> str:
    """The error when a game continues the last adventure of that shelf."""
    with pytest.raises(DungeonError) as caught, closing(Shelf(file)) as shelf:
        last = shelf.latest_id()
        assert last is not None, "an empty shelf"
        shelf.open(last)
    return str(caught.value)


@pytest.mark.usefixtures("untraced")
def test_a_shelf_truncated_anywhere_is_an_error_and_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "shelf.db"
    save_adventure(30, file)
    whole = file.read_bytes()
    pages = len(whole) // 4096
    assert pages > 10
    cuts = {page * 4096 + more for page in range(pages) for more in (0, 1, 100, 2048, 4095)}
    for cut in sorted(cuts):
        file.write_bytes(whole[:cut])
        message = refusal(file)
        assert str(file) in message
        assert "copy it somewhere safe, then move it away to begin a new shelf" in message
        assert file.read_bytes() == whole[:cut], f"changed, cut off at {cut}"
        for log in tmp_path.glob("shelf.db-*"):
            log.unlink()
    file.write_bytes(whole)
    assert len(Shelf(file).open(1).nodes) == 30


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: b"\0" * len(data),
        lambda data: bytes(range(256)) * 64,
        lambda data: b"You stand before the iron door.\n",
        lambda data: data[:4096] + b"\0" * (len(data) - 4096),
        lambda data: data[4096:],
    ],
    ids=["no bytes", "zeros", "garbage", "a text", "zeros after the first page", "without its first page"],
)
def test_a_file_that_is_not_a_shelf_is_an_error_and_is_not_changed(harm: Callable[[bytes], bytes]) -> None:
    save_adventure(10)
    shelf_file().write_bytes(harm(shelf_file().read_bytes()))
    before = contents(shelf_file())
    message = refusal(shelf_file())
    assert str(shelf_file()) in message
    assert "copy it somewhere safe" in message
    assert contents(shelf_file()) == before


def test_a_shelf_is_made_on_a_file_system_without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    save_adventure(3)
    assert len(saved_turns()) == 3
    assert [path.name for path in shelf_file().parent.iterdir()] == [shelf_file().name], "no temporary file is left"


def test_the_database_of_another_program_is_refused_and_not_changed() -> None:
    shelf_file().parent.mkdir(parents=True)
    with closing(sqlite3.connect(shelf_file())) as db:
        db.execute("CREATE TABLE bookmark (url TEXT)")
    before = shelf_file().read_bytes()
    assert "another program's" in refusal(shelf_file())
    assert shelf_file().read_bytes() == before


def test_a_log_without_its_shelf_is_an_error_and_is_not_changed() -> None:
    """The log has the last turns. SQLite would delete it, or write it into a new shelf."""
    file = shelf_file()
    save_adventure(3)
    change = "UPDATE adventure SET title = 'The door'"
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(file), change], check=False)
    aside = file.with_suffix(".aside")
    shutil.move(file, aside)
    before = contents(file)
    message = refusal(file)
    assert f"The shelf {file} is gone, but its log {file}-wal is still there" in message
    assert contents(file) == before
    shutil.move(aside, file)
    assert len(saved_turns()) == 3


# ---- a clock that goes back ------------------------------------------------------------------------------------------


def test_the_order_of_adventures_does_not_depend_on_the_clock(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2031, 5, 1, tzinfo=UTC)

    def earlier() -> str:
        nonlocal now
        now -= timedelta(days=40)
        return now.isoformat()

    monkeypatch.setattr(turn_rows, "now", earlier)
    with closing(Shelf(shelf_file())) as shelf:
        first = shelf.add_adventure(scenario_from_opening("One."), "v")
        second = shelf.add_adventure(scenario_from_opening("Two."), "v")
        assert shelf.latest_id() == second.id
        for number in range(3):
            node = shelf.add_turn(first, Kind.DO, "wait", "You wait.", RECORD)
            shelf.save_turn(first.set_prose(node.id, f"Hour {number}.", State.DONE))
        assert shelf.latest_id() == first.id
        assert [entry.id for entry in shelf.list_adventures()] == [first.id, second.id]
    assert [prose for _, prose in saved_turns()] == ["Hour 0.", "Hour 1.", "Hour 2."]
