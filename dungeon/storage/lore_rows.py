"""The lore of adventures as rows of SQL, every version of it, within the transaction of `dungeon.storage.shelf`."""

import sqlite3

import msgspec

from dungeon.storage.turn_rows import now
from dungeon.tale.lore import Lore


def add(db: sqlite3.Connection, adventure: int, lore: Lore) -> None:
    """Add a version, which is in force from now on."""
    db.execute(
        "INSERT INTO lore (adventure, lore, made) VALUES (?, ?, ?)",
        (adventure, msgspec.json.encode(lore).decode(), now()),
    )


def latest_id(db: sqlite3.Connection, adventure: int) -> int | None:
    """Return the id of the version in force; None if there is none."""
    (lore_id,) = db.execute("SELECT max(id) FROM lore WHERE adventure = ?", (adventure,)).fetchone()
    return None if lore_id is None else int(lore_id)


def read(db: sqlite3.Connection, lore_id: int | None) -> Lore:
    """Return the version with that id; empty lore if there is none."""
    row = db.execute("SELECT lore FROM lore WHERE id = ?", (lore_id,)).fetchone()
    return msgspec.json.decode(row["lore"], type=Lore) if row else Lore()
