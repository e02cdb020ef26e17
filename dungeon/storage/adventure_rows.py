"""Adventures of the shelf as rows of SQL, within the transaction of `dungeon.storage.shelf`."""

import sqlite3
from collections.abc import Mapping

import msgspec

from dungeon.storage import lore_rows, story_rows, turn_rows
from dungeon.tale.adventure import Adventure

# An opening that the player wrote has no scenario, so its title is compared with NULL: it stays.
_UNPLAYED = """
    SELECT a.id FROM adventure a LEFT JOIN story s ON s.id = a.story
    WHERE NOT EXISTS (SELECT 1 FROM turn t WHERE t.adventure = a.id)
    AND a.tags = '[]' AND a.overrides = '{}'
    AND (SELECT count(*) FROM lore l WHERE l.adventure = a.id) < 2
    AND a.title = coalesce(json_extract(s.story, '$.title'), (SELECT value FROM json_each(?) WHERE key = a.scenario))
"""


def take_id(db: sqlite3.Connection) -> int:
    """Return an id for a new adventure; it is never given again, even if the adventure is never written."""
    # SQLite would give the id of a purged row again, which another game may still hold for its own.
    (adventure_id,) = db.execute(
        "SELECT 1 + max(coalesce(max(id), 0), (SELECT adventure FROM purged)) FROM adventure"
    ).fetchone()
    _keep_id(db, adventure_id)
    return int(adventure_id)


def is_there(db: sqlite3.Connection, adventure_id: int) -> bool:
    """Return whether the adventure is on the shelf."""
    return db.execute("SELECT 1 FROM adventure WHERE id = ?", (adventure_id,)).fetchone() is not None


def read(db: sqlite3.Connection, adventure_id: int) -> Adventure | None:
    """Return an adventure with all its turns, the head where it was left; None if it is not on the shelf."""
    row = db.execute("SELECT * FROM adventure WHERE id = ?", (adventure_id,)).fetchone()
    if row is None:
        return None
    adventure = Adventure(
        row["id"],
        row["title"],
        row["opening"],
        row["scenario"],
        row["voice"],
        lore_rows.read(db, lore_rows.latest_id(db, adventure_id)),
        msgspec.json.decode(row["ideas"], type=tuple[str, ...]),
        msgspec.json.decode(row["tags"], type=tuple[str, ...]),
        row["overrides"],
        *story_rows.story_and_book(db, row["story"]),
    )
    for turn in db.execute("SELECT * FROM turn WHERE adventure = ? ORDER BY id", (adventure_id,)):
        adventure.add(turn_rows.node(turn))
    adventure.move(row["head"])
    return adventure


def insert(db: sqlite3.Connection, adventure: Adventure) -> None:
    """Add an adventure at its opening, without its lore. What is seen of its story begins there, too."""
    now = turn_rows.now()
    row = {
        "id": adventure.id,
        "title": adventure.title,
        "scenario": adventure.scenario,
        "opening": adventure.opening,
        "voice": adventure.voice,
        "ideas": msgspec.json.encode(adventure.ideas).decode(),
        "tags": msgspec.json.encode(adventure.tags).decode(),
        "overrides": adventure.overrides,
        "story": story_rows.add_story(db, adventure.story, adventure.book) if adventure.story else None,
        "made": now,
        "played": now,
    }
    columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
    db.execute(f"INSERT INTO adventure ({columns}) VALUES ({values})", row)  # noqa: S608 - names of ours
    if adventure.story:
        story_rows.add_seen(db, adventure.book, [adventure.story.start])


def unplayed(db: sqlite3.Connection, titles: Mapping[str, str]) -> list[int]:
    """Return the ids of adventures that have no turn, and of which the player has changed nothing.

    `titles` are those of the scenarios, by name: an adventure with another title was renamed.
    """
    rows = db.execute(_UNPLAYED, (msgspec.json.encode(titles).decode(),)).fetchall()
    return [row["id"] for row in rows]


def delete(db: sqlite3.Connection, adventure_id: int) -> None:
    """Delete an adventure and all that belongs to it."""
    db.execute("UPDATE adventure SET head = NULL WHERE id = ?", (adventure_id,))
    turn_rows.delete_of_adventure(db, adventure_id)
    db.execute("DELETE FROM lore WHERE adventure = ?", (adventure_id,))
    db.execute("DELETE FROM adventure WHERE id = ?", (adventure_id,))
    story_rows.delete_unused(db)
    _keep_id(db, adventure_id)


def _keep_id(db: sqlite3.Connection, adventure_id: int) -> None:
    db.execute("UPDATE purged SET adventure = max(adventure, ?)", (adventure_id,))
