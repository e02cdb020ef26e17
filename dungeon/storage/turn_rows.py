"""The turns of the shelf as rows of SQL, within the transaction of `dungeon.storage.shelf`."""

import sqlite3
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime

from corpus.turns import Kind
from dungeon.storage.record import GenerationRecord
from dungeon.tale.adventure import Node, State

_BELOW = """
    WITH RECURSIVE gone(id) AS (VALUES (:turn) UNION SELECT t.id FROM turn t JOIN gone g ON t.parent = g.id)
    SELECT id FROM gone
"""
_RECORD = tuple(field.name for field in fields(GenerationRecord))
"""The columns that hold a turn's generation record."""


def now() -> str:
    """Return the time as the shelf writes it."""
    return datetime.now(UTC).isoformat()


def insert(db: sqlite3.Connection, adventure: int, node: Node, record: GenerationRecord) -> Node:
    """Add a turn to an adventure; return it with its id."""
    # SQLite would give the id of a purged row again, which another game may still hold for its own.
    (node_id,) = db.execute("SELECT 1 + max(coalesce(max(id), 0), (SELECT turn FROM purged)) FROM turn").fetchone()
    row = asdict(record) | {
        "id": node_id,
        "adventure": adventure,
        "parent": node.parent,
        "kind": node.kind,
        "input": node.input,
        "action": node.action,
        "prose": node.prose,
        "state": node.state,
        "edit_of": node.edit_of,
        "words": _word_count(node),
        "name": node.name,
        "marked": node.bookmarked,
        "folded": node.folded,
        "passage": node.passage,
        "leaves_author": node.leaves_author,
        "made": now(),
    }
    columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
    db.execute(f"INSERT INTO turn ({columns}) VALUES ({values})", row)  # noqa: S608 - names of ours
    return replace(node, id=node_id)


def node(row: sqlite3.Row) -> Node:
    """Return the turn of a row."""
    return Node(
        row["id"],
        row["parent"],
        Kind(row["kind"]),
        row["input"],
        row["action"],
        row["prose"],
        State(row["state"]),
        row["edit_of"],
        row["name"],
        bool(row["marked"]),
        bool(row["folded"]),
        row["passage"],
        bool(row["leaves_author"]),
    )


def update(db: sqlite3.Connection, node: Node, record: GenerationRecord | None) -> bool:
    """Write the turn's prose and state, and its record if there is one; return whether it is still on the shelf."""
    row: dict[str, object] = {"prose": node.prose, "state": node.state, "words": _word_count(node)}
    row |= asdict(record) if record else {}
    changes = ", ".join(f"{column} = :{column}" for column in row)
    row |= {"id": node.id}
    return db.execute(f"UPDATE turn SET {changes} WHERE id = :id", row).rowcount > 0  # noqa: S608 - as above


def update_labels(db: sqlite3.Connection, node: Node) -> None:
    """Write the turn's name, bookmark and fold."""
    db.execute(
        "UPDATE turn SET name = ?, marked = ?, folded = ? WHERE id = ?",
        (node.name, node.bookmarked, node.folded, node.id),
    )


def made(db: sqlite3.Connection, node_id: int) -> str:
    """Return when the turn was made, as `now` writes it; "" if it is not on the shelf."""
    row = db.execute("SELECT made FROM turn WHERE id = ?", (node_id,)).fetchone()
    return row["made"] if row else ""


def record(db: sqlite3.Connection, node_id: int) -> GenerationRecord:
    """Return how the turn was generated."""
    row = db.execute("SELECT * FROM turn WHERE id = ?", (node_id,)).fetchone()
    return GenerationRecord(**{column: row[column] for column in _RECORD})


def delete_of_adventure(db: sqlite3.Connection, adventure: int) -> None:
    """Delete all turns of an adventure."""
    _delete(db, "SELECT id FROM turn WHERE adventure = :adventure", {"adventure": adventure})


def delete_from(db: sqlite3.Connection, node_id: int) -> None:
    """Delete a turn and all that follow it; a head that was there is at the turn before."""
    db.execute(
        f"UPDATE adventure SET head = (SELECT parent FROM turn WHERE id = :turn) WHERE head IN ({_BELOW})",  # noqa: S608
        {"turn": node_id},
    )
    _delete(db, _BELOW, {"turn": node_id})


def _delete(db: sqlite3.Connection, query: str, parameters: dict[str, int]) -> None:
    """Delete the turns whose ids the query finds."""
    ids = sorted((row["id"] for row in db.execute(query, parameters)), reverse=True)
    db.executemany("UPDATE turn SET edit_of = NULL WHERE edit_of = ?", [(node_id,) for node_id in ids])
    db.executemany("UPDATE purged SET turn = max(turn, ?)", [(node_id,) for node_id in ids])
    # A turn goes before its parent, which is older.
    db.executemany("DELETE FROM turn WHERE id = ?", [(node_id,) for node_id in ids])


def _word_count(node: Node) -> int:
    """Words of the story: the storyteller's, and those that the player narrated."""
    return len(node.prose.split()) + (len(node.input.split()) if node.kind is Kind.STORY else 0)
