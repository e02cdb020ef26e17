"""Turn a compiled Ink story into a Story: find the places that are passages, and link them. See `ink`."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import PurePath
from typing import Any

from corpus.readers.branch_coverage import BranchCoverage
from corpus.readers.ink_containers import Container, build, everything
from corpus.readers.ink_walk import Outcome, Place, Target, Walk
from corpus.story import Choice, Passage, Story, StoryError
from corpus.text import one_line, printable

_MAX_FORMS = 12
_MAX_PASSAGES = 20_000
_MAX_STEPS = 1_500_000

Key = tuple[object, ...]


def read_ink(data: Any, source: str) -> Story:
    """Return the story in a compiled file's JSON; `source` names it in messages.

    Raise StoryError if the JSON is not a compiled story, or if the story shows nothing.
    """
    root = data.get("root") if isinstance(data, dict) else None
    if not isinstance(root, list):
        raise StoryError(f"{source}: this is not a compiled Ink story: there is no list 'root'. Compile it again.")
    try:
        top = build(root)
    except ValueError as error:
        raise StoryError(f"{source}: the Ink story has {error}, too many to read.") from error
    graph = _Graph(top, _variables(top))
    start = Place((top, 0))
    graph.explore(start)
    passages, first = graph.passages(start)
    if not passages:
        raise StoryError(f"{source}: this Ink story shows no text and offers no choice.")
    tags = dict(_tags(top))
    stem = re.sub(r"\.ink$", "", PurePath(source).stem)
    return Story(
        title=tags.get("title", "") or printable(stem),
        start=first,
        passages=passages,
        source=source,
        author=tags.get("author", ""),
        rights=tags.get("rights", tags.get("license", tags.get("licence", ""))) or "unknown",
        genre=tags.get("genre", ""),
        notes=tuple(graph.notes()),
    )


class _Graph:
    """The places that were found, and their outcomes."""

    def __init__(self, top: Container, variables: dict[str, object]) -> None:
        self._top = top
        self._variables = variables
        self._outcomes: dict[Key, list[Outcome]] = {}
        self._visited: set[str] = set()
        self._broken: dict[str, None] = {}
        self._cut = ""
        self._steps = 0

    def explore(self, start: Place) -> None:
        """Walk on from each place that a walk reaches."""
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place.key() in self._outcomes:
                continue
            if len(self._outcomes) >= _MAX_PASSAGES or self._steps >= _MAX_STEPS:
                self._cut = "the story is too large"
                self._outcomes[place.key()] = []
                continue
            found = self._forms(place)
            self._outcomes[place.key()] = found
            for outcome in reversed(found):
                waiting += (target for _, target in reversed(outcome.choices))
                if outcome.runs_on:
                    waiting.append(outcome.runs_on)

    def _forms(self, place: Place) -> list[Outcome]:
        """Return the outcomes of a place, without repetition."""
        branches = BranchCoverage(_MAX_FORMS)
        forms: dict[Key, Outcome] = {}
        for _ in branches:
            walk = Walk(self._top, self._variables, branches.choose)
            outcome = walk.run(place)
            self._steps += walk.steps
            self._visited |= walk.visited
            if outcome.broken:
                self._broken[outcome.broken] = None
            choices = tuple((label, target.key()) for label, target in outcome.choices)
            forms.setdefault((outcome.text, choices, outcome.runs_on and outcome.runs_on.key()), outcome)
        if branches.limit_reached:
            self._cut = "some passages have too many forms"
        shown = [form for form in forms.values() if form.text or form.choices or form.runs_on]
        return shown or list(forms.values())[:1]

    def passages(self, start: Place) -> tuple[dict[str, Passage], str]:
        """Return the passages by name, and the name of the first.

        A place without text that continues at another is not a passage: what leads to it leads on to the other.
        """
        names: dict[Key, list[str]] = {}
        forms: dict[str, Outcome] = {}
        for key, outcomes in self._outcomes.items():
            named = names.setdefault(key, [])
            for outcome in outcomes:
                if outcome.text or outcome.choices or not outcome.runs_on:
                    name = _unused(_name(str(key[0])), forms)
                    forms[name] = outcome
                    named.append(name)
        made = {}
        labels = self._labels(names)
        for name, outcome in forms.items():
            choices = [
                Choice(label or "Continue", target)
                for label, place in outcome.choices
                for target in self._targets(place, names)
            ]
            if outcome.runs_on:
                choices += (Choice("Continue", target) for target in self._targets(outcome.runs_on, names))
            made[name] = Passage(name, _without_echo(outcome.text, labels.get(name, set())), tuple(choices))
        begins = self._targets(start, names)
        if len(begins) > 1:
            name = _unused("start", made)
            made = {name: Passage(name, "", tuple(Choice("Continue", target) for target in begins)), **made}
            return made, name
        if not begins or not any(passage.text or passage.choices for passage in made.values()):
            return {}, ""
        return made, begins[0]

    def _labels(self, names: dict[Key, list[str]]) -> dict[str, set[str]]:
        """Return the labels of the choices that lead to each passage."""
        labels: dict[str, set[str]] = {}
        for outcomes in self._outcomes.values():
            for outcome in outcomes:
                for label, place in outcome.choices:
                    for name in names.get(place.key(), ()):
                        labels.setdefault(name, set()).add(label)
        return labels

    def _targets(self, place: Place, names: dict[Key, list[str]]) -> list[str]:
        """Return the names of the passages that a choice to this place leads to."""
        found: dict[str, None] = {}
        seen: set[Key] = set()
        waiting = [place]
        while waiting:
            key = waiting.pop().key()
            if key not in seen:
                seen.add(key)
                found.update(dict.fromkeys(names.get(key, ())))
                waiting += (
                    outcome.runs_on
                    for outcome in reversed(self._outcomes.get(key, []))
                    if outcome.runs_on and not outcome.text and not outcome.choices
                )
        return list(found)

    def notes(self) -> Iterator[str]:
        """Yield what was left out."""
        if self._broken:
            first = next(iter(self._broken))
            yield f"Not followed: {first}{f' and {len(self._broken) - 1} more' if len(self._broken) > 1 else ''}."
        if self._cut:
            yield f"Incomplete: {self._cut}."
        shown = {path.partition(".")[0] for path in self._visited}
        unreached = [
            name
            for name, knot in self._top.named.items()
            if name not in shown and name != "global decl" and knot.content
        ]
        if unreached:
            more = f" and {len(unreached) - 3} more" if len(unreached) > 3 else ""
            yield f"Nothing leads to these knots, and they are left out: {', '.join(unreached[:3])}{more}."


def _variables(top: Container) -> dict[str, object]:
    """Return the first values of the story's variables."""
    found: dict[str, object] = {}
    declared = top.named.get("global decl")
    last: object = None
    for item in declared.content if declared else ():
        if isinstance(item, str) and item.startswith("^"):
            last = item[1:]
        elif isinstance(item, int | float):
            last = item
        elif isinstance(item, dict) and "^->" in item:
            last = Target(str(item["^->"]))
        elif isinstance(item, dict) and isinstance(item.get("VAR="), str):
            if last is not None:
                found.setdefault(item["VAR="], last)
            last = None
    for container in everything(top):
        _variable_targets(container, found)
    return found


def _variable_targets(container: Container, found: dict[str, object]) -> None:
    """Add divert targets that are assigned to a variable later, if it has none yet."""
    target: Target | None = None
    for item in container.content:
        if isinstance(item, dict):
            name = item.get("VAR=")
            if "^->" in item:
                target = Target(str(item["^->"]))
            elif isinstance(name, str) and target and not isinstance(found.get(name), Target):
                found[name] = target
                target = None


def _tags(top: Container) -> Iterator[tuple[str, str]]:
    """Yield the story's own tags, `# title: …` at its beginning, by lower-case key."""
    begin = top
    while begin.content and isinstance(begin.content[0], Container):
        begin = begin.content[0]
    for number, item in enumerate(begin.content):
        text = ""
        if isinstance(item, dict) and isinstance(item.get("#"), str):
            text = item["#"]
        elif item == "#" and number + 1 < len(begin.content) and isinstance(begin.content[number + 1], str):
            text = begin.content[number + 1].removeprefix("^")
        elif _shows(item) and begin.content[number - 1] != "#":
            return
        key, colon, value = text.partition(":")
        if colon:
            yield key.strip().lower(), one_line(value)


def _shows(item: Any) -> bool:
    """Return whether an item is more than a tag or white space, so that the story begins with it."""
    return isinstance(item, dict) or (isinstance(item, str) and item.startswith("^") and bool(item[1:].strip()))


def _name(path: str) -> str:
    steps = [step for step in path.split(".") if not step.isdecimal()]
    return printable(".".join(steps)) or "start"


def _unused(name: str, taken: Mapping[str, object]) -> str:
    numbered = (f"{name} {number}" for number in count(2))
    return next(free for free in chain([name], numbered) if free not in taken)


def _without_echo(text: str, labels: set[str]) -> str:
    first, _, rest = text.partition("\n\n")
    return rest if first in labels else text
