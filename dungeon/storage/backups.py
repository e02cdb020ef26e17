"""Backups of the shelf: a copy a day, in the folder `backups` beside it. `dungeon.storage.restoring` puts one back.

    start_daily_backup(shelf_file(), on_problem)    # at the start of a game, in a thread
    for backup in list_backups(shelf_file()): …

The first game of a day that starts with adventures on the shelf makes `2026-12-01.db`, unless the shelf is as it was
at the last backup. SQLite copies one state of the shelf while it is played on; the copy is checked before it gets its
name, and only then do backups beyond the seventh go. A game that is killed leaves an unfinished copy in a folder of its
own, which a later backup removes. What a player purges goes from the backups as well, though not from a damaged shelf
that a restoring has put aside.
"""

import errno
import os
import re
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.storage.database import backups_folder, check_file, connect, open_file, storage_errors, transaction

_KEPT = 7
"""Daily backups; others, which `dungeon restore` makes, stay until the player deletes them."""
_DAILY = re.compile(r"\d{4}-\d\d-\d\d")
_UNFINISHED = ".new-backup-"
_STALE_SECONDS = 3600.0
_SPARE_BYTES = 64 << 20
"""What a backup leaves free on the disk: the game needs room for the turns to come."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the shelf."""

    path: Path
    adventures: int
    turns: int
    size: int
    """Bytes."""
    problem: str = ""
    """Why it can't be used; "" if it can."""

    @property
    def name(self) -> str:
        """Its date, and for one that a restoring made more than that."""
        return self.path.stem


def list_backups(shelf: Path) -> list[Backup]:
    """Return the backups, oldest first."""
    return [_read(path) for path in sorted(backups_folder(shelf).glob("*.db"), key=lambda path: path.stem)]


def _read(path: Path) -> Backup:
    size = 0
    try:
        size = path.stat().st_size
        check_file(path)
        with closing(open_file(path, "ro")) as db:
            (adventures,) = db.execute("SELECT count(*) FROM adventure").fetchone()
            (turns,) = db.execute("SELECT count(*) FROM turn").fetchone()
    except (sqlite3.Error, OSError, ValueError, DungeonError) as error:
        return Backup(path, 0, 0, size, f"The backup {path} can't be used: {error}.")
    return Backup(path, adventures, turns, size)


# ---- the daily backup ----------------------------------------------------------------------------------------


def start_daily_backup(shelf: Path, on_problem: Callable[[str], object]) -> threading.Thread:
    """Run `back_up` in a thread; a problem is reported from there. Only the end of the program waits for it."""

    def run() -> None:
        try:
            back_up(shelf)
        except DungeonError as error:
            on_problem(str(error))

    thread = threading.Thread(target=run, name="backup")
    thread.start()
    return thread


def back_up(shelf: Path) -> Path | None:
    """Make the backup of today; return it, or None if there is one, or nothing to back up.

    Raises:
        DungeonError: the disk is full, say, or the shelf is damaged; the backups of before are as they were.
    """
    folder = backups_folder(shelf)
    target = folder / f"{date.today().isoformat()}.db"
    with storage_errors(shelf, "backed up"):
        changed, earlier = _changed_at(shelf), _daily_backups(folder)
        if target in earlier or (earlier and earlier[-1].stat().st_mtime_ns == changed):
            return None
        with closing(open_file(shelf, "ro")) as db:
            db.execute("BEGIN")  # one state of the shelf, whatever a game saves meanwhile
            (adventures,) = db.execute("SELECT count(*) FROM adventure").fetchone()
            if not adventures:
                return None
            _check_room(shelf)
            remove_stale(folder)
            write_copy(db, target, check=True)
        os.utime(target, ns=(changed, changed))  # so that the next one knows whether the shelf is another
        with closing(open_file(shelf, "rw")) as db, transaction(db):  # a purge has come before this, or finds the file
            if _was_purged_meanwhile(shelf, target):
                target.unlink()
                return None
        for old in _daily_backups(folder)[:-_KEPT]:
            old.unlink()
    return target


def write_copy(db: sqlite3.Connection, target: Path, *, check: bool = False) -> None:
    """Write an open shelf to the file `target`, which appears complete or not at all.

    Raises:
        sqlite3.Error, OSError: it can't be written.
        ValueError: the copy is damaged, if that is to be checked: so the shelf is, too.
    """
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=target.parent) as folder:
        new = Path(folder) / target.name
        with closing(open_file(new, "rwc")) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            copy.execute("PRAGMA synchronous=OFF")
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, which can be read where nothing can be written
            if check:
                check_pages(copy)
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.replace(target)


def check_pages(db: sqlite3.Connection) -> None:
    """Raise ValueError if an open database is damaged."""
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise ValueError(f"it is damaged ({one_line(found)})")


def _daily_backups(folder: Path) -> list[Path]:
    """Return the files of the daily backups, oldest first."""
    return [path for path in sorted(folder.glob("*.db")) if _DAILY.fullmatch(path.stem)]


def _changed_at(shelf: Path) -> int:
    """Return when the shelf was written last, in ns."""
    log = Path(f"{shelf}-wal")
    files = [shelf, log] if log.exists() and log.stat().st_size else [shelf]
    return max(file.stat().st_mtime_ns for file in files)


def _check_room(shelf: Path) -> None:
    """Raise OSError if a copy would fill the disk: then the game itself could save nothing."""
    needed = shelf.stat().st_size + _SPARE_BYTES
    if (free := shutil.disk_usage(shelf.parent).free) < needed:
        raise OSError(errno.ENOSPC, f"a copy needs {needed >> 20} MB, and {free >> 20} are free")


def remove_stale(folder: Path) -> None:
    """Remove what killed games have left; a backup that another game makes now is younger."""
    for unfinished in folder.glob(f"{_UNFINISHED}*"):
        if unfinished.stat().st_mtime < time.time() - _STALE_SECONDS:
            shutil.rmtree(unfinished, ignore_errors=True)  # two games may do this at once


def _was_purged_meanwhile(shelf: Path, copy: Path) -> bool:
    """Whether something is in the copy that the shelf has no more."""
    with closing(open_file(copy, "ro")) as db:
        db.execute("ATTACH ? AS shelf", (f"{shelf.absolute().as_uri()}?mode=ro",))
        gone = "SELECT EXISTS (SELECT 1 FROM main.{0} WHERE id NOT IN (SELECT id FROM shelf.{0}))"
        return any(db.execute(gone.format(table)).fetchone()[0] for table in ("adventure", "turn"))


# ---- purging -------------------------------------------------------------------------------------------------


@contextmanager
def _writable(backup: Path) -> Iterator[sqlite3.Connection]:
    """A backup, open to be changed; it is one file again afterwards, with the time that it had."""
    times = backup.stat()
    db = connect(backup)
    try:
        yield db
    finally:
        db.execute("PRAGMA journal_mode=DELETE")
        db.close()
        os.utime(backup, ns=(times.st_atime_ns, times.st_mtime_ns))


def purge_from_backups(
    shelf: Path, table: str, row_id: int, made: str, delete: Callable[[sqlite3.Connection], object]
) -> None:
    """Run `delete` on each backup that has the row; its id may have been given to another one after a restoring.

    Use it in the transaction in which the shelf's own row is deleted.

    Raises:
        DungeonError: a backup can't be changed.
    """
    for path in sorted(backups_folder(shelf).glob("*.db")):
        try:
            with closing(open_file(path, "ro")) as db:
                same = f"SELECT 1 FROM {table} WHERE id = ? AND made = ?"  # noqa: S608 - a name of ours
                has_it = db.execute(same, (row_id, made)).fetchone()
            if has_it:
                with _writable(path) as db, transaction(db):
                    delete(db)
        except (sqlite3.Error, OSError, DungeonError) as error:
            raise DungeonError(
                f"Nothing was deleted, because the backup {path} may hold it as well and can't be changed: {error}. "
                "Delete that file or move it away, then try again."
            ) from error
