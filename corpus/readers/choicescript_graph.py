"""Turn the scenes of a ChoiceScript game into passages: find the places that are passages, and link them.

    graph = Graph(game)
    passages, start = graph.passages(Place("startup", 0))
    notes = list(graph.notes())

A place that shows no text and only continues is not a passage: what leads to it leads on. Two passages are merged if
one only continues at the other, and nothing else leads there.

Limits: `_MAX_PLACES` places, `_MAX_FORMS` forms of one, `_MAX_LINKS` choices and the places between, `_MAX_STEPS` lines
walked; a note says what was cut.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from corpus.readers.branch_coverage import BranchCoverage
from corpus.readers.choicescript_scene import COMMANDS, OPTION, TEXT, first_word
from corpus.readers.choicescript_walk import Game, Outcome, Place, Walk
from corpus.readers.passage_splitter import CONTINUE
from corpus.story import Choice, Passage
from corpus.text import printable

_MAX_FORMS = 40
_MAX_PLACES = 60_000
_MAX_LINKS = 300_000
_MAX_STEPS = 800_000
_PASSES = 4
_START = "start"
_TOO_LARGE = "the game is too large"
_TOO_MANY = "there are too many choices"


class Graph:
    """The places that were found, and their outcomes."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self._outcomes: dict[Place, Sequence[Outcome]] = {}
        self._seen = {key: bytearray(len(scene.lines)) for key, scene in game.scenes.items()}
        self._broken: dict[str, None] = {}
        self._cut: dict[str, None] = {}
        self._steps = 0
        self._names: dict[tuple[Place, int], str] = {}
        self._named: Counter[str] = Counter()
        self._waiting: list[tuple[Place, int]] = []
        """The named outcomes, by place and form."""
        self._target_names: dict[Place, Sequence[str]] = {}
        self._links = 0

    def passages(self, start: Place) -> tuple[dict[str, Passage], str]:
        """Return the passages by name in the order of the source, and the name of the first; empty without text."""
        self._explore(start)
        self._shorten()
        self._merge(start)
        begins = self._targets(start)
        made: dict[str, Passage] = {}
        for place, form in self._waiting:  # grows during the loop
            name = self._names[place, form]
            outcome = self._outcomes[place][form]
            made[name] = Passage(name, outcome.text, tuple(dict.fromkeys(self._onward(outcome))))
        if not any(passage.text or passage.choices for passage in made.values()):
            return {}, ""
        order = {key: number for number, key in enumerate(self._game.scenes)}
        ranked = sorted(self._waiting, key=lambda named: (order[named[0].scene], named[0].line))
        passages = {self._names[named]: made[self._names[named]] for named in ranked}
        if len(begins) == 1:
            return passages, begins[0]
        title = Passage(_START, "", tuple(Choice(CONTINUE, name) for name in begins))
        return {_START: title, **passages}, _START

    def _explore(self, start: Place) -> None:
        """Walk on from each place that a walk reaches, the nearest first."""
        waiting = deque([start])
        found = {start}
        while waiting:
            if len(self._outcomes) >= _MAX_PLACES or self._steps >= _MAX_STEPS:
                self._cut[_TOO_LARGE] = None
                return
            place = waiting.popleft()
            self._outcomes[place] = self._forms(place)
            for outcome in self._outcomes[place]:
                for onward in _targets(outcome):
                    if not onward.missing and onward not in found:
                        found.add(onward)
                        waiting.append(onward)

    def _forms(self, place: Place) -> Sequence[Outcome]:
        """Return the outcomes of a place, without repetition."""
        branches = BranchCoverage(_MAX_FORMS)
        forms: dict[Outcome, None] = {}
        for _ in branches:
            walk = Walk(self._game, branches.choose, self._seen, _MAX_STEPS - self._steps)
            outcome = walk.run(place)
            self._steps += walk.steps
            if walk.broken:
                self._broken[walk.broken] = None
            forms[outcome] = None
            if self._steps >= _MAX_STEPS:
                self._cut[_TOO_LARGE] = None
                break
        if branches.limit_reached:
            self._cut["some paragraphs have too many forms"] = None
        return [form for form in forms if not form.impossible] or list(forms)[:1]

    def _shorten(self) -> None:
        """Skip places that only calculate, so that branches of a subroutine that show nothing don't become forms."""
        for _ in range(_PASSES):
            changed = False
            # In reverse, so that most of what a place leads to is already short.
            for place, forms in reversed(self._outcomes.items()):
                shorter = []
                for form in forms:
                    target = form.runs_on and self._skip(form.runs_on)
                    shorter.append(form if target == form.runs_on else replace(form, runs_on=target))
                if shorter != list(forms):
                    self._outcomes[place] = tuple(dict.fromkeys(shorter))
                    changed = True
            if not changed:
                return

    def _skip(self, place: Place) -> Place:
        for _ in range(_PASSES):
            forms = self._outcomes.get(place, ())
            if len(forms) != 1 or forms[0].text or forms[0].choices or not forms[0].runs_on:
                break
            place = forms[0].runs_on
        return place

    def _merge(self, start: Place) -> None:
        """Join an outcome with what it continues at, if nothing else leads there and that has one form."""
        references = Counter([start])
        kept: dict[Place, None] = {start: None}
        waiting = deque(kept)
        while waiting:
            for outcome in self._outcomes.get(waiting.popleft(), ()):
                for onward in _targets(outcome):
                    references[onward] += 1
                    if onward not in kept:
                        kept[onward] = None
                        waiting.append(onward)
        self._outcomes = {place: self._outcomes[place] for place in kept if place in self._outcomes}
        merged: set[Place] = set()
        for place, outcomes in self._outcomes.items():
            if place not in merged:
                self._outcomes[place] = tuple(self._joined(place, outcome, references, merged) for outcome in outcomes)
        for place in merged:
            del self._outcomes[place]

    def _joined(self, place: Place, outcome: Outcome, references: Counter[Place], merged: set[Place]) -> Outcome:
        pieces, gap = [outcome.text], outcome.gap
        last = outcome
        while last.runs_on and last.runs_on != place and references[last.runs_on] == 1:
            onward = self._outcomes.get(last.runs_on, ())
            if len(onward) != 1 or last.runs_on in merged:
                break
            merged.add(last.runs_on)
            last = onward[0]
            gap = max(gap, last.lead, key=len)
            if last.text:
                pieces += (gap, last.text) if any(pieces) else (last.text,)
                gap = last.gap
        return replace(last, text="".join(pieces), lead=outcome.lead, gap=gap)

    def _targets(self, place: Place) -> Sequence[str]:
        """Return the names of the passages that a choice to this place leads to."""
        if place in self._target_names:
            return self._target_names[place]
        found: dict[str, None] = {}
        for at in self._reached(place, self._passes):
            if at.missing:
                found[printable(at.scene)] = None
            for form, outcome in enumerate(self._outcomes.get(at, ())):
                if not self._passes(outcome):
                    found[self._name(at, form)] = None
        if not found and place in self._outcomes:  # a loop that never shows anything
            found[self._name(place, 0)] = None
        self._target_names[place] = tuple(found)
        return self._target_names[place]

    def _onward(self, outcome: Outcome) -> Iterator[Choice]:
        """Yield the choices of a passage, including those that follow it without text between them."""
        for label, to in outcome.choices:
            yield from self._linked(label, to)
        if outcome.runs_on is None:
            return
        for at in self._reached(outcome.runs_on, lambda onward: onward.runs_on if not onward.text else None):
            if at.missing:
                yield Choice(CONTINUE, printable(at.scene))
            for form, onward in enumerate(self._outcomes.get(at, ())):
                if onward.text:
                    yield Choice(CONTINUE, self._name(at, form))
                    continue
                for label, to in onward.choices:
                    yield from self._linked(label, to)

    def _linked(self, label: str, to: Place) -> Iterator[Choice]:
        for name in self._targets(to):
            self._links += 1
            if self._links > _MAX_LINKS:
                self._cut[_TOO_MANY] = None
                return
            yield Choice(label, name)

    @staticmethod
    def _passes(outcome: Outcome) -> Place | None:
        """Return where an outcome leads that shows the player nothing to read or to choose; else None."""
        if outcome.text:
            return None
        return outcome.choices[0][1] if outcome.turns else outcome.runs_on

    def _reached(self, place: Place, passes: Callable[[Outcome], Place | None]) -> Iterator[Place]:
        """Yield `place`, and the places that the player is passed on to from there, in order."""
        seen = {place}
        waiting = [place]
        while waiting:
            self._links += 1
            if self._links > _MAX_LINKS:
                self._cut[_TOO_MANY] = None
                return
            at = waiting.pop()
            yield at
            for outcome in reversed(self._outcomes.get(at, ())):
                onward = passes(outcome)
                if onward and onward not in seen:
                    seen.add(onward)
                    waiting.append(onward)

    def _name(self, place: Place, form: int) -> str:
        """Return the passage's name: its scene, and the label or the line where it begins."""
        known = self._names.get((place, form))
        if known is not None:
            return known
        scene = self._game.scenes[place.scene]
        line = scene.lines[place.line] if place.line < len(scene.lines) else None
        begins = "end" if line is None else first_word(line.rest) if line.command == "label" else str(line.number)
        name = printable(f"{scene.name}:{begins}")
        self._named[name] += 1
        if self._named[name] > 1:
            name = f"{name} {self._named[name]}"
        self._names[place, form] = name
        self._waiting.append((place, form))
        return name

    def notes(self) -> Iterator[str]:
        """Yield what was left out, one sentence each."""
        if self._broken:
            yield f"Not followed: {_listed([printable(broken) for broken in self._broken], 1)}."
        for cut in self._cut:
            yield f"Incomplete: {cut}."
        unread = [scene.name for key, scene in self._game.scenes.items() if not any(self._seen[key])]
        if unread and not self._cut:
            yield f"Nothing leads to these scenes, and they are left out: {_listed([printable(n) for n in unread], 3)}."
        unreached, unknown = self._left_out(unread)
        if unreached and not self._cut:
            yield f"Nothing leads to these lines, and they are left out: {_listed(unreached, 3)}."
        if unknown:
            named = [f"*{command} ({count})" for command, count in unknown.most_common()]
            yield f"Unknown commands are left out: {_listed([printable(n) for n in named], 5)}."

    def left_out(self) -> int:
        """Return the number of words in lines that no walk reached."""
        return sum(
            len(line.rest.split())
            for key, scene in self._game.scenes.items()
            for line, was_seen in zip(scene.lines, self._seen[key], strict=True)
            if line.command in (TEXT, OPTION) and not was_seen
        )

    def _left_out(self, unread: Sequence[str]) -> tuple[list[str], Counter[str]]:
        """Return the lines of other scenes than `unread` that no walk reached, and the unknown commands."""
        unreached, unknown = [], Counter[str]()
        for key, scene in self._game.scenes.items():
            if scene.name in unread:
                continue
            for line, was_seen in zip(scene.lines, self._seen[key], strict=True):
                if line.command in (TEXT, OPTION):
                    if not was_seen:
                        unreached.append(f"{scene.name}:{line.number}")
                elif was_seen and (line.command not in COMMANDS or line.command == "script"):
                    unknown[line.command] += 1
        return unreached, unknown


def _targets(outcome: Outcome) -> Iterator[Place]:
    yield from (target for _, target in outcome.choices)
    if outcome.runs_on:
        yield outcome.runs_on


def _listed(things: Sequence[str], most: int) -> str:
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return f"{', '.join(things[:most])}{more}"
