"""Play an Ink story in all its ways, as far as they show something new, and remember what leads to what.

    with Engine(json_text, externals, name) as engine:
        nodes = Explorer(engine).explore()

A node is what the engine really showed in one play, with the choices that it really offered. Each choice of a node is
played. Its outcome is a node of its own, unless the same text was shown before

- with the same choices, which lead to the same texts; or
- with some of these choices, which lead to the same texts, and nothing of the outcome is new. Then what can be chosen
  once can't be chosen again, and a conversation doesn't become all orders of its questions.

If `_MAX_SAME` nodes of a place have the same text, what the choices lead to no longer counts.

What isn't seen, such as a variable, may differ between such outcomes. So the explorer then plays on from these
outcomes, by chance, until nothing new has been shown for a while. If something is new, the whole way there becomes
nodes.

Limits: at most `_MAX_FORMS` nodes for one place in the ink, such as a text with a number that counts up; another
outcome leads to the nearest of them. At most `_MAX_NODES` nodes, and the limits of the engine.
"""

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.readers.ink_engine import TOO_LARGE, Choice, Engine, LimitReached, Step, Way

_MAX_FORMS = 12
_MAX_SAME = 3
_MAX_NODES = 20_000
_MAX_KEPT = 2_000
"""Outcomes that are kept to play on from."""
_FEWEST, _MOST = 16, 160
"""Plays of one length without anything new before longer ones are tried: half as many as nodes, within these bounds."""
_LENGTHS = (1, 2, 4, 8, 16, 32, 64)
_AT_ONCE = 16
_NUMBER = re.compile(r"\d+")
_COUNTERS = re.compile(
    r'"(?:threadCounter|threadIndex|originalThreadIndex|turnIdx|previousRandom|storySeed)":-?\d+|"turnIndices":\{[^}]*\}'
)
_SEED = re.compile(r'"storySeed":-?\d+')

Place = tuple[str, str]


@dataclass(eq=False, slots=True)
class Node:
    """A text as it was shown, and what its choices lead to."""

    name: str
    text: str
    choices: tuple[Choice, ...]
    shown: dict[Choice, str]
    """What its own choices showed."""
    targets: "list[Node | None]"
    """None for a choice that was not, or can't be, played."""


@dataclass(eq=False, slots=True)
class _Outcome:
    """What a choice of a node leads to."""

    node: Node
    choice: int
    place: Place
    step: Step


class Explorer:
    """The nodes that were found."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._chance = random.Random(0)  # noqa: S311 (a build is the same each time)
        self._nodes: list[Node] = []
        self._forms: dict[Place, list[Node]] = defaultdict(list)
        self._seen: set[object] = set()
        self._states: set[int] = set()
        self._waiting: list[_Outcome] = []
        self._kept: list[_Outcome] = []
        """Outcomes that were not made nodes, to play on from."""
        self._outcomes = 0
        self.limits: set[str] = set()
        """What was cut, if anything."""

    def explore(self) -> list[Node]:
        """Return the nodes, the first of which is the start; none if the story can't be started."""
        try:
            [[opening]] = self._engine.play([("", [])])
            if not opening.broken:
                self._add(("", opening.end), opening, self._ahead(opening))
                self._follow()
                self._search()
        except LimitReached as limit:
            self.limits.add(str(limit))
        return self._nodes

    def _follow(self) -> None:
        """Take the outcomes that wait, and those of the nodes that they become, the deepest first."""
        while self._waiting:
            outcome = self._waiting.pop()
            if outcome.node.targets[outcome.choice]:  # the way to something new leads on here
                continue
            ahead = self._ahead(outcome.step)
            known = self._known(outcome.place, outcome.step, _shown(outcome.step, ahead))
            outcome.node.targets[outcome.choice] = known or self._add(outcome.place, outcome.step, ahead)
            if known:
                self._keep(outcome)

    def _known(self, place: Place, step: Step, shown: Mapping[Choice, str]) -> Node | None:
        """Return the node that an outcome can lead to; None if it has to be a new one."""
        forms = self._forms[place]
        same = [node for node in forms if node.text == step.text and bool(node.choices) == bool(step.choices)]
        if len(same) < _MAX_SAME:
            same = [
                node for node in same if all(shown.get(choice, text) == text for choice, text in node.shown.items())
            ]
        for node in same:
            if node.choices == step.choices:
                return node
        full = len(forms) >= _MAX_FORMS
        if full or not self._is_new(step):
            least = 1 if len(same) >= _MAX_SAME else (len(step.choices) + 1) // 2
            parts = [node for node in same if len(node.choices) >= least and set(step.choices).issuperset(node.choices)]
            if parts:
                return max(parts, key=lambda node: len(node.choices))
        if not full:
            return None
        self.limits.add("some passages have too many forms")
        return max(forms, key=lambda node: _likeness(node, step))

    def _is_new(self, step: Step) -> bool:
        return any(item not in self._seen for item in _items(step))

    def _ahead(self, step: Step) -> list[Step]:
        """Return what each choice of a step leads to; broken steps where no more is played."""
        if not step.choices:
            return []
        try:
            played = self._engine.play([(step.state, [n]) for n in range(len(step.choices))])
        except LimitReached as limit:
            self.limits.add(str(limit))
            played = [[]] * len(step.choices)
        else:
            if not all(played):
                self.limits.add(TOO_LARGE)
        return [steps[0] if steps else Step(broken="no more is played") for steps in played]

    def _add(self, place: Place, step: Step, ahead: Sequence[Step]) -> Node:
        if len(self._nodes) >= _MAX_NODES:
            raise LimitReached(TOO_LARGE)
        shown = _shown(step, ahead)
        node = Node(place[0] or step.end, step.text, step.choices, shown, [None] * len(step.choices))
        self._nodes.append(node)
        self._forms[place].append(node)
        self._seen.update(_items(step))
        self._states.add(_fingerprint(step.state))
        for choice, following in reversed(list(enumerate(ahead))):
            if not following.broken:
                to = step.choices[choice].place, following.end
                self._waiting.append(_Outcome(node, choice, to, following))
        return node

    def _keep(self, outcome: _Outcome) -> None:
        """Keep an outcome to play on from, unless its state is known; of too many, a random part."""
        fingerprint = _fingerprint(outcome.step.state)
        if fingerprint in self._states or not outcome.step.choices:
            return
        self._states.add(fingerprint)
        self._outcomes += 1
        if len(self._kept) < _MAX_KEPT:
            self._kept.append(outcome)
        elif (index := self._chance.randrange(self._outcomes)) < _MAX_KEPT:
            self._kept[index] = outcome

    def _search(self) -> None:
        """Play on from the kept outcomes: the more plays showed nothing new, the longer the next ones."""
        idle = 0
        while self._kept:
            patience = min(max(len(self._nodes) // 2, _FEWEST), _MOST)
            if idle // patience >= len(_LENGTHS):
                return
            length = _LENGTHS[idle // patience]
            chosen = self._chance.choices(self._kept, k=_AT_ONCE)
            idle += _AT_ONCE
            ways = [self._random_way(outcome.step, length) for outcome in chosen]
            played = self._engine.play(ways)
            for outcome, (_, picks), steps in zip(chosen, ways, played, strict=True):
                way = self._way_to_something_new(outcome, picks, steps)
                if way and outcome in self._kept:
                    idle = 0
                    self._kept.remove(outcome)
                    self._add_way(way)

    def _random_way(self, step: Step, length: int) -> Way:
        state = _SEED.sub(f'"storySeed":{self._chance.randrange(1000)}', step.state)
        return state, [self._chance.randrange(1 << 16) for _ in range(length)]

    def _way_to_something_new(self, outcome: _Outcome, picks: Sequence[int], steps: Sequence[Step]) -> list[_Outcome]:
        """Return the way from an outcome to the first step that is new; empty if none is.

        The nodes of its outcomes are to be made: each is that of the outcome before it.
        """
        way = [outcome]
        for pick, step in zip(picks, steps, strict=False):
            if step.broken:
                break
            choices = way[-1].step.choices
            choice = pick % len(choices)
            way.append(_Outcome(outcome.node, choice, (choices[choice].place, step.end), step))
            if self._is_new(step) and len(self._forms[way[-1].place]) < _MAX_FORMS:
                return way
        return []

    def _add_way(self, way: Sequence[_Outcome]) -> None:
        node = way[0].node
        for outcome in way:
            following = self._add(outcome.place, outcome.step, self._ahead(outcome.step))
            node.targets[outcome.choice] = following
            node = following
        self._follow()


def _items(step: Step) -> list[object]:
    """Return what can be new in a step: its lines, with any numbers, and its choices."""
    lines: list[object] = [hash(_NUMBER.sub("0", line)) for line in step.text.split("\n") if line]
    return [*lines, *((_NUMBER.sub("0", label), place) for label, place in step.choices)]


def _fingerprint(state: str) -> int:
    """Return a hash that is equal for states that differ only in counters."""
    return hash(_COUNTERS.sub("", state))


def _shown(step: Step, ahead: Sequence[Step]) -> dict[Choice, str]:
    return {choice: following.text for choice, following in zip(step.choices, ahead, strict=True)}


def _likeness(node: Node, step: Step) -> tuple[bool, bool, int]:
    common = len(set(step.choices).intersection(node.choices))
    return _NUMBER.sub("", node.text) == _NUMBER.sub("", step.text), common == len(node.choices), common
