"""The game's shelf, an SQLite file -> Stories: one for each adventure, with every branch that was played on.

The schema has a version (`PRAGMA user_version`). The shelf is only read, and a running game is neither blocked nor put
at risk: a shelf that nobody has open is read into memory; one with a write-ahead log is opened by SQLite in read-only
mode, which sees the latest saves.

A turn that was cut off, because the player stopped it or the game crashed, is left out unless the game continued from
it. So is a turn that the player abandoned: nothing follows it, and the player is somewhere else now. That is what
becomes of an answer that was retried, and of the last turn before going back to try something else.

In an adventure that plays an author's story, the author's text is context only: the opening, and every turn whose prose
is that of a passage. What the storyteller improvised is learned, and so is a passage that the player rewrote.

Limits: a shelf with a newer schema than this module knows is refused. If the author's story is damaged, a turn is the
author's if the shelf names a passage for it, rewritten or not.
"""

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.save_json import count
from corpus.readers.source import MAX_BYTES, Format, Source
from corpus.story import Story, StoryError
from corpus.turns import PARAGRAPH, Kind

_SIGN = b"SQLite format 3\x00"
_NEWEST = 4
_WITH_EDITS = 3
_WITH_AUTHORS = 4
_TABLES = ("adventure", "turn")
_DONE = "done"
_LONGEST_TEXT = 1 << 24
_MOST_OBJECTS = 400_000
"""Passages and choices of an author's story, far more than anybody wrote."""
_SECONDS = 4.0
"""No shelf takes as long, but somebody else's file may have computed columns that never end."""
_TRIES = 3
_NO_LETTERS = re.compile(r"[\W_]+")


class _Lore(msgspec.Struct):
    memory: msgspec.Raw = msgspec.Raw(b"")
    note: msgspec.Raw = msgspec.Raw(b"")
    cards: msgspec.Raw = msgspec.Raw(b"")


class _Authored(NamedTuple):
    """The passages of an author's story."""

    names: frozenset[str]
    texts: frozenset[str]
    """As `_essence` returns them."""


def _looks_like(source: Source) -> bool:
    tables = (f"CREATE TABLE {table} (".encode() in source.head for table in _TABLES)
    return source.head.startswith(_SIGN) and all(tables)


def _read(source: Source) -> Iterator[Story]:
    try:
        with closing(_opened(source)) as db:
            adventures, turns, stories = _rows(db, source)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # SQLite's own message may quote a damaged name
        raise StoryError(
            f"The shelf {source.name} can't be read: {error}. "
            "Open it with dungeon; if that fails, too, restore it from a backup."
        ) from error
    authored = {row["id"]: _authored(_text(row, "story")) for row in stories}
    turns_of: dict[Any, list[sqlite3.Row]] = {}
    for turn in turns:
        turns_of.setdefault(turn["adventure"], []).append(turn)
    count = 0
    for adventure in adventures:
        play = Playthrough(source)
        _add_adventure(adventure, turns_of.get(adventure["id"], []), authored.get(adventure["story"]), play)
        if play.has_prose:
            count += 1
            yield play.to_story(_text(adventure, "title"))
    if not count:
        raise StoryError(f"The shelf {source.name} has no story text yet. Play an adventure first.")


def _add_adventure(
    adventure: sqlite3.Row, turns: Sequence[sqlite3.Row], authored: _Authored | None, play: Playthrough
) -> None:
    continued = {turn["parent"] for turn in turns}
    abandoned = {
        turn["id"]
        for turn in turns
        if turn["id"] not in continued and turn["id"] != adventure["head"] and not _is_authors(turn, authored)
    }
    replaced = _replaced(turns, abandoned)
    opening = play.add_prose(ROOT, _text(adventure, "opening"), context_only=adventure["story"] is not None)
    pieces: dict[Any, int] = {None: opening}
    for turn in turns:
        kind, prose = _text(turn, "kind"), _text(turn, "prose")
        if turn["id"] in replaced:
            play.left_out["replaced turn"] += 1
        elif turn["parent"] not in pieces:
            play.left_out["stray turn"] += 1
        elif _text(turn, "state") != _DONE and turn["id"] not in continued:
            play.left_out["unfinished turn"] += 1
        elif turn["id"] in abandoned:
            play.left_out["abandoned turn"] += 1
        elif _is_authors(turn, authored):
            words = _text(turn, "input") if kind == Kind.STORY else ""
            before = play.add_prose(pieces[turn["parent"]], words)
            before = play.add_action(before, _text(turn, "action"))
            pieces[turn["id"]] = play.add_prose(before, prose, context_only=True)
        elif kind == Kind.STORY:
            narration = PARAGRAPH.join(filter(None, (_text(turn, "input"), prose)))
            pieces[turn["id"]] = play.add_prose(pieces[turn["parent"]], narration)
        else:
            action = play.add_action(pieces[turn["parent"]], _text(turn, "action"))
            pieces[turn["id"]] = play.add_prose(action, prose)
    if "lore" in adventure.keys():  # noqa: SIM118 (a row is not a mapping)
        try:
            lore = msgspec.json.decode(_text(adventure, "lore"), type=_Lore)
        except (msgspec.DecodeError, RecursionError):  # it is only counted here
            lore = _Lore()
        play.left_out["memory"] += bool(count(lore.memory))
        play.left_out["author's note"] += bool(count(lore.note))
        play.left_out["card"] += count(lore.cards)


def _authored(story: str) -> _Authored | None:
    """Return the passages of a story in JSON, or None if it is damaged."""
    if story.count("{") > _MOST_OBJECTS:
        return None
    try:
        passages = msgspec.json.decode(story, type=Story).passages
    except (msgspec.DecodeError, RecursionError):
        return None
    return _Authored(frozenset(passages), frozenset(_essence(passage.text) for passage in passages.values()))


def _is_authors(turn: sqlite3.Row, authored: _Authored | None) -> bool:
    """Return whether a turn's prose is the author's, in any passage; without an intact story, what the shelf says."""
    passage = turn["passage"]
    if authored is None:
        return passage is not None
    if passage is not None and passage not in authored.names:  # nothing to compare with
        return True
    return _essence(_text(turn, "prose")) in authored.texts


def _essence(text: str) -> str:
    """Return the letters and digits of a text: the game may change its layout and its quotation marks."""
    return _NO_LETTERS.sub("", text).casefold()


def _replaced(turns: Sequence[sqlite3.Row], abandoned: set[Any]) -> set[Any]:
    """Return the turns that the player edited, and the turns below them unless a branch without an edit needs them.

    The edited version is what the player wants, and the turns below it are copies. An edit that was abandoned replaces
    nothing.
    """
    kept = {turn["id"] for turn in turns} - {turn["edit_of"] for turn in turns if turn["id"] not in abandoned}
    for turn in reversed(turns):  # a turn has a higher id than its parent
        if turn["id"] in kept:
            kept.add(turn["parent"])
    return {turn["id"] for turn in turns} - kept


def _text(row: sqlite3.Row, column: str) -> str:
    value = row[column]
    return value if isinstance(value, str) else ""


def _opened(source: Source) -> sqlite3.Connection:
    """Open the latest saved state of the shelf, read-only."""
    path = Path(source.name)
    if not path.is_file():
        return _in_memory(source.data)
    path = path.resolve()
    logs = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
    for _ in range(_TRIES):
        if any(file.exists() for file in logs):
            return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_SECONDS, isolation_level=None)
        before = path.stat()
        if before.st_size > MAX_BYTES:
            raise StoryError(f"The shelf {source.name} is larger than {MAX_BYTES >> 20} MiB.")
        data = path.read_bytes()
        after = path.stat()
        # Without a log nobody is writing; a writer that started meanwhile has left a log, or changed the file.
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) and not logs[0].exists():
            return _in_memory(data)
    raise StoryError(f"The shelf {source.name} is being written. Try again.")


def _in_memory(data: bytes) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    # Bytes 18 and 19 declare a write-ahead log, which is empty here; a database in memory can't have one.
    db.deserialize(data[:18] + b"\x01\x01" + data[20:])
    return db


def _rows(db: sqlite3.Connection, source: Source) -> tuple[list[sqlite3.Row], list[sqlite3.Row], list[sqlite3.Row]]:
    """Return the adventures, all turns and the authors' stories, from one transaction, each in order of creation."""
    deadline = time.monotonic() + _SECONDS
    db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
    db.row_factory = sqlite3.Row
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    db.execute("PRAGMA trusted_schema=OFF")
    db.execute("PRAGMA query_only=ON")
    db.execute("BEGIN")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _NEWEST:
        raise StoryError(
            f"The shelf {source.name} was made by a newer dungeon (version {version}). Update this program."
        )
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE %'").fetchall()
    if version < 1 or not {row["name"] for row in tables}.issuperset(_TABLES):
        raise StoryError(f"{source.name} is not a shelf of dungeon.")
    adventures = "SELECT *, NULL AS story FROM adventure ORDER BY id"
    turns = (
        "SELECT id, adventure, parent, kind, input, action, prose, state, NULL AS edit_of, NULL AS passage "
        "FROM turn ORDER BY id"
    )
    stories = "SELECT NULL AS id, NULL AS story WHERE FALSE"
    if version >= _WITH_EDITS:
        adventures = (
            "SELECT id, title, opening, head, "
            "(SELECT lore FROM lore l WHERE l.adventure = a.id ORDER BY l.id DESC LIMIT 1) AS lore, "
            "NULL AS story FROM adventure a ORDER BY id"
        )
        turns = turns.replace("NULL AS edit_of", "edit_of")
    if version >= _WITH_AUTHORS:
        adventures = adventures.replace("NULL AS story", "story")
        turns = turns.replace("NULL AS passage", "passage")
        stories = "SELECT id, story FROM story WHERE id IN (SELECT story FROM adventure) ORDER BY id"
    found = [_bounded(db.execute(query), source) for query in (adventures, turns, stories)]
    return found[0], found[1], found[2]


def _bounded(rows: Iterable[sqlite3.Row], source: Source) -> list[sqlite3.Row]:
    """Return all rows. Raise StoryError if they hold more than a shelf can."""
    found = []
    size = 0
    for row in rows:
        size += 100 + sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > MAX_BYTES:
            raise StoryError(f"The shelf {source.name} holds more than {MAX_BYTES >> 20} MiB.")
        found.append(row)
    return found


FORMATS = (
    Format(
        "Dungeon's shelf",
        (),
        _looks_like,
        _read,
        about="Every adventure, with each branch that was played on. Left out: turns that were cut off, retried or "
        "abandoned, if nothing follows them; what an edit replaced; memory, author's note and cards. An author's text "
        "is context only.",
    ),
)
