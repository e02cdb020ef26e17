"""Puts a backup in the place of the shelf, which becomes a backup itself first.

    restored = put_back(shelf_file(), "2026-11-30")
    restored.kept       # the file with what was on the shelf

SQLite writes the backup into the shelf in one transaction, under a lock that no game can hold meanwhile: killed at any
moment, it leaves the shelf of before or the restored one. A shelf that is too damaged for SQLite to lock is copied away
as it is, with its log, and then replaced in one step.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.storage.backups import Backup, check_pages, list_backups, remove_stale, write_copy
from dungeon.storage.database import backups_folder, check_file, open_file, storage_errors

_LOCK_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoring has done."""

    backup: Backup
    kept: Path | None
    """The file with what was there; None if there was nothing."""


def put_back(shelf: Path, name: str) -> Restored:
    """Put the backup of that name in the place of the shelf.

    Raises:
        DungeonError: there is no such backup, it is damaged, or a game is running; the shelf is as it was.
    """
    backup = _find(shelf, name)
    with storage_errors(shelf, "restored"), closing(open_file(backup.path, "ro")) as source:
        _check(backup, source)
        kept = _write_into(shelf, source) or _replace(shelf, source)
    return Restored(backup, kept)


def _find(shelf: Path, name: str) -> Backup:
    backups = {backup.name: backup for backup in list_backups(shelf)}
    wanted = name.strip().removesuffix(".db")
    if wanted not in backups:
        hint = did_you_mean(wanted, backups, 3)
        raise DungeonError(f"There is no backup '{printable(wanted[:60])}'.{hint} `dungeon restore` lists them.")
    if problem := backups[wanted].problem:
        raise DungeonError(problem)
    return backups[wanted]


def _check(backup: Backup, source: sqlite3.Connection) -> None:
    try:
        check_pages(source)
    except (sqlite3.Error, ValueError) as error:
        raise DungeonError(
            f"The backup {backup.path} can't be put back: {error}. `dungeon restore` lists the others."
        ) from error


def _write_into(shelf: Path, source: sqlite3.Connection) -> Path | None:
    """Write the backup into the shelf; return the file with what was there, None if SQLite can't open the shelf.

    Raises:
        DungeonError: a game is running.
        sqlite3.Error, OSError: the disk is full, say; the shelf is as it was.
    """
    try:
        if not _is_database(shelf):
            return None
        with closing(open_file(shelf, "rw")) as db:
            _lock(db, shelf)
            kept = _free_file(shelf, "before-restore", ".db")
            write_copy(db, kept)
            source.backup(db)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return kept
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return None
        raise


def _is_database(shelf: Path) -> bool:
    """Whether the file is there and looks whole. Only read, because SQLite may remove the log of one that is not."""
    if not shelf.exists():
        return False
    try:
        check_file(shelf)
    except ValueError:
        return False
    except DungeonError:
        pass  # a newer version of the game made it
    return True


def _lock(db: sqlite3.Connection, shelf: Path) -> None:
    """Take the shelf for this connection alone, until it is closed: every game that has it open holds a lock on it."""
    db.execute(f"PRAGMA busy_timeout={_LOCK_MILLISECONDS}")
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    try:
        # The log takes the backup before the shelf does: a killed restoring leaves nothing to be rolled back.
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise DungeonError(
                f"A game is running on the shelf {shelf}. Leave it (Ctrl+Q, or /quit), then restore."
            ) from error
        raise


def _replace(shelf: Path, source: sqlite3.Connection) -> Path | None:
    """Put the backup in the place of a file that SQLite can't open; return where that is now, None if there is none."""
    kept = _free_file(shelf, "damaged")
    kept.parent.mkdir(exist_ok=True)
    remove_stale(shelf.parent)
    found = [suffix for suffix in ("", "-wal", "-journal") if Path(f"{shelf}{suffix}").exists()]
    for suffix in found:
        _copy(Path(f"{shelf}{suffix}"), Path(f"{kept}{suffix}"))
    for suffix in ("-wal", "-journal", "-shm"):  # SQLite would take them for the restored shelf's
        Path(f"{shelf}{suffix}").unlink(missing_ok=True)
    write_copy(source, shelf)
    return Path(f"{kept}{found[0]}") if found else None


def _copy(file: Path, target: Path) -> None:
    """Copy a file, which is on the disk when this returns."""
    unfinished = target.with_name(f".{target.name}.new")
    with file.open("rb") as original, unfinished.open("wb") as copy:
        shutil.copyfileobj(original, copy)
        copy.flush()
        os.fsync(copy.fileno())
    unfinished.replace(target)


def _free_file(shelf: Path, what: str, ending: str = "") -> Path:
    """Return a file for what is on the shelf now, which is not there yet."""
    first = f"{date.today().isoformat()}-{what}"
    names = (f"{first}{number}{ending}" for number in ("", *(f"-{count}" for count in range(2, 10_000))))
    return next(path for name in names if not (path := backups_folder(shelf) / name).exists())
