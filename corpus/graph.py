"""Turn a story into the graph that is trained on: clean prose, choices as actions, and what was left out and why.

    graph = make_graph(story)
    graph.nodes[graph.start].text
    Counter(reject.reason for reject in graph.rejects)

Passages that can't be reached from the start, or from a `BEGINNING` that a script leads to, are left out. Empty
passages are skipped: a choice that leads to one is followed to the passages with text behind it. If the empty passage
has one choice, the first choice's action is used; if it has several (a menu), each keeps its own. A start without text
is taken for a title page and skipped too.

A passage tagged `CONTEXT_ONLY` is a node that is never trained on. What is removed from its text is not counted,
because it is counted where the text is learned.

Limits: several choices with the same action between the same two passages count as one.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from corpus import labels
from corpus.clean import clean
from corpus.rejects import Reject
from corpus.story import BEGINNING, CONTEXT_ONLY, PLAYED, UNFINISHED, Choice, Passage, Story

# A few labels make up most choices: "Continue", "Go back", "Yes".
label_action = lru_cache(maxsize=1 << 16)(labels.label_action)

_ID_DIGITS = 12
_CONTEXT_MARK = "\x01"
"""No clean text has it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A passage as it is trained on: clean text, and its choices as (action, name of the next node)."""

    text: str
    edges: tuple[tuple[str, str], ...]
    ends: bool
    """Whether the story ends here; False if a choice leads to a passage that doesn't exist."""
    context_only: bool = False
    """Whether the text is context, and never trained on."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A story as it is trained on. Every node is reachable and has text, except possibly the start."""

    id: str
    """The title and the first digits of `content`: the same in every build of the same text."""
    content: bytes
    """SHA-256 of the texts, independent of their order and names: equal for copies under another title.

    A story and a playthrough with all of its texts, which has them as context, are not copies.
    """
    start: str
    nodes: Mapping[str, Node]
    """In the order of the source; empty for a story without text."""
    rejects: tuple[Reject, ...]
    beginnings: tuple[str, ...] = ()
    """Where a script leads, so that nothing comes before; the start is not among them."""

    def learned(self) -> list[str]:
        """Return the texts that are trained on."""
        return [node.text for node in self.nodes.values() if not node.context_only]

    def learned_choices(self) -> list[tuple[str, str]]:
        """Return the choices that are trained on, as (action, name of the next node)."""
        edges = (edge for node in self.nodes.values() for edge in node.edges)
        return [edge for edge in edges if not self.nodes[edge[1]].context_only]

    def context_only(self) -> list[str]:
        """Return the texts that are only context."""
        return [node.text for node in self.nodes.values() if node.context_only]


def make_graph(story: Story) -> Graph:
    """Return the story's graph: its reachable passages with text, and the choices between them."""
    rejects = _Rejects(story)
    texts = _clean_texts(story, rejects)
    nodes = {name: _node(story, name, texts, rejects) for name, text in texts.items() if text or name == story.start}
    start = _skip_title_page(nodes, story.start)
    sorted_texts = sorted(_CONTEXT_MARK * node.context_only + node.text for node in nodes.values())
    content = hashlib.sha256("\0".join(sorted_texts).encode()).digest()
    slug = re.sub(r"[\W_]+", "-", story.title.casefold())[:40].strip("-") or "story"
    graph_id = f"{slug}-{content.hex()[:_ID_DIGITS]}"
    has_text = any(node.text for node in nodes.values())
    reached = story.reachable()
    tagged = (name for name in nodes if BEGINNING in story.passages[name].tags and name not in reached)
    return Graph(graph_id, content, start, nodes if has_text else {}, tuple(rejects.items), tuple(tagged))


class _Rejects:
    def __init__(self, story: Story) -> None:
        self._story = story
        self.items: list[Reject] = []

    def add(self, reason: str, passage: str, text: str, count: int = 1) -> None:
        self.items.append(Reject(reason, self._story.source, self._story.title, passage, text, count))


def _clean_texts(story: Story, rejects: _Rejects) -> dict[str, str]:
    """Return the cleaned text of each reachable passage; it may be empty."""
    reachable = story.reachable(from_beginnings=True)
    texts: dict[str, str] = {}
    for name, passage in story.passages.items():
        if name not in reachable:
            rejects.add("unreachable passage", name, passage.text)
            continue
        cleaned = clean(passage.text, _heading(story, passage))
        texts[name] = cleaned.text
        if CONTEXT_ONLY not in passage.tags:
            for reason, count in cleaned.drops.items():
                rejects.add(reason, name, passage.text, count)
            if not cleaned.text:
                rejects.add("empty passage", name, passage.text)
        for choice in passage.choices:
            if choice.target not in story.passages:
                rejects.add("dangling choice", name, choice.label)
    return texts


def _heading(story: Story, passage: Passage) -> str:
    """Return the title that may precede the prose: the story's on its first page, otherwise the passage's name."""
    return story.title if passage.text.lstrip().startswith(story.title) else passage.name


def _node(story: Story, name: str, texts: Mapping[str, str], rejects: _Rejects) -> Node:
    passage = story.passages[name]
    edges: dict[tuple[str, str], None] = {}
    any_dangling = False
    for choice in passage.choices:
        choices, dangling = _skip_empty(story, texts, choice)
        any_dangling |= dangling
        if not choices and not dangling:
            rejects.add("choice that leads to no text", name, choice.label)
        for resolved in choices:
            only = len(passage.choices) == 1 and PLAYED not in passage.tags and resolved.label == choice.label
            edge = label_action(resolved.label, only), resolved.target
            if edge in edges:
                rejects.add("repeated choice", name, resolved.label)
            edges[edge] = None
    ends = not edges and not any_dangling and UNFINISHED not in passage.tags
    return Node(texts[name], tuple(edges), ends, CONTEXT_ONLY in passage.tags)


def _skip_empty(story: Story, texts: Mapping[str, str], choice: Choice) -> tuple[list[Choice], bool]:
    """Follow a choice through empty passages to those with text; also return whether any path is dangling."""
    if texts.get(choice.target):
        return [choice], False
    found: list[Choice] = []
    dangling = False
    stack, visited = [choice], set[str]()
    while stack:
        current = stack.pop()
        if current.target not in texts:
            dangling = True
        elif texts[current.target]:
            found.append(current)
        elif current.target not in visited:
            visited.add(current.target)
            choices = story.passages[current.target].choices
            for following in reversed(choices):
                keep_label = len(choices) == 1 or not label_action(following.label)
                stack.append(Choice(current.label if keep_label else following.label, following.target))
    return found, dangling


def _skip_title_page(nodes: dict[str, Node], start: str) -> str:
    """Return the name of the first node; a start without text and with a single choice is removed from `nodes`."""
    first = nodes[start]
    if first.text or len(first.edges) != 1:
        return start
    del nodes[start]
    return first.edges[0][1]
