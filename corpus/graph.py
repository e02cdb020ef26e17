"""A story -> the graph that is learned: clean prose, choices as actions, and everything left out with its reason.

    graph = make_graph(story)
    graph.nodes[graph.start].text
    Counter(reject.reason for reject in graph.rejects)

What can't be reached from the start is left out. An empty passage is passed through: of one with a single way on, the
action is the one that led to it; of one with several, which is a menu, each way's own. A start without text stands for
a title page and is left for the passage after it.

Limits: between the same two passages, several choices with the same action are one.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from corpus import labels
from corpus.clean import clean
from corpus.rejects import Reject
from corpus.story import UNFINISHED, Choice, Passage, Story

# Few labels are written once: "Continue", "Go back", "Yes".
label_action = lru_cache(maxsize=1 << 16)(labels.label_action)

_ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A passage as it is learned: clean text, and each way on as (action, name of the next node)."""

    text: str
    edges: tuple[tuple[str, str], ...]
    ends: bool
    """Whether the story ends here. False where a way on was never written."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A story as it is learned; every node has text, save perhaps the start, and is reached from the start."""

    id: str
    """The title and the first digits of `content`: the same in every build of the same text."""
    content: bytes
    """SHA-256 of the texts, whatever their order and names: the same for copies under another title."""
    start: str
    nodes: Mapping[str, Node]
    """In the order of the source; empty for a story without text."""
    rejects: tuple[Reject, ...]


def make_graph(story: Story) -> Graph:
    """The part of the story that can be read: reachable passages with text, and the choices between them."""
    rejects: list[Reject] = []

    def reject(reason: str, passage: str, text: str, count: int = 1) -> None:
        rejects.append(Reject(reason, story.source, story.title, passage, text, count))

    reachable = story.reachable()
    texts: dict[str, str] = {}
    for name, passage in story.passages.items():
        if name not in reachable:
            reject("unreachable passage", name, passage.text)
            continue
        cleaned = clean(passage.text, _heading(story, passage))
        texts[name] = cleaned.text
        for reason, count in cleaned.drops.items():
            reject(reason, name, passage.text, count)
        if not texts[name]:
            reject("empty passage", name, passage.text)
        for choice in passage.choices:
            if choice.target not in story.passages:
                reject("dangling choice", name, choice.label)
    nodes = {}
    for name, text in texts.items():
        if not text and name != story.start:
            continue
        edges: dict[tuple[str, str], None] = {}
        unwritten = False
        for choice in story.passages[name].choices:
            ways, dangles = _ways(story, texts, choice)
            unwritten |= dangles
            if not ways and not dangles:
                reject("choice that leads to no text", name, choice.label)
            for way in ways:
                edge = label_action(way.label), way.target
                if edge in edges:
                    reject("repeated choice", name, way.label)
                edges[edge] = None
        ends = not edges and not unwritten and UNFINISHED not in story.passages[name].tags
        nodes[name] = Node(text, tuple(edges), ends)
    start = _without_title_page(nodes, story.start)
    written = sorted(node.text for node in nodes.values())
    content = hashlib.sha256("\0".join(written).encode()).digest()
    slug = re.sub(r"[\W_]+", "-", story.title.casefold())[:40].strip("-") or "story"
    return Graph(f"{slug}-{content.hex()[:_ID_DIGITS]}", content, start, nodes if any(written) else {}, tuple(rejects))


def _heading(story: Story, passage: Passage) -> str:
    """What may stand above the prose as a title: the story's on its first page, or the passage's."""
    return story.title if passage.text.lstrip().startswith(story.title) else passage.name


def _ways(story: Story, texts: Mapping[str, str], choice: Choice) -> tuple[list[Choice], bool]:
    """A choice, led on through empty passages to those with text; and whether any way was never written."""
    if texts.get(choice.target):
        return [choice], False
    found: list[Choice] = []
    unwritten = False
    stack, passed = [choice], set[str]()
    while stack:
        way = stack.pop()
        if way.target not in texts:
            unwritten = True
        elif texts[way.target]:
            found.append(way)
        elif way.target not in passed:
            passed.add(way.target)
            onward = story.passages[way.target].choices
            for inner in reversed(onward):
                keep = len(onward) == 1 or not label_action(inner.label)
                stack.append(Choice(way.label if keep else inner.label, inner.target))
    return found, unwritten


def _without_title_page(nodes: dict[str, Node], start: str) -> str:
    """Where the story begins; a start without text and with one way on is taken out of `nodes`."""
    first = nodes[start]
    if first.text or len(first.edges) != 1:
        return start
    del nodes[start]
    return first.edges[0][1]
