"""The adventures as a list shows them, without reading their turns, within the lock of `dungeon.storage.shelf`."""

import json
import sqlite3
from dataclasses import dataclass

import msgspec

from dungeon.storage.search import HOLDS_ALL_WORDS, word_forms

_LIST = f"""
    SELECT id, title, tags, played,
        coalesce((SELECT coalesce(nullif(action, ''), input) FROM turn WHERE turn.id = a.head), '') AS last_action
    FROM adventure a WHERE {HOLDS_ALL_WORDS}
    ORDER BY latest DESC, id DESC LIMIT :limit
"""  # noqa: S608 - SQL of ours
# Read from an index alone. A story has as many endings as there are turns that no turn follows.
_COUNTS = "SELECT adventure, count(*), sum(words), count(*) - count(DISTINCT parent) FROM turn"


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """An adventure as a list shows it."""

    id: int
    title: str
    tags: tuple[str, ...]
    played: str
    """When it was played last, as ISO 8601 in UTC."""
    turns: int
    words: int
    branches: int
    """Turns that no turn follows."""
    last_action: str = ""
    """What the player did last, where they are; "" at the opening and where the story just went on."""


def entries(db: sqlite3.Connection, search: str, limit: int) -> list[ShelfEntry]:
    """Return the adventures that hold all words of `search`, last played first; the first `limit`, or all with -1."""
    rows = db.execute(_LIST, {"words": word_forms(search), "limit": limit}).fetchall()
    only_some = bool(search.strip()) or limit >= 0
    where = " WHERE adventure IN (SELECT value FROM json_each(?))" if only_some else ""
    ids = (json.dumps([row["id"] for row in rows]),) if only_some else ()
    counts = db.execute(f"{_COUNTS}{where} GROUP BY adventure", ids)
    counted = {adventure: (turns, words, max(1, ends)) for adventure, turns, words, ends in counts}
    return [
        ShelfEntry(
            row["id"],
            row["title"],
            msgspec.json.decode(row["tags"], type=tuple[str, ...]),
            row["played"],
            *counted.get(row["id"], (0, 0, 1)),
            row["last_action"],
        )
        for row in rows
    ]


def last_passage(db: sqlite3.Connection, adventure: int) -> str:
    """Return the text where the player is in an adventure: the head's prose or input, or the opening."""
    row = db.execute(
        "SELECT a.opening, t.prose, t.input FROM adventure a LEFT JOIN turn t ON t.id = a.head WHERE a.id = ?",
        (adventure,),
    ).fetchone()
    return next(filter(None, (row["prose"], row["input"], row["opening"])), "") if row else ""
