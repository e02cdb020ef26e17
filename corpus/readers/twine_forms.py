"""Read every passage of a Twine story as its players see it, and link what they see.

    forms = Forms(world, bodies, finish)
    passages, start = forms.linked(["Start"])

A passage with conditions has several forms, one for each reading (`twine_reading`); the first is what a new game shows,
and has the passage's name. All together show every branch. What a click reveals on the page is a passage of its own,
unless the link stands in a sentence: then the text that it reveals does, too. After it come its own links, or else the
next click of the page, or else the page's links, so that each text is reached by few choices.

A choice leads to one form of its target: to one that the choice's passage doesn't contradict (who takes the lamp has
it), and of those to the one that the fewest choices lead to. A form that no choice would lead to gets one.

Limits: `_MAX_FORMS` readings of a passage, `_MAX_FACTS` variables that are compared between two passages.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from corpus.readers.branch_coverage import JointCoverage
from corpus.readers.twine_expressions import Value
from corpus.readers.twine_nodes import BACK, Nodes, Text, walk
from corpus.readers.twine_passage import LINK, ends_sentence, has_word, link, parse_passage
from corpus.readers.twine_reading import CONTINUE, EXIT, UNTOLD, Exit, Outcome, Reading
from corpus.readers.twine_world import VISITS, World
from corpus.story import BEGINNING, Choice, Passage
from corpus.text import printable

_MAX_FORMS = 10
_MAX_FACTS = 40
_SHORTEST_BEGINNING = 25
"""Words; what is shorter, such as a menu, is no place to begin."""
_TAG = re.compile(r"<[^<>]*>")
# What begins in lower case goes on with the label, if that stays.
_FRAGMENT = re.compile(r"[\W\d_]*[a-z]")
_LONGEST_END = 60
# A full stop after a title or an initial is no end.
_SENTENCE = re.compile(r"""\S.*?(?:(?<!\b(?:Mr|Dr|Ms|St))(?<!\bMrs)(?<!\b[A-Z])[.!?…]+["”'’)\]*_]*(?=\s|\Z)|\Z)\s*""")
# Story formats indent with these for the author's eye only.
_EDGES = re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE)
_EXIT_LINK = re.compile(rf"\[\[([^\[\]\n]*)->{EXIT}(\d+){EXIT}\]\]")

Facts = Mapping[str, tuple[Value, ...]]


@dataclass(slots=True, eq=False)
class _Form:
    """A passage as one reading shows it, or what a click reveals on it."""

    passage: str
    """The name of the passage in the story file."""
    name: str
    text: str
    links: list["_Link"]
    before: Facts
    seen: set[Text]
    leading: int = 0
    """How many choices lead here."""
    origin: "_Form | None" = None
    choices: list[Choice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    target: "str | _Form"
    facts: Facts
    """What is known when the player follows it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A form that a choice may lead to, what it takes for granted, and the name if there is no such passage."""

    form: _Form | None
    before: Facts
    missing: str = ""
    against: int = 0
    """How much it contradicts itself: a passage that leads on at once may change what the next takes for granted."""


class Forms:
    """The forms of all passages."""

    def __init__(
        self,
        world: World,
        bodies: Mapping[str, Nodes],
        tags: Mapping[str, frozenset[str]],
        finish: Callable[[str], str],
    ) -> None:
        """`bodies` are the passages that can be led to; `finish` removes emphasis from a source."""
        self._world = world
        self._bodies = bodies
        self._tags = tags
        self._finish = finish
        self._names = set(bodies)
        self._forms: dict[str, list[_Form]] = {}
        self._jumps: dict[str, list[tuple[str, Facts, Facts]]] = {}
        """By passage: where it leads on to, what that takes for granted, and what is known then."""
        self._revealed: dict[tuple[object, ...], _Form] = {}
        """By what is revealed, and what follows it: several readings of a passage may reveal the same."""
        self.limit_reached = False
        """Whether a passage has more readings than were read."""
        self._reached: dict[_Form, None] = {}
        for name, nodes in bodies.items():
            self._read(name, nodes)

    def _read(self, name: str, nodes: Nodes) -> None:
        coverage = JointCoverage(_MAX_FORMS)
        outcomes: dict[object, tuple[Outcome, set[Text]]] = {}
        for _ in coverage:
            seen: set[Text] = set()
            outcome = Reading(self._world, coverage.choose, seen).run(nodes)
            exits = tuple((leads.target, leads.content) for leads in outcome.exits)
            same = outcomes.setdefault((outcome.source, exits, outcome.runs_on), (outcome, seen))
            if same[0] is not outcome:
                _merge(same[0], outcome)
                same[1].update(seen)
        for outcome, seen in outcomes.values():
            if outcome.runs_on in self._bodies:
                self._jumps.setdefault(name, []).append((outcome.runs_on, self._narrowed(outcome), outcome.after))
                continue
            if outcome.runs_on:
                outcome.source = link(CONTINUE, outcome.runs_on)
            forms = self._forms.setdefault(name, [])
            shown = self._unused(f"{name} {len(forms) + 1}") if forms else name
            forms.append(self._form(name, shown, outcome, seen))
        self.limit_reached = self.limit_reached or coverage.limit_reached

    def _narrowed(self, outcome: Outcome) -> Facts:
        """Return the variables of which a reading takes some values for granted."""
        narrowed: dict[str, tuple[Value, ...]] = {}
        for name, values in outcome.before.items():
            lasts = name not in VISITS and "random" not in name
            if lasts and len(narrowed) < _MAX_FACTS and len(values) < len(self._world.domain(name).values):
                narrowed[name] = values
        return narrowed

    def _form(self, passage: str, name: str, outcome: Outcome, seen: set[Text]) -> _Form:
        exits = outcome.exits
        before = self._narrowed(outcome)

        def made(name: str, source: str, rest: list[_Link]) -> _Form:
            text, choices = parse_passage(self._finish(_inlined(source, exits)))
            form = _Form(passage, name, without_untold(_EDGES.sub("", text)), [], before, seen)
            leading: list[_Link] = []
            revealing: list[tuple[str, Exit]] = []
            for choice in choices:
                leads = _exit(choice.target, exits)
                if leads and leads.content and not leads.target:
                    revealing.append((choice.label, leads))
                elif leads is None or leads.target:
                    facts = {**outcome.after, **leads.sets} if leads else outcome.after
                    leading.append(_Link(choice.label, leads.target if leads else choice.target, facts))
            after = leading or rest
            clicks: list[_Link] = []
            for label, leads in reversed(revealing):
                following = clicks[:1] or after
                key = passage, label, leads.content, tuple((link.label, link.target) for link in following)
                onward = self._revealed.get(key)
                if onward is None:
                    shown = self._unused(f"{name}: {' '.join(printable(label).split()) or 'more'}")
                    later = [replace(each, facts={**each.facts, **leads.sets}) for each in following]
                    onward = self._revealed[key] = made(shown, leads.content.strip(), later)
                clicks.insert(0, _Link(label, onward, {**outcome.after, **leads.sets}))
            form.links = [*clicks, *leading] or rest
            return form

        return made(name, outcome.source, [])

    def _unused(self, name: str) -> str:
        free, number = name, 2
        while free in self._names:
            free, number = f"{name} {number}", number + 1
        self._names.add(free)
        return free

    def linked(self, starts: Sequence[str]) -> tuple[dict[str, Passage], str]:
        """Return the passages and the name of the first; "" if none of `starts` exists or shows anything.

        Passages that nothing leads to are kept, unless others include all that they show. The first of those that lead
        to each other is tagged as a beginning.
        """
        ways = cache(self._ways)
        start = next((way.form for name in starts for way in ways(name) if way.form), None)
        if start:
            self._follow(start, ways)
        reached = dict(self._reached)
        seen = set().union(*(form.seen for form in reached))
        begun = {form.passage for form in reached}
        beginnings = set()
        for name in self._by_leading(set(self._forms) - begun, ways):
            unread = [node for node in walk(self._bodies[name]) if isinstance(node, Text) and node not in seen]
            if not seen or any(words(node.source) for node in unread):
                for form in self._forms[name]:
                    if form not in self._reached:
                        self._follow(form, ways)
                        if len(form.text.split()) >= _SHORTEST_BEGINNING:
                            beginnings.add(form)
        order = {name: number for number, name in enumerate(self._bodies)}
        kept = sorted(self._reached, key=lambda form: order[form.passage])
        passages = {
            form.name: Passage(
                form.name,
                form.text,
                tuple(form.choices),
                self._tags.get(form.passage, frozenset()) | ({BEGINNING} if form in beginnings else set()),
            )
            for form in kept
        }
        return passages, start.name if start else ""

    def _by_leading(self, names: set[str], ways: Callable[[str], tuple[_Way, ...]]) -> list[str]:
        """Return the names in the order of the source, those first that none of the others leads to."""
        targets = {
            way.form.passage
            for name in names
            for form in self._forms[name]
            for each in form.links
            if isinstance(each.target, str)
            for way in ways(each.target)
            if way.form and way.form.passage != name
        }
        return sorted((name for name in self._forms if name in names), key=lambda name: name in targets)

    def left_out(self) -> int:
        """Return the number of words that are in no passage."""
        seen = set().union(*(form.seen for form in self._reached))
        nodes = (node for body in self._bodies.values() for node in walk(body))
        return sum(words(node.source) for node in nodes if isinstance(node, Text) and node not in seen)

    def _ways(self, name: str) -> tuple[_Way, ...]:
        """Return the forms that a choice may lead to, through passages that lead on at once."""
        found: dict[_Form, _Way] = {}
        missing = _Way(None, {}, name)
        waiting: deque[tuple[str, Facts, Facts, int]] = deque([(name, {}, {}, 0)])
        passed = {name}
        while waiting:
            at, before, known, against = waiting.popleft()
            if at not in self._bodies:
                missing = _Way(None, {}, at)
            for form in self._forms.get(at, ()):
                now = against + _contradictions(known, form.before)
                found.setdefault(form, _Way(form, _with_earlier(before, known, form.before), "", now))
            for onward, facts, after in self._jumps.get(at, ()):
                if onward not in passed:
                    passed.add(onward)
                    now = against + _contradictions(known, facts)
                    waiting.append((onward, _with_earlier(before, known, facts), {**known, **after}, now))
        return tuple(found.values()) or (missing,)

    def _follow(self, first: _Form, ways: Callable[[str], tuple[_Way, ...]]) -> None:
        """Link everything that can be reached from a form."""
        waiting = deque([first])
        self._reached[first] = None
        edges: dict[_Form, tuple[int, _Form, str]] = {}
        """By form that was not chosen yet: how much the best choice for it contradicts it, and that choice."""
        while True:
            while waiting:
                form = waiting.popleft()
                for each in form.links:
                    onward = self._chosen(form, each, ways, edges)
                    if onward and onward not in self._reached:
                        onward.origin = form
                        self._reached[onward] = None
                        waiting.append(onward)
            unchosen = next((form for form in edges if form not in self._reached), None)
            if unchosen is None:
                return
            _, leading, label = edges.pop(unchosen)
            leading.choices.append(Choice(label, unchosen.name))
            unchosen.origin = leading
            self._reached[unchosen] = None
            waiting.append(unchosen)

    def _chosen(
        self,
        form: _Form,
        link: _Link,
        ways: Callable[[str], tuple[_Way, ...]],
        edges: dict[_Form, tuple[int, _Form, str]],
    ) -> _Form | None:
        """Add the choice of a link; return the form that it leads to, if there is one."""
        if isinstance(link.target, _Form):
            form.choices.append(Choice(link.label, link.target.name))
            return link.target
        if link.target == BACK:
            if form.origin:
                form.choices.append(Choice(link.label, form.origin.name))
            return None
        options = ways(link.target)
        if options[0].form is None:
            form.choices.append(Choice(link.label, printable(options[0].missing)))
            return None
        best: _Form | None = None
        fewest = (0, 0)
        for way in options:
            if way.form:
                against = way.against + _contradictions(link.facts, way.before)
                if way.form not in edges or against < edges[way.form][0]:
                    edges[way.form] = against, form, link.label
                if best is None or (against, way.form.leading) < fewest:
                    best, fewest = way.form, (against, way.form.leading)
        if best:
            best.leading += 1
            form.choices.append(Choice(link.label, best.name))
        return best


def _merge(outcome: Outcome, same: Outcome) -> None:
    """Add what is known in another reading that shows the same."""
    outcome.before = _either(outcome.before, same.before)
    outcome.after = _either(outcome.after, same.after)
    for leads, other in zip(outcome.exits, same.exits, strict=True):
        leads.sets = _either(leads.sets, other.sets)


def _either(first: Facts, second: Facts) -> dict[str, tuple[Value, ...]]:
    """Return what holds in either of two cases."""
    return {name: tuple(dict.fromkeys((*values, *second[name]))) for name, values in first.items() if name in second}


def words(source: str) -> int:
    """Return the number of words in a passage's source."""
    return sum(any(map(str.isalpha, word)) for word in _TAG.sub(" ", source).split())


def without_untold(text: str) -> str:
    """Return `text` without the sentences in which something is untold; quotes stay in pairs."""
    if UNTOLD not in text:
        return text
    lines = []
    for line in text.split("\n"):
        if UNTOLD in line:
            kept = "".join(sentence for sentence in _SENTENCE.findall(line) if UNTOLD not in sentence).strip()
            balanced = kept.count('"') % 2 == line.count('"') % 2 and kept.count("“") - kept.count("”") == 0
            line = kept if balanced else ""
            if not line:
                continue
        lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _contradictions(known: Facts, before: Facts) -> int:
    """Return how many variables hold something else than a form takes for granted."""
    return sum(name in known and not set(known[name]) & set(values) for name, values in before.items())


def _with_earlier(before: Facts, known: Facts, facts: Facts) -> Facts:
    """Return what is taken for granted at the click: before, and now, unless it was only changed since."""
    return {**{name: values for name, values in facts.items() if name not in known}, **before}


def _exit(target: str, exits: Sequence[Exit]) -> Exit | None:
    return exits[int(target.strip(EXIT))] if target.startswith(EXIT) else None


def _inlined(source: str, exits: Sequence[Exit]) -> str:
    """Return a source with what is revealed in a sentence in its place."""
    if EXIT not in source:
        return source
    lines = (_line_inlined(line, exits) if EXIT in line else line for line in source.split("\n"))
    return "\n".join(lines)


def _line_inlined(line: str, exits: Sequence[Exit]) -> str:
    parts = LINK.split(line)
    texts = [_TAG.sub("", text) for text in parts[::2]]
    last_words = max((at for at, text in enumerate(texts) if has_word(text)), default=-1)
    before, any_before = "", False
    for at, text in enumerate(texts[:-1]):
        before = (before + text)[-_LONGEST_END:]
        any_before = any_before or has_word(text)
        in_sentence = last_words > at or (any_before and not ends_sentence(before))
        parts[2 * at + 1] = _shown_in_place(f"[[{parts[2 * at + 1]}]]", in_sentence, exits)
    return "".join(parts)


def _shown_in_place(link: str, in_sentence: bool, exits: Sequence[Exit]) -> str:
    """Return a link, or what it reveals if that belongs to the sentence around it."""
    match = _EXIT_LINK.fullmatch(link)
    if not match or exits[int(match[2])].target:
        return link
    label, leads = match[1], exits[int(match[2])]
    content = _TAG.sub("", leads.content)
    in_sentence = in_sentence or (leads.stays and _FRAGMENT.match(content) is not None)
    if not has_word(content):
        return label if in_sentence else f"[[{label}->]]"
    if not in_sentence:
        return link
    return f"{label if leads.stays else ''}{_inlined(leads.content, exits)}"
