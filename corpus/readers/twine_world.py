"""What a Twine story tells of its variables and passages, before anyone plays it.

    world = World(bodies, {"Hall": 120}, ["StoryInit"], scripted)
    world.domain("gold").values      # (3, 0): what it begins with, and what the story assigns

A variable may hold what the story assigns to it; if a script, the player or a calculation may change it, then also what
it is compared with, the numbers next to those, and something `OTHER`.

Limits: `MAX_VALUES` values of a variable; `_MAX_INCLUDED` characters of included passages in a story.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
    chosen_texts,
    evaluate,
)
from corpus.readers.twine_nodes import Choose, Nodes, Set, walk

_MAX_INCLUDED = 1 << 22
MAX_VALUES = 24
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


def widget_name(name: str) -> str:
    """Return the key of a widget among the bodies."""
    return f"<<{name}>>"


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
            values: list[Value] = [*chosen_texts(node.value)] or [evaluate(node.value, {})]
            assigned.setdefault(node.name, []).extend(values)
            if UNKNOWN in values:
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
        known = {_typed(begins): begins}
        for value in (*assigned.get(name, ()), *(compared.get(name, ()) if is_open else ())):
            if value is not UNKNOWN and len(known) < MAX_VALUES:
                known.setdefault(_typed(value), value)
        # Beside numbers, the neighbours of those that it is compared with stand for all others; beside true, nothing.
        counted = any(isinstance(value, int | float) and value for value in known.values())
        domains[name] = (*known.values(), *((OTHER,) if is_open and not counted else ()))
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
