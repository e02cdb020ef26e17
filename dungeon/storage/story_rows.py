"""Authored stories on the shelf as rows of SQL, within the transaction of `dungeon.storage.shelf`."""

import hashlib
import sqlite3
from collections.abc import Iterable
from itertools import groupby

import msgspec

from corpus.story import Story


def add_story(db: sqlite3.Connection, story: Story, book: str) -> int:
    """Store a story, once however often it is played; return its id."""
    text = msgspec.json.encode(story).decode()
    digest = hashlib.sha256(f"{book}\n{text}".encode()).hexdigest()
    db.execute(
        "INSERT INTO story (book, hash, story) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING", (book, digest, text)
    )
    return int(db.execute("SELECT id FROM story WHERE hash = ?", (digest,)).fetchone()["id"])


def story_and_book(db: sqlite3.Connection, story_id: int | None) -> tuple[Story | None, str]:
    """Return a stored story and which book it is; None and "" without an id."""
    if story_id is None:
        return None, ""
    row = db.execute("SELECT story, book FROM story WHERE id = ?", (story_id,)).fetchone()
    return msgspec.json.decode(row["story"], type=Story), row["book"]


def latest_adventure(db: sqlite3.Connection, book: str) -> int | None:
    """Return the id of the adventure in a book that was played last; None if there is none."""
    row = db.execute(
        "SELECT a.id FROM adventure a JOIN story s ON s.id = a.story WHERE s.book = ? "
        "ORDER BY a.latest DESC, a.id DESC LIMIT 1",
        (book,),
    ).fetchone()
    return row["id"] if row else None


def delete_unused(db: sqlite3.Connection) -> None:
    """Delete the stories that no adventure plays any more."""
    db.execute("DELETE FROM story WHERE id NOT IN (SELECT story FROM adventure WHERE story IS NOT NULL)")


def add_seen(db: sqlite3.Connection, book: str, passages: Iterable[str]) -> None:
    """Add to the passages that the player has seen of a book."""
    db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", [(book, passage) for passage in passages])


def seen(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Return the passages that the player has seen, by book."""
    rows = db.execute("SELECT book, passage FROM seen ORDER BY book").fetchall()
    by_book = groupby(rows, key=lambda row: row["book"])
    return {book: frozenset(row["passage"] for row in group) for book, group in by_book}
