"""The word-by-word difference between two texts: two takes of a turn, or two branches of an adventure.

    >>> plain_diff(diff("You open the door.", "You close the door."))
    'You [-open-] {+close+} the door.'

Words and line breaks are compared, other white space is not. The result is meant for a reader: a few words that two
rewritten sentences share by chance are not shown as kept. Long texts are first aligned by anchors, runs of words that
each text has exactly once, and then compared between the anchors, so that two texts of 10,000 words take well under a
second. Text between two anchors that is still too long to compare counts as rewritten.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import accumulate, groupby

from corpus.turns import PARAGRAPH, write
from dungeon.tale.adventure import Adventure, Node

BREAK_SIGN = "¶"
"""Stands for a line break that was deleted or inserted."""

_TOKEN = re.compile(r"\n+|\S+")
_ANCHOR_WORDS = 4
_MAX_EQUAL_PAIRS = 20_000
"""Texts with more pairs of equal words are not compared word by word: the time grows with the third power of how often
a word recurs. The limit is reached by prose of 1,600 words against 1,600, or by one word 140
times against 140 times."""


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
    for op, tokens in _readable(_compare(_tokens(old), _tokens(new))):
        text = _joined(tokens)
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
    common = _common_length([node.id for node in first], [node.id for node in second])
    return (first[common - 1].id if common else None), first[common:], second[common:]


# ---- comparing tokens ----------------------------------------------------------------------------------------

_Run = tuple[Op, list[str]]
"""Tokens and what happened to them."""
_Block = tuple[int, int, int]
"""Equal tokens: the index in the old text, the index in the new text, the length."""
_Compare = Callable[[list[str], list[str]], Iterator[_Run]]


def _tokens(text: str) -> list[str]:
    return [PARAGRAPH if token.startswith("\n\n") else token for token in _TOKEN.findall(text.strip())]


def _joined(tokens: Sequence[str]) -> str:
    return re.sub(r" ?(\n+) ?", r"\1", " ".join(tokens))


def _compare(old: list[str], new: list[str]) -> Iterator[_Run]:
    head = _common_length(old, new)
    tail = _common_length(old[head:][::-1], new[head:][::-1])
    blocks = [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]
    return _align(old, new, blocks, _compare_between_anchors)


def _compare_between_anchors(old: list[str], new: list[str]) -> Iterator[_Run]:
    return _align(old, new, _anchors(old, new), _compare_words)


def _compare_words(old: list[str], new: list[str]) -> Iterator[_Run]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return _align(old, new, matcher.get_matching_blocks() if _is_cheap(old, new) else [], _rewritten)


def _rewritten(old: list[str], new: list[str]) -> Iterator[_Run]:
    yield Op.DELETED, old
    yield Op.INSERTED, new


def _align(old: list[str], new: list[str], blocks: Sequence[_Block], compare: _Compare) -> Iterator[_Run]:
    """Yield the runs of two texts that share `blocks`; `compare` gets the texts between two blocks."""
    at, to = 0, 0
    for block_old, block_new, length in [*blocks, (len(old), len(new), 0)]:
        yield from compare(old[at:block_old], new[to:block_new])
        at, to = block_old + length, block_new + length
        yield Op.EQUAL, old[block_old:at]


def _common_length(one: Sequence[object], other: Sequence[object]) -> int:
    """Return how many items both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (first, second) in pairs if first != second), min(len(one), len(other)))


def _is_cheap(old: list[str], new: list[str]) -> bool:
    counts = Counter(new)
    return sum(counts[token] for token in old) <= _MAX_EQUAL_PAIRS


def _anchors(old: list[str], new: list[str]) -> list[_Block]:
    """Return runs of words that each text has exactly once and both have in the same order; none for short texts."""
    if _is_cheap(old, new):
        return []
    places = _unique_runs(new)
    pairs = [(at, places[run]) for run, at in _unique_runs(old).items() if run in places]
    anchors: list[_Block] = []
    for at, to in _longest_ascent(pairs):
        if anchors:
            last_old, last_new, length = anchors[-1]
            if at - last_old == to - last_new and at <= last_old + length:  # it continues the last anchor
                anchors[-1] = (last_old, last_new, at + _ANCHOR_WORDS - last_old)
                continue
            if at < last_old + length or to < last_new + length:
                continue
        anchors.append((at, to, _ANCHOR_WORDS))
    return anchors


def _unique_runs(tokens: list[str]) -> dict[tuple[str, ...], int]:
    """Return the runs of words that appear once, in order, with the index of each."""
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(tokens) - _ANCHOR_WORDS + 1):
        places.setdefault(tuple(tokens[at : at + _ANCHOR_WORDS]), []).append(at)
    return {run: found[0] for run, found in places.items() if len(found) == 1}


def _longest_ascent(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence that ascends in its second numbers, of pairs that ascend in their first.

    The longest increasing subsequence by binary search, in n log n steps.
    """
    ends: list[int] = []  # the smallest last second number of an ascent of each length
    last: list[int] = []  # the index of the pair that it belongs to
    before: list[int] = []  # the index of the pair before each pair
    for index, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        last[length : length + 1] = [index]
    ascent = []
    at = last[-1] if last else -1
    while at >= 0:
        ascent.append(pairs[at])
        at = before[at]
    return ascent[::-1]


# ---- making the result readable ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Change:
    """Deleted tokens, the tokens inserted in their place, and the equal tokens after both."""

    deleted: list[str]
    inserted: list[str]
    kept: list[str]

    def size(self) -> int:
        return max(len(self.deleted), len(self.inserted))


def _readable(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Yield one run per operation, with short equal runs between two longer changes taken into the changes."""
    changes: list[_Change] = []
    for change in _changes(runs):
        while changes and _is_chance(changes[-1].kept, changes[-1], change):
            before = changes.pop()
            deleted = before.deleted + before.kept + change.deleted
            change = _Change(deleted, before.inserted + before.kept + change.inserted, change.kept)
        changes.append(change)
    for change in changes:
        for op, tokens in ((Op.DELETED, change.deleted), (Op.INSERTED, change.inserted), (Op.EQUAL, change.kept)):
            if tokens:
                yield op, tokens


def _changes(runs: Iterable[_Run]) -> Iterator[_Change]:
    change = _Change([], [], [])
    for op, tokens in runs:
        if op is Op.EQUAL:
            change.kept += tokens
        elif tokens:
            if change.kept:
                yield change
                change = _Change([], [], [])
            (change.deleted if op is Op.DELETED else change.inserted).extend(tokens)
    yield change


def _is_chance(kept: list[str], before: _Change, after: _Change) -> bool:
    """Whether equal words are too few, next to the changes around them, to be more than chance."""
    words = sum(not token.isspace() for token in kept)
    return 0 < 2 * words <= min(before.size(), after.size())
