"""Read a Twine passage once, as one player would: each condition takes one branch, each variable has one value.

    reading = Reading(world, choose)
    outcome = reading.run(nodes)

Where the state of the game decides, the caller chooses. What was chosen holds for the rest of the reading: a variable
has a `Domain`, the values that the story assigns to it or compares it with, and a condition narrows it. So no reading
contradicts itself. A variable shows the first of its values that is left; a sentence with a value that nothing in the
story tells is marked with `UNTOLD`, to be left out.

A jump without a click (`<<goto>>`, `(go-to:)`) is followed at once, as the formats do: the passage itself isn't shown.

Limits: `_MAX_INCLUDED` characters of included passages for a story, `_MAX_NESTED` in each other; `_MAX_VALUES` values
of a variable.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from corpus.readers.twine_expressions import (
    COMPARISONS,
    OTHER,
    UNKNOWN,
    Const,
    Expr,
    Op,
    Value,
    Var,
    evaluate,
    is_true,
    shown,
    variables,
)
from corpus.readers.twine_nodes import (
    BACK,
    Choose,
    Click,
    Include,
    Jump,
    Later,
    Macro,
    Node,
    Nodes,
    Set,
    Show,
    Text,
    walk,
)
from corpus.readers.twine_passage import REMOVED, escape, link

UNTOLD = "\x02"
"""Marks a value that nothing in the story tells."""
EXIT = "\x03"
"""Precedes the number of an exit, as the target of a link."""
CONTINUE = "Continue"

_MAX_INCLUDED = 1 << 22
_MAX_NESTED = 5
_MAX_VALUES = 24
VISITS = frozenset({"visits", "passage.visits", "visited()\x06"})
"""How often the player has been here, which is once in a new game."""


class World:
    """What a story tells of its variables and passages."""

    def __init__(
        self,
        bodies: Mapping[str, Nodes],
        passages: Mapping[str, int],
        first: Iterable[str],
        scripted: Callable[[str], bool],
    ) -> None:
        """`bodies` are passages and widgets, `passages` the lengths of those that can be led to.

        `first` are the bodies that run before all others, in this order; `scripted` tells whether scripts or the
        player may give a variable any value.
        """
        self.bodies = bodies
        self.passages = passages
        self.room = _MAX_INCLUDED
        self.left_out = 0
        """Included passages that were too long."""
        self.untold_targets = 0
        """Links whose target nothing in the story tells."""
        self._values = _domains(bodies, first, scripted)

    def domain(self, name: str) -> "Domain":
        """Return what a variable may hold."""
        return Domain(self._values.get(name, (None, OTHER)))


@dataclass(slots=True)
class Domain:
    """What a variable may hold at some point of a reading; at least one value."""

    values: tuple[Value, ...]


@dataclass(slots=True)
class Exit:
    """What happens at a click: the player is led to a passage, or sees more of this one."""

    target: str = ""
    content: str = ""
    """The source of what is revealed, if there is no target."""
    stays: bool = False
    """Whether the label is still there then."""
    sets: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    """The variables that change."""


@dataclass(slots=True)
class Outcome:
    """A passage as one player sees it."""

    source: str = ""
    """Without macros. Links lead to passages, or to one of `exits`."""
    exits: list[Exit] = field(default_factory=list)
    runs_on: str = ""
    """The passage that is shown instead of this one, if any."""
    before: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    """What the reading takes the variables to hold when the passage begins."""
    after: dict[str, tuple[Value, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that is shown when all conditions have narrowed it."""

    value: Expr
    domains: Mapping[str, Domain]


@dataclass(frozen=True, slots=True)
class _Link:
    label: list["_Piece"]
    exit: Exit
    content: list["_Piece"]


_Piece = str | _Value | _Link


class _JumpError(Exception):
    """The passage leads on without being shown."""


class Reading:
    """The state of one reading."""

    def __init__(self, world: World, choose: Callable[[Hashable, int], int], seen: set[Text]) -> None:
        """`seen` collects the texts that were read."""
        self._world = world
        self._choose = choose
        self._seen = seen
        self._out: list[_Piece] = []
        self._entry: dict[str, Domain] = {}
        self._now: dict[str, Domain] = {}
        self._clicked: Exit | None = None
        self._later = 0
        self._nested = 0
        self._outcome = Outcome()

    def run(self, nodes: Nodes) -> Outcome:
        """Read a passage."""
        outcome = self._outcome
        try:
            self._read(nodes)
        except _JumpError:
            self._out = []
        outcome.source = self._resolved(self._out)
        outcome.before = {name: domain.values for name, domain in self._entry.items()}
        outcome.after = {name: domain.values for name, domain in self._now.items()}
        return outcome

    def _read(self, nodes: Nodes) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self._seen.add(node)
                self._out.append(node.source)
            elif isinstance(node, Choose):
                self._out.append(REMOVED)
                branch = next((inner for test, inner in node.branches if test is None or self._holds(test)), ())
                self._read(branch)
                self._out.append(REMOVED)
            else:
                self._run(node)

    def _run(self, node: Node) -> None:
        if isinstance(node, Show):
            self._show(node.value)
        elif isinstance(node, Click) and self._clicked and node.target == Const(BACK):
            self._clicked.target = self._clicked.target or BACK  # `<<return>>` in a link: a click leads back
        elif isinstance(node, Click):
            self._click(node)
        elif isinstance(node, Set):
            self._out.append(REMOVED)
            self._set(node.name, self._assigned(node.value))
        elif isinstance(node, Jump):
            self._jump(self._target(node.target))
        elif isinstance(node, Later):
            self._later += 1
            self._read(node.nodes)
            self._later -= 1
        elif isinstance(node, Include):
            self._include(self._target(node.name))
        elif isinstance(node, Macro):
            self._macro(node)

    def _show(self, value: Expr) -> None:
        if isinstance(value, Op) and value.name == "either" and value.args:
            value = value.args[self._choose(value, len(value.args))]
        self._out.append(_Value(value, {name: self._domain(name) for name in variables(value)}))

    def _click(self, node: Click) -> None:
        outer, self._out = self._out, []
        self._read(node.label)
        label, self._out = self._out, []
        around, self._clicked = self._clicked, Exit(stays=node.stays)
        before = dict(self._now)
        self._later, later = 0, self._later
        self._read(node.body)
        self._later = later
        here, self._clicked = self._clicked, around
        here.sets = {name: at.values for name, at in self._now.items() if before.get(name) is not at}
        self._now = before
        if node.target is not None and not here.target:
            here.target = self._target(node.target)
        outer.append(_Link(label, here, self._out))
        self._out = outer

    def _jump(self, target: str) -> None:
        self._out.append(REMOVED)
        if not target:
            return
        if self._clicked:
            self._clicked.target = self._clicked.target or target
        elif self._later:
            self._out += ("\n", _Link([CONTINUE], Exit(target), []), "\n")
        else:
            self._outcome.runs_on = target
            raise _JumpError

    def _include(self, name: str) -> None:
        self._out.append(REMOVED)
        body = self._world.bodies.get(name, ())
        size = self._world.passages.get(name, 1)
        if self._nested >= _MAX_NESTED or size > self._world.room:
            self._world.left_out += bool(body)
            return
        self._world.room -= size
        self._nested += 1
        self._read(body)
        self._nested -= 1

    def _macro(self, node: Macro) -> None:
        self._out.append(REMOVED)
        widget = widget_name(node.name)
        if widget in self._world.bodies:
            self._include(widget)
            return
        led = [text for text in node.texts if text in self._world.passages]
        labels = [text for text in node.texts if text not in self._world.passages]
        if led and self._clicked:
            self._clicked.target = self._clicked.target or led[0]
        else:
            for target in led:
                self._out.append(_Link(list(labels[:1]), Exit(target), []))

    def _target(self, expression: Expr) -> str:
        """Return the passage that an expression names; "" if nothing tells."""
        if isinstance(expression, Op) and expression.name == "either" and expression.args:
            expression = expression.args[self._choose(expression, len(expression.args))]
        if isinstance(expression, Var):
            if (literally := f"${expression.name}") in self._world.passages:
                return literally
            domain = self._domain(expression.name)
            named = [value for value in domain.values if isinstance(value, str) and value in self._world.passages]
            if named:
                picked = named[self._choose(("passage", expression.name), len(named))] if named[1:] else named[0]
                domain.values = (picked,)
                return picked
        name = evaluate(expression, self._known(expression))
        if isinstance(name, str):
            return name.strip()
        self._world.untold_targets += 1
        return ""

    def _holds(self, test: Expr) -> bool:
        """Return whether a condition holds, which may be up to the caller."""
        known = self._known(test)
        free = [name for name in dict.fromkeys(variables(test)) if name not in known]
        if len(free) > 1 and isinstance(test, Op):
            if test.name in ("and", "or"):
                first = self._holds(test.args[0])
                return self._holds(test.args[1]) if first is (test.name == "and") else first
            if test.name == "not":
                return not self._holds(test.args[0])
            test, free, known = Var(f"{test}"), [f"{test}"], {}
        if not free:
            return is_true(evaluate(test, known))
        domain = self._domain(free[0])
        sides: dict[bool, list[Value]] = {}
        for value in domain.values:
            result = evaluate(test, {**known, free[0]: value})
            sides.setdefault(result is not UNKNOWN and is_true(result), []).append(value)
        order = list(sides)
        holds = order[self._choose(test, 2)] if len(order) > 1 else order[0]
        domain.values = tuple(sides[holds])
        return holds

    def _known(self, expression: Expr) -> dict[str, Value]:
        """Return the variables in an expression that can hold only one value."""
        domains = ((name, self._domain(name)) for name in variables(expression))
        return {name: domain.values[0] for name, domain in domains if len(domain.values) == 1}

    def _domain(self, name: str) -> Domain:
        if name not in self._now:
            self._now[name] = self._entry[name] = self._world.domain(name)
        return self._now[name]

    def _assigned(self, expression: Expr) -> Domain | None:
        """Return what a variable holds after it is set to this; None if nothing tells."""
        if isinstance(expression, Op) and expression.name == "either":
            values = [evaluate(argument, {}) for argument in expression.args]
            return Domain(tuple(values[:_MAX_VALUES])) if values and UNKNOWN not in values else None
        known = self._known(expression)
        free = [name for name in dict.fromkeys(variables(expression)) if name not in known]
        if len(free) > 1:
            return None
        cases = [known] if not free else [{**known, free[0]: value} for value in self._domain(free[0]).values]
        results = dict.fromkeys(value for case in cases if (value := evaluate(expression, case)) is not UNKNOWN)
        return Domain(tuple(results)) if results else None

    def _set(self, name: str, domain: Domain | None) -> None:
        self._now[name] = domain or self._world.domain(name)

    def _resolved(self, pieces: list[_Piece]) -> str:
        """Return the pieces as source, with the values that are left."""
        out: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                out.append(piece)
            elif isinstance(piece, _Value):
                out.append(_text(piece))
            else:
                out.append(self._resolved_link(piece))
        return "".join(out)

    def _resolved_link(self, piece: _Link) -> str:
        label = " ".join(self._resolved(piece.label).replace(REMOVED, "").split())
        if UNTOLD in label:
            label = ""
        piece.exit.content = "" if piece.exit.target else self._resolved(piece.content)
        self._outcome.exits.append(piece.exit)
        target = f"{EXIT}{len(self._outcome.exits) - 1}{EXIT}"
        if not label:
            return link("", target)
        return f"[[{label.replace('[', '&#91;').replace(']', '&#93;')}->{target}]]"


def widget_name(name: str) -> str:
    """Return the key of a widget among the bodies."""
    return f"<<{name}>>"


def _text(piece: _Value) -> str:
    """Return what the player sees of a value."""
    values: dict[str, Value] = {}
    for name, domain in piece.domains.items():
        told = next((value for value in domain.values if shown(value)), "" if "" in domain.values else UNKNOWN)
        values[name] = told
        if told is not UNKNOWN:
            domain.values = (told,)
    text = shown(evaluate(piece.value, values))
    if not text:
        # A value that is known to be nothing shows nothing; an unknown one would.
        return "" if evaluate(piece.value, values) == "" else UNTOLD
    return text if "[[" in text else escape(text)


def _domains(
    bodies: Mapping[str, Nodes], first: Iterable[str], scripted: Callable[[str], bool]
) -> dict[str, tuple[Value, ...]]:
    """Return the values of each variable: the first one, and those that are assigned.

    If it may have others, then also those that it is compared with, and the numbers next to them.
    """
    start: dict[str, Value] = {}
    for name in first:
        for node in walk(bodies.get(name, ())):
            if isinstance(node, Set) and (value := evaluate(node.value, {})) is not UNKNOWN:
                start.setdefault(node.name, value)
    assigned: dict[str, list[Value]] = {}
    compared: dict[str, list[Value]] = {}
    open_names: set[str] = set()
    for node in (node for body in bodies.values() for node in walk(body)):
        if isinstance(node, Set):
            options = node.value.args if isinstance(node.value, Op) and node.value.name == "either" else ()
            for option in options or (node.value,):
                value = evaluate(option, {})
                assigned.setdefault(node.name, []).append(value)
                if value is UNKNOWN:
                    open_names.add(node.name)
        elif isinstance(node, Choose):
            for test, _ in node.branches:
                for variable, value in _comparisons(test):
                    around = (value, value + 1, value - 1) if _is_number(value) else (value,)
                    compared.setdefault(variable, []).extend(around)
    domains = {}
    for name in dict.fromkeys((*start, *assigned, *compared)):
        whole = name.partition(".")[0]
        is_open = name not in assigned or not {name, whole}.isdisjoint(open_names) or scripted(whole)
        begins = start.get(name, 1 if name in VISITS else None)
        values = {_typed(begins): begins}
        for value in (*assigned.get(name, ()), *(compared.get(name, ()) if is_open else ())):
            if value is not UNKNOWN and len(values) < _MAX_VALUES:
                values.setdefault(_typed(value), value)
        # Beside numbers, the neighbours of those that it is compared with stand for all others; beside true, nothing.
        others = (
            (OTHER,)
            if is_open and not any(isinstance(value, int | float) and value for value in values.values())
            else ()
        )
        domains[name] = (*values.values(), *others)
    return domains


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _typed(value: Value) -> tuple[bool, Value]:
    """Return a key that tells true from 1."""
    return isinstance(value, bool), value


def _comparisons(test: Expr | None) -> Iterable[tuple[str, Value]]:
    """Yield each variable in a condition with the literals that it is compared with."""
    if isinstance(test, Op):
        if test.name in COMPARISONS:
            for a, b in (test.args, reversed(test.args)):
                if isinstance(a, Var) and isinstance(b, Const):
                    yield a.name, b.value
        for argument in test.args:
            yield from _comparisons(argument)
