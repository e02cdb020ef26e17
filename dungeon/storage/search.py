"""Finds words on the shelf: which adventures hold all of them, and the sentence in which most of them stand.

    forms = word_forms("lamp heron")
    db.execute(f"SELECT id FROM adventure a WHERE {HOLDS_ALL_WORDS}", {"words": forms})
    found = find_words(db, adventure_id, "lamp heron")
    found.place, found.text, found.marks    # "turn 12", "A heron lands on the lamp.", ((2, 7), (20, 24))

Words are found in the title, the tags, the opening, the lore in force and every turn of every branch, also as parts of
other words. Capitals don't count, as far as LIKE knows them: a word with letters other than A to Z is found as it was
typed, in small letters, and with a capital at its beginning.

No index: to read all turns of 5,000 adventures (250,000 turns, 138 MB) takes SQLite 0.15 s on two cores.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from corpus.text import one_line
from corpus.turns import Kind
from dungeon.tale.lore import Lore
from dungeon.tale.prose import split_sentences

_LONGEST = 240
"""Characters of a sentence that are shown."""
_MOST_TURNS = 12
"""Turns of an adventure whose sentences are compared: those that hold most of the words."""

_LORE = "(SELECT l.lore FROM lore l WHERE l.adventure = a.id ORDER BY l.id DESC LIMIT 1)"
# Each word is an array of its forms. The cheap places come first.
HOLDS_ALL_WORDS = rf"""
    NOT EXISTS (
        SELECT 1 FROM json_each(:words) AS word WHERE NOT EXISTS (
            SELECT 1 FROM json_each(word.value) AS form WHERE
            a.title || ' ' || a.opening LIKE form.value ESCAPE '\'
            OR EXISTS (SELECT 1 FROM json_each(a.tags) AS tag WHERE tag.value LIKE form.value ESCAPE '\')
            OR EXISTS (
                SELECT 1 FROM json_tree({_LORE}) AS part
                WHERE part.type = 'text' AND part.atom LIKE form.value ESCAPE '\'
            )
            OR EXISTS (
                SELECT 1 FROM turn t
                WHERE t.adventure = a.id AND t.input || ' ' || t.prose LIKE form.value ESCAPE '\'
            )
        )
    )
"""  # noqa: S608 - SQL of ours
_TURNS = r"""
    SELECT * FROM (
        SELECT t.id, t.kind, t.input, t.action, t.prose, (
            SELECT count(*) FROM json_each(:words) AS word WHERE EXISTS (
                SELECT 1 FROM json_each(word.value) AS form
                WHERE t.input || ' ' || t.prose LIKE form.value ESCAPE '\'
            )
        ) AS held
        FROM turn t WHERE t.adventure = :adventure
    )
    WHERE held > 0 ORDER BY held DESC, id LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the words stand that were searched for, or most of them."""

    place: str
    """What holds them: "turn 12", "title", "tag", "opening", "memory", "author's note", "card", …"""
    text: str
    """The sentence, on one line; "…" stands where it was cut."""
    marks: tuple[tuple[int, int], ...]
    """Where words begin and end in the text, in order."""
    turn: int | None = None
    """The id of the turn that holds them."""

    def shortened(self, length: int) -> "Found":
        """The same with so many characters of the text, around the first of the words."""
        if len(self.text) <= length:
            return self
        at = self.marks[0][0] if self.marks else 0
        begin = max(0, at - length // 4)
        if begin:  # at a word, if one begins before
            begin = self.text.find(" ", begin, at) + 1 or begin
        part = self.text[begin : begin + length - 2]
        if begin + len(part) < len(self.text):
            part = part.rpartition(" ")[0] or part
        end = begin + len(part)
        before, after = "…" if begin else "", "…" if end < len(self.text) else ""
        shift = len(before) - begin
        marks = tuple((first + shift, last + shift) for first, last in self.marks if begin <= first and last <= end)
        return replace(self, text=f"{before}{part}{after}", marks=marks)


def word_forms(search: str) -> str:
    """Return the words that are searched for as patterns of LIKE … ESCAPE '\\', JSON: an array of forms for each."""
    words = dict.fromkeys(search.split())
    return json.dumps([[f"%{_escape_like(form)}%" for form in _forms(word)] for word in words])


def _forms(word: str) -> tuple[str, ...]:
    """Return the ways in which LIKE has to look for a word: for it, only A to Z have capitals."""
    return (word,) if word.isascii() else tuple(dict.fromkeys((word, word.lower(), word.capitalize())))


def _escape_like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# ---- the sentence --------------------------------------------------------------------------------------------


def find_words(db: sqlite3.Connection, adventure: int, search: str) -> Found | None:
    """Return where most of the words stand together in an adventure; None where none of them does.

    Of places with as many, a turn comes before the opening, the lore, the tags and the title, and an earlier turn
    before a later one.
    """
    wanted = _Wanted(search)
    best, most = None, _NOTHING
    for place, turn, text in _texts(db, adventure, search):
        if not wanted.anyone.search(text):
            continue
        for sentence in split_sentences(text):
            rank = wanted.rank(sentence.text)
            if rank > most:
                best, most = (place, turn, sentence.text), rank
        if most == wanted.perfect:
            break
    if best is None:
        return None
    place, turn, sentence_text = best
    if turn is not None:
        # The number by which a player calls it: its place in the order of playing.
        (number,) = db.execute(
            "SELECT count(*) FROM turn WHERE adventure = ? AND id <= ?", (adventure, turn)
        ).fetchone()
        place = f"turn {number}"
    text = one_line(sentence_text)
    marks = tuple(match.span() for match in wanted.anyone.finditer(text))
    return Found(place, text, marks, turn).shortened(_LONGEST)


_NOTHING = (0, False, 0)
"""The rank of a sentence without any of the words."""


class _Wanted:
    """The words that are searched for, and how well a sentence fits them."""

    def __init__(self, search: str) -> None:
        words = [re.escape(word) for word in dict.fromkeys(search.split())]
        self._words = [re.compile(word, re.IGNORECASE) for word in words]
        self._whole = [re.compile(rf"(?<!\w){word}(?!\w)", re.IGNORECASE) for word in words]
        self._as_typed = re.compile(r"\s+".join(map(re.escape, search.split())), re.IGNORECASE)
        self.anyone = re.compile("|".join(sorted(words, key=len, reverse=True)), re.IGNORECASE)
        self.perfect = (len(words), True, len(words))

    def rank(self, text: str) -> tuple[int, bool, int]:
        """How many of the words a sentence holds, whether as they were typed, and how many not as part of others."""
        held = sum(word.search(text) is not None for word in self._words)
        if not held:
            return _NOTHING
        whole = sum(word.search(text) is not None for word in self._whole)
        return held, self._as_typed.search(text) is not None, whole


def _texts(db: sqlite3.Connection, adventure: int, search: str) -> Iterator[tuple[str, int | None, str]]:
    """Yield the texts of an adventure that may hold the words, each with its place, and the turn's id if it is one."""
    parameters = {"words": word_forms(search), "adventure": adventure, "most": _MOST_TURNS}
    for turn in db.execute(_TURNS, parameters):
        # What the player typed reads better as the action that was made of it.
        said = () if turn["kind"] == Kind.STORY else (turn["action"],)
        for text in (*said, turn["input"], turn["prose"]):
            yield "", turn["id"], text
    row = db.execute(
        f"SELECT title, tags, opening, {_LORE} AS lore FROM adventure a WHERE id = ?",  # noqa: S608 - ours
        (adventure,),
    ).fetchone()
    if row is None:
        return
    lore = msgspec.json.decode(row["lore"], type=Lore) if row["lore"] else Lore()
    yield "opening", None, row["opening"]
    yield "memory", None, lore.memory
    yield "author's note", None, lore.note
    for card in lore.cards:
        yield "card", None, f"{', '.join(card.keys)}: {card.text}"
    yield "summary", None, lore.summary
    yield "instructions", None, lore.instructions
    for tag in msgspec.json.decode(row["tags"], type=tuple[str, ...]):
        yield "tag", None, tag
    yield "title", None, row["title"]
