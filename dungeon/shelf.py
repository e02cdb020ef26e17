"""The shelf: every adventure on disk, in one SQLite database that only grows.

A turn is written when it begins and again as it streams, each time in a transaction that is on the disk when the
call returns (WAL, synchronous=FULL): a game that is killed loses at most what came since the last save. Nothing is
deleted. A database that can't be read is an error with its path, never an empty shelf.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.scenario import Scenario
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore

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
)
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """How a turn was generated."""

    voice: str
    sampling: str
    """JSON."""
    seed: int


class Shelf:
    """An open shelf. Several games may share one; each commit is short."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told("be opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            with self._told("be opened"):
                self._db.row_factory = sqlite3.Row
                self._migrate()
                self._write_ahead()
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA foreign_keys=ON")
        except DungeonError:
            self._db.close()
            raise

    def close(self) -> None:
        """Closes the database; what was saved stays."""
        self._db.close()

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        with _transaction(self._db):
            version = self._version()  # again: another game may have migrated while we waited for the lock
            if version > len(_MIGRATIONS):
                raise DungeonError(
                    f"The shelf {self.path} was made by a newer dungeon (version {version}). Update dungeon."
                )
            for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
                for statement in statements:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _write_ahead(self) -> None:
        """Switches to WAL. SQLite does not wait for another game that is about the same, so we do."""
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Errors of the disk and of the database, and rows that make no sense, as a message to the player."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            raise DungeonError(
                f"The shelf {self.path} can't {what}: {error}.\n"
                "Your adventures are in that file. Is the disk full, or another program holding it? If the file is "
                "damaged, copy it somewhere safe, then restore it from a backup, or move it away to begin a new shelf."
            ) from error

    # ---- adventures ------------------------------------------------------------------------------------------

    def begin(self, scenario: Scenario, voice: str) -> Adventure:
        """A new adventure, at its opening."""
        with self._told("be written"):
            now = _now()
            cursor = self._db.execute(
                "INSERT INTO adventure (title, scenario, opening, voice, lore, ideas, made, played) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    scenario.title,
                    scenario.name,
                    scenario.opening,
                    voice,
                    msgspec.json.encode(scenario.lore).decode(),
                    msgspec.json.encode(scenario.actions).decode(),
                    now,
                    now,
                ),
            )
            return Adventure(
                _id(cursor),
                scenario.title,
                scenario.opening,
                scenario.name,
                voice,
                scenario.lore,
                scenario.actions,
            )

    def last(self) -> int | None:
        """The id of the adventure that was played last, None on an empty shelf."""
        with self._told("be read"):
            row = self._db.execute("SELECT id FROM adventure ORDER BY played DESC, id DESC LIMIT 1").fetchone()
            return row["id"] if row else None

    def titles(self) -> list[tuple[int, str, int]]:
        """Id, title and number of turns of each adventure, last played first."""
        with self._told("be read"):
            rows = self._db.execute(
                "SELECT a.id, a.title, (SELECT count(*) FROM turn t WHERE t.adventure = a.id) AS turns "
                "FROM adventure a ORDER BY a.played DESC, a.id DESC"
            )
            return [(row["id"], row["title"], row["turns"]) for row in rows]

    def open(self, id: int) -> Adventure:  # noqa: A002
        """The adventure with all its turns, the head where it was left."""
        with self._told("be read"):
            row = self._db.execute("SELECT * FROM adventure WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise DungeonError(f"There is no adventure {id} on the shelf {self.path}.")
            adventure = Adventure(
                row["id"],
                row["title"],
                row["opening"],
                row["scenario"],
                row["voice"],
                msgspec.json.decode(row["lore"], type=Lore),
                msgspec.json.decode(row["ideas"], type=tuple[str, ...]),
            )
            for turn in self._db.execute("SELECT * FROM turn WHERE adventure = ? ORDER BY id", (id,)):
                adventure.add(
                    Node(
                        turn["id"],
                        turn["parent"],
                        Kind(turn["kind"]),
                        turn["input"],
                        turn["action"],
                        turn["prose"],
                        State(turn["state"]),
                    )
                )
            adventure.move(row["head"])
            return adventure

    # ---- turns -----------------------------------------------------------------------------------------------

    def add_turn(self, adventure: Adventure, kind: Kind, words: str, action: str, told: Told) -> Node:
        """A new turn below the head, the head on it, without prose as yet."""
        parent = adventure.head
        with self._told("be written"), _transaction(self._db):
            cursor = self._db.execute(
                "INSERT INTO turn (adventure, parent, kind, input, action, state, voice, sampling, seed, made) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    adventure.id,
                    parent,
                    kind,
                    words,
                    action,
                    State.STREAMING,
                    told.voice,
                    told.sampling,
                    told.seed,
                    _now(),
                ),
            )
            node = Node(_id(cursor), parent, kind, words, action)
            self._db.execute(
                "UPDATE adventure SET head = ?, voice = ?, played = ? WHERE id = ?",
                (node.id, told.voice, _now(), adventure.id),
            )
        adventure.voice = told.voice
        adventure.add(node)
        return node

    def save_turn(self, node: Node) -> None:
        """The turn's prose and state as they are now."""
        with self._told("be written"):
            self._db.execute("UPDATE turn SET prose = ?, state = ? WHERE id = ?", (node.prose, node.state, node.id))

    def save_head(self, adventure: Adventure) -> None:
        """Where the player stands now."""
        with self._told("be written"):
            self._db.execute(
                "UPDATE adventure SET head = ?, played = ? WHERE id = ?", (adventure.head, _now(), adventure.id)
            )


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, also when the block raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has rolled back by itself where the disk failed
            db.execute("ROLLBACK")
        raise


def _id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat()
