"""The shelf: every adventure on disk, in one SQLite database that only grows.

A turn is written when it begins and again as it streams, each time in a transaction that is on the disk when the
call returns: a game that is killed loses at most what came since the last save. Nothing is deleted but by `purge`.
A database that can't be read is an error with its path, never an empty shelf. The tables are in `dungeon.storage.database`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.scenarios.model import Scenario
from dungeon.storage.database import PURGED, connect, storage_errors, transaction
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """How a turn was generated: all that is needed to generate it again."""

    voice: str
    """"" for what the player wrote."""
    sampling: str
    """JSON."""
    seed: int
    adapter: str = ""
    """sha256 of the voice's adapter; "" without one."""
    prompt: str = ""
    """sha256 of the prompt."""
    lore: int | None = None
    """The lore that was in force, by its id on the shelf."""
    budget: int = 0
    """The tokens that the prompt might take."""


# Read from an index alone. The way ends in as many places as there are turns that none answers.
_COUNTS = """
    SELECT adventure, count(*), sum(words), count(*) - count(DISTINCT parent)
    FROM turn GROUP BY adventure
"""
_COUNTS_OF = """
    SELECT adventure, count(*), sum(words), count(*) - count(DISTINCT parent)
    FROM turn WHERE adventure IN (SELECT value FROM json_each(?)) GROUP BY adventure
"""

WRITTEN_BY_PLAYER = GenerationRecord("", "{}", 0)
"""How the player's own text came about."""


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """An adventure as a list shows it."""

    id: int
    title: str
    tags: tuple[str, ...]
    played: str
    """When, as ISO 8601 in UTC."""
    turns: int
    words: int
    branches: int
    """The places where the story ends for now."""


class Shelf:
    """An open shelf. Several games may share one; each commit is short."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = connect(path)
        self._owed: dict[int, tuple[Node, GenerationRecord | None]] = {}
        """Turns as the disk, being full, did not take them. Whatever is written next writes them first."""

    def close(self) -> None:
        """Closes the database; what was saved stays."""
        with suppress(DungeonError), self._errors("written"):
            self._pay()
        self._db.close()

    def _errors(self, action: str) -> AbstractContextManager[None]:
        return storage_errors(self.path, action)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._errors("written"):
            self._pay()
            with transaction(self._db):
                yield

    def _pay(self) -> None:
        for id_, (node, how) in list(self._owed.items()):
            self._update(node, how)
            del self._owed[id_]

    # ---- adventures ------------------------------------------------------------------------------------------

    def add_adventure(self, scenario: Scenario, voice: str) -> Adventure:
        """A new adventure, at its opening."""
        with self._writing():
            now = _now()
            # SQLite would give the id of a purged row again, which another game may still hold for its own; so here and
            # with turns.
            (id_,) = self._db.execute(
                "SELECT 1 + max(coalesce(max(id), 0), (SELECT adventure FROM purged)) FROM adventure"
            ).fetchone()
            self._db.execute(
                "INSERT INTO adventure (id, title, scenario, opening, voice, ideas, made, played) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (id_, scenario.title, scenario.name, scenario.opening, voice, _json(scenario.actions), now, now),
            )
            adventure = Adventure(
                id_,
                scenario.title,
                scenario.opening,
                scenario.name,
                voice,
                scenario.lore,
                scenario.actions,
            )
            self._add_lore(adventure)
            self._is_latest(adventure.id)
            return adventure

    def latest_id(self) -> int | None:
        """The id of the adventure that was played last, None on an empty shelf."""
        with self._errors("read"):
            row = self._db.execute("SELECT id FROM adventure ORDER BY latest DESC, id DESC LIMIT 1").fetchone()
            return row["id"] if row else None

    def list_adventures(self, search: str = "", most: int = -1) -> list[ShelfEntry]:
        """The adventures whose title, tags, opening or turns hold all words of `search`; last played first.

        With `most`, the first so many.
        """
        patterns = [f"%{_literal(word)}%" for word in search.split()]
        with self._errors("read"):
            rows = self._db.execute(
                """
                SELECT id, title, tags, played FROM adventure a
                WHERE NOT EXISTS (
                    SELECT 1 FROM json_each(?) AS word WHERE NOT (
                        a.title || ' ' || a.tags || ' ' || a.opening LIKE word.value ESCAPE '\\'
                        OR EXISTS (
                            SELECT 1 FROM turn t
                            WHERE t.adventure = a.id AND t.input || ' ' || t.prose LIKE word.value ESCAPE '\\'
                        )
                    )
                )
                ORDER BY latest DESC, id DESC LIMIT ?
                """,
                (_json(patterns), most),
            ).fetchall()
            some = patterns or most >= 0
            counts = self._db.execute(
                _COUNTS_OF if some else _COUNTS, (_json([row["id"] for row in rows]),) if some else ()
            )
            counted = {adventure: (turns, words, max(1, ends)) for adventure, turns, words, ends in counts}
            return [
                ShelfEntry(
                    row["id"], row["title"], _tags(row["tags"]), row["played"], *counted.get(row["id"], (0, 0, 1))
                )
                for row in rows
            ]

    def count_adventures(self) -> int:
        """How many adventures there are."""
        with self._errors("read"):
            return int(self._db.execute("SELECT count(*) FROM adventure").fetchone()[0])

    def last_passage(self, id: int) -> str:  # noqa: A002
        """Where the player stands in that adventure: the prose of the head, its words, or the opening."""
        with self._errors("read"):
            row = self._db.execute(
                "SELECT a.opening, t.prose, t.input FROM adventure a LEFT JOIN turn t ON t.id = a.head WHERE a.id = ?",
                (id,),
            ).fetchone()
            return next(filter(None, (row["prose"], row["input"], row["opening"])), "") if row else ""

    def open(self, id: int) -> Adventure:  # noqa: A002
        """The adventure with all its turns, the head where it was left."""
        with self._errors("read"):
            row = self._db.execute("SELECT * FROM adventure WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise DungeonError(f"There is no adventure {id} on the shelf {self.path}.")
            lore = self._db.execute(
                "SELECT lore FROM lore WHERE adventure = ? ORDER BY id DESC LIMIT 1", (id,)
            ).fetchone()
            adventure = Adventure(
                row["id"],
                row["title"],
                row["opening"],
                row["scenario"],
                row["voice"],
                msgspec.json.decode(lore["lore"], type=Lore) if lore else Lore(),
                msgspec.json.decode(row["ideas"], type=tuple[str, ...]),
                _tags(row["tags"]),
                row["overrides"],
            )
            for turn in self._db.execute("SELECT * FROM turn WHERE adventure = ? ORDER BY id", (id,)):
                adventure.add(_node(turn))
            adventure.move(row["head"])
            return adventure

    def save_adventure_labels(self, adventure: Adventure) -> None:
        """The adventure's title, tags and own settings as they are now."""
        with self._errors("written"):
            self._db.execute(
                "UPDATE adventure SET title = ?, tags = ?, overrides = ? WHERE id = ?",
                (adventure.title, _json(adventure.tags), adventure.overrides, adventure.id),
            )

    def save_lore(self, adventure: Adventure) -> None:
        """The adventure's lore as it is now; every one it had before is kept."""
        with self._errors("written"):
            self._add_lore(adventure)

    def current_lore_id(self, adventure: Adventure) -> int | None:
        """The id of its lore, for `GenerationRecord`."""
        with self._errors("read"):
            row = self._db.execute("SELECT max(id) AS id FROM lore WHERE adventure = ?", (adventure.id,)).fetchone()
            return None if row["id"] is None else int(row["id"])

    def lore(self, id: int) -> Lore:  # noqa: A002
        """The lore of that id."""
        with self._errors("read"):
            row = self._db.execute("SELECT lore FROM lore WHERE id = ?", (id,)).fetchone()
            return msgspec.json.decode(row["lore"], type=Lore) if row else Lore()

    def purge(self, adventure: int) -> None:
        """Takes the adventure and all its turns off the disk, for good. The player has confirmed it."""
        with self._writing():
            self._db.execute("UPDATE adventure SET head = NULL WHERE id = ?", (adventure,))
            self._delete_turns("SELECT id FROM turn WHERE adventure = ?", adventure)
            self._db.execute("DELETE FROM lore WHERE adventure = ?", (adventure,))
            self._db.execute("DELETE FROM adventure WHERE id = ?", (adventure,))
            self._db.execute("UPDATE purged SET adventure = max(adventure, ?)", (adventure,))
        self._forget()

    def _add_lore(self, adventure: Adventure) -> None:
        self._db.execute(
            "INSERT INTO lore (adventure, lore, made) VALUES (?, ?, ?)", (adventure.id, _json(adventure.lore), _now())
        )

    def _is_latest(self, adventure: int) -> None:
        self._db.execute(
            "UPDATE adventure SET played = ?, latest = (SELECT max(latest) + 1 FROM adventure) WHERE id = ?",
            (_now(), adventure),
        )

    # ---- turns -----------------------------------------------------------------------------------------------

    def add_turn(self, adventure: Adventure, kind: Kind, words: str, action: str, told: GenerationRecord) -> Node:
        """A new turn below the head, the head on it, without prose as yet."""
        node = Node(0, adventure.head, kind, words, action)
        with self._writing():
            node = self._insert(adventure, node, told)
            self._stand(adventure, node.id, told.voice)
        adventure.voice = told.voice
        adventure.add(node)
        return node

    def add_edit(self, adventure: Adventure, line: Sequence[Node]) -> list[Node]:
        """Copies of turns that follow each other, the first beside its original, each other one under the last.

        `line` has the turns as they are to be. One that is as it was keeps how it was told. Names and bookmarks go
        over to the copies, and the head if it stood on one of the turns.
        """
        old = [adventure.nodes[node.id] for node in line]
        added: list[Node] = []
        with self._writing():
            for node, before in zip(line, old, strict=True):
                parent = added[-1].id if added else before.parent
                copy = replace(node, parent=parent, edit_of=before.id, folded=False)
                added.append(
                    self._insert(adventure, copy, self._how(before.id) if node == before else WRITTEN_BY_PLAYER)
                )
            bare = [replace(before, name="", bookmarked=False) for before in old]
            for node in (*added, *bare):
                self._mark(node)
            copies = {before.id: node.id for before, node in zip(old, added, strict=True)}
            head = adventure.head if adventure.head is None else copies.get(adventure.head, adventure.head)
            self._stand(adventure, head)
        for node in bare:
            adventure.replace(node)
        for node in added:
            adventure.add(node)
        adventure.move(head)
        return added

    def save_turn(self, node: Node, told: GenerationRecord | None = None) -> None:
        """The turn's prose and state as they are now, and how it was told if that has changed."""
        _, owed = self._owed.pop(node.id, (node, None))
        told = told or owed
        with self._errors("written"):
            try:
                self._pay()
                there = self._update(node, told)
            except sqlite3.OperationalError:
                self._owed[node.id] = node, told
                raise
        if not there:
            raise DungeonError(PURGED)

    def save_turn_labels(self, node: Node) -> None:
        """The turn's name, bookmark and fold as they are now."""
        with self._errors("written"):
            self._mark(node)

    def save_head(self, adventure: Adventure) -> None:
        """Where the player stands now."""
        with self._writing():
            self._stand(adventure, adventure.head)

    def generation_record(self, id: int) -> GenerationRecord:  # noqa: A002
        """How the turn was told."""
        with self._errors("read"):
            return self._how(id)

    def purge_turn(self, adventure: Adventure, id: int) -> Adventure:  # noqa: A002
        """Takes the turn and all that follows it off the disk, for good; the adventure as it is without them.

        The head, if it stood there, moves to the turn before. The player has confirmed it.
        """
        gone = {id, *(node.id for node in adventure.below(id))}
        head = adventure.nodes[id].parent if adventure.head in gone else adventure.head
        with self._writing():
            self._db.execute("UPDATE adventure SET head = ? WHERE id = ?", (head, adventure.id))
            self._delete_turns(
                "WITH RECURSIVE gone(id) AS (VALUES (?) UNION SELECT t.id FROM turn t JOIN gone g ON t.parent = g.id) "
                "SELECT id FROM gone",
                id,
            )
        self._forget()
        return self.open(adventure.id)

    def _insert(self, adventure: Adventure, node: Node, told: GenerationRecord) -> Node:
        (id_,) = self._db.execute(
            "SELECT 1 + max(coalesce(max(id), 0), (SELECT turn FROM purged)) FROM turn"
        ).fetchone()
        self._db.execute(
            "INSERT INTO turn (id, adventure, parent, kind, input, action, prose, state, edit_of, voice, sampling, "
            "seed, adapter, prompt, lore, budget, words, name, marked, folded, made) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id_,
                adventure.id,
                node.parent,
                node.kind,
                node.input,
                node.action,
                node.prose,
                node.state,
                node.edit_of,
                told.voice,
                told.sampling,
                told.seed,
                told.adapter,
                told.prompt,
                told.lore,
                told.budget,
                _words(node),
                node.name,
                node.bookmarked,
                node.folded,
                _now(),
            ),
        )
        return replace(node, id=id_)

    def _mark(self, node: Node) -> None:
        self._db.execute(
            "UPDATE turn SET name = ?, marked = ?, folded = ? WHERE id = ?",
            (node.name, node.bookmarked, node.folded, node.id),
        )

    def _update(self, node: Node, told: GenerationRecord | None) -> bool:
        how = astuple(told) if told else (None,) * 7
        cursor = self._db.execute(
            "UPDATE turn SET prose = ?, state = ?, words = ?, voice = coalesce(?, voice), "
            "sampling = coalesce(?, sampling), seed = coalesce(?, seed), adapter = coalesce(?, adapter), "
            "prompt = coalesce(?, prompt), lore = coalesce(?, lore), budget = coalesce(?, budget) WHERE id = ?",
            (node.prose, node.state, _words(node), *how, node.id),
        )
        return cursor.rowcount > 0

    def _stand(self, adventure: Adventure, head: int | None, voice: str | None = None) -> None:
        self._db.execute(
            "UPDATE adventure SET head = ?, voice = coalesce(?, voice) WHERE id = ?", (head, voice, adventure.id)
        )
        self._is_latest(adventure.id)

    def _how(self, id: int) -> GenerationRecord:  # noqa: A002
        row = self._db.execute("SELECT * FROM turn WHERE id = ?", (id,)).fetchone()
        return GenerationRecord(
            row["voice"], row["sampling"], row["seed"], row["adapter"], row["prompt"], row["lore"], row["budget"]
        )

    def _delete_turns(self, which: str, parameter: int) -> None:
        gone = [row["id"] for row in self._db.execute(which, (parameter,))]
        self._db.executemany("UPDATE turn SET edit_of = NULL WHERE edit_of = ?", [(id_,) for id_ in gone])
        self._db.executemany("UPDATE purged SET turn = max(turn, ?)", [(id_,) for id_ in gone])
        # A turn is deleted before the one it answers, which is older.
        self._db.executemany("DELETE FROM turn WHERE id = ?", [(id_,) for id_ in sorted(gone, reverse=True)])

    def _forget(self) -> None:
        """What was purged must not stay readable in the log beside the database."""
        with self._errors("written"):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _node(turn: sqlite3.Row) -> Node:
    return Node(
        turn["id"],
        turn["parent"],
        Kind(turn["kind"]),
        turn["input"],
        turn["action"],
        turn["prose"],
        State(turn["state"]),
        turn["edit_of"],
        turn["name"],
        bool(turn["marked"]),
        bool(turn["folded"]),
    )


def _words(node: Node) -> int:
    """Of the story: the voice's, and those that the player narrated."""
    return len(node.prose.split()) + (len(node.input.split()) if node.kind is Kind.STORY else 0)


def _tags(column: str) -> tuple[str, ...]:
    return msgspec.json.decode(column, type=tuple[str, ...])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _literal(word: str) -> str:
    r"""For LIKE … ESCAPE '\'."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _now() -> str:
    return datetime.now(UTC).isoformat()
