"""The adventure's tree as rows, for a screen and for plain lines.

    outline(adventure).rows                    # an overview: a long stretch without a branch is one row
    outline(adventure, expanded=True).rows     # every turn
    search(adventure, "brass key").rows        # the turns with these words

The path to the head is at the left. Branches off it come above the turn that was played instead, one step to the
right. Of the turns that follow a turn off the path, the one with the longest branch stays in line, so that a tree of
n turns is at most log2(n) + 1 steps deep.

Each turn has a number that a player can type: its place in the order of playing, from 1; 0 is the opening. Numbers
stay the same until something is purged.

An edit on the path has its old text beside it. The turns below the old text, copied below the edit, are one row.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from textwrap import shorten

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.authored import is_improvised

OPENING = "The opening"

_NEAR = 3
"""Turns at the head that an overview always shows."""
_FEW = 2
"""So few turns are not hidden in a row."""
_PREVIEW = 160
"""Characters of a turn's text in a row."""
_LEAST_PROSE = 30
"""Characters of prose in a plain line, however long its name and its action are."""
_MAX_INDENT = 8
"""Steps to the right that plain lines show."""


class RowKind(StrEnum):
    """What a row stands for."""

    TURN = "turn"
    RUN = "run"
    """A stretch of turns without a branch, and the plain takes beside them."""
    TAKES = "takes"
    """Plain takes: other answers to the same action, which nothing follows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree."""

    node_id: int | None
    """The turn, or the first turn that a run or takes stand for; None: the opening."""
    number: int = 0
    kind: RowKind = RowKind.TURN
    depth: int = 0
    """Steps to the right."""
    starts_branch: bool = False
    """Whether a branch starts here, off the line one step to the left."""
    after: int = 0
    """The number of the turn that it follows."""
    on_path: bool = True
    is_head: bool = False
    hides_head: bool = False
    """Whether the head is among the hidden turns."""
    take: int = 1
    """Which of the takes it is, from 1."""
    take_count: int = 1
    hidden_turns: int = 0
    """Turns that the row hides: those below a folded turn, of a run, or plain takes."""
    hidden_takes: int = 0
    """Plain takes beside the turns of a run."""
    folded: bool = False
    open_run: int | None = None
    """The first turn of the opened run, or takes, that this turn belongs to."""
    name: str = ""
    bookmarked: bool = False
    state: State = State.DONE
    is_improvised: bool = False
    """Whether the storyteller answered it within an author's scene."""
    is_edit: bool = False
    """Whether the player wrote it over another turn."""
    has_edit: bool = False
    """Whether the player wrote another turn over it."""
    same_on_path: bool = False
    """Whether it is off the path, and the path has the same turn: one was copied from the other, below an edit."""
    action: str = ""
    """"" if the turn beside which its branch starts has the same action."""
    preview: str = ""
    """The first words of its prose."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The rows, and for every turn the index of the row that shows or hides it."""

    rows: tuple[Row, ...]
    row_index: Mapping[int | None, int]


def outline(adventure: Adventure, *, expanded: bool = False, open_runs: Set[int] = frozenset()) -> Outline:
    """Return the tree: an overview, or all turns if `expanded`.

    The overview shows the turns of `open_runs`, runs and takes by their first turn, as well.
    """
    tree = _Tree(adventure)
    rows: list[Row] = []
    row_index: dict[int | None, int] = {}
    for run, group in groupby(tree.rows(), key=lambda row: None if expanded else tree.run_of(row)):
        members = list(group)
        first = members[0].node_id
        if run is not None and len(members) > _FEW:
            if first not in open_runs:
                row_index.update((row.node_id, len(rows)) for row in members)
                rows.append(_placeholder(members))
                continue
            members = [replace(row, open_run=first) for row in members]
        for row in members:
            row_index[row.node_id] = len(rows)
            if row.folded:
                row_index.update((node.id, len(rows)) for node in adventure.below(row.node_id))
            rows.append(row)
    return Outline(tuple(rows), row_index)


def search(adventure: Adventure, words: str) -> Outline:
    """Return the turns whose text or name has all of the words, in the order of the tree, from the first match on."""
    wanted = [word.casefold() for word in words.split()]
    rows = []
    for row in _Tree(adventure, unfolded=True).rows():
        if row.node_id is None:
            continue
        node = adventure.nodes[row.node_id]
        text = one_line(" ".join((node.name, node.action or node.input, node.prose)))
        lowered = text.casefold()
        if all(word in lowered for word in wanted):
            first_match = min(map(lowered.find, wanted), default=0)
            start = text.rfind(" ", 0, max(0, first_match - 20)) + 1
            preview = ("…" if start else "") + text[start:][:_PREVIEW]
            rows.append(replace(row, depth=0, starts_branch=False, action="", preview=preview))
    return Outline(tuple(rows), {row.node_id: at for at, row in enumerate(rows)})


def find_turn(adventure: Adventure, number: int) -> int | None:
    """Return the id of the turn with that number, None for the opening.

    Raises:
        DungeonError: no turn has the number; the message names those there are.
    """
    if number == 0:
        return None
    ids = sorted(adventure.nodes)
    if not 0 < number <= len(ids):
        most = f"numbers go from 0, the opening, to {len(ids)}" if ids else "there is only 0, the opening"
        raise DungeonError(f"There is no turn {number} in this adventure: {most}. /tree lists them.")
    return ids[number - 1]


def turn_number(adventure: Adventure, node_id: int | None) -> int:
    """Return the number of a turn, 0 for the opening."""
    return 0 if node_id is None else 1 + sum(other < node_id for other in adventure.nodes)


def prose_preview(node: Node) -> str:
    """Return the first words of a turn's prose, in one line."""
    return one_line(node.turn().prose[: 2 * _PREVIEW])[:_PREVIEW]


def is_edit(adventure: Adventure, node: Node) -> bool:
    """Whether the player wrote a turn over another one; a copy below an edit is not an edit."""
    if node.edit_of is None:
        return False
    old = adventure.nodes.get(node.edit_of)
    return old is None or not _same_text(old, node)


def bookmarked_turns(adventure: Adventure) -> list[Node]:
    """Return the turns with a bookmark, in the order of the tree."""
    return [node for node in adventure.below(None) if node.bookmarked]


# ---- rows in words -------------------------------------------------------------------------------------------


def remarks(row: Row) -> list[str]:
    """Return what the player should know about a row besides its text."""
    possible = (
        ("you are here", row.is_head),
        ("you are in here", row.hides_head),
        ("bookmarked", row.bookmarked),
        (f"take {row.take} of {row.take_count}", row.take_count > 1),
        ("improvised", row.is_improvised),
        ("edited", row.is_edit),
        ("before an edit", row.has_edit and not row.on_path),
        ("stopped", row.state is State.STOPPED),
        ("cut off", row.state is State.STREAMING),
        ("no text", row.node_id is not None and not row.preview),
        (f"{_count(row.hidden_turns, 'turn')} folded", row.folded),
    )
    return [remark for remark, holds in possible if holds]


def placeholder_text(row: Row) -> str:
    """Return the text of a row that hides turns."""
    if row.kind is RowKind.TAKES:
        return f"… {_count(row.hidden_turns, 'more take')} …"
    takes = f", {_count(row.hidden_takes, 'more take')}" if row.hidden_takes else ""
    return f"… {_count(row.hidden_turns, 'turn')}{takes}{', as on your path' if row.same_on_path else ''} …"


def outline_lines(rows: Iterable[Row], width: int = 100) -> list[str]:
    """Return the rows as plain lines: names and actions whole, and of the prose what `width` characters leave room for.

    A turn that starts a branch says which one it follows, for those who do not see how far to the right it is.
    """
    rows = list(rows)
    digits = len(str(max((row.number for row in rows), default=0)))
    lines = []
    for row in rows:
        indent = "  " * min(row.depth, _MAX_INDENT)
        if row.kind is not RowKind.TURN:
            lines.append(f"{'':{digits}} {indent}{placeholder_text(row)}")
            continue
        name = f'"{row.name}" ' if row.name else ""
        action = f"> {row.action} " if row.action else ""
        branch = [f"after {row.after}"] if row.starts_branch else []
        notes = "; ".join([*branch, *remarks(row)])
        start = f"{row.number:{digits}} {indent}{name}{action}"
        prose = shorten(row.preview, max(_LEAST_PROSE, width - len(start) - len(notes) - 3), placeholder="…")
        lines.append(f"{start}{prose}".rstrip() + (f" ({notes})" if notes else ""))
    return lines


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


# ---- the tree ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fork:
    """The turns that follow a turn."""

    turns: list[Node]
    main: Node | None
    """The one of them that stays in line with the turn before."""
    plain_takes: set[int]
    """Plain takes of that one."""

    @property
    def has_branches(self) -> bool:
        """Whether there is another turn than the main one and its plain takes."""
        return len(self.turns) > 1 + len(self.plain_takes)


class _Tree:
    """The adventure with what the rows need to know about it."""

    def __init__(self, adventure: Adventure, *, unfolded: bool = False) -> None:
        nodes = adventure.nodes
        self.adventure = adventure
        self.unfolded = unfolded
        self.path: dict[int | None, int] = {node.id: place for place, node in enumerate(adventure.path(), 1)}
        self.number = {node_id: number for number, node_id in enumerate(sorted(nodes), 1)}
        self.size: dict[int | None, int] = dict.fromkeys(nodes, 1)
        """How many turns are below each turn, including itself."""
        for node in reversed(adventure.below(None)):
            if node.parent is not None:
                self.size[node.parent] += self.size[node.id]
        self.origin: dict[int, int] = {}
        """For each edit or copy the first turn of which it is an edit or a copy; itself for other turns."""
        self.edited: set[int] = set()
        """The turns over which the player wrote another one."""
        for node_id in self.number:
            edit_of = nodes[node_id].edit_of
            self.origin[node_id] = node_id if edit_of is None else self.origin.get(edit_of, node_id)
            if edit_of in nodes and is_edit(adventure, nodes[node_id]):
                self.edited.add(edit_of)
        self.path_by_origin = {self.origin[node.id]: node for node in adventure.path()}
        self._forks: dict[int | None, _Fork] = {}

    def rows(self) -> Iterator[Row]:
        """Yield every turn that no fold hides. No recursion: a story is deeper than Python's stack."""
        yield Row(None, is_head=self.adventure.head is None, preview=OPENING)
        todo = self._rows_after(None, 0)
        while todo:
            row = todo.pop()
            yield row
            if not row.folded:
                todo += self._rows_after(row.node_id, row.depth)

    def run_of(self, row: Row) -> tuple[int, bool] | None:
        """Return the run that an overview hides the row in, None if it shows the row.

        Neighbouring rows with the same run are hidden together. A run is known by its depth, and by whether the path
        has the same turns; plain takes belong to the run of the turns beside them.
        """
        if row.node_id is None or row.is_head or row.bookmarked or row.name or row.folded:
            return None
        siblings = self._fork(self.adventure.nodes[row.node_id].parent)
        if row.starts_branch:
            return (row.depth - 1, False) if row.node_id in siblings.plain_takes else None
        following = self._fork(row.node_id)
        near_head = row.on_path and self.path[row.node_id] > len(self.path) - _NEAR
        ends_branch = following.main is None and not row.same_on_path
        if near_head or ends_branch or siblings.has_branches or following.has_branches:
            return None
        return row.depth, row.same_on_path

    def _fork(self, node_id: int | None) -> _Fork:
        """Return what follows a turn, without turns that have no text."""
        if node_id not in self._forks:
            turns = [
                node
                for node in self.adventure.children(node_id)
                if node.prose or node.input or node.id in self.path or self.size[node.id] > 1
            ]
            # The path is in line, or else the longest branch, or else the latest.
            main = max(turns, key=lambda node: (node.id in self.path, self.size[node.id], node.id), default=None)
            plain_takes = {node.id for node in turns if main and node is not main and self._is_plain_take(node, main)}
            self._forks[node_id] = _Fork(turns, main, plain_takes)
        return self._forks[node_id]

    def _is_plain_take(self, node: Node, main: Node) -> bool:
        return (
            (node.kind, node.action) == (main.kind, main.action)
            and self.size[node.id] == 1
            and not (node.bookmarked or node.name or node.id in self.edited)
        )

    def _rows_after(self, node_id: int | None, depth: int) -> list[Row]:
        """Return the rows of the turns that follow a turn, the last one first."""
        fork = self._fork(node_id)
        if fork.main is None:
            return []
        takes = list(enumerate(fork.turns, 1))
        main = [self._row(node, depth, take, fork) for take, node in takes if node is fork.main]
        return main + [
            self._row(node, depth + 1, take, fork) for take, node in reversed(takes) if node is not fork.main
        ]

    def _row(self, node: Node, depth: int, take: int, fork: _Fork) -> Row:
        main = fork.main
        on_path = node.id in self.path
        below = self.size[node.id] - 1
        folded = node.folded and below > 0 and not self.unfolded
        twin = None if on_path else self.path_by_origin.get(self.origin[node.id])
        same_action = main is not None and node is not main and node.action == main.action
        return Row(
            node.id,
            self.number[node.id],
            depth=depth,
            starts_branch=node is not main,
            after=0 if node.parent is None else self.number[node.parent],
            on_path=on_path,
            is_head=node.id == self.adventure.head,
            hides_head=folded and on_path and node.id != self.adventure.head,
            take=take,
            take_count=len(fork.turns),
            hidden_turns=below if folded else 0,
            folded=folded,
            name=node.name,
            bookmarked=node.bookmarked,
            state=node.state,
            is_improvised=is_improvised(self.adventure, node),
            is_edit=is_edit(self.adventure, node),
            has_edit=node.id in self.edited,
            same_on_path=twin is not None and _same_text(twin, node),
            action="" if same_action else _first_words(node.action),
            preview=prose_preview(node),
        )


def _first_words(text: str) -> str:
    line = one_line(text[: 2 * _PREVIEW])
    return line if len(line) <= _PREVIEW else shorten(line, _PREVIEW, placeholder="…")


def _same_text(one: Node, other: Node) -> bool:
    return (one.kind, one.input, one.prose) == (other.kind, other.input, other.prose)


def _placeholder(rows: list[Row]) -> Row:
    """Return one row for all of a run's rows."""
    turns = sum(not row.starts_branch for row in rows)
    return Row(
        rows[0].node_id,
        rows[0].number,
        RowKind.RUN if turns else RowKind.TAKES,
        min(row.depth for row in rows),
        starts_branch=not turns,
        on_path=any(row.on_path for row in rows),
        hidden_turns=turns or len(rows),
        hidden_takes=len(rows) - turns if turns else 0,
        same_on_path=all(row.same_on_path for row in rows),
    )
