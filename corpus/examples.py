r"""A story's graph -> training examples: every choice is learned once, with what was told before it as context.

    for example in cover(make_graph(story), context=4000):
        example.context + example.target

The targets are an edge cover of the graph: the opening and every choice -> passage edge stand in exactly one target, so
each action and its answer are learned once. `context + target` is always a path of the graph, written in the format of
`corpus.turns`. A passage that several choices lead to is written once for each of them; a loop is walked once, up to
the passage that was told before.

Both are bounded, so the whole costs time and room linear in the story, however deep it is. A context is the last whole
turns that fit; only where the very last turn is longer than that, its end stands for it. A target is a chain of turns
of up to three quarters of a context, so that in a row of a context's length, a quarter is left for what came before
(`finetune.data.rows.split_into_rows` cuts rows so); the chain goes on as the next example.

Limits: a passage is never cut, so a target is at least one turn, however long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from corpus.graph import Graph
from corpus.turns import PARAGRAPH, Turn, write

CONTEXT = 4000
"""Characters of context, unless told otherwise: about 1,000 tokens of GPT-2, as much as it can read at once."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training example; a row of the dataset."""

    story: str
    """The story's id."""
    context: str
    """What was told right before: given to the model, not learned. Empty where the tale begins."""
    target: str
    """What is learned. After a context it starts with the blank line that separates the two."""
    ends: bool
    """Whether the last passage of the target is an ending."""


def cover(graph: Graph, context: int) -> Iterator[Example]:
    """The graph's edge cover with contexts of at most `context` characters, in the order of discovery.

    Chains of edges that no chain before has, each from the earliest discovered passage that still has one.
    """
    nodes = graph.nodes
    if not nodes:
        return
    longest = context * 3 // 4
    left = {name: list(reversed(node.edges)) for name, node in nodes.items()}
    # Of each discovered passage, the one before it and the turn that led here; of the start, the opening.
    came_from: dict[str, tuple[str | None, str]] = {graph.start: (None, nodes[graph.start].text)}
    discovered = [graph.start]
    for root in discovered:  # which grows meanwhile
        opening = root == graph.start
        while opening or left[root]:
            # The chain so far, of which `told` turns are in examples. A start without text is no turn.
            walked = [nodes[root].text] if opening and nodes[root].text else []
            told, size = 0, sum(map(len, walked))
            behind = None if opening else root
            before = _recent(_lineage(behind, came_from), context)
            opening = False
            here = root
            while left[here]:
                action, target = left[here].pop()
                turn = write((Turn(action, nodes[target].text),))
                if told < len(walked) and size + len(turn) > longest:
                    yield Example(graph.id, before, _target(before, walked[told:]), ends=False)
                    told, size = len(walked), 0
                    before = _recent(chain(reversed(walked), _lineage(behind, came_from)), context)
                if target not in came_from:
                    came_from[target] = (here, turn)
                    discovered.append(target)
                walked.append(turn)
                size += len(turn) + len(PARAGRAPH)
                here = target
            yield Example(graph.id, before, _target(before, walked[told:]), nodes[here].ends)


def most(graph: Graph, context: int) -> int:
    """No more than so many characters are in all contexts, nor in all targets together, actions not counted."""
    edges = [target for node in graph.nodes.values() for _, target in node.edges]
    return max(context * len(edges), sum(len(graph.nodes[target].text) for target in edges))


def _lineage(name: str | None, came_from: dict[str, tuple[str | None, str]]) -> Iterator[str]:
    """The turns that first led to a passage, the last one first."""
    while name is not None:
        name, turn = came_from[name]
        yield turn


def _recent(turns: Iterable[str], room: int) -> str:
    """The last turns that fit into `room` characters as text; `turns` comes last one first."""
    taken: list[str] = []
    for turn in turns:
        if not turn:  # a start without text
            continue
        room -= len(turn) + (len(PARAGRAPH) if taken else 0)
        if room < 0:
            if not taken:
                return _end(turn, room + len(turn))
            break
        taken.append(turn)
    return PARAGRAPH.join(reversed(taken))


def _end(turn: str, room: int) -> str:
    """The end of a turn that is too long, from the beginning of a paragraph, of a line, or at least of a word."""
    end = turn[len(turn) - room :]
    for border in (PARAGRAPH, "\n", " "):
        rest = end.partition(border)[2].lstrip()
        if rest:
            return rest
    return end


def _target(before: str, turns: list[str]) -> str:
    text = PARAGRAPH.join(turns)
    return PARAGRAPH + text if before else text
