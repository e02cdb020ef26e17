"""The journal of a crawl: every answer is saved on disk before it is used.

    with Journal(Path("out/crawl.sqlite3")) as journal:
        journal.put("GET https://…", Answer(page, url, cookies, redirected, fetched))
        journal.get("GET https://…")

`put` commits and syncs an answer to the disk before it returns, so what `get` has returned once, it returns after any
crash. A crawl that is killed, by SIGKILL or a power failure, loses nothing, and repeats at most the one request whose
answer had not reached the journal.

A key names the request. A second answer under a key replaces the first; nothing is ever deleted.

Limits: one process at a time, enforced by SQLite's lock. Pages are stored as they were parsed, not as HTML.
"""

import sqlite3
from pathlib import Path

import msgspec

from corpus.crawl.page import Page

_VERSION = 1
_SCHEMA = """
CREATE TABLE answer (id INTEGER PRIMARY KEY, key TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX answer_key ON answer (key, id);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal can't be used; the message says why and what to do."""


class Answer(msgspec.Struct, frozen=True):
    """A received page, and what is needed to continue from it."""

    page: Page
    url: str
    """The address of the page, after redirects."""
    cookies: dict[str, str]
    """The session's cookies after this answer."""
    redirected: bool
    fetched: str
    """ISO 8601 with its time zone."""


class Journal:
    """A file of answers and facts; see the module."""

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, or create it. Raise JournalError if it can't be used."""
        self._decode = msgspec.json.Decoder(Answer).decode
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._db.executescript("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('opened', datetime('now'))")  # takes the lock
        except sqlite3.Error as error:
            raise JournalError(_message(path, error)) from error
        if version not in (0, _VERSION):
            raise JournalError(
                f"{path} was written by a newer version of this program. Update it, or name another --out."
            )

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def get(self, key: str) -> Answer | None:
        """Return the latest answer under this key."""
        row = self._db.execute("SELECT content FROM answer WHERE key = ? ORDER BY id DESC LIMIT 1", (key,)).fetchone()
        return self._decode(row[0]) if row else None

    def put(self, key: str, answer: Answer) -> None:
        """Save an answer; return when it is safe on the disk."""
        self._db.execute("INSERT INTO answer (key, content) VALUES (?, ?)", (key, msgspec.json.encode(answer)))

    def get_fact(self, name: str) -> str:
        """Return the fact saved under this name; "" if there is none."""
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Save a fact, replacing an earlier one of this name."""
        self._db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _message(path: Path, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"{path.parent} is in use by another crawl. Wait for it, or name another place with --out."
    if isinstance(error, sqlite3.OperationalError):
        return f"{path} can't be written: {error}."
    return f"{path} is damaged: {error}. Move it away to start again, or name another place with --out."
