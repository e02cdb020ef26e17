"""What is remembered of a reader between sessions: the way so far, and every passage that was seen.

One small JSON file a story, replaced whole at each step, so that a session which is killed leaves the last step. A file
that can't be read is an error, never a reader who has seen nothing.

Limits: of two sessions in one story at a time, the one that steps last is remembered.
"""

import hashlib
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from dungeon.errors import DungeonError
from dungeon.paths import readings_folder
from dungeon.reading.books import Book
from dungeon.reading.walk import Step, Walk, begin, resume

STEPS_KEPT = 1_000
"""The way back is that long after a restart of the game; what was seen is kept whole."""


class _Bookmark(msgspec.Struct, frozen=True):
    title: str
    """For the person who looks into the file."""
    steps: tuple[Step, ...]
    visited: frozenset[str]


def bookmark_file(book: Book) -> Path:
    """Where a book's bookmark lies."""
    return readings_folder() / f"{hashlib.sha256(book.key.encode(errors='surrogateescape')).hexdigest()[:24]}.json"


def opened(book: Book) -> Walk:
    """The walk through a book where the reader left it, or at its beginning.

    Raises:
        DungeonError: there is a bookmark that can't be read.
    """
    file = bookmark_file(book)
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Bookmark)
    except FileNotFoundError:
        return begin(book.story)
    except (OSError, msgspec.DecodeError) as error:
        raise DungeonError(
            f"The bookmark in {book.title} can't be read: {error}. Move {file} away to begin anew."
        ) from error
    return resume(book.story, kept.steps, kept.visited)


def progress(book: Book) -> str:
    """How much of a book was read, in words: "" for nothing yet."""
    walk = opened(book)
    if walk == begin(book.story):
        return ""
    return f"{len(walk.found)} of {len(walk.endings)} endings"


def save(book: Book, walk: Walk) -> None:
    """Remembers where the reader is.

    Raises:
        DungeonError: it can't be written.
    """
    file = bookmark_file(book)
    kept = _Bookmark(book.title, walk.steps[-STEPS_KEPT:], walk.visited)
    try:
        write_atomic(file, msgspec.json.encode(kept))
    except OSError as error:
        raise DungeonError(f"The bookmark {file} can't be written: {error.strerror or error}.") from error
