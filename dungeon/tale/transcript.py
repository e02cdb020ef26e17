"""An adventure as a text to keep, to print or to send: Markdown, or plain text.

    markdown(adventure)                # title, opening, and every turn on the way to the head
    text(adventure, whole=True)        # every other branch as well, each from where it parts

The player's actions stand apart, behind `> ` as in the game, so that `corpus.readers` finds them again. What Markdown
would take for markup is written so that it is shown as it is.

Limits: a branch has a heading of its own, and its turns follow those of the branch before it; the corpus reads the
shelf itself for a tree. Turns of which nothing came are left out, but on the way to the head.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corpus.text import one_line
from corpus.turns import ACTION_MARK, PARAGRAPH, Turn, clean_prose
from dungeon.tale.adventure import Adventure, Node

_SHORT = 28
"""Characters of an action in a heading, which then is short enough to be known as one."""
_PARTS = re.compile(r"\n\s*\n")
_SIGNS = re.compile(r"[\\`*_\[\]<>&#~|]|(?<=\w):(?=//)|(?<=\bwww)\.")
# Only at the start of a line: lists, headings underlined, rules.
_AT_START = re.compile(r"^(?:([-+=])|(\d{1,9})(?=[.)]))", re.MULTILINE)


def markdown(adventure: Adventure, whole: bool = False) -> str:
    """The way to the head; with `whole`, all other branches below it."""

    def written(turn: Turn) -> Iterator[str]:
        if turn.action:
            yield f"**{ACTION_MARK}{_shown(one_line(turn.action))}**"
        for paragraph in _paragraphs(turn.prose):
            yield "\\\n".join(map(_shown, paragraph.split("\n")))

    return _document(adventure, whole, _heading, written)


def text(adventure: Adventure, whole: bool = False) -> str:
    """The same without any markup."""

    def written(turn: Turn) -> Iterator[str]:
        if turn.action:
            yield ACTION_MARK + one_line(turn.action)
        yield from _paragraphs(turn.prose)

    return _document(adventure, whole, _plain_heading, written)


# ---- branches ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Branch:
    """Turns one after the other, from where they part from what is written above."""

    parts_after: Node | None
    """None: at the opening."""
    nodes: list[Node]


def _branches(adventure: Adventure) -> Iterator[_Branch]:
    """The way to the head, then every other, in the order of the places where they part."""
    way = adventure.path()
    yield _Branch(None, way)
    todo = _parting(adventure, [None, *way])
    while todo:
        branch = todo.pop()
        yield branch
        todo += _parting(adventure, branch.nodes)


def _parting(adventure: Adventure, way: Sequence[Node | None]) -> list[_Branch]:
    """The branches that part from the turns of the way, the last first."""
    return [
        _Branch(fork, _onward(adventure, child))
        for fork, onward in zip(way, [*way[1:], None], strict=True)
        for child in adventure.children(fork.id if fork else None)
        if child is not onward and _came(adventure, child)
    ][::-1]


def _onward(adventure: Adventure, node: Node) -> list[Node]:
    """The turn and what follows it, by the latest that was told each time."""
    nodes = [node]
    while told := [child for child in adventure.children(nodes[-1].id) if _came(adventure, child)]:
        nodes.append(told[-1])
    return nodes


def _came(adventure: Adventure, node: Node) -> bool:
    return bool(node.turn().prose or adventure.children(node.id))


def _named(branch: _Branch) -> str:
    """Its own name, or where it parts and how it begins."""
    name = next((node.name for node in branch.nodes if node.name), "")
    if name:
        return one_line(name)
    after = branch.parts_after
    begins = _begins(branch.nodes[0])
    return f"After “{_begins(after)}”: {begins}" if after else f"From the opening: {begins}"


def _begins(node: Node) -> str:
    words = one_line(node.action or node.turn().prose)
    return words if len(words) <= _SHORT else words[:_SHORT].rsplit(" ", 1)[0] + " …"


# ---- writing -------------------------------------------------------------------------------------------------


def _document(
    adventure: Adventure,
    whole: bool,
    heading: Callable[[int, str], str],
    written: Callable[[Turn], Iterator[str]],
) -> str:
    """`heading` writes the number of a branch and its name; the first is the title."""
    blocks = [heading(1, one_line(adventure.title) or "Untitled"), *written(Turn("", adventure.opening))]
    names = Counter[str]()
    for number, branch in enumerate(_branches(adventure) if whole else [_Branch(None, adventure.path())], 1):
        if number > 1:
            name = _named(branch)
            names[name] += 1
            blocks.append(heading(number, f"{name} ({names[name]})" if names[name] > 1 else name))
        for node in branch.nodes:
            blocks += written(node.turn())
    return PARAGRAPH.join(blocks) + "\n"


def _heading(number: int, words: str) -> str:
    return f"{'#' if number == 1 else '##'} {_shown(words)}"


def _plain_heading(number: int, words: str) -> str:
    return words if number == 1 else f"Part {number}: {words}"


def _paragraphs(prose: str) -> list[str]:
    """Without the white space around each line, which Markdown takes for code."""
    cleaned = "\n".join(line.strip() for line in clean_prose(prose).split("\n"))
    return [part for part in _PARTS.split(cleaned.strip()) if part]


def _shown(line: str) -> str:
    """One line, such that Markdown shows it as it is."""
    line = _SIGNS.sub(lambda match: f"\\{match[0]}", line)
    return _AT_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\", line)
