"""The word-by-word difference between two texts: two takes of a turn, or two branches of an adventure.

    >>> plain_diff(diff("You open the door.", "You close the door."))
    'You [-open-] {+close+} the door.'

Words and line breaks are compared, other white space is not. The result is meant for a reader: a few words that two
rewritten sentences share by chance are not shown as kept. diff-match-patch compares, after each word has become one
character. What it has not compared after half a second counts as rewritten.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, groupby, takewhile

from diff_match_patch import diff_match_patch

from corpus.text import one_line
from corpus.turns import PARAGRAPH, write
from dungeon.tale.adventure import Adventure, Node

BREAK_SIGN = "¶"
"""Stands for a line break that was deleted or inserted."""

_TOKEN = re.compile(r"\n+|\S+")
_SECONDS = 0.5
_FEW_WORDS = 5
"""Of a text that both have, at its beginning and at its end: enough to know where one is."""
_FIRST_CHARACTER = 0x10000
"""The first word's: behind the surrogates there is room for a million."""


class Op(StrEnum):
    """What happened to a piece of text."""

    EQUAL = "equal"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and what happened to it."""

    op: Op
    text: str


def diff(old: str, new: str) -> tuple[Piece, ...]:
    """Return the pieces of both texts in order; deleted text comes before the text that replaces it."""
    pieces: list[Piece] = []
    for op, text in _compare(_tokens(old), _tokens(new)):
        last = pieces[-1].text if pieces else "\n"
        if not last.endswith("\n") and not text.startswith("\n"):
            # Where paragraphs were rewritten, the new ones begin below the old.
            rewritten = op is Op.INSERTED and pieces[-1].op is Op.DELETED and PARAGRAPH in last + text
            pieces.append(Piece(Op.EQUAL, PARAGRAPH if rewritten else " "))
        pieces.append(Piece(op, text))
    groups = groupby(pieces, key=lambda piece: piece.op)
    return tuple(Piece(op, "".join(piece.text for piece in group)) for op, group in groups)


def visible_pieces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces to show: a deleted line break becomes a sign, an inserted one gets a sign."""
    for piece in pieces:
        if piece.op is Op.EQUAL or piece.text.strip():
            yield piece
        elif piece.op is Op.DELETED:
            yield Piece(Op.DELETED, f" {BREAK_SIGN} ")
        else:
            yield Piece(Op.INSERTED, f" {BREAK_SIGN}{piece.text}")


def plain_diff(pieces: Iterable[Piece]) -> str:
    """Return the difference as plain text: `[-deleted-]` and `{+inserted+}`."""
    marks = {Op.EQUAL: "{}", Op.DELETED: "[-{}-]", Op.INSERTED: "{{+{}+}}"}
    return "".join(marks[piece.op].format(piece.text) for piece in visible_pieces(pieces))


def difference_lines(pieces: Iterable[Piece], old: str, new: str) -> list[str]:
    """Return the difference as lines that can be read aloud: what both have, in few words, and what only one has.

    `old` and `new` name the two texts: "turn 4", "this one".
    """
    labels = {Op.EQUAL: "Both", Op.DELETED: f"Only {old}", Op.INSERTED: f"Only {new}"}
    texts = ((piece.op, piece.text.strip()) for piece in pieces)
    return [f"{labels[op]}: {_few_words(text) if op is Op.EQUAL else text}" for op, text in texts if text]


def _few_words(text: str) -> str:
    words = one_line(text).split()
    if len(words) <= 2 * _FEW_WORDS:
        return " ".join(words)
    return " ".join((*words[:_FEW_WORDS], "…", *words[-_FEW_WORDS:]))


def similarity(pieces: Iterable[Piece]) -> float:
    """Return the share of both texts' words that are equal, from 0 to 1; 1 for two empty texts."""
    words = dict.fromkeys(Op, 0)
    for piece in pieces:
        words[piece.op] += len(piece.text.split())
    both = 2 * words[Op.EQUAL] + words[Op.DELETED] + words[Op.INSERTED]
    return 2 * words[Op.EQUAL] / both if both else 1.0


# ---- turns to compare ----------------------------------------------------------------------------------------


def render_turns(nodes: Iterable[Node], max_characters: int) -> str:
    """Return the turns as text, cut off after that many characters."""
    text = write(node.turn() for node in nodes)
    return text if len(text) <= max_characters else f"{text[:max_characters].rstrip()}…"


def leading_turns(nodes: list[Node], max_characters: int) -> list[Node]:
    """Return the first turns that have no more than that many characters together, at least one."""
    lengths = accumulate(len(node.input) + len(node.prose) for node in nodes)
    return nodes[: max(1, sum(length <= max_characters for length in lengths))]


def split_paths(adventure: Adventure, one: int | None, other: int | None) -> tuple[int | None, list[Node], list[Node]]:
    """Return the last turn that the paths to two turns share (None: the opening), and the rest of each path."""
    first = [] if one is None else adventure.path(one)
    second = [] if other is None else adventure.path(other)
    pairs = zip(first, second, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0].id == pair[1].id, pairs))
    return (first[common - 1].id if common else None), first[common:], second[common:]


# ---- comparing words -----------------------------------------------------------------------------------------


def _tokens(text: str) -> list[str]:
    return [PARAGRAPH if token.startswith("\n\n") else token for token in _TOKEN.findall(text.strip())]


def _compare(old: list[str], new: list[str]) -> Iterator[tuple[Op, str]]:
    """Yield each run of words, as text, with what happened to it."""
    words = list(dict.fromkeys([*old, *new]))
    character = {word: chr(_FIRST_CHARACTER + number) for number, word in enumerate(words)}
    engine = diff_match_patch()
    engine.Diff_Timeout = _SECONDS
    runs = engine.diff_main("".join(map(character.__getitem__, old)), "".join(map(character.__getitem__, new)), False)
    engine.diff_cleanupSemantic(runs)
    op_of = {engine.DIFF_EQUAL: Op.EQUAL, engine.DIFF_DELETE: Op.DELETED, engine.DIFF_INSERT: Op.INSERTED}
    for op, characters in runs:
        text = " ".join(words[ord(letter) - _FIRST_CHARACTER] for letter in characters)
        yield op_of[op], re.sub(r" ?(\n+) ?", r"\1", text)
