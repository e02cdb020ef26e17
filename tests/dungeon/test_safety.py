"""What can go wrong with the disk while somebody plays: nothing finished is lost, and each failure says what to do."""

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
from dungeon.storage import shelf as shelves
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Lore
from dungeon.tui.app import DungeonApp
from dungeon.tui.widgets.prompt import Prompt
from tests.dungeon.scripted import Hold, ScriptedServer
from tests.terminal import Terminal

TOLD = GenerationRecord("v", "{}", 1)
FULL = "The disk is full, or fails. Make room, then go on"


@pytest.fixture
def server(untraced: None) -> Iterator[ScriptedServer]:
    """For games in processes of their own, mostly: coverage would make each start of one three times slower."""
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


def on_disk() -> Adventure:
    """The adventure that was played last, as the next game finds it."""
    with closing(Shelf(shelf_file())) as shelf:
        last = shelf.latest_id()
        assert last is not None
        return shelf.open(last)


def told() -> list[tuple[str, str]]:
    """The action and the prose of each turn up to the head, as they are on the disk."""
    return [(node.action, node.prose) for node in on_disk().path()]


def wait_until(is_true: Callable[[], bool], seconds: float = 20.0) -> None:
    """What a game shows is on the disk a moment later."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def played(turns: int, file: Path | None = None) -> Adventure:
    """An adventure with finished turns, on a shelf that was closed."""
    with closing(Shelf(file or shelf_file())) as shelf:
        adventure = shelf.add_adventure(scenario_from_opening("You stand before the iron door."), "v")
        for number in range(turns):
            node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", TOLD)
            shelf.save_turn(adventure.set_prose(node.id, f"Hour {number} goes by. " * 40, State.DONE))
    return adventure


# ---- a full disk -----------------------------------------------------------------------------------------------------
# To a program it looks the same whether the disk has no room for a longer file or its user's limit has none.


def fill(pid: int) -> None:
    """From now on no file of that process can grow."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def make_room(pid: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_a_disk_that_is_full_before_a_turn(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", "\nIt is dark."]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\n")
        game.expect("It opens.\r\n")
        fill(game.pid)
        game.send("go in\n")
        game.expect("can't be written")
        game.expect(FULL)
        assert told() == [("You open the door.", "It opens.")]
        make_room(game.pid)
        game.send("go in\n")
        game.expect("It is dark.\r\n")
        game.send("/quit\n")
        assert game.wait() == 0
    assert told() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]


def test_a_disk_that_fills_up_in_the_middle_of_a_turn(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", ["\nIt is dark. ", Hold(), "Something breathes."], "\nIt sleeps on."]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\ngo in\n")
        wait_until(lambda: told()[1:] == [("You go in.", "It is dark.")])
        fill(game.pid)
        server.release()
        game.expect("can't be written")
        game.expect(FULL)
        assert told() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]
        make_room(game.pid)
        game.send("listen\n")
        game.expect("It sleeps on.\r\n")
        # What the disk had no room for is there now as well.
        assert told()[1:] == [("You go in.", "It is dark. Something breathes."), ("You listen.", "It sleeps on.")]


def test_a_disk_that_stays_full_and_a_game_that_is_killed(server: ScriptedServer) -> None:
    server.answers = ["\nIt opens.", ["\nIt is dark. ", Hold(), "Something breathes."]]
    with Terminal(command(server, "--plain", "--scenario", "iron-door")) as game:
        game.expect("Search the wagon")
        game.send("open the door\ngo in\n")
        wait_until(lambda: told()[1:] == [("You go in.", "It is dark.")])
        fill(game.pid)
        server.release()
        game.expect(FULL)
        game.send("listen\n")
        game.expect(FULL)
    assert told() == [("You open the door.", "It opens."), ("You go in.", "It is dark.")]
    assert "> You go in.\n\nIt is dark.\n" in play(server, "", "--continue").stdout


async def test_what_a_full_disk_does_not_take_has_not_happened(server: ScriptedServer) -> None:
    """Or else the player would go on from a place, or with a memory, that the next game knows nothing of."""
    server.answers = ["\nIt opens.", "\nIt is dark.", "\nIt is bright."]
    storyteller = RemoteStoryteller(server.url, "scripted")
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        first = await session.play_turn(Kind.DO, "open it", lambda prose: None)
        second = await session.play_turn(Kind.DO, "go in", lambda prose: None)
        await session.retry(lambda prose: None)
        asked: list[Callable[[], object]] = [
            session.undo,
            session.redo,
            lambda: session.go_to(first.id),
            lambda: session.step_take(-1),
            lambda: session.edit(second.id, prose="It is grey."),
            lambda: session.label_turn(second.id, name="The dark", bookmarked=True),
            lambda: session.set_lore(Lore("The door is iron.")),
            lambda: relabel(shelf, session.adventure, title="The door", tags=("iron",)),
        ]
        for ask in asked:
            full_for(ask)
            assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
        fill(os.getpid())
        try:
            with pytest.raises(DungeonError, match=FULL):
                await session.retry(lambda prose: None)
        finally:
            make_room(os.getpid())
        assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
        for ask in asked:
            ask()
            assert vars(shelf.open(session.adventure.id)) == vars(session.adventure)
    await storyteller.close()


def full_for(ask: Callable[[], object]) -> None:
    """Asks for something while the disk is full."""
    fill(os.getpid())
    try:
        with pytest.raises(DungeonError, match=FULL):
            ask()
    finally:
        make_room(os.getpid())


async def test_a_full_disk_on_the_screen_gives_the_words_back_and_the_game_goes_on(server: ScriptedServer) -> None:
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
        await until(lambda: told() == [("You open the door.", "It opens.")] and app.screen.busy is False)  # type: ignore[attr-defined]
        try:
            fill(os.getpid())
            await send("go in")
            await until(lambda: any(FULL in note.message for note in app._notifications))
        finally:
            make_room(os.getpid())
        assert told() == [("You open the door.", "It opens.")]
        await until(lambda: prompt().text == "go in")
        await pilot.press("enter")
        await until(lambda: told() == [("You open the door.", "It opens."), ("You go in.", "It opens.")])


def test_a_shelf_that_a_full_disk_has_no_room_for(server: ScriptedServer) -> None:
    full = "import os, resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, (0, 0)); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", full, *command(server, "--plain", "--scenario", "iron-door")]
    with Terminal(argv, size=(30, 400)) as game:
        assert game.wait() == 2
    said = game.seen.decode()
    assert f"The shelf {shelf_file()} can't be opened" in said
    assert FULL in said
    assert "Traceback" not in said
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
def read_only(*paths: Path) -> Iterator[None]:
    """Nobody may write there within the block."""
    modes = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode)


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "screen"])
@pytest.mark.parametrize("what", ["home", "folder", "file"])
def test_a_home_that_is_read_only(server: ScriptedServer, home: Path, what: str, plain: bool) -> None:
    home.mkdir()
    if what != "home":
        played(1)
    paths = {"home": [home], "folder": [shelf_file().parent], "file": [shelf_file()]}[what]
    before = shelf_file().read_bytes() if shelf_file().exists() else None
    options = ["--plain"] if plain else []
    options += ["--scenario", "iron-door"] if what == "home" else ["--continue"]
    argv = [sys.executable, "-c", _NO_SUPERUSER, *command(server, *options)]
    with read_only(*paths), Terminal(argv, size=(30, 400)) as game:
        assert game.wait() == 2
    said = game.seen.decode()
    assert f"dungeon: The shelf {shelf_file()} can't be opened: " in said
    assert "dungeon must be able to write there" in said
    assert "set DUNGEON_HOME to a folder of your own" in said
    assert "Traceback" not in said
    assert "\x1b" not in said, "the screen was left as it was"
    assert (shelf_file().read_bytes() if shelf_file().exists() else None) == before


# ---- several games on one shelf --------------------------------------------------------------------------------------


def test_two_games_play_the_same_adventure_at_once(server: ScriptedServer) -> None:
    server.answers = ["\nIt begins.", *(f"\nHour {number} goes by." for number in range(24))]
    play(server, "look\n", "--scenario", "iron-door")
    with ExitStack() as stack:
        games = [stack.enter_context(Terminal(command(server, "--plain", "--continue"))) for _ in range(2)]
        for game in games:
            game.expect("It begins.")
        for game, word in zip(games, ("knock", "listen"), strict=True):
            game.send(f"{word}\n/retry\n{word} again\n/undo\n{word} once more\n" * 3 + "/quit\n")
        assert [game.wait() for game in games] == [0, 0]
    adventure = on_disk()
    (_, *others) = adventure.nodes.values()
    assert len(others) == 24
    assert len({node.prose for node in others}) == 24, "each has its own answer"
    for node in others:
        (word,) = {"knock", "listen"} & set(node.input.split())
        assert all(word in before.input for before in adventure.path(node.id)[1:]), "each game's turns follow its own"


async def test_what_another_game_purges_meanwhile_is_told_and_nothing_of_it_is_overwritten(
    server: ScriptedServer,
) -> None:
    server.answers = [["\nIt opens. ", Hold(), "It is dark."]]
    with closing(Shelf(shelf_file())) as mine, closing(Shelf(shelf_file())) as theirs:
        storyteller = RemoteStoryteller(server.url, "scripted")
        session = Session(mine, storyteller)
        adventure = session.begin(scenario_from_opening("You stand before the iron door."))
        began = asyncio.Event()
        turn = asyncio.create_task(session.play_turn(Kind.DO, "open it", lambda prose: began.set()))
        await began.wait()

        theirs.purge(adventure.id)
        other = theirs.add_adventure(scenario_from_opening("You stand on a hill."), "v")
        node = theirs.add_turn(other, Kind.DO, "look", "You look.", TOLD)
        theirs.save_turn(other.set_prose(node.id, "Green hills.", State.DONE))
        server.release()
        with pytest.raises(DungeonError, match="Another game has purged"):
            await turn
        with pytest.raises(DungeonError, match="Another game has purged"):
            await session.play_turn(Kind.DO, "go in", lambda prose: None)
        assert [entry.title for entry in mine.list_adventures()] == ["You stand on a hill."]
        assert [(node.action, node.prose) for node in mine.open(other.id).path()] == [("You look.", "Green hills.")]
        await storyteller.close()


def test_a_shelf_that_another_program_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storage.database._LOCK_SECONDS", 0.05)
    adventure = played(1)
    with closing(Shelf(shelf_file())) as shelf, closing(sqlite3.connect(shelf_file(), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DungeonError, match=r"Another program has locked the file"):
            shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", TOLD)
        other.execute("ROLLBACK")
        shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", TOLD)


# ---- a shelf that is not as it should be -----------------------------------------------------------------------------


def contents(file: Path) -> dict[str, bytes]:
    """The shelf and its log."""
    return {path.name: path.read_bytes() for path in (file, Path(f"{file}-wal")) if path.exists()}


_KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_shelf_of_a_newer_version_whose_game_was_killed_is_refused_and_left_alone(server: ScriptedServer) -> None:
    """What is in its log would go into the file, if it were only opened and closed."""
    played(3)
    file = shelf_file()
    subprocess.run([sys.executable, "-c", _KILLED, str(file), "PRAGMA user_version = 99"], check=False)
    before = contents(file)
    assert before[f"{file.name}-wal"]
    result = play(server, "", "--continue")
    assert result.returncode == 2
    assert result.stderr == f"dungeon: The shelf {file} was made by a newer dungeon (version 99). Update dungeon.\n"
    assert contents(file) == before


def refused(file: Path) -> str:
    """What a game says that would go on with the last adventure there."""
    with pytest.raises(DungeonError) as caught, closing(Shelf(file)) as shelf:
        last = shelf.latest_id()
        assert last is not None, "an empty shelf"
        shelf.open(last)
    return str(caught.value)


@pytest.mark.usefixtures("untraced")
def test_a_shelf_that_is_cut_off_anywhere_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "shelf.db"
    played(30, file)
    whole = file.read_bytes()
    pages = len(whole) // 4096
    assert pages > 10
    cuts = {page * 4096 + more for page in range(pages) for more in (0, 1, 100, 2048, 4095)}
    for cut in sorted(cuts):
        file.write_bytes(whole[:cut])
        message = refused(file)
        assert str(file) in message
        assert "copy it somewhere safe, then restore it from a backup" in message
        assert file.read_bytes() == whole[:cut], f"changed, cut off at {cut}"
        for left in tmp_path.glob("shelf.db-*"):
            left.unlink()
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
def test_a_shelf_that_is_none_any_more(harm: Callable[[bytes], bytes]) -> None:
    played(10)
    shelf_file().write_bytes(harm(shelf_file().read_bytes()))
    before = contents(shelf_file())
    message = refused(shelf_file())
    assert str(shelf_file()) in message
    assert "copy it somewhere safe" in message
    assert contents(shelf_file()) == before


def test_a_shelf_on_a_file_system_without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    played(3)
    assert len(told()) == 3
    assert [path.name for path in shelf_file().parent.iterdir()] == [shelf_file().name], "and nothing beside it"


def test_another_program_s_database_is_not_taken_for_a_shelf() -> None:
    shelf_file().parent.mkdir(parents=True)
    with closing(sqlite3.connect(shelf_file())) as db:
        db.execute("CREATE TABLE bookmark (url TEXT)")
    before = shelf_file().read_bytes()
    assert "another program's" in refused(shelf_file())
    assert shelf_file().read_bytes() == before


def test_a_log_without_its_shelf_is_not_thrown_away() -> None:
    """It has the last turns. SQLite would delete it, or put it into a new shelf where it does not belong."""
    file = shelf_file()
    played(3)
    change = "UPDATE adventure SET title = 'The door'"
    subprocess.run([sys.executable, "-c", _KILLED, str(file), change], check=False)
    aside = file.with_suffix(".aside")
    shutil.move(file, aside)
    before = contents(file)
    message = refused(file)
    assert f"The shelf {file} is gone, but its log {file}-wal is still there" in message
    assert contents(file) == before
    shutil.move(aside, file)
    assert len(told()) == 3


# ---- a clock that goes back ------------------------------------------------------------------------------------------


def test_a_clock_that_goes_back(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2031, 5, 1, tzinfo=UTC)

    def earlier() -> str:
        nonlocal now
        now -= timedelta(days=40)
        return now.isoformat()

    monkeypatch.setattr(shelves, "_now", earlier)
    with closing(Shelf(shelf_file())) as shelf:
        first = shelf.add_adventure(scenario_from_opening("One."), "v")
        second = shelf.add_adventure(scenario_from_opening("Two."), "v")
        assert shelf.latest_id() == second.id
        for number in range(3):
            node = shelf.add_turn(first, Kind.DO, "wait", "You wait.", TOLD)
            shelf.save_turn(first.set_prose(node.id, f"Hour {number}.", State.DONE))
        assert shelf.latest_id() == first.id
        assert [entry.id for entry in shelf.list_adventures()] == [first.id, second.id]
    assert [prose for _, prose in told()] == ["Hour 0.", "Hour 1.", "Hour 2."]
