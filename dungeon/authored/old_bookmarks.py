"""Bookmarks of earlier versions, which read stories without a shelf: one small JSON file a story. They are only read.

    bookmark = old_bookmark("library/the-ten-forty")    # None where there is none

Limits: the choice behind each step is kept as its label. A story that was begun again had both walks in one line; only
the last of them is a walk that an adventure can hold. All passages that were seen are.
"""

import hashlib

import msgspec

from dungeon.errors import DungeonError
from dungeon.paths import readings_folder


class Step(msgspec.Struct, frozen=True):
    """A passage that the reader came to, and the label of the choice that led there ("" for a start)."""

    passage: str
    label: str = ""


class Bookmark(msgspec.Struct, frozen=True):
    """Where a reader was, and what they had seen."""

    steps: tuple[Step, ...]
    """The first is a start."""
    visited: frozenset[str]


def old_bookmark(book: str) -> Bookmark | None:
    """Return the bookmark in a book; None where there is none.

    Raises:
        DungeonError: it can't be read.
    """
    file = readings_folder() / f"{hashlib.sha256(book.encode(errors='surrogateescape')).hexdigest()[:24]}.json"
    try:
        bookmark = msgspec.json.decode(file.read_bytes(), type=Bookmark)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise DungeonError(f"The bookmark {file} can't be read: {error}. Move it away to begin anew.") from error
    starts = [number for number, step in enumerate(bookmark.steps) if not step.label]
    return Bookmark(bookmark.steps[starts[-1] :] if starts else (), bookmark.visited)
