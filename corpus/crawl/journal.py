"""The journal of a crawl: every answer on disk before it counts.

    with Journal(Path("out/crawl.sqlite3")) as journal:
        journal.put("GET https://…", Answer(page, url, cookies, redirected, fetched))
        journal.get("GET https://…")

An answer is committed, and synced to the disk, before anybody reads it: what `get` has given once, it gives after any
crash. So of a crawl that is killed, with SIGKILL or by the mains, nothing is lost and nothing is asked again but the
one request, at most, whose answer had not reached the journal.

Keys name what was asked. A second answer under a key takes the place of the first; nothing is ever deleted.

Limits: one process at a time, which SQLite's lock sees to. Pages are kept as they were understood, not as HTML.
"""

import sqlite3
from pathlib import Path
from types import TracebackType

import msgspec

from corpus.crawl.page import Page

_VERSION = 1
_SCHEMA = """
CREATE TABLE answer (id INTEGER PRIMARY KEY, key TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX answer_key ON answer (key, id);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class JournalError(Exception):
    """A journal that can't be used; the message says why and what to do."""


class Answer(msgspec.Struct, frozen=True):
    """A page as it came, and what is needed to go on from it."""

    page: Page
    url: str
    """Where it came from in the end."""
    cookies: dict[str, str]
    """The session's, after this answer."""
    redirected: bool
    fetched: str
    """ISO 8601 with its time zone."""


class Journal:
    """See the module."""

    def __init__(self, path: Path) -> None:
        """Opens the journal at `path`, or begins it. Raises JournalError."""
        self._decode = msgspec.json.Decoder(Answer).decode
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._db.executescript("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('opened', datetime('now'))")  # takes the lock
        except sqlite3.Error as error:
            raise JournalError(_why(path, error)) from error
        if version not in (0, _VERSION):
            raise JournalError(
                f"{path} was written by a newer version of this program. Update it, or name another --out."
            )

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def get(self, key: str) -> Answer | None:
        """The latest answer under this key."""
        row = self._db.execute("SELECT content FROM answer WHERE key = ? ORDER BY id DESC LIMIT 1", (key,)).fetchone()
        return self._decode(row[0]) if row else None

    def put(self, key: str, answer: Answer) -> None:
        """Returns when the answer is safe on the disk."""
        self._db.execute("INSERT INTO answer (key, content) VALUES (?, ?)", (key, msgspec.json.encode(answer)))

    def count(self, prefix: str = "") -> int:
        """How many answers there are under keys that begin so."""
        query = "SELECT count(*) FROM answer WHERE substr(key, 1, ?) = ?"
        found: int = self._db.execute(query, (len(prefix), prefix)).fetchone()[0]
        return found

    def fact(self, name: str) -> str:
        """What was noted under this name; "" for nothing."""
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def note(self, name: str, value: str) -> None:
        """Notes a fact, in place of an earlier one of this name."""
        self._db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _why(path: Path, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"{path.parent} is in use by another crawl. Wait for it, or name another place with --out."
    if isinstance(error, sqlite3.OperationalError):
        return f"{path} can't be written: {error}."
    return f"{path} is damaged: {error}. Move it away to begin anew, or name another place with --out."
