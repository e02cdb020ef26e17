"""Putting a backup back: the shelf of before is never lost, no running game is disturbed, and a kill does no harm."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.backups import back_up, list_backups
from dungeon.storage.record import NO_VOICE
from dungeon.storage.restoring import put_back
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, State


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A shelf with two turns, of which its backup "2025-01-01" has the first. No game is running."""
    file = tmp_path / "shelf.db"
    shelf = Shelf(file)
    adventure = shelf.add_adventure(scenario_from_opening("You wait.", "The door"), "v")
    play(shelf, adventure, "One.")
    backup = back_up(file)
    assert backup is not None
    backup.rename(backup.with_name("2025-01-01.db"))
    play(shelf, adventure, "Two.")
    shelf.close()
    return file


def play(shelf: Shelf, adventure: Adventure, prose: str) -> None:
    node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", NO_VOICE)
    shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))


def turns(file: Path) -> list[str]:
    """The turns on a shelf, or in a backup, as the next game reads them; also checks every page."""
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(Shelf(file)) as shelf:
        return [node.prose for node in shelf.open(1).path()]


def test_a_backup_takes_the_place_of_the_shelf_which_becomes_a_backup(file: Path) -> None:
    restored = put_back(file, "2025-01-01")
    assert (restored.backup.name, restored.backup.adventures, restored.backup.turns) == ("2025-01-01", 1, 1)
    assert not Path(f"{file}-wal").exists()
    assert turns(file) == ["One."]
    assert restored.kept is not None
    assert turns(restored.kept) == ["One.", "Two."]
    again = put_back(file, restored.kept.stem)
    assert turns(file) == ["One.", "Two."]
    assert again.kept is not None
    assert [again.kept.stem, restored.kept.stem] == [f"{restored.kept.stem}-2", again.backup.name]
    assert [backup.turns for backup in list_backups(file)] == [1, 2, 1]


def test_the_turns_in_the_log_of_a_killed_game_are_kept_too(file: Path) -> None:
    game = (
        "import os, sys; from pathlib import Path; from dungeon.storage.shelf import Shelf\n"
        "shelf = Shelf(Path(sys.argv[1])); node = shelf.open(1).path()[-1]\n"
        "shelf.save_turn(shelf.open(1).set_prose(node.id, 'Two and a half.', node.state)); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", game, str(file)], check=False).returncode == -signal.SIGKILL
    assert Path(f"{file}-wal").stat().st_size
    kept = put_back(file, "2025-01-01").kept
    assert turns(file) == ["One."]
    assert kept is not None
    assert turns(kept) == ["One.", "Two and a half."]


@pytest.mark.parametrize("name", ["2025-01-02", "", "../shelf", "x" * 5000, "\x1b[31m"])
def test_an_unknown_backup_is_an_error(file: Path, name: str) -> None:
    with pytest.raises(DungeonError, match=r"There is no backup .* lists them") as caught:
        put_back(file, name)
    assert len(str(caught.value)) < 200
    assert turns(file) == ["One.", "Two."]


# ---- refused -----------------------------------------------------------------------------------------------------

_GAME = """
import sys
from pathlib import Path
from dungeon.storage.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
shelf.close()
"""


def test_nothing_is_put_back_while_a_game_is_running(file: Path) -> None:
    """Even if it has done nothing yet; and its turns are saved as before."""
    game = subprocess.Popen(
        [sys.executable, "-c", _GAME, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert game.stdout is not None
    assert game.stdout.readline() == "ready\n"
    with pytest.raises(DungeonError, match=r"A game is running on the shelf .* Leave it"):
        put_back(file, "2025-01-01")
    game.communicate("\n")
    shelf = Shelf(file)
    with pytest.raises(DungeonError, match="A game is running"):
        put_back(file, "2025-01-01")
    play(shelf, shelf.open(1), "Three.")
    shelf.close()
    assert [backup.name for backup in list_backups(file)] == ["2025-01-01"]
    assert turns(file) == ["One.", "Two.", "Three."]
    put_back(file, "2025-01-01")
    assert turns(file) == ["One."]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda data: b"not a database" * 500, "not a database"),
        (lambda data: data[:-100], "its end is missing"),
        (lambda data: data[: len(data) - 8192], "damaged|malformed"),
        (lambda data: data[:8192] + b"\xff" * 4096 + data[12288:], "damaged|malformed"),
        (lambda data: b"", "another program's"),
    ],
    ids=["another file", "cut off in a page", "cut off", "a broken page", "empty"],
)
def test_a_damaged_backup_is_not_put_back(file: Path, harm: Callable[[bytes], bytes], message: str) -> None:
    backup = file.parent / "backups" / "2025-01-01.db"
    backup.write_bytes(harm(backup.read_bytes()))
    with pytest.raises(DungeonError, match=message) as caught:
        put_back(file, "2025-01-01")
    assert f"The backup {backup} can't be" in str(caught.value)
    assert turns(file) == ["One.", "Two."]


def test_a_backup_of_a_newer_version_is_not_put_back(file: Path) -> None:
    with sqlite3.connect(file.parent / "backups" / "2025-01-01.db") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(DungeonError, match="made by a newer dungeon"):
        put_back(file, "2025-01-01")
    assert turns(file) == ["One.", "Two."]


# ---- a damaged shelf, and none -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"not a database at all " * 400,
        lambda data: b"\0" * 16 + data[16:],
        lambda data: data[: len(data) // 2],
        lambda data: data[:5000],
        lambda data: data[:8192] + b"\xff" * (len(data) - 8192),
        lambda data: b"",
    ],
    ids=["another file", "broken header", "half of it", "cut off in a page", "broken pages", "empty"],
)
def test_a_damaged_shelf_is_replaced_and_kept(file: Path, harm: Callable[[bytes], bytes]) -> None:
    damaged = harm(file.read_bytes())
    file.write_bytes(damaged)
    kept = put_back(file, "2025-01-01").kept
    assert turns(file) == ["One."]
    assert kept is not None
    assert kept.read_bytes()[8192:12288] == damaged[8192:12288]
    with closing(Shelf(file)) as shelf:
        play(shelf, shelf.open(1), "And on.")
    assert turns(file) == ["One.", "And on."]


def test_the_error_about_a_damaged_shelf_names_the_command(file: Path) -> None:
    file.write_bytes(b"not a database" * 500)
    with pytest.raises(DungeonError, match="`dungeon restore` lists the backups"):
        Shelf(file)


@pytest.mark.parametrize("log", [b"", b"what a killed game has left"], ids=["no log", "a log"])
def test_a_shelf_that_is_gone_is_put_back(file: Path, log: bytes) -> None:
    file.unlink()
    Path(f"{file}-wal").write_bytes(log)
    if log:
        with pytest.raises(DungeonError, match="`dungeon restore` lists them"):
            Shelf(file)
    put_back(file, "2025-01-01")
    assert turns(file) == ["One."]
    kept = [path.read_bytes() for path in (file.parent / "backups").glob("*-damaged-wal")]
    assert kept == [log]


def test_a_full_disk_leaves_the_shelf_as_it_was(file: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from dungeon.errors import DungeonError; from dungeon.storage.restoring import put_back\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "try: put_back(Path(sys.argv[1]), '2025-01-01')\n"
        "except DungeonError as error: print(error)"
    )
    size = file.stat().st_size
    for limit in (size // 2, size + 100):  # the copy of what is there does not fit; the log of the shelf does not
        refused = subprocess.run(
            [sys.executable, "-c", code, str(file), str(limit)], capture_output=True, text=True, check=True
        )
        assert "The disk is full, or fails." in refused.stdout
        assert turns(file) == ["One.", "Two."]


# ---- killed ------------------------------------------------------------------------------------------------------

_KILLED = """
import functools, os, signal, sqlite3, sys
from pathlib import Path

left = int(sys.argv[2])
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

class Connection(sqlite3.Connection):
    '''Counts what changes a file: statements, and every fourth page that is copied.'''
    def execute(self, statement, *arguments):
        if not statement.startswith("SELECT"):
            count()
        return super().execute(statement, *arguments)
    def backup(self, target):
        super().backup(target, pages=4, progress=count)
    def close(self):
        count()
        super().close()

sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)
from dungeon.storage.backups import back_up
from dungeon.storage.restoring import put_back
sys.addaudithook(lambda event, _: count() if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir") else None)
back_up(Path(sys.argv[1])) if sys.argv[3] == "back up" else put_back(Path(sys.argv[1]), "2025-01-01")
"""


def killed_at_each_step(
    tmp_path: Path, what: str, prepare: Callable[[Path], None], check: Callable[[Path], None]
) -> int:
    """Kill a process at its first step, its second, … until one comes to its end; return how many were killed.

    Each has a home of its own, with what `prepare` makes of the shelf; `check` looks at what is left.
    """
    steps = 0
    while True:
        folder = tmp_path / f"killed-{steps}"
        shutil.copytree(tmp_path / "template", folder)
        shelf = folder / "shelf.db"
        prepare(shelf)
        command = [sys.executable, "-c", _KILLED, str(shelf), str(steps + 1), what]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        check(shelf)
        if ended.returncode == 0:
            return steps
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        steps += 1


@pytest.fixture
def template(tmp_path: Path, file: Path) -> Path:
    """The folder that each killed process gets a copy of."""
    folder = tmp_path / "template"
    folder.mkdir()
    file.rename(folder / "shelf.db")
    (tmp_path / "backups").rename(folder / "backups")
    return folder


@pytest.mark.usefixtures("template", "untraced")
def test_a_backup_killed_at_any_step_is_whole_or_not_there(tmp_path: Path) -> None:
    def check(shelf: Path) -> None:
        assert turns(shelf) == ["One.", "Two."]
        for backup in list_backups(shelf):
            assert backup.problem == ""
            assert turns(backup.path) == (["One."] if backup.name == "2025-01-01" else ["One.", "Two."])

    assert killed_at_each_step(tmp_path, "back up", lambda _: None, check) > 12


@pytest.mark.usefixtures("template", "untraced")
def test_a_restoring_killed_at_any_step_loses_nothing(tmp_path: Path) -> None:
    """The shelf is the one of before or the restored one, and what was on it is there or kept."""
    outcomes = set()

    def check(shelf: Path) -> None:
        now = turns(shelf)
        kept = [turns(backup.path) for backup in list_backups(shelf) if backup.name != "2025-01-01"]
        assert now in (["One."], ["One.", "Two."])
        assert ["One.", "Two."] in (now, *kept)
        assert all(each == ["One.", "Two."] for each in kept)
        outcomes.add(len(now))
        put_back(shelf, "2025-01-01")
        assert turns(shelf) == ["One."]

    assert killed_at_each_step(tmp_path, "restore", lambda _: None, check) > 12
    assert outcomes == {1, 2}


@pytest.mark.usefixtures("template", "untraced")
def test_a_restoring_over_a_damaged_shelf_loses_nothing_when_it_is_killed(tmp_path: Path) -> None:
    garbage, log = b"not a database" * 500, b"a log" * 100

    def damage(shelf: Path) -> None:
        shelf.write_bytes(garbage)
        Path(f"{shelf}-wal").write_bytes(log)

    def check(shelf: Path) -> None:
        kept = {path.read_bytes() for path in (shelf.parent / "backups").glob("*-damaged*")}
        left = {path.read_bytes() for path in shelf.parent.glob("shelf.db*")}
        assert {garbage, log} <= kept | left
        if shelf.read_bytes() != garbage:
            assert turns(shelf) == ["One."]
        put_back(shelf, "2025-01-01")
        assert turns(shelf) == ["One."]

    assert killed_at_each_step(tmp_path, "restore", damage, check) > 15
