"""The game's shelf, an SQLite file -> Stories: one for each adventure, with every retry and every branch.

The shelf is that of `dungeon`, whose schema has a version (`PRAGMA user_version`). It is only read, and a game that is
being played is never held up or endangered. Of a shelf that nobody has open, the bytes are read into memory. One that
has a write-ahead log beside it is read by SQLite in read-only mode, which sees what was saved last.

A turn that was cut off, because the player stopped it or the game died, is left out unless it was played on from there.

Limits: a shelf that is younger than this module is refused.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from corpus.readers.playthrough import ROOT, Play
from corpus.readers.save_json import count
from corpus.readers.source import MAX_BYTES, Format, Source
from corpus.story import Story, StoryError
from corpus.turns import PARAGRAPH, Kind

_SIGN = b"SQLite format 3\x00"
_NEWEST = 3
_WITH_EDITS = 3
_TABLES = ("adventure", "turn")
_DONE = "done"
_LONGEST_TEXT = 1 << 24
_SECONDS = 4.0
"""No shelf takes as long, but a file of somebody else's may have columns that are computed for ever."""
_TRIES = 3


class _Lore(msgspec.Struct):
    memory: msgspec.Raw = msgspec.Raw(b"")
    note: msgspec.Raw = msgspec.Raw(b"")
    cards: msgspec.Raw = msgspec.Raw(b"")


def _looks_like(source: Source) -> bool:
    return source.head.startswith(_SIGN) and all(f"CREATE TABLE {table} (".encode() in source.head for table in _TABLES)


def _read(source: Source) -> Iterator[Story]:
    try:
        with closing(_opened(source)) as db:
            adventures, turns = _rows(db, source)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # SQLite's own message may quote a damaged name
        raise StoryError(
            f"The shelf {source.name} can't be read: {error}. "
            "Open it with dungeon; if that can't either, restore it from a backup."
        ) from error
    of_each: dict[Any, list[sqlite3.Row]] = {}
    for turn in turns:
        of_each.setdefault(turn["adventure"], []).append(turn)
    told = 0
    for adventure in adventures:
        play = Play(source)
        _play(adventure, of_each.get(adventure["id"], []), play)
        if play.told:
            told += 1
            yield play.story(_text(adventure, "title"))
    if not told:
        raise StoryError(f"On the shelf {source.name}, nothing was told yet. Play an adventure first.")


def _play(adventure: sqlite3.Row, turns: Sequence[sqlite3.Row], play: Play) -> None:
    """Puts an adventure into `play`."""
    continued = {turn["parent"] for turn in turns}
    corrected = _corrected(turns)
    pieces: dict[Any, int] = {None: play.tell(ROOT, _text(adventure, "opening"))}
    for turn in turns:
        kind, prose = _text(turn, "kind"), _text(turn, "prose")
        if turn["id"] in corrected:
            play.left_out["replaced turn"] += 1
        elif turn["parent"] not in pieces:
            play.left_out["stray turn"] += 1
        elif _text(turn, "state") != _DONE and turn["id"] not in continued:
            play.left_out["unfinished turn"] += 1
        elif kind == Kind.STORY:
            narrated = PARAGRAPH.join(filter(None, (_text(turn, "input"), prose)))
            pieces[turn["id"]] = play.tell(pieces[turn["parent"]], narrated)
        else:
            acted = play.act(pieces[turn["parent"]], _text(turn, "action"))
            pieces[turn["id"]] = play.tell(acted, prose)
    if "lore" in adventure.keys():  # noqa: SIM118 - a row is no mapping
        try:
            lore = msgspec.json.decode(_text(adventure, "lore"), type=_Lore)
        except msgspec.DecodeError:  # it is only counted here
            lore = _Lore()
        play.left_out["memory"] += bool(count(lore.memory))
        play.left_out["author's note"] += bool(count(lore.note))
        play.left_out["card"] += count(lore.cards)


def _corrected(turns: Sequence[sqlite3.Row]) -> set[Any]:
    """The turns of which the player wrote a better one, and what was copied below that, where nothing else hangs on it.

    The better one is the player's wish, and of a copy once is enough.
    """
    kept = {turn["id"] for turn in turns} - {turn["edit_of"] for turn in turns}
    for turn in reversed(turns):  # a turn is younger than the one it answers
        if turn["id"] in kept:
            kept.add(turn["parent"])
    return {turn["id"] for turn in turns} - kept


def _text(row: sqlite3.Row, column: str) -> str:
    value = row[column]
    return value if isinstance(value, str) else ""


# ---- the file ------------------------------------------------------------------------------------------------


def _opened(source: Source) -> sqlite3.Connection:
    """The shelf as it was saved last, to be read only."""
    path = Path(source.name)
    if not path.is_file():
        return _in_memory(source.data)
    path = path.resolve()
    beside = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
    for _ in range(_TRIES):
        if any(file.exists() for file in beside):
            return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_SECONDS, isolation_level=None)
        before = path.stat()
        if before.st_size > MAX_BYTES:
            raise StoryError(f"The shelf {source.name} is larger than {MAX_BYTES >> 20} MiB.")
        data = path.read_bytes()
        after = path.stat()
        # Without a log nobody writes; whoever began meanwhile has left a log, or changed the file.
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) and not beside[0].exists():
            return _in_memory(data)
    raise StoryError(f"The shelf {source.name} is being written. Try again.")


def _in_memory(data: bytes) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    # Bytes 18 and 19 say that there is a log, which is empty here; a database in memory can have none.
    db.deserialize(data[:18] + b"\x01\x01" + data[20:])
    return db


def _rows(db: sqlite3.Connection, source: Source) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
    """The adventures and all turns, of one moment, each in the order of their making."""
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
        raise StoryError(f"{source.name} is no shelf of dungeon.")
    adventures = "SELECT * FROM adventure ORDER BY id"
    turns = "SELECT id, adventure, parent, kind, input, action, prose, state, NULL AS edit_of FROM turn ORDER BY id"
    if version >= _WITH_EDITS:
        adventures = (
            "SELECT id, title, opening, (SELECT lore FROM lore l WHERE l.adventure = a.id ORDER BY l.id DESC LIMIT 1) "
            "AS lore FROM adventure a ORDER BY id"
        )
        turns = turns.replace("NULL AS ", "")
    return _bounded(db.execute(adventures), source), _bounded(db.execute(turns), source)


def _bounded(rows: Iterable[sqlite3.Row], source: Source) -> list[sqlite3.Row]:
    """All rows, as long as they don't hold more than a shelf can."""
    found = []
    size = 0
    for row in rows:
        size += 100 + sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > MAX_BYTES:
            raise StoryError(f"The shelf {source.name} holds more than {MAX_BYTES >> 20} MiB.")
        found.append(row)
    return found


FORMATS = (Format("Dungeon's shelf", (), _looks_like, _read),)
