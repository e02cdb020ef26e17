"""The SQLite file under the shelf: its tables, how an older one is brought up to date, and what is said when it fails.

Write-ahead log and `synchronous=FULL`: a transaction that returned is on the disk. Several games may have one shelf
open; each commit is short, and `PRAGMA user_version` counts the migrations that have run.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dungeon.errors import DungeonError

# The statements of each version; `PRAGMA user_version` counts those that have run. Never change one that was released.
_MIGRATIONS = (
    (
        """
        CREATE TABLE adventure (
            id       INTEGER PRIMARY KEY,
            title    TEXT NOT NULL,
            scenario TEXT NOT NULL,            -- its name; '' for the player's own opening
            opening  TEXT NOT NULL,
            voice    TEXT NOT NULL DEFAULT '', -- last played with
            head     INTEGER REFERENCES turn,  -- NULL: at the opening
            made     TEXT NOT NULL,
            played   TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE turn (
            id        INTEGER PRIMARY KEY,
            adventure INTEGER NOT NULL REFERENCES adventure,
            parent    INTEGER REFERENCES turn, -- NULL: answers the opening
            kind      TEXT NOT NULL,
            input     TEXT NOT NULL,           -- the player's own words
            action    TEXT NOT NULL,           -- the sentence made of them
            prose     TEXT NOT NULL DEFAULT '',
            state     TEXT NOT NULL,
            voice     TEXT NOT NULL,
            sampling  TEXT NOT NULL,           -- JSON
            seed      INTEGER NOT NULL,
            made      TEXT NOT NULL
        )
        """,
        "CREATE INDEX turn_adventure ON turn (adventure)",
    ),
    (
        # JSON: memory, note and cards of `tale.lore`; and the actions suggested at the opening.
        "ALTER TABLE adventure ADD COLUMN lore TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE adventure ADD COLUMN ideas TEXT NOT NULL DEFAULT '[]'",
    ),
    (
        # Every lore that an adventure had: the latest is the one in force, and each turn says which it was told with.
        """
        CREATE TABLE lore (
            id        INTEGER PRIMARY KEY,
            adventure INTEGER NOT NULL REFERENCES adventure,
            lore      TEXT NOT NULL,           -- JSON
            made      TEXT NOT NULL
        )
        """,
        "CREATE INDEX lore_adventure ON lore (adventure)",
        "INSERT INTO lore (adventure, lore, made) SELECT id, lore, made FROM adventure",
        "ALTER TABLE adventure ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'",  # JSON
        "ALTER TABLE adventure ADD COLUMN overrides TEXT NOT NULL DEFAULT '{}'",  # JSON: its own settings
        # The order of play. Not the clock: that may be set back.
        "ALTER TABLE adventure ADD COLUMN latest INTEGER NOT NULL DEFAULT 0",
        "UPDATE adventure SET latest = (SELECT count(*) FROM adventure b "
        "WHERE b.played < adventure.played OR (b.played = adventure.played AND b.id <= adventure.id))",
        "ALTER TABLE turn ADD COLUMN edit_of INTEGER REFERENCES turn",
        "ALTER TABLE turn ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN marked INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE turn ADD COLUMN folded INTEGER NOT NULL DEFAULT 0",
        # How it was told, so that it can be told again: hashes of the voice's adapter and of the prompt, the lore that
        # was in force, and the tokens that the prompt might take.
        "ALTER TABLE turn ADD COLUMN adapter TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN prompt TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN lore INTEGER REFERENCES lore",
        "ALTER TABLE turn ADD COLUMN budget INTEGER NOT NULL DEFAULT 0",
    ),
)
_LOCK_SECONDS = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """The database at `path`, made or brought up to date.

    Raises:
        DungeonError: it can't be opened, or a newer version made it.
    """
    with told(path, "be opened"):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
    try:
        with told(path, "be opened"):
            db.row_factory = sqlite3.Row
            _migrate(db, path)
            _write_ahead(db)
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("PRAGMA secure_delete=ON")  # what the player has purged is gone from the file as well
    except DungeonError:
        db.close()
        raise
    return db


@contextmanager
def told(path: Path, what: str) -> Iterator[None]:
    """Errors of the disk and of the database, and rows that make no sense, as a message to the player."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise DungeonError(
            f"The shelf {path} can't {what}: {error}.\n"
            "Your adventures are in that file. Is the disk full, or another program holding it? If the file is "
            "damaged, copy it somewhere safe, then restore it from a backup, or move it away to begin a new shelf."
        ) from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, also when the block raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has rolled back by itself where the disk failed
            db.execute("ROLLBACK")
        raise


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    if _version(db) == len(_MIGRATIONS):
        return
    with transaction(db):
        version = _version(db)  # again: another game may have migrated while we waited for the lock
        if version > len(_MIGRATIONS):
            raise DungeonError(f"The shelf {path} was made by a newer dungeon (version {version}). Update dungeon.")
        for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
            for statement in statements:
                db.execute(statement)
            db.execute(f"PRAGMA user_version={number}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switches to WAL. SQLite does not wait for another game that is about the same, so we do."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
