"""An adventure as a document to keep, print or send: Markdown or plain text.

    render_markdown(adventure)                    # title, opening, and every turn on the path to the head
    render_text(adventure, all_branches=True)     # all other branches too, each under a heading

The player's actions are paragraphs that begin with `> ` as in the game, and the heading of a branch says after which
turn it comes: from both, `corpus.readers` makes the tree again.
Characters that are markup in Markdown are escaped.

Limits: the branches come one after the other; the corpus reads the shelf for the tree. Turns without text are left out,
except on the path to the head.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corpus.text import one_line
from corpus.turns import ACTION_MARK, PARAGRAPH, Turn, clean_prose
from dungeon.tale.adventure import Adventure, Node

_HEADING_CHARACTERS = 28
"""Characters of an action in a heading: short enough for the readers of the corpus to see that it is a heading."""
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_MARKUP = re.compile(r"[\\`*_\[\]<>&#~|]|(?<=\w):(?=//)|(?<=\bwww)\.")
# Only at the start of a line: lists, underlined headings, rules.
_MARKUP_AT_START = re.compile(r"^(?:([-+=])|(\d{1,9})(?=[.)]))", re.MULTILINE)


def render_markdown(adventure: Adventure, all_branches: bool = False) -> str:
    """Return the path to the head as Markdown; with `all_branches`, the other branches below it."""
    return _render(adventure, all_branches, _markdown_heading, _markdown_paragraphs)


def render_text(adventure: Adventure, all_branches: bool = False) -> str:
    """Return the same as plain text."""
    return _render(adventure, all_branches, _text_heading, _text_paragraphs)


def _render(
    adventure: Adventure,
    all_branches: bool,
    heading: Callable[[int, str], str],
    paragraphs: Callable[[Turn], Iterator[str]],
) -> str:
    """`heading` formats a part's number and name (part 1 is the title), `paragraphs` a turn."""
    blocks = [heading(1, one_line(adventure.title) or "Untitled"), *paragraphs(Turn("", adventure.opening))]
    names = Counter[str]()
    for part, branch in enumerate(_branches(adventure) if all_branches else [_Branch(None, adventure.path())], 1):
        if part > 1:
            name = _branch_name(branch)
            names[name] += 1
            blocks.append(heading(part, f"{name} ({names[name]})" if names[name] > 1 else name))
        for node in branch.nodes:
            blocks += paragraphs(node.turn())
    return PARAGRAPH.join(blocks) + "\n"


# ---- branches ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Branch:
    """Turns in a row, from the place where they leave the branch that is rendered before."""

    parent: Node | None
    """The turn that they follow; None: the opening."""
    nodes: list[Node]


def _branches(adventure: Adventure) -> Iterator[_Branch]:
    """Yield the path to the head, then all other branches in the order of the turns that they follow."""
    path = adventure.path()
    yield _Branch(None, path)
    todo = _side_branches(adventure, [None, *path])
    while todo:
        branch = todo.pop()
        yield branch
        todo += _side_branches(adventure, branch.nodes)


def _side_branches(adventure: Adventure, path: Sequence[Node | None]) -> list[_Branch]:
    """Return the branches that leave a path, the last first."""
    return [
        _Branch(parent, _latest_path(adventure, child))
        for parent, following in zip(path, [*path[1:], None], strict=True)
        for child in adventure.children(parent.id if parent else None)
        if child is not following and _has_content(adventure, child)
    ][::-1]


def _latest_path(adventure: Adventure, node: Node) -> list[Node]:
    """Return the turn and those that follow it, the latest of the answers each time."""
    nodes = [node]
    while children := [child for child in adventure.children(nodes[-1].id) if _has_content(adventure, child)]:
        nodes.append(children[-1])
    return nodes


def _has_content(adventure: Adventure, node: Node) -> bool:
    return bool(node.turn().prose or adventure.children(node.id))


def _branch_name(branch: _Branch) -> str:
    """Return the turn that a branch follows, and the player's name for the branch, or else how it begins."""
    name = next((node.name for node in branch.nodes if node.name), "")
    begins = one_line(name) or _first_words(branch.nodes[0])
    return f"After “{_first_words(branch.parent)}”: {begins}" if branch.parent else f"From the opening: {begins}"


def _first_words(node: Node) -> str:
    words = one_line(node.action or node.turn().prose)
    return words if len(words) <= _HEADING_CHARACTERS else words[:_HEADING_CHARACTERS].rsplit(" ", 1)[0] + " …"


# ---- formats -------------------------------------------------------------------------------------------------


def _markdown_heading(part: int, words: str) -> str:
    return f"{'#' if part == 1 else '##'} {_escaped(words)}"


def _text_heading(part: int, words: str) -> str:
    return words if part == 1 else f"Part {part}: {words}"


def _markdown_paragraphs(turn: Turn) -> Iterator[str]:
    if turn.action:
        yield f"**{ACTION_MARK}{_escaped(one_line(turn.action))}**"
    for paragraph in _prose_paragraphs(turn.prose):
        yield "\\\n".join(map(_escaped, paragraph.split("\n")))


def _text_paragraphs(turn: Turn) -> Iterator[str]:
    if turn.action:
        yield ACTION_MARK + one_line(turn.action)
    yield from _prose_paragraphs(turn.prose)


def _prose_paragraphs(prose: str) -> list[str]:
    """Return the paragraphs without white space around their lines: Markdown takes indented lines for code."""
    cleaned = "\n".join(line.strip() for line in clean_prose(prose).split("\n"))
    return [paragraph for paragraph in _PARAGRAPH_BREAK.split(cleaned.strip()) if paragraph]


def _escaped(line: str) -> str:
    """Return a line such that Markdown shows its characters."""
    line = _MARKUP.sub(lambda match: f"\\{match[0]}", line)
    return _MARKUP_AT_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\", line)
