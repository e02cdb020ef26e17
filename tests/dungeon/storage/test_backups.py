"""The daily backup: what was played is kept, the good copies stay, and the game never waits or fails for it."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage import backups
from dungeon.storage.backups import back_up, list_backups, start_daily_backup
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, State

TODAY = date.today().isoformat()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shelf.db"


@pytest.fixture
def shelf(file: Path) -> Iterator[Shelf]:
    """A shelf that a game has open, with one adventure of one turn."""
    shelf = Shelf(file)
    play(shelf, shelf.add_adventure(scenario_from_opening("You wait.", "The door"), "v"), "One.")
    yield shelf
    shelf.close()


def play(shelf: Shelf, adventure: Adventure, prose: str) -> None:
    node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", NO_VOICE)
    shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))


def of_day(file: Path, day: str) -> Path:
    """Make the backup of today one of another day."""
    return (file.parent / "backups" / f"{TODAY}.db").rename(file.parent / "backups" / f"{day}.db")


def names(file: Path) -> list[str]:
    """Everything in the folder of the backups."""
    folder = file.parent / "backups"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# ---- when there is one -------------------------------------------------------------------------------------------


def test_the_first_start_of_a_day_makes_a_whole_copy(shelf: Shelf, file: Path) -> None:
    made = back_up(file)
    assert made == file.parent / "backups" / f"{TODAY}.db"
    assert names(file) == [f"{TODAY}.db"], "one file, without a log"
    (listed,) = list_backups(file)
    assert (listed.name, listed.adventures, listed.turns, listed.problem) == (TODAY, 1, 1, "")
    assert listed.size == made.stat().st_size
    copy = Shelf(made)
    assert vars(copy.open(1)) == vars(shelf.open(1))
    copy.close()
    play(shelf, shelf.open(1), "Two.")
    assert back_up(file) is None, "there is one of today"


def test_an_empty_shelf_is_not_copied(file: Path) -> None:
    Shelf(file).close()
    assert back_up(file) is None
    assert not (file.parent / "backups").exists()


def test_a_shelf_that_has_not_changed_is_not_copied_again(shelf: Shelf, file: Path) -> None:
    shelf.close()
    back_up(file)
    of_day(file, "2025-01-01")
    for change in (False, False, True):
        again = Shelf(file)
        assert again.open(1).title == "The door"
        if change:
            adventure = again.open(1)
            adventure.title = "The gate"
            again.save_adventure_labels(adventure)
        assert (back_up(file) is not None) == change
        again.close()


def test_seven_are_kept_and_none_that_a_restoring_made_goes(shelf: Shelf, file: Path) -> None:
    back_up(file)
    first = of_day(file, "2025-01-01")
    for day in range(2, 10):
        shutil.copy(first, first.with_name(f"2025-01-0{day}.db"))
    shutil.copy(first, first.with_name("2024-12-31-before-restore.db"))
    play(shelf, shelf.open(1), "Two.")
    back_up(file)
    kept = [f"2025-01-0{day}.db" for day in range(4, 10)]
    assert names(file) == ["2024-12-31-before-restore.db", *kept, f"{TODAY}.db"]


def test_a_game_is_played_while_it_is_copied(shelf: Shelf, file: Path) -> None:
    """Each copy has every turn that was saved before it began, and is whole."""
    adventure = shelf.open(1)
    stop = threading.Event()

    def game() -> None:
        while not stop.is_set():
            play(shelf, adventure, "A heron lands. " * 200)

    player = threading.Thread(target=game)
    player.start()
    try:
        for _ in range(3):
            before = len(adventure.nodes)
            made = back_up(file)
            assert made is not None
            with closing(sqlite3.connect(made)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert db.execute("SELECT count(*) FROM turn").fetchone()[0] >= before - 1
            made.unlink()
    finally:
        stop.set()
        player.join()
    assert len(shelf.open(1).nodes) == len(adventure.nodes)


def test_a_copy_that_a_killed_game_left_unfinished_is_removed(shelf: Shelf, file: Path) -> None:
    back_up(file)
    of_day(file, "2025-01-01")
    old, young = (file.parent / "backups" / f".new-backup-{name}" for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir()
        (folder / "2025-01-02.db").write_bytes(b"half")
    os.utime(old, (0, 0))
    play(shelf, shelf.open(1), "Two.")
    back_up(file)
    assert names(file) == [".new-backup-young", "2025-01-01.db", f"{TODAY}.db"], "a young one may be another game's"


# ---- what can go wrong -------------------------------------------------------------------------------------------


def problem_of(file: Path) -> str:
    """What the thread of the game reports."""
    problems: list[str] = []
    start_daily_backup(file, problems.append).join()
    (problem,) = problems
    return problem


def test_a_damaged_shelf_takes_the_place_of_no_good_copy(shelf: Shelf, file: Path) -> None:
    adventure = shelf.open(1)
    for _ in range(50):
        play(shelf, adventure, "Something happens. " * 50)
    back_up(file)
    good = of_day(file, "2025-01-01")
    for day in range(2, 9):
        shutil.copy(good, good.with_name(f"2025-01-0{day}.db"))
    before = names(file)
    shelf.close()
    data = file.read_bytes()
    file.write_bytes(data[:40960] + b"\xff" * 4096 + data[45056:])
    problem = problem_of(file)
    assert problem.startswith(f"The shelf {file} can't be backed up: ")
    assert "`dungeon restore` lists the backups" in problem
    assert names(file) == before


def test_a_full_disk_is_reported_and_costs_nothing(shelf: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(file.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    problem = problem_of(file)
    assert "The disk is full" in problem and "a copy needs 64 MB, and 1 are free" in problem
    assert names(file) == []
    play(shelf, shelf.open(1), "Two.")


_FULL = """
import sys
from pathlib import Path
from dungeon.storage.backups import start_daily_backup
start_daily_backup(Path(sys.argv[1]), print)
"""


def test_a_disk_that_fills_up_while_it_is_copied_keeps_nothing_of_it(shelf: Shelf, file: Path) -> None:
    adventure = shelf.open(1)
    for _ in range(50):
        play(shelf, adventure, "Something happens. " * 50)

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    game = subprocess.run(
        [sys.executable, "-c", _FULL, str(file)],
        preexec_fn=no_large_files,
        capture_output=True,
        text=True,
        check=True,
    )
    assert game.stdout.count("can't be backed up") == 1
    assert "The disk is full, or fails" in game.stdout
    assert names(file) == []


def test_a_folder_that_can_not_be_made_is_reported(shelf: Shelf, file: Path) -> None:
    (file.parent / "backups").write_text("in the way")
    assert os.strerror(errno.EEXIST) in problem_of(file)


def test_a_file_that_is_no_shelf_is_listed_as_such(shelf: Shelf, file: Path) -> None:
    back_up(file)
    (file.parent / "backups" / "2025-01-01.db").write_bytes(b"not a database" * 500)
    broken, good = list_backups(file)
    assert (broken.name, good.name, good.problem) == ("2025-01-01", TODAY, "")
    assert str(broken.path) in broken.problem


# ---- purging -----------------------------------------------------------------------------------------------------


def erased(file: Path, word: bytes) -> bool:
    return not [path for path in file.parent.rglob("*") if path.is_file() and word in path.read_bytes()]


def test_what_is_purged_is_gone_from_the_backups_too(shelf: Shelf, file: Path) -> None:
    secret = shelf.add_adventure(scenario_from_opening("Zqopening.", "Zqtitle"), "v")
    play(shelf, secret, "Zqprose.")
    kept = shelf.open(1)
    play(shelf, kept, "Xqprose.")
    play(shelf, kept, "Xqprose again.")
    back_up(file)
    of_day(file, "2025-01-01")
    play(shelf, kept, "Three.")
    back_up(file)
    times = [path.stat().st_mtime_ns for path in sorted((file.parent / "backups").iterdir())]
    shelf.purge(secret.id)
    assert erased(file, b"Zq")
    shelf.purge_turn(kept, 3)
    assert erased(file, b"Xq")
    assert names(file) == ["2025-01-01.db", f"{TODAY}.db"]
    assert times == [path.stat().st_mtime_ns for path in sorted((file.parent / "backups").iterdir())]
    for listed in list_backups(file):
        assert (listed.adventures, listed.turns) == (1, 1)
        copy = Shelf(listed.path)
        assert [node.prose for node in copy.open(1).path()] == ["One."], "the head is where it was, or before"
        copy.close()


def test_another_adventure_with_the_same_number_stays_in_a_backup(shelf: Shelf, file: Path) -> None:
    """After a restoring, numbers are given again."""
    back_up(file)
    with sqlite3.connect(file) as db:
        db.execute("UPDATE adventure SET made = '2025-01-01'")
        db.execute("UPDATE turn SET made = '2025-01-01'")
    shelf.purge_turn(shelf.open(1), 1)
    shelf.purge(1)
    (listed,) = list_backups(file)
    assert (listed.adventures, listed.turns) == (1, 1)


def test_nothing_is_purged_if_a_backup_can_not_be_changed(shelf: Shelf, file: Path) -> None:
    back_up(file)
    backup = of_day(file, "2025-01-01")
    backup.write_bytes(b"not a database" * 500)
    for purge in (lambda: shelf.purge(1), lambda: shelf.purge_turn(shelf.open(1), 1)):
        with pytest.raises(DungeonError, match="Nothing was deleted") as caught:
            purge()
        assert str(backup) in str(caught.value)
    assert len(shelf.open(1).nodes) == 1
    backup.unlink()
    shelf.purge(1)
    assert shelf.list_adventures() == []


def test_what_is_purged_while_it_is_copied_is_in_no_backup(
    shelf: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = shelf.add_adventure(scenario_from_opening("Zqopening.", "Zqtitle"), "v")
    player = threading.Thread(target=shelf.purge, args=[secret.id])

    def purge(_: sqlite3.Connection) -> None:
        player.start()
        with closing(Shelf(file)) as other:
            while other.count_adventures() > 1:
                pass

    monkeypatch.setattr(backups, "check_pages", purge)
    assert back_up(file) is None
    player.join()
    assert erased(file, b"Zq")
    monkeypatch.undo()
    assert back_up(file) is not None, "the next start makes one"
