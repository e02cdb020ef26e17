"""Saves a reader's walk between sessions: the steps taken, and every passage seen.

    walk = load_walk(book)
    save_walk(book, walk)

One small JSON file a story, replaced atomically at each step, so that a killed session loses nothing. A file that can't
be read is an error, never a reader who has seen nothing.

Limits: of two sessions in one story at a time, the one that steps last is remembered.
"""

import hashlib
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from dungeon.errors import DungeonError
from dungeon.paths import readings_folder
from dungeon.reading.books import Book
from dungeon.reading.walk import Step, Walk, resume_walk, start_walk

MAX_STEPS = 1_000
"""Steps saved, so that many can be taken back after a restart of the game. The passages seen are saved whole."""


class _Bookmark(msgspec.Struct, frozen=True):
    title: str
    """For the person who looks into the file."""
    steps: tuple[Step, ...]
    visited: frozenset[str]


def bookmark_file(book: Book) -> Path:
    """Return where the book's bookmark is, or will be."""
    return readings_folder() / f"{hashlib.sha256(book.key.encode(errors='surrogateescape')).hexdigest()[:24]}.json"


def load_walk(book: Book) -> Walk:
    """Return the walk through a book where the reader left it, or at its start.

    Raises:
        DungeonError: the bookmark can't be read.
    """
    file = bookmark_file(book)
    try:
        bookmark = msgspec.json.decode(file.read_bytes(), type=_Bookmark)
    except FileNotFoundError:
        return start_walk(book.story)
    except (OSError, msgspec.DecodeError) as error:
        raise DungeonError(
            f"The bookmark in {book.title} can't be read: {error}. Move {file} away to begin anew."
        ) from error
    return resume_walk(book.story, bookmark.steps, bookmark.visited)


def save_walk(book: Book, walk: Walk) -> None:
    """Save where the reader is.

    Raises:
        DungeonError: the bookmark can't be written.
    """
    file = bookmark_file(book)
    bookmark = _Bookmark(book.title, walk.steps[-MAX_STEPS:], walk.visited)
    try:
        write_atomic(file, msgspec.json.encode(bookmark))
    except OSError as error:
        raise DungeonError(f"The bookmark {file} can't be written: {error.strerror or error}.") from error


def progress(book: Book) -> str:
    """Return how many of a book's endings were found, in words; "" for a book that was not begun.

    Raises:
        DungeonError: the bookmark can't be read.
    """
    walk = load_walk(book)
    if walk == start_walk(book.story):
        return ""
    return f"{len(walk.endings_found)} of {len(walk.endings)} endings"
