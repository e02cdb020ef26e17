"""What differs between two texts, word by word: between two takes of a turn, or two branches of a tale.

    >>> marked(diff("You open the door.", "You close the door."))
    'You [-open-] {+close+} the door.'

Words and line breaks are compared, other space is not. Made for a reader: a lone word that two rewritten sentences
happen to share is not shown as kept. Long texts are first held together by the runs of words that each has just
once, then compared between those, so that two texts of 10,000 words take well under a second; what is left between
two such runs and is too long to compare is taken as rewritten.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import accumulate, groupby

from corpus.turns import PARAGRAPH, write
from dungeon.tale.adventure import Adventure, Node

BREAK_SIGN = "¶"
"""How a line break that is gone, or new, is shown."""

_TOKEN = re.compile(r"\n+|\S+")
_RUN = 4
"""Words of a run that holds two texts together."""
_PAIRS = 20_000
"""Up to so many pairs of equal words two lists are compared word by word. The time grows with the third power of how
often a word is said again. Of prose these are 1,600 words against 1,600, of one word without end 140."""


class Op(StrEnum):
    """What became of a piece of text."""

    EQUAL = "equal"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and what became of it."""

    op: Op
    text: str


def diff(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces of both texts in order: what is gone stands before what is new in its place."""
    before, after = _tokens(old), _tokens(new)
    pieces: list[Piece] = []
    for op, tokens in _readable(_compared(before, after)):
        text = _joined(tokens)
        last = pieces[-1].text if pieces else "\n"
        if not last.endswith("\n") and not text.startswith("\n"):
            # Where paragraphs were rewritten, the new ones begin below the old.
            rewritten = op is Op.INSERTED and pieces[-1].op is Op.DELETED and PARAGRAPH in last + text
            pieces.append(Piece(Op.EQUAL, PARAGRAPH if rewritten else " "))
        pieces.append(Piece(op, text))
    return tuple(_merged(pieces))


def visible_pieces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces as they are to be shown: a break that is gone breaks no line, and one that is new is seen."""
    for piece in pieces:
        if piece.op is Op.EQUAL or piece.text.strip():
            yield piece
        elif piece.op is Op.DELETED:
            yield Piece(Op.DELETED, f" {BREAK_SIGN} ")
        else:
            yield Piece(Op.INSERTED, f" {BREAK_SIGN}{piece.text}")


def plain_diff(pieces: Iterable[Piece]) -> str:
    """The difference as plain text: `[-gone-]` and `{+new+}`."""
    marks = {Op.EQUAL: "{}", Op.DELETED: "[-{}-]", Op.INSERTED: "{{+{}+}}"}
    return "".join(marks[piece.op].format(piece.text) for piece in visible_pieces(pieces))


def similarity(pieces: Iterable[Piece]) -> float:
    """How much of both texts' words is the same, from 0 to 1; 1 for two empty texts."""
    words = dict.fromkeys(Op, 0)
    for piece in pieces:
        words[piece.op] += len(piece.text.split())
    both = 2 * words[Op.EQUAL] + words[Op.DELETED] + words[Op.INSERTED]
    return 2 * words[Op.EQUAL] / both if both else 1.0


# ---- what is compared ----------------------------------------------------------------------------------------


def render_turns(nodes: Iterable[Node], most: int) -> str:
    """The turns as a tale; of one that is longer than `most` characters the beginning."""
    text = write(node.turn() for node in nodes)
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


def leading_turns(nodes: list[Node], most: int) -> list[Node]:
    """The turns that come to no more than `most` characters, and at least one."""
    lengths = accumulate(len(node.input) + len(node.prose) for node in nodes)
    return nodes[: max(1, sum(length <= most for length in lengths))]


def split_paths(adventure: Adventure, one: int | None, other: int | None) -> tuple[int | None, list[Node], list[Node]]:
    """Where the ways to two turns part (None: at the opening), and the turns of each from there on."""
    first = [] if one is None else adventure.path(one)
    second = [] if other is None else adventure.path(other)
    common = 0
    while common < min(len(first), len(second)) and first[common].id == second[common].id:
        common += 1
    return (first[common - 1].id if common else None), first[common:], second[common:]


# ---- comparing -----------------------------------------------------------------------------------------------


def _tokens(text: str) -> list[str]:
    return [PARAGRAPH if token.startswith("\n\n") else token for token in _TOKEN.findall(text.strip())]


def _joined(tokens: Sequence[str]) -> str:
    return re.sub(r" ?(\n+) ?", r"\1", " ".join(tokens))


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[Op, list[str]]]:
    """Runs of tokens, in order."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    yield Op.EQUAL, old[:head]
    yield from _held_together(old[head : len(old) - tail], new[head : len(new) - tail])
    yield Op.EQUAL, old[len(old) - tail :]


def _alike(old: list[str], new: list[str]) -> int:
    """How many tokens both begin with."""
    return next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


def _held_together(old: list[str], new: list[str]) -> Iterator[tuple[Op, list[str]]]:
    at, to = 0, 0
    for held_old, held_new, length in [*_anchors(old, new), (len(old), len(new), 0)]:
        yield from _compared_fully(old[at:held_old], new[to:held_new])
        at, to = held_old + length, held_new + length
        yield Op.EQUAL, old[held_old:at]


def _compared_fully(old: list[str], new: list[str]) -> Iterator[tuple[Op, list[str]]]:
    at, to = 0, 0
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks() if _is_little(old, new) else []
    for match_old, match_new, length in [*blocks, (len(old), len(new), 0)]:
        yield Op.DELETED, old[at:match_old]
        yield Op.INSERTED, new[to:match_new]
        at, to = match_old + length, match_new + length
        yield Op.EQUAL, old[match_old:at]


def _is_little(old: list[str], new: list[str]) -> bool:
    counts = Counter(new)
    return sum(counts[token] for token in old) <= _PAIRS


def _anchors(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Runs of words that each text has once, where both have them in the same order: (in old, in new, length)."""
    if _is_little(old, new):
        return []
    places = _single(new)
    pairs = [(at, places[run]) for run, at in _single(old).items() if run in places]
    anchors: list[tuple[int, int, int]] = []
    for at, to in _longest_ascent(pairs):
        if anchors:
            held_old, held_new, length = anchors[-1]
            if at - held_old == to - held_new and at <= held_old + length:
                anchors[-1] = (held_old, held_new, at + _RUN - held_old)
                continue
            if at < held_old + length or to < held_new + length:
                continue
        anchors.append((at, to, _RUN))
    return anchors


def _single(tokens: list[str]) -> dict[tuple[str, ...], int]:
    """The runs of words that there are once, in order, and where each begins."""
    places: dict[tuple[str, ...], int] = {}
    again = set()
    for at in range(len(tokens) - _RUN + 1):
        run = tuple(tokens[at : at + _RUN])
        if run in places:
            again.add(run)
        places.setdefault(run, at)
    return {run: at for run, at in places.items() if run not in again}


def _longest_ascent(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most of these pairs, which ascend in their first, that ascend in their second as well."""
    ends: list[int] = []  # the smallest last second of an ascent of each length
    last: list[int] = []  # which pair that is
    before: list[int] = []
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


# ---- for a reader --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Change:
    """What is gone, what is new in its place, and what both have behind it."""

    gone: list[str]
    new: list[str]
    kept: list[str]

    def size(self) -> int:
        return max(len(self.gone), len(self.new))


def _readable(runs: Iterable[tuple[Op, list[str]]]) -> Iterator[tuple[Op, list[str]]]:
    """One run of each fate at a time, without the few same words that lie between two longer changes."""
    done: list[_Change] = []
    for change in _changes(runs):
        while done and _is_noise(done[-1].kept, done[-1], change):
            before = done.pop()
            change = _Change(
                before.gone + before.kept + change.gone, before.new + before.kept + change.new, change.kept
            )
        done.append(change)
    for change in done:
        for op, tokens in ((Op.DELETED, change.gone), (Op.INSERTED, change.new), (Op.EQUAL, change.kept)):
            if tokens:
                yield op, tokens


def _changes(runs: Iterable[tuple[Op, list[str]]]) -> Iterator[_Change]:
    change = _Change([], [], [])
    for op, tokens in runs:
        if op is Op.EQUAL:
            change.kept += tokens
        elif tokens:
            if change.kept:
                yield change
                change = _Change([], [], [])
            (change.gone if op is Op.DELETED else change.new).extend(tokens)
    yield change


def _is_noise(kept: list[str], before: _Change, behind: _Change) -> bool:
    """Whether words that both have are too few, beside the changes around them, to be more than chance."""
    words = sum(not token.isspace() for token in kept)
    return 0 < 2 * words <= min(before.size(), behind.size())


def _merged(pieces: list[Piece]) -> Iterator[Piece]:
    """Pieces of one fate beside each other as one."""
    for op, group in groupby(pieces, key=lambda piece: piece.op):
        yield Piece(op, "".join(piece.text for piece in group))
