"""The SQLite file under the shelf: its tables, how an older one is brought up to date, and what is said when it fails.

Write-ahead log and `synchronous=FULL`: a transaction that returned is on the disk. Several games may have one shelf
open; each commit is short, and `PRAGMA user_version` counts the migrations that have run. A new file appears whole: one
of no bytes was cut off, and is refused like any other that is damaged.
"""

import errno
import os
import sqlite3
import tempfile
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
        # How many words of story it holds, so that a list of adventures need not read them all.
        "ALTER TABLE turn ADD COLUMN words INTEGER NOT NULL DEFAULT 0",
        """
        WITH story AS (
            SELECT id, trim(replace(replace(text, char(10) || char(10), ' '), char(10), ' ')) AS text
            FROM (SELECT id, iif(kind = 'story', input || ' ', '') || prose AS text FROM turn)
        )
        UPDATE turn SET words = (
            SELECT (text <> '') + length(text) - length(replace(text, ' ', '')) FROM story WHERE story.id = turn.id
        )
        """,
        "CREATE INDEX turn_counted ON turn (adventure, parent, words)",
        # The greatest ids that were purged: another game may still hold them, so they are never given again.
        "CREATE TABLE purged (adventure INTEGER NOT NULL, turn INTEGER NOT NULL)",
        "INSERT INTO purged VALUES (0, 0)",
    ),
)
_LOCK_SECONDS = 10.0

PURGED = "Another game has purged from the shelf what you play here. Begin or go on with another adventure."


def connect(path: Path) -> sqlite3.Connection:
    """The database at `path`, made or brought up to date.

    Raises:
        DungeonError: it can't be opened, or a newer version made it; then it has not been touched.
    """
    with told(path, "be opened"):
        if not path.exists():
            _make(path)
        _refuse(path)
        db = _connect(path, "rw")
    try:
        with told(path, "be opened"):
            db.row_factory = sqlite3.Row
            _migrate(db)
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
        raise DungeonError(f"The shelf {path} can't {what}: {error}.\n{_what_to_do(error)}") from error


def _what_to_do(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    number = getattr(error, "errno", None)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or number in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return "The disk is full, or fails. Make room, then go on: what was saved before is safe."
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "Another program holds it. Close that one, then try again."
    if name.startswith("SQLITE_CONSTRAINT"):
        return PURGED
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")) or isinstance(error, OSError):
        return (
            "Your adventures are kept there, and dungeon must be able to write there. Give yourself that right, or set "
            "DUNGEON_HOME to a folder that is yours."
        )
    return (
        "Your adventures are in that file, which seems to be damaged: copy it somewhere safe, then restore it from a "
        "backup, or move it away to begin a new shelf."
    )


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


def _make(path: Path) -> None:
    """An empty shelf, in one step: whoever is killed here leaves nothing at `path`, and the first of two games wins."""
    if _logged(path):
        raise DungeonError(
            f"The shelf {path} is gone, but its log {path}-wal is still there, with the last turns that you played. "
            "Put the shelf back beside it, or move the log away to begin a new shelf."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-shelf-", dir=path.parent) as folder:
        new = Path(folder) / path.name
        db = _connect(new, "rwc")
        try:
            _migrate(db)
        finally:
            db.close()
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            with path.open("xb") as file:
                file.write(new.read_bytes())


def _refuse(path: Path) -> None:
    """Raises if the file is none for this game. It is only looked at: neither it nor its log changes."""
    size = path.stat().st_size
    db = _connect(path, "ro")
    try:
        version = _version(db)
        (page,) = db.execute("PRAGMA page_size").fetchone()
    finally:
        db.close()
    if version == 0:
        raise ValueError("it is empty, or another program's")
    if size % page and not _logged(path):  # SQLite would read zeros for what is missing of the last page
        raise ValueError("its end is missing")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if version > len(_MIGRATIONS):
        raise DungeonError(f"The shelf {path} was made by a newer dungeon (version {version}). Update dungeon.")


def _logged(path: Path) -> bool:
    """Whether there is a log with what has not yet gone into the file itself."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    # The shelf has a lock of its own: a turn that streams is saved on another thread.
    return sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)


def _migrate(db: sqlite3.Connection) -> None:
    if _version(db) == len(_MIGRATIONS):
        return
    with transaction(db):
        version = _version(db)  # again: another game may have migrated while we waited for the lock
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
