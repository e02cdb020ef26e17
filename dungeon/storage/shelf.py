"""The shelf: every adventure on the disk, in one SQLite database that only grows.

A turn is written when it begins and again while it streams, each time in a transaction that is on the disk when the
call returns: a game that is killed loses at most what came since the last save. Only `purge` deletes what was played.
A database that can't be read is an error with its path, never an empty shelf. The tables are in
`dungeon.storage.database`, the SQL in `adventure_rows`, `turn_rows`, `lore_rows` and `story_rows`; lists and searches
are in `entries` and `search`, copies of the file in `backups`.

An adventure that was opened and not played is not on the shelf: `new_adventure` only takes an id, and the adventure is
written with its first turn, or with the first change of its title, tags, lore or settings.

A shelf may be used from several threads; each call takes the lock. Several games may share one file: each commit is
short.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from corpus.story import Story
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.storage import adventure_rows, lore_rows, story_rows, turn_rows
from dungeon.storage.backups import purge_from_backups
from dungeon.storage.database import PURGED, connect, storage_errors, transaction
from dungeon.storage.entries import ShelfEntry, entries, last_passage
from dungeon.storage.record import NO_VOICE, GenerationRecord
from dungeon.storage.search import Found, find_words
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Lore


class Opening(Protocol):
    """How an adventure begins: a scenario, to the shelf."""

    @property
    def title(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def opening(self) -> str: ...
    @property
    def lore(self) -> Lore: ...
    @property
    def actions(self) -> tuple[str, ...]: ...


class Shelf:
    """An open shelf."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = connect(path)
        self._lock = threading.RLock()
        self._pending_writes: dict[int, tuple[Node, GenerationRecord | None]] = {}
        """Turns that a full disk did not take. The next write flushes them first."""

    def close(self) -> None:
        """Closes the database; what was saved stays."""
        with self._lock:
            with suppress(DungeonError), storage_errors(self.path, "written"):
                self._flush()
            self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, storage_errors(self.path, "read"):
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._lock, storage_errors(self.path, "written"):
            self._flush()
            with transaction(self._db):
                yield self._db

    def _flush(self) -> None:
        for node_id, (node, record) in list(self._pending_writes.items()):
            turn_rows.update(self._db, node, record)
            del self._pending_writes[node_id]

    # ---- adventures ------------------------------------------------------------------------------------------

    def new_adventure(self, scenario: Opening, voice: str, *, story: Story | None = None, book: str = "") -> Adventure:
        """A new adventure, at its opening. With `story`, that is an authored story, and `book` says which.

        It comes to the shelf when it is played or changed; its id is its own from now on.
        """
        with self._writing() as db:
            adventure_id = adventure_rows.take_id(db)
        return Adventure(
            adventure_id,
            scenario.title,
            scenario.opening,
            scenario.name,
            voice,
            scenario.lore,
            scenario.actions,
            story=story,
            book=book,
        )

    def add_adventure(self, scenario: Opening, voice: str, *, story: Story | None = None, book: str = "") -> Adventure:
        """The same, on the shelf at once."""
        adventure = self.new_adventure(scenario, voice, story=story, book=book)
        with self._writing():
            self._add_if_missing(adventure)
        return adventure

    def _add_if_missing(self, adventure: Adventure) -> bool:
        """Writes an adventure without turns that the shelf hasn't got; whether it did.

        One with turns that is missing was purged by another game, and stays so.
        """
        if adventure.nodes or adventure_rows.is_there(self._db, adventure.id):
            return False
        adventure_rows.insert(self._db, adventure)
        lore_rows.add(self._db, adventure.id, adventure.lore)
        self._set_latest(adventure.id)
        return True

    def delete_unplayed(self, titles: Mapping[str, str]) -> None:
        """Deletes adventures that have no turn, if the player has not changed their title, tags, lore or settings.

        Earlier versions wrote an adventure when it was opened. `titles` are those of the scenarios, by name; openings
        that the player wrote stay. A game that has such an adventure open writes it again with its first turn.
        """
        with self._reading() as db:
            if not adventure_rows.unplayed(db, titles):
                return
        with self._writing() as db:
            for adventure_id in adventure_rows.unplayed(db, titles):
                adventure_rows.delete(db, adventure_id)

    def latest_id(self) -> int | None:
        """The id of the adventure that was played last, None on an empty shelf."""
        with self._reading() as db:
            row = db.execute("SELECT id FROM adventure ORDER BY latest DESC, id DESC LIMIT 1").fetchone()
            return row["id"] if row else None

    def list_adventures(self, search: str = "", limit: int = -1) -> list[ShelfEntry]:
        """The adventures whose title, tags, opening, lore or turns hold all words of `search`; last played first.

        With `limit`, only the first so many.
        """
        with self._reading() as db:
            return entries(db, search, limit)

    def find_words(self, adventure_id: int, search: str) -> Found | None:
        """The sentence in which most words of `search` stand in an adventure; None where none of them does."""
        with self._reading() as db:
            return find_words(db, adventure_id, search)

    def count_adventures(self) -> int:
        """The number of adventures on the shelf."""
        with self._reading() as db:
            return int(db.execute("SELECT count(*) FROM adventure").fetchone()[0])

    def last_passage(self, adventure_id: int) -> str:
        """The text where the player is in that adventure: the head's prose or input, or the opening."""
        with self._reading() as db:
            return last_passage(db, adventure_id)

    def open(self, adventure_id: int) -> Adventure:
        """The adventure with all its turns, the head where it was left.

        Raises:
            DungeonError: there is none with this id, or it can't be read.
        """
        with self._reading() as db:
            adventure = adventure_rows.read(db, adventure_id)
        if adventure is None:
            raise DungeonError(f"There is no adventure {adventure_id} on the shelf {self.path}.")
        return adventure

    def save_adventure_labels(self, adventure: Adventure) -> None:
        """Saves the adventure's title, tags and own settings."""
        with self._writing() as db:
            self._add_if_missing(adventure)
            db.execute(
                "UPDATE adventure SET title = ?, tags = ?, overrides = ? WHERE id = ?",
                (adventure.title, _json(adventure.tags), adventure.overrides, adventure.id),
            )

    def save_lore(self, adventure: Adventure) -> None:
        """Saves the adventure's lore; every earlier version is kept."""
        with self._writing():
            self._add_if_missing(adventure)
            # A second version, even of a new adventure: the player has changed it.
            lore_rows.add(self._db, adventure.id, adventure.lore)

    def current_lore_id(self, adventure: Adventure) -> int | None:
        """The id of the adventure's lore, for its generation records."""
        with self._reading() as db:
            return lore_rows.latest_id(db, adventure.id)

    def lore(self, lore_id: int) -> Lore:
        """The lore with that id."""
        with self._reading() as db:
            return lore_rows.read(db, lore_id)

    def purge(self, adventure_id: int) -> None:
        """Deletes the adventure and all its turns, for good, and in the backups, too. The player has confirmed it."""
        with self._writing() as db:
            row = db.execute("SELECT made FROM adventure WHERE id = ?", (adventure_id,)).fetchone()
            if row:
                delete = partial(adventure_rows.delete, adventure_id=adventure_id)
                delete(db)
                purge_from_backups(self.path, "adventure", adventure_id, row["made"], delete)
        self._truncate_log()

    def _set_latest(self, adventure_id: int) -> None:
        self._db.execute(
            "UPDATE adventure SET played = ?, latest = (SELECT max(latest) + 1 FROM adventure) WHERE id = ?",
            (turn_rows.now(), adventure_id),
        )

    # ---- authored stories ------------------------------------------------------------------------------------

    def replace_story(self, adventure: Adventure, story: Story) -> None:
        """Puts another version of the authored story, with its opening, in place of the one that is played."""
        opening = story.passages[story.start].text
        with self._writing() as db:
            story_id = story_rows.add_story(db, story, adventure.book)
            db.execute("UPDATE adventure SET story = ?, opening = ? WHERE id = ?", (story_id, opening, adventure.id))
            story_rows.delete_unused(db)
        adventure.story, adventure.opening = story, opening

    def latest_of_book(self, book: str) -> int | None:
        """The id of the adventure in this authored story that was played last; None if there is none."""
        with self._reading() as db:
            return story_rows.latest_adventure(db, book)

    def seen_passages(self, book: str) -> frozenset[str]:
        """The names of the passages that the player has seen of an authored story."""
        return self.all_seen_passages().get(book, frozenset())

    def all_seen_passages(self) -> dict[str, frozenset[str]]:
        """The same for every story of which anything was seen."""
        with self._reading() as db:
            return story_rows.seen(db)

    def add_seen(self, book: str, passages: Iterable[str]) -> None:
        """Adds to the passages that the player has seen."""
        with self._writing():
            story_rows.add_seen(self._db, book, passages)

    def add_authored_turn(self, adventure: Adventure, node: Node) -> Node:
        """Adds a turn that the author answers below the head, and moves the head to it; `node` has no id yet."""
        with self._writing():
            self._add_if_missing(adventure)
            node = turn_rows.insert(self._db, adventure.id, replace(node, parent=adventure.head), NO_VOICE)
            self._set_head(adventure, node.id)
            if node.passage is not None:
                story_rows.add_seen(self._db, adventure.book, [node.passage])
        adventure.add(node)
        return node

    # ---- turns -----------------------------------------------------------------------------------------------

    def add_turn(
        self,
        adventure: Adventure,
        kind: Kind,
        words: str,
        action: str,
        record: GenerationRecord,
        *,
        leaves_author: bool = False,
    ) -> Node:
        """Adds a turn without prose below the head, and moves the head to it."""
        with self._writing():
            if self._add_if_missing(adventure):
                record = replace(record, lore=lore_rows.latest_id(self._db, adventure.id))
            node = Node(0, adventure.head, kind, words, action, leaves_author=leaves_author)
            node = turn_rows.insert(self._db, adventure.id, node, record)
            self._set_head(adventure, node.id, record.voice)
        adventure.voice = record.voice
        adventure.add(node)
        return node

    def add_edit(self, adventure: Adventure, line: Sequence[Node]) -> list[Node]:
        """Adds copies of turns that follow each other: the first beside its original, each other one under the last.

        `line` has the turns with their new texts. A turn without a change keeps its generation record. Names and
        bookmarks go over to the copies, and so does the head if it was on one of the turns.
        """
        originals = [adventure.nodes[node.id] for node in line]
        copies: list[Node] = []
        with self._writing():
            for node, original in zip(line, originals, strict=True):
                parent = copies[-1].id if copies else original.parent
                copy = replace(node, parent=parent, edit_of=original.id, folded=False)
                record = turn_rows.record(self._db, original.id) if node == original else NO_VOICE
                copies.append(turn_rows.insert(self._db, adventure.id, copy, record))
            unlabelled = [replace(original, name="", bookmarked=False) for original in originals]
            for node in (*copies, *unlabelled):
                turn_rows.update_labels(self._db, node)
            copy_of = {original.id: copy.id for original, copy in zip(originals, copies, strict=True)}
            head = adventure.head if adventure.head is None else copy_of.get(adventure.head, adventure.head)
            self._set_head(adventure, head)
        for node in unlabelled:
            adventure.replace(node)
        for node in copies:
            adventure.add(node)
        adventure.move(head)
        return copies

    def save_turn(self, node: Node, record: GenerationRecord | None = None) -> None:
        """Saves the turn's prose and state, and its generation record if that has changed.

        Raises:
            DungeonError: the disk takes nothing (the next write will try again), or another game has purged the turn.
        """
        with self._lock:
            _, pending_record = self._pending_writes.pop(node.id, (node, None))
            record = record or pending_record
            with storage_errors(self.path, "written"):
                try:
                    self._flush()
                    is_there = turn_rows.update(self._db, node, record)
                except sqlite3.OperationalError:
                    self._pending_writes[node.id] = node, record
                    raise
        if not is_there:
            raise DungeonError(PURGED)

    def save_turn_labels(self, node: Node) -> None:
        """Saves the turn's name, bookmark and fold."""
        with self._writing():
            turn_rows.update_labels(self._db, node)

    def save_head(self, adventure: Adventure) -> None:
        """Saves where the player is."""
        with self._writing():
            self._set_head(adventure, adventure.head)

    def generation_record(self, node_id: int) -> GenerationRecord:
        """How the turn was generated."""
        with self._reading():
            return turn_rows.record(self._db, node_id)

    def purge_turn(self, adventure: Adventure, node_id: int) -> Adventure:
        """Deletes the turn and all that follow it, for good; returns the adventure without them.

        The head, if it was there, moves to the turn before. The backups lose them, too. The player has confirmed it.
        """
        with self._writing() as db:
            db.execute("UPDATE adventure SET head = ? WHERE id = ?", (adventure.head, adventure.id))
            made = turn_rows.made(db, node_id)
            delete = partial(turn_rows.delete_from, node_id=node_id)
            delete(db)
            purge_from_backups(self.path, "turn", node_id, made, delete)
        self._truncate_log()
        return self.open(adventure.id)

    def _set_head(self, adventure: Adventure, head: int | None, voice: str | None = None) -> None:
        self._db.execute(
            "UPDATE adventure SET head = ?, voice = coalesce(?, voice) WHERE id = ?", (head, voice, adventure.id)
        )
        self._set_latest(adventure.id)

    def _truncate_log(self) -> None:
        """What was purged must not stay readable in the log beside the database."""
        with self._lock, storage_errors(self.path, "written"):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
