"""Read a Twine passage once, as one player would: each condition takes one branch, each variable has one value.

    reading = Reading(world, choose)
    outcome = reading.run(nodes)

Where the state of the game decides, the caller chooses. What was chosen holds for the rest of the reading: a variable
has the values that it may hold (`twine_world`), and a condition narrows them. So no reading contradicts itself. A
variable shows the first of its values that is left; a sentence with a value that nothing in the story tells is marked
with `UNTOLD`, to be left out.

A jump without a click (`<<goto>>`, `(go-to:)`) is followed at once, as the formats do: the passage itself isn't shown.

Limits: `_MAX_NESTED` included passages in each other.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from corpus.readers.twine_expressions import (
    UNKNOWN,
    Const,
    Expr,
    Op,
    Value,
    Var,
    chosen_texts,
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
)
from corpus.readers.twine_passage import REMOVED, escape, link
from corpus.readers.twine_world import MAX_VALUES, Domain, World, widget_name

UNTOLD = "\x02"
"""Marks a value that nothing in the story tells."""
EXIT = "\x03"
"""Precedes the number of an exit, as the target of a link."""
CONTINUE = "Continue"

_MAX_NESTED = 5


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
        if isinstance(expression, Var) and (literally := f"${expression.name}") in self._world.passages:
            return literally
        values: Iterable[Value] = chosen_texts(expression)
        domain = self._domain(expression.name) if isinstance(expression, Var) and not values else None
        values = domain.values if domain else values
        named = [value for value in values if isinstance(value, str) and value in self._world.passages]
        if named:
            picked = named[self._choose(("passage", expression), len(named))] if named[1:] else named[0]
            if domain:
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
        if texts := chosen_texts(expression):
            return Domain(tuple(texts[:MAX_VALUES]))
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
