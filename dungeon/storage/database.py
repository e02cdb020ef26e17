"""The SQLite file of the shelf: its tables, the migrations from older versions, and its errors in plain words.

    db = connect(path)
    with storage_errors(path, "written"), transaction(db):
        db.execute(…)

Write-ahead log and `synchronous=FULL`: once a transaction returns, it is on the disk. Several games may have one shelf
open, so transactions are short. `PRAGMA user_version` counts the migrations that have run. A new file appears complete,
so an empty one was cut off, and is refused like any other damaged file.
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

# The statements of each version. Never change one that was released.
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
        # JSON: memory, note and cards (`dungeon.tale.lore`), and the actions suggested at the opening.
        "ALTER TABLE adventure ADD COLUMN lore TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE adventure ADD COLUMN ideas TEXT NOT NULL DEFAULT '[]'",
    ),
    (
        # Every version of an adventure's lore. The latest is in force; each turn names the one it was generated with.
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
        # The order of play. A counter, because the clock may be set back.
        "ALTER TABLE adventure ADD COLUMN latest INTEGER NOT NULL DEFAULT 0",
        "UPDATE adventure SET latest = (SELECT count(*) FROM adventure b "
        "WHERE b.played < adventure.played OR (b.played = adventure.played AND b.id <= adventure.id))",
        "ALTER TABLE turn ADD COLUMN edit_of INTEGER REFERENCES turn",
        "ALTER TABLE turn ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN marked INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE turn ADD COLUMN folded INTEGER NOT NULL DEFAULT 0",
        # How the turn was generated, so that it can be replayed: hashes of the voice's adapter and of the prompt, the
        # lore in force, and the tokens allowed for the prompt.
        "ALTER TABLE turn ADD COLUMN adapter TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN prompt TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE turn ADD COLUMN lore INTEGER REFERENCES lore",
        "ALTER TABLE turn ADD COLUMN budget INTEGER NOT NULL DEFAULT 0",
        # The turn's words of story, so that a list of adventures need not read all texts.
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
        # The greatest ids that were purged: another game may still use them, so they are never given to new rows.
        "CREATE TABLE purged (adventure INTEGER NOT NULL, turn INTEGER NOT NULL)",
        "INSERT INTO purged VALUES (0, 0)",
    ),
    (
        # Authored stories that are played: the story as it was when the adventure began, so that it stays whole when
        # its file changes or goes.
        """
        CREATE TABLE story (
            id   INTEGER PRIMARY KEY,
            book TEXT NOT NULL,                -- which story it is, whatever its version
            hash TEXT NOT NULL UNIQUE,         -- sha256 of the book and the story
            story TEXT NOT NULL                -- JSON: `corpus.story.Story`
        )
        """,
        "ALTER TABLE adventure ADD COLUMN story INTEGER REFERENCES story",
        "ALTER TABLE turn ADD COLUMN passage TEXT",  # the author's passage that answers; NULL: not the author's
        # Whether the player leaves the author here, and plays freely from then on.
        "ALTER TABLE turn ADD COLUMN leaves_author INTEGER NOT NULL DEFAULT 0",
        # Every passage that the player has seen of a story, in whatever adventure, purged ones included.
        "CREATE TABLE seen (book TEXT NOT NULL, passage TEXT NOT NULL, PRIMARY KEY (book, passage)) WITHOUT ROWID",
    ),
)
_LOCK_SECONDS = 10.0


PURGED = "Another game has purged this adventure, or these turns, from the shelf. Begin or continue another adventure."


def backups_folder(shelf: Path) -> Path:
    """Return the folder in which `dungeon.storage.backups` keeps copies of the shelf."""
    return shelf.parent / "backups"


def connect(path: Path) -> sqlite3.Connection:
    """Open the database at `path`; create it or migrate it first if need be.

    Raises:
        DungeonError: the file can't be opened, or a newer version of the game made it; then it is left untouched.
    """
    with storage_errors(path, "opened"):
        if not path.exists():
            _create(path)
        check_file(path)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        db = open_file(path, "rw")
    try:
        with storage_errors(path, "opened"):
            db.row_factory = sqlite3.Row
            _migrate(db)
            _use_write_ahead_log(db)
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("PRAGMA secure_delete=ON")  # purged text is gone from the file as well
    except DungeonError:
        db.close()
        raise
    return db


@contextmanager
def storage_errors(path: Path, action: str) -> Iterator[None]:
    """Report errors of the disk and the database, and invalid rows, as a DungeonError that says what to do.

    `action` is what the block does with the shelf: "opened", "read" or "written".
    """
    try:
        yield
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise DungeonError(f"The shelf {path} can't be {action}: {error}.\n{_advice(path, error)}") from error


def _advice(path: Path, error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    number = getattr(error, "errno", None)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or number in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return "The disk is full, or fails. Make room, then go on: what was saved before is safe."
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "Another program has locked the file. Close that program, then try again."
    if name.startswith("SQLITE_CONSTRAINT"):
        return PURGED
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")) or isinstance(error, OSError):
        return (
            "Your adventures are kept there, so dungeon must be able to write there. Change the permissions, or set "
            "DUNGEON_HOME to a folder of your own."
        )
    if any(backups_folder(path).glob("*.db")):
        return (
            "Your adventures are in that file, which seems to be damaged. `dungeon restore` lists the backups that the "
            "game has made, and puts one of them back; the damaged file is kept, too."
        )
    return (
        "Your adventures are in that file, which seems to be damaged, and there is no backup of it: copy it somewhere "
        "safe, then move it away to begin a new shelf."
    )


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the block in a transaction; roll back if it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # after some errors of the disk SQLite has already rolled back
            db.execute("ROLLBACK")
        raise


def _create(path: Path) -> None:
    """Make an empty shelf in one step: a killed game leaves nothing at `path`, and of two games the first wins."""
    if _has_log(path):
        raise DungeonError(
            f"The shelf {path} is gone, but its log {path}-wal is still there, with the last turns that you played. "
            "Put the shelf back beside the log, or a backup in its place (`dungeon restore` lists them), or move the "
            "log away to begin a new shelf."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-shelf-", dir=path.parent) as folder:
        new = Path(folder) / path.name
        db = open_file(new, "rwc")
        try:
            _migrate(db)
        finally:
            db.close()
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            with path.open("xb") as file:
                file.write(new.read_bytes())


def check_file(path: Path) -> None:
    """Raise if the file is not a shelf that this version can use. Changes neither the file nor its log.

    Raises:
        DungeonError: a newer version of the game made it.
        sqlite3.Error, OSError, ValueError: it is something else, or damaged.
    """
    size = path.stat().st_size
    db = open_file(path, "ro")
    try:
        version = _version(db)
        (page,) = db.execute("PRAGMA page_size").fetchone()
    finally:
        db.close()
    if version == 0:
        raise ValueError("it is empty, or another program's")
    if size % page and not _has_log(path):  # SQLite would read zeros in place of the missing bytes
        raise ValueError("its end is missing")
    if version > len(_MIGRATIONS):
        raise DungeonError(f"The shelf {path} was made by a newer dungeon (version {version}). Update dungeon.")


def _has_log(path: Path) -> bool:
    """Return whether there is a write-ahead log with transactions that the file itself lacks."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def open_file(path: Path, mode: str) -> sqlite3.Connection:
    """Open a database as it is, "ro", "rw", or "rwc" to create it; it is neither checked nor migrated."""
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


def _use_write_ahead_log(db: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite does not wait for another game that does the same at this moment, so we do."""
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
