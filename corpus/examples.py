r"""Turn a story's graph into training examples: every choice is trained on once, with the preceding text as context.

    for example in edge_cover(make_graph(story), context=4000):
        example.context + example.target

The targets are an edge cover of the graph: the opening and every choice -> passage edge are in exactly one target, so
each action and its answer are trained on once. `context + target` is always a path of the graph, written in the format
of `corpus.turns`. A passage that several choices lead to is written once for each of them; a loop is followed once, up
to the passage where it closes.

Contexts and targets are bounded, so time and space are linear in the size of the story, however deep it is. A context
is the last whole turns that fit; if the last turn alone is too long, its end is used. A target is a chain of turns of
up to three quarters of a context, which leaves a quarter of a row of that length for context
(`finetune.data.rows.split_into_rows` cuts such rows); a longer chain continues in the next example.

A passage that is only context (`corpus.story.CONTEXT_ONLY`) is in no target, and nor is a choice that leads to it: it
only precedes what is trained on. A story of such passages has no example.

Limits: a passage is never cut, so a target has at least one turn, however long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from corpus.graph import Graph
from corpus.turns import ACTION_MARK, PARAGRAPH

DEFAULT_CONTEXT = 4000
"""Characters of context: about 1,000 tokens of GPT-2, which can read 1,024 at once."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: a row of the dataset."""

    story: str
    """The story's id."""
    context: str
    """The preceding text, given to the model but not trained on. Empty at the start of a story."""
    target: str
    """The text that is trained on. After a context it starts with the blank line that separates the two."""
    ends: bool
    """Whether the last passage of the target is an ending of the story."""


def edge_cover(graph: Graph, context: int) -> Iterator[Example]:
    """Yield the graph's edge cover, with contexts of at most `context` characters, in the order of discovery.

    Each chain follows edges that no earlier chain used, and starts at the earliest discovered passage that has one.
    """
    nodes = graph.nodes
    if not nodes:
        return
    longest = context * 3 // 4
    unused = {name: list(reversed(node.edges)) for name, node in nodes.items()}
    # For each discovered passage, the one before it and the turn that led to it; for the start, the opening.
    openings = (graph.start, *graph.beginnings)
    came_from: dict[str, tuple[str | None, str]] = {name: (None, nodes[name].text) for name in openings}
    discovered = list(openings)
    for root in discovered:  # grows during the loop
        opening = root in openings and not nodes[root].context_only
        while opening or unused[root]:
            # The turns of this chain; the first `written` of them are in examples. A start without text is not a turn.
            turns = [nodes[root].text] if opening and nodes[root].text else []
            written, size = 0, sum(map(len, turns))
            parent = None if opening else root
            before = _last_turns(_turns_back_from(parent, came_from), context)
            opening = False
            here = root
            while unused[here]:
                action, target = unused[here].pop()
                prose = nodes[target].text
                turn = f"{ACTION_MARK}{action}{PARAGRAPH}{prose}" if action else prose
                if target not in came_from:
                    came_from[target] = (here, turn)
                    discovered.append(target)
                if nodes[target].context_only:  # a chain of its own follows it
                    continue
                if written < len(turns) and size + len(turn) > longest:
                    yield Example(graph.id, before, _target(before, turns[written:]), ends=False)
                    written, size = len(turns), 0
                    before = _last_turns(chain(reversed(turns), _turns_back_from(parent, came_from)), context)
                turns.append(turn)
                size += len(turn) + len(PARAGRAPH)
                here = target
            if turns:
                yield Example(graph.id, before, _target(before, turns[written:]), nodes[here].ends)


def max_characters(graph: Graph, context: int) -> int:
    """Return an upper bound of the characters in all contexts, and in all targets, not counting actions."""
    choices = graph.learned_choices()
    return max(context * len(choices), sum(len(graph.nodes[target].text) for _, target in choices))


def _turns_back_from(name: str | None, came_from: dict[str, tuple[str | None, str]]) -> Iterator[str]:
    """Yield the turns of the path on which a passage was discovered, the last one first."""
    while name is not None:
        name, turn = came_from[name]
        yield turn


def _last_turns(turns: Iterable[str], room: int) -> str:
    """Return the last turns that fit into `room` characters, as text; `turns` starts with the last one."""
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
    """Return the end of a turn that is too long, starting at a paragraph, a line, or at least a word."""
    end = turn[len(turn) - room :]
    for separator in (PARAGRAPH, "\n", " "):
        rest = end.partition(separator)[2].lstrip()
        if rest:
            return rest
    return end


def _target(before: str, turns: list[str]) -> str:
    text = PARAGRAPH.join(turns)
    return PARAGRAPH + text if before else text
