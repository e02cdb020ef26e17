"""The adventure's tree as rows, for a screen and for plain lines.

    outline(adventure).rows            # an overview: long stretches without a branching are one row
    outline(adventure, whole=True)     # every turn

The way to the head stands straight at the left, whatever was played beside it hangs above the turn that was played
instead, one step to the right. Of the ways on off that path the longest stays straight, so that a tree of n turns is
at most log2(n) + 1 steps deep. A turn has a number that a player can type: its place in the order of playing, from 1;
0 is the opening. It holds until something is purged.

Where an edit lies on the path, the old text hangs beside it, and what followed it there is one row as long as it is
the same as on the path: it was copied below the edit.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.tale.adventure import Adventure, Node, State

OPENING = "The opening"

_NEAR = 3
"""Turns before the head that an overview shows."""
_FEW = 2
"""Turns that are not worth being hidden behind a row."""
_SUMMARY = 160
"""Characters of a turn's text in a row."""
_INDENTED = 8
"""Steps to the right that plain lines show."""


class RowKind(StrEnum):
    """What a row stands for."""

    TURN = "turn"
    RUN = "run"
    """A stretch of turns beside which lie no more than mere takes."""
    TAKES = "takes"
    """Mere takes: other answers to the same action, on which nobody went on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree."""

    id: int | None
    """The turn; the first of those that a run or takes stand for; None: the opening."""
    number: int = 0
    kind: RowKind = RowKind.TURN
    depth: int = 0
    begins: bool = False
    """Whether a branch begins here, beside the line one step to the left."""
    on_path: bool = True
    is_head: bool = False
    holds_head: bool = False
    """Whether the head is among what is hidden here."""
    take: int = 1
    """Which of the takes it is, and how many there are."""
    takes: int = 1
    hidden: int = 0
    """Turns that are not shown: below a folded turn, or of a run, or takes."""
    hidden_takes: int = 0
    """Mere takes beside the turns of a run."""
    folded: bool = False
    opened: int | None = None
    """The first turn of the run or the takes that were opened and that this one is of."""
    name: str = ""
    bookmarked: bool = False
    state: State = State.DONE
    edited: bool = False
    """Whether the player wrote it over another turn."""
    replaced: bool = False
    """Whether an edit was made of it."""
    twin: bool = False
    """Whether it is off the path, and the path has the same turn: one was copied from the other, below an edit."""
    action: str = ""
    """"" where it is the same as of the turn that was played on beside it."""
    words: str = ""
    """How its prose begins."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The rows, and for every turn the index of the row that shows or hides it."""

    rows: tuple[Row, ...]
    at: Mapping[int | None, int]


def outline(adventure: Adventure, *, whole: bool = False, opened: Set[int] = frozenset()) -> Outline:
    """The tree. `opened` are the runs and takes, by their first turn, that an overview shows all the same."""
    tree = _Tree(adventure)
    rows: list[Row] = []
    at: dict[int | None, int] = {}
    for hides, group in groupby(
        tree.rows(), key=lambda row: _Hidden(RowKind.TURN, row.id) if whole else tree.hides(row)
    ):
        some = list(group)
        first = some[0].id
        if hides.shows is RowKind.TURN or len(some) <= _FEW:
            shown = some
        elif first in opened:
            shown = [replace(row, opened=first) for row in some]
        else:
            at.update((row.id, len(rows)) for row in some)
            rows.append(_one_for_all(some))
            continue
        for row in shown:
            at[row.id] = len(rows)
            if row.folded:
                at.update((node.id, len(rows)) for node in adventure.below(row.id))
            rows.append(row)
    return Outline(tuple(rows), at)


def search(adventure: Adventure, words: str) -> Outline:
    """The turns whose text or name holds all of the words, in the order of the whole tree, each from there on."""
    wanted = [word.casefold() for word in words.split()]
    rows = []
    for row in _Tree(adventure, unfolded=True).rows():
        if row.id is None:
            continue
        node = adventure.nodes[row.id]
        text = one_line(" ".join((node.name, node.action or node.input, node.prose)))
        if all(word in text.casefold() for word in wanted):
            found = min((text.casefold().find(word) for word in wanted), default=0)
            start = text.rfind(" ", 0, max(0, found - 20)) + 1
            rows.append(
                replace(row, depth=0, begins=False, action="", words=("…" if start else "") + text[start:][:_SUMMARY])
            )
    return Outline(tuple(rows), {row.id: at for at, row in enumerate(rows)})


def find_turn(adventure: Adventure, number: int) -> int | None:
    """The turn of that number, None for the opening.

    Raises:
        DungeonError: there is none.
    """
    if number == 0:
        return None
    ids = sorted(adventure.nodes)
    if not 0 < number <= len(ids):
        most = f"numbers go from 0, the opening, to {len(ids)}" if ids else "there is only 0, the opening"
        raise DungeonError(f"There is no turn {number} in this adventure: {most}. /tree lists them.")
    return ids[number - 1]


def turn_number(adventure: Adventure, id: int | None) -> int:  # noqa: A002
    """The turn's number, 0 for the opening."""
    return 0 if id is None else 1 + sum(other < id for other in adventure.nodes)


def prose_preview(node: Node) -> str:
    """How a turn's prose begins, in one line."""
    return one_line(node.turn().prose[: 2 * _SUMMARY])[:_SUMMARY]


def is_edit(adventure: Adventure, node: Node) -> bool:
    """Whether the player wrote it over another turn; a mere copy below an edit is none."""
    if node.edit_of is None:
        return False
    old = adventure.nodes.get(node.edit_of)
    return old is None or not _same(old, node)


def bookmarked_turns(adventure: Adventure) -> list[Node]:
    """The turns with a bookmark, in the order of the tree."""
    return [node for node in adventure.below(None) if node.bookmarked]


# ---- in words ------------------------------------------------------------------------------------------------


def remarks(row: Row) -> list[str]:
    """What there is to say of a row beside its text."""
    return [
        remark
        for remark, holds in (
            ("you are here", row.is_head),
            ("you are in here", row.holds_head),
            ("bookmarked", row.bookmarked),
            (f"take {row.take} of {row.takes}", row.takes > 1),
            ("edited", row.edited),
            ("before an edit", row.replaced and not row.on_path),
            ("stopped", row.state is State.STOPPED),
            ("cut off", row.state is State.STREAMING),
            ("nothing came", row.id is not None and not row.words),
            (f"{_turns(row.hidden)} folded", row.folded),
        )
        if holds
    ]


def placeholder_text(row: Row) -> str:
    """What stands in a row that hides turns, in place of their text."""
    if row.kind is RowKind.TAKES:
        return f"… {_more_takes(row.hidden)} …"
    takes = f", {_more_takes(row.hidden_takes)}" if row.hidden_takes else ""
    return f"… {_turns(row.hidden)}{takes}{', as on your path' if row.twin else ''} …"


def outline_lines(rows: Iterable[Row], width: int = 100) -> list[str]:
    """The rows as plain lines of about that many characters."""
    rows = list(rows)
    digits = len(str(max((row.number for row in rows), default=0)))
    made = []
    for row in rows:
        indent = "  " * min(row.depth, _INDENTED)
        if row.kind is not RowKind.TURN:
            made.append(f"{'':{digits}} {indent}{placeholder_text(row)}")
            continue
        name = f'"{row.name}" ' if row.name else ""
        said = f"> {row.action} " if row.action else ""
        notes = "; ".join(remarks(row))
        start = f"{row.number:{digits}} {indent}{name}"
        text = _cropped(f"{said}{row.words}".strip(), max(20, width - len(start) - len(notes) - 3))
        made.append(f"{start}{text}{f' ({notes})' if notes else ''}")
    return made


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count:,} turns"


def _more_takes(count: int) -> str:
    return "1 more take" if count == 1 else f"{count:,} more takes"


def _cropped(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


# ---- the walk ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Whether an overview shows a row; rows beside each other are hidden together if they are of the same."""

    shows: RowKind
    of: int | None


class _Tree:
    """The adventure with what the rows need to know of it."""

    def __init__(self, adventure: Adventure, *, unfolded: bool = False) -> None:
        self.adventure = adventure
        self.unfolded = unfolded
        self.path: dict[int | None, int] = {node.id: place for place, node in enumerate(adventure.path(), 1)}
        self._forks: dict[int | None, _Fork] = {}
        self.number = {id_: number for number, id_ in enumerate(sorted(adventure.nodes), 1)}
        self.size: dict[int | None, int] = dict.fromkeys(adventure.nodes, 1)
        """How many turns hang on it, itself among them."""
        for node in reversed(adventure.below(None)):
            if node.parent is not None:
                self.size[node.parent] += self.size[node.id]
        self.edits: dict[int, list[Node]] = {}
        for node in adventure.nodes.values():
            if node.edit_of is not None:
                self.edits.setdefault(node.edit_of, []).append(node)
        self.origin: dict[int, int] = {}
        """Of each turn the first of which it is an edit, or a copy, or a copy of that."""
        for id_ in self.number:
            edit_of = adventure.nodes[id_].edit_of
            self.origin[id_] = id_ if edit_of is None else self.origin.get(edit_of, id_)
        self.here = {self.origin[node.id]: node for node in adventure.path()}

    def fork(self, id_: int | None) -> "_Fork":
        """What follows a turn, without that of which nothing came."""
        if id_ not in self._forks:
            ways = [
                node
                for node in self.adventure.children(id_)
                if node.prose or node.input or node.id in self.path or self.size[node.id] > 1
            ]
            # Straight on goes the path, or else the longest, or else the latest.
            straight = max(ways, key=lambda node: (node.id in self.path, self.size[node.id], node.id), default=None)
            mere = {node.id for node in ways if straight and node is not straight and self._is_mere(node, straight)}
            self._forks[id_] = _Fork(ways, straight, mere)
        return self._forks[id_]

    def _is_mere(self, node: Node, straight: Node) -> bool:
        return (
            (node.kind, node.action) == (straight.kind, straight.action)
            and self.size[node.id] == 1
            and not (node.bookmarked or node.name or self._replaced(node))
        )

    def _is_twin(self, node: Node) -> bool:
        twin = self.here.get(self.origin[node.id])
        return twin is not None and _same(twin, node)

    def _replaced(self, node: Node) -> bool:
        return any(not _same(edit, node) for edit in self.edits.get(node.id, ()))

    def rows(self) -> Iterator[Row]:
        """Every turn that no fold hides. No recursion: a tale is deeper than Python's stack."""
        yield Row(None, is_head=self.adventure.head is None, words=OPENING)
        todo = self._after(None, 0)
        while todo:
            row = todo.pop()
            yield row
            if not row.folded:
                todo += self._after(row.id, row.depth)

    def _after(self, id_: int | None, depth: int) -> list[Row]:
        """The rows of what follows, the last one first."""
        fork = self.fork(id_)
        if fork.straight is None:
            return []
        beside: list[Row] = []
        for take, node in enumerate(fork.ways, 1):
            if node is fork.straight:
                straight = self._row(node, depth, (take, len(fork.ways)), None)
            else:
                beside.append(self._row(node, depth + 1, (take, len(fork.ways)), fork.straight))
        return [straight, *reversed(beside)]

    def _row(self, node: Node, depth: int, take: tuple[int, int], straight: Node | None) -> Row:
        """`straight` is the turn beside which a branch begins with this one."""
        on_path = node.id in self.path
        below = self.size[node.id] - 1
        folded = node.folded and below > 0 and not self.unfolded
        action = one_line(node.action[: 2 * _SUMMARY])
        return Row(
            node.id,
            self.number[node.id],
            depth=depth,
            begins=straight is not None,
            on_path=on_path,
            is_head=node.id == self.adventure.head,
            holds_head=folded and on_path and node.id != self.adventure.head,
            take=take[0],
            takes=take[1],
            hidden=below if folded else 0,
            folded=folded,
            name=node.name,
            bookmarked=node.bookmarked,
            state=node.state,
            edited=is_edit(self.adventure, node),
            replaced=self._replaced(node),
            twin=not on_path and self._is_twin(node),
            action="" if straight and straight.action == node.action else action[:_SUMMARY],
            words=prose_preview(node),
        )

    def hides(self, row: Row) -> _Hidden:
        """Whether an overview may do without the row."""
        shown = _Hidden(RowKind.TURN, row.id)
        if row.id is None or row.is_head or row.bookmarked or row.name or row.folded:
            return shown
        parent = self.adventure.nodes[row.id].parent
        if row.begins:
            return _Hidden(RowKind.RUN, 2 * row.depth - 2) if row.id in self.fork(parent).mere else shown
        near = row.on_path and self.path[row.id] > len(self.path) - _NEAR
        ways = self.fork(row.id)
        if near or self.fork(parent).branches or ways.branches or not (ways.straight or row.twin):
            return shown
        return _Hidden(RowKind.RUN, 2 * row.depth + row.twin)


@dataclass(frozen=True, slots=True)
class _Fork:
    """The ways on from a turn."""

    ways: list[Node]
    straight: Node | None
    """The one of them that goes straight on."""
    mere: set[int]
    """Those that are mere takes of that one."""

    @property
    def branches(self) -> bool:
        """Whether there is another than that and its takes."""
        return len(self.ways) > 1 + len(self.mere)


def _same(one: Node, other: Node) -> bool:
    return (one.kind, one.input, one.prose) == (other.kind, other.input, other.prose)


def _one_for_all(rows: list[Row]) -> Row:
    first = rows[0]
    turns = [row for row in rows if not row.begins]
    return Row(
        first.id,
        first.number,
        RowKind.RUN if turns else RowKind.TAKES,
        min(row.depth for row in rows),
        begins=not turns,
        on_path=any(row.on_path for row in rows),
        hidden=len(turns) or len(rows),
        hidden_takes=len(rows) - len(turns) if turns else 0,
        twin=all(row.twin for row in rows),
    )
