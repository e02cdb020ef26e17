r"""Stories -> training examples -> a corpus on disk.

    dataset, report = build(stories, seed=0)
    save(dataset, report, Path("corpus-out"))

An example is a piece of a tale in the format of `corpus.turns`: `context` is what was told before and is not learned,
`target` is what is learned. The targets of a story are an edge cover of its graph: the opening and every
choice -> passage edge stand in exactly one target, so each action and its answer are learned once, and
`context + target` is always a tale that can be played from the start. A passage that several choices lead to is
written once for each of them.

A corpus is split by story, for parts of one story share most of their context, and a split inside it would leak.

Limits: stories are held in memory. A context is the whole way from the start, so a story of thousands of passages has
long ones; the trainer cuts what does not fit. Only exact copies of a story are found, no near ones.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from datasets import Dataset, DatasetDict, Features, Value

from corpus.story import Choice, Story
from corpus.turns import Turn, clean_prose, label_action, write

SPLITS = ("train", "validation", "test")
_FEATURES = Features(
    {"story": Value("string"), "context": Value("string"), "target": Value("string"), "ends": Value("bool")}
)


class CorpusError(Exception):
    """No corpus can be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training example; a row of the dataset."""

    story: str
    """The story's id, the same in every build of the same text."""
    context: str
    """The tale so far: given to the model, not learned. Empty where the tale begins."""
    target: str
    """What is learned. After a context it starts with the blank line that separates the two."""
    ends: bool
    """Whether the last passage of the target is an ending."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the stories. Counts are of what is in the corpus, `drops` of what isn't, by reason."""

    seed: int
    stories: int
    passages: int
    choices: int
    words: int
    examples: Mapping[str, int]
    target_characters: Mapping[str, int]
    drops: Counter[str]
    rights: Counter[str]
    titles: Mapping[str, list[str]]
    """The stories of each split."""
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    """What the readers left out or guessed, a sentence each."""
    warnings: tuple[str, ...]
    """What the user should know before relying on this corpus."""

    def table(self) -> str:
        """The figures as plain aligned lines: name, number."""
        rows: list[tuple[str, int]] = [
            ("stories", self.stories),
            ("passages", self.passages),
            ("choices", self.choices),
            ("words", self.words),
            ("examples", sum(self.examples.values())),
            *((f"  {name}", self.examples[name]) for name in SPLITS),
            ("target characters", sum(self.target_characters.values())),
            *((f"  {name}", self.target_characters[name]) for name in SPLITS),
            *((f"rights: {rights}", count) for rights, count in sorted(self.rights.items())),
            *((f"left out: {reason}", count) for reason, count in sorted(self.drops.items())),
        ]
        wide = max(len(name) for name, _ in rows)
        digits = max(len(f"{number:,}") for _, number in rows)
        return "\n".join(f"{name:<{wide}}  {number:>{digits},}" for name, number in rows)


# ---- one story -> its examples -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    """A passage as it is walked: clean text, and each way on as (action, name of the next node)."""

    text: str
    edges: tuple[tuple[str, str], ...]
    ends: bool


@dataclass(frozen=True, slots=True)
class _Graph:
    """A story as it is walked, every node within reach of the start; `drops` counts what was left out of it."""

    id: str
    start: str
    nodes: Mapping[str, _Node]
    drops: Counter[str]


def examples(story: Story) -> list[Example]:
    """The story's edge cover, in the order of discovery; empty for a story without text."""
    return list(_walk(_graph(story)))


def _graph(story: Story) -> _Graph:
    """The part of the story that can be read: reachable passages with text, and the choices between them."""
    reachable = story.reachable()
    texts = {name: clean_prose(passage.text) for name, passage in story.passages.items() if name in reachable}
    drops = Counter(
        {
            "unreachable passage": len(story.passages) - len(texts),
            "empty passage": sum(not text for text in texts.values()),
            "dangling choice": sum(passage.name in texts for passage, _ in story.dangling()),
        }
    )
    nodes = {}
    for name, text in texts.items():
        if not text and name != story.start:
            continue
        ways, unwritten = _ways(story, texts, name)
        edges = tuple(dict.fromkeys((label_action(way.label), way.target) for way in ways))
        drops["repeated choice"] += len(ways) - len(edges)
        # A passage whose only ways on were never written does not end there.
        nodes[name] = _Node(text, edges, ends=not edges and not unwritten)
    start = story.start
    if not texts[start] and len(nodes[start].edges) == 1:
        start = nodes[start].edges[0][1]  # a title page without text
    if not texts[story.start]:
        nodes = {name: node for name, node in nodes.items() if node.text or name == start}
    text = "\0".join(sorted(node.text for node in nodes.values()))
    slug = re.sub(r"[\W_]+", "-", story.title.casefold())[:40].strip("-") or "story"
    return _Graph(f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:12]}", start, nodes, +drops)


def _ways(story: Story, texts: Mapping[str, str], name: str) -> tuple[list[Choice], bool]:
    """The choices of a passage, each led on through empty passages to one with text; and whether any dangles.

    Of an empty passage with one way on, the action is the one that led to it; of one with several, its own.
    """
    found: list[Choice] = []
    unwritten = False
    for choice in story.passages[name].choices:
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


def _walk(graph: _Graph) -> Iterator[Example]:
    """Chains of edges that no chain before has, each from the earliest passage that still has one."""
    nodes = graph.nodes
    if not any(node.text for node in nodes.values()):
        return
    left = {name: list(reversed(node.edges)) for name, node in nodes.items()}
    came_from: dict[str, tuple[str, Turn]] = {}
    opening = Turn("", nodes[graph.start].text)
    chain = [opening]
    discovered = [graph.start]
    for root in discovered:  # which grows meanwhile
        while chain or left[root]:
            path = [] if chain else _path(root, came_from, opening)
            here = root
            while left[here]:
                action, target = left[here].pop()
                turn = Turn(action, nodes[target].text)
                if target != graph.start and target not in came_from:
                    came_from[target] = (here, turn)
                    discovered.append(target)
                chain.append(turn)
                here = target
            context = write(path)
            yield Example(graph.id, context, write(path + chain)[len(context) :], nodes[here].ends)
            chain = []


def _path(name: str, came_from: Mapping[str, tuple[str, Turn]], opening: Turn) -> list[Turn]:
    """The turns that first led to a passage, the opening first."""
    turns = []
    while name in came_from:
        name, turn = came_from[name]
        turns.append(turn)
    return [opening, *reversed(turns)]


# ---- all stories -> the corpus -------------------------------------------------------------------------------


def split(stories: Sequence[Sequence[Example]], seed: int, share: float = 0.1) -> dict[str, list[Example]]:
    """The examples of the stories as train, validation and test; `share` of the stories go into each of the last two.

    With fewer than three stories it is the examples that are shared out, openings last, so that a lone story's
    beginning is learned. Every split has at least one story, or example. The same for the same seed.

    Raises CorpusError where there are fewer than three of either.
    """
    groups = list(stories) if len(stories) >= 3 else [[example] for story in stories for example in story]
    if len(groups) < 3:
        raise CorpusError(
            f"A corpus needs 3 examples at least, one each to learn from, to validate and to test; there "
            f"{'is' if len(groups) == 1 else 'are'} {len(groups)}. Add a story, or choices to the one you have."
        )
    order = list(range(len(groups)))
    random.Random(seed).shuffle(order)  # noqa: S311 - reproducible on purpose
    if len(stories) < 3:
        order.sort(key=lambda n: not groups[n][0].context)
    held = max(1, round(share * len(groups)))
    parts = {"train": order[2 * held :], "validation": order[:held], "test": order[held : 2 * held]}
    return {name: [example for n in sorted(parts[name]) for example in groups[n]] for name in SPLITS}


def build(stories: Iterable[Story], seed: int) -> tuple[DatasetDict, Report]:
    """The corpus of the stories, with the columns story, context, target and ends, and the report on it.

    The order of the stories does not matter, save for which of two copies is kept: the first. Raises CorpusError where
    no story is left, or too little for three splits.
    """
    kept: dict[str, tuple[Story, _Graph, list[Example]]] = {}
    drops: Counter[str] = Counter()
    notes: list[str] = []
    for story in stories:
        graph = _graph(story)
        found = list(_walk(graph))
        content = graph.id.rpartition("-")[2]
        if not found or content in kept:
            drops["duplicate story" if found else "story without text"] += 1
            continue
        kept[content] = story, graph, found
        drops += graph.drops
        notes += [f"{story.source or story.title}: {note}" for note in story.notes]
    if not kept:
        raise CorpusError("There is no story with text in it, so there is nothing to learn from. Name other sources.")
    ordered = sorted(kept.values(), key=lambda entry: entry[1].id)
    parts = split([found for _, _, found in ordered], seed)
    warnings = []
    if len(ordered) < 3:
        warnings.append(
            f"{len(ordered)} of 3 stories: with fewer than 3, the corpus is split inside the stories, and what is held "
            "out shares its context with what is learned. Held-out figures will flatter; add stories to trust them."
        )
    titles = {graph.id: story.title for story, graph, _ in ordered}
    report = Report(
        seed=seed,
        stories=len(ordered),
        passages=sum(len(graph.nodes) for _, graph, _ in ordered),
        choices=sum(len(node.edges) for _, graph, _ in ordered for node in graph.nodes.values()),
        words=sum(len(node.text.split()) for _, graph, _ in ordered for node in graph.nodes.values()),
        examples={name: len(rows) for name, rows in parts.items()},
        target_characters={name: sum(len(row.target) for row in rows) for name, rows in parts.items()},
        drops=drops,
        rights=Counter(story.rights for story, _, _ in ordered),
        titles={name: [titles[key] for key in dict.fromkeys(row.story for row in parts[name])] for name in SPLITS},
        sources=tuple(story.source for story, _, _ in ordered),
        notes=tuple(notes),
        warnings=tuple(warnings),
    )
    return DatasetDict({name: _dataset(parts[name]) for name in SPLITS}), report


def _dataset(rows: Sequence[Example]) -> Dataset:
    return Dataset.from_dict({name: [getattr(row, name) for row in rows] for name in _FEATURES}, features=_FEATURES)
