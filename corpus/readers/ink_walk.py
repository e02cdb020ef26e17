"""Walk a compiled Ink story from one place to its next choices; the caller chooses at forks.

    walk = Walk(top, variables, choose)
    outcome = walk.run(place)

It handles text, choices, diverts, tunnels, threads and functions like Ink's runtime. It doesn't know what depends on
the player, such as variables, visits and chance: there it calls `choose`, which selects a text of a sequence (`{a|b}`)
or a branch of a condition. Choices are offered whether or not their condition holds.

Limits: `MAX_STEPS` per walk, `_MAX_FRAMES` nested tunnels and functions.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus.readers.ink_containers import Container, Pointer, find

MAX_STEPS = 20_000
_MAX_FRAMES = 40
_MAX_VALUES = 10_000
_GLUE = "\x00"

_UNARY = frozenset("_ ! FLOOR CEILING INT FLOAT LIST_MIN LIST_MAX LIST_ALL LIST_COUNT LIST_VALUE LIST_INVERT".split())
_BINARY = frozenset("+ - / * % == > < >= <= != && || MIN MAX POW ? !? L^".split())
# Commands of which only the number of values matters that they take from the stack and put there.
_EFFECTS = {"choiceCnt": (0, 1), "turn": (0, 1), "turns": (1, 1), "readc": (1, 1), "rnd": (2, 1), "srnd": (1, 1)} | {
    "listInt": (2, 1),
    "range": (3, 1),
    "lrnd": (1, 1),
    "pop": (1, 0),
    "void": (0, 1),
}
# Names that the compiler gives to parts of one item; all others are knots, stitches, gathers and labels.
_PIECE = re.compile(r"b|s\d*|c-\d+|\$r\d*|\d+")


@dataclass(frozen=True, slots=True)
class Target:
    """A divert target as a value."""

    path: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of which only the text is known."""

    text: str


VISITS = Shown("")
"""The number of visits to a place."""
UNKNOWN = Shown("")


@dataclass(frozen=True, slots=True)
class Frame:
    """A tunnel, function or thread to return from."""

    kind: str
    back: Pointer
    targets: tuple[tuple[str, Target], ...]
    """The divert targets among the temporary variables of the caller."""
    evaluating: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage begins: a pointer, the frames to return to, and the temporary variables."""

    at: Pointer
    frames: tuple[Frame, ...] = ()
    targets: tuple[tuple[str, Target], ...] = ()

    def key(self) -> tuple[object, ...]:
        """Return a key that is equal for equal places."""
        frames = tuple((frame.kind, frame.back[0].path, frame.back[1], frame.targets) for frame in self.frames)
        return self.at[0].path, self.at[1], frames, self.targets


@dataclass(slots=True)
class Outcome:
    """The result of a walk: the text, the choices by label, and where it continues by itself."""

    text: str = ""
    choices: list[tuple[str, Place]] = field(default_factory=list)
    runs_on: Place | None = None
    broken: str = ""
    """What could not be followed, if anything."""


class Walk:
    """The state of one walk."""

    def __init__(self, top: Container, variables: Mapping[str, object], choose: Callable[[object, int], int]) -> None:
        self._top = top
        self._variables = variables
        self._choose = choose
        self._frames: list[Frame] = []
        self._values: list[object] = []
        self._temporary: dict[str, object] = {}
        self._out: list[list[str]] = [[]]
        self._evaluating = False
        self._tag_depth = 0
        self._thread_next = False
        self._default: Place | None = None
        self._outcome = Outcome()
        self.steps = 0
        self.visited: set[str] = set()

    def run(self, place: Place) -> Outcome:
        """Walk from `place` until the player has to choose, the story ends, or another passage begins."""
        self._frames = list(place.frames)
        self._temporary = dict(place.targets)
        at: Pointer | None = place.at
        while at is not None:
            self.visited.add(at[0].path)
            at = self._step(at)
            if at is None and self._default and not self._outcome.choices and not self._outcome.runs_on:
                default, self._default = self._default, None
                self._frames, self._temporary = list(default.frames), dict(default.targets)
                at = default.at
            self.steps += 1
            if self.steps > MAX_STEPS:
                self._outcome.broken = "a passage that never reaches a choice"
                break
        if self._default and self._outcome.choices:
            self._outcome.choices.append(("", self._default))
        self._outcome.text = plain("".join(self._out[0]))
        return self._outcome

    def _step(self, at: Pointer) -> Pointer | None:
        """Execute the item at `at`; return the next position, or None at the end of the walk."""
        container, index = at
        if index >= len(container.content):
            if container.index >= 0 and container.parent is not None:
                return container.parent, container.index + 1
            return self._returned()
        item = container.content[index]
        following = (container, index + 1)
        if isinstance(item, Container):
            return item, 0
        if isinstance(item, str):
            return self._word(item, at, following)
        if isinstance(item, dict):
            return self._object(item, at, following)
        if self._evaluating and isinstance(item, int | float):
            self._push(item)
        return following

    def _word(self, word: str, at: Pointer, following: Pointer) -> Pointer | None:
        if word.startswith("^") or word == "\n":
            self._write(word[1:] if word != "\n" else "\n")
        elif word == "<>":
            self._write(_GLUE)
        elif word == "end":
            self._outcome.choices, self._default = [], None
            return None
        elif word in ("->->", "~ret", "done"):
            return self._returned(done=word == "done", tunnel=word == "->->")
        elif word in _UNARY or word in _BINARY:
            self._calculate(word, at)
        elif word in _EFFECTS:
            taken, put = _EFFECTS[word]
            for _ in range(taken):
                self._pop()
            for _ in range(put):
                self._push(UNKNOWN)
        else:
            self._command(word, at)
        return following

    def _command(self, word: str, at: Pointer) -> None:
        if word in ("ev", "/ev"):
            self._evaluating = word == "ev"
        elif word == "str":
            self._out.append([])
            self._evaluating = False
        elif word == "/str":
            self._push("".join(self._out.pop()) if len(self._out) > 1 else "")
            self._evaluating = True
        elif word in ("#", "/#"):
            self._tag_depth = self._tag_depth + 1 if word == "#" else max(0, self._tag_depth - 1)
        elif word == "out":
            self._write(_text(self._pop()))
        elif word == "du":
            value = self._pop()
            self._push(value)
            self._push(value)
        elif word == "visit":
            self._push(VISITS)
        elif word == "seq":
            count = self._pop()
            self._pop()
            self._push(self._chosen(at, count if isinstance(count, int) else 1))
        elif word == "thread":
            self._thread_next = True

    def _object(self, item: dict[str, Any], at: Pointer, following: Pointer) -> Pointer | None:
        if "->" in item or "->t->" in item or "f()" in item:
            return self._divert(item, at, following)
        if "*" in item:
            self._choice(item, at)
        elif "^->" in item:
            self._push(Target(str(item["^->"])))
        elif "VAR?" in item:
            name = str(item["VAR?"])
            value = self._temporary.get(name, self._variables.get(name, Shown(name)))
            self._push(value if isinstance(value, Target) else Shown(_text(value)))
        elif "temp=" in item:
            self._temporary[str(item["temp="])] = self._pop()
        elif "VAR=" in item:
            self._pop()
        elif "x()" in item:
            for _ in range(min(int(item["exArgs"]) if isinstance(item.get("exArgs"), int) else 0, 100)):
                self._pop()
            self._push(UNKNOWN)
        elif "CNT?" in item or "^var" in item or "list" in item:
            names = item.get("list")
            listed = ", ".join(str(name).rpartition(".")[2] for name in names) if isinstance(names, dict) else ""
            self._push(Shown(listed))
        return following

    def _divert(self, item: dict[str, Any], at: Pointer, following: Pointer) -> Pointer | None:
        thread, self._thread_next = self._thread_next, False
        if item.get("c"):
            condition = self._pop()
            known = condition if isinstance(condition, int | float) else 1 - self._chosen(at, 2)
            if not known:
                return following
        path = str(item.get("->", item.get("->t->", item.get("f()"))))
        if item.get("var"):
            value = self._temporary.get(path, self._variables.get(path))
            if not isinstance(value, Target):
                self._outcome.broken = f"a divert to the variable '{path}', whose value is unknown"
                return self._returned(done=True)
            path = value.path
        to = find(path, self._top, at[0])
        if to is None:
            self._outcome.broken = f"a divert to '{path}', which does not exist"
            return None
        if "->t->" in item or "f()" in item or thread:
            return self._called("f()" if "f()" in item else "thread" if thread else "->t->", to, following)
        inner = len(self._out) > 1 or any(frame.kind != "->t->" for frame in self._frames)
        if inner or self._outcome.choices or to[1] or _PIECE.fullmatch(to[0].path.rpartition(".")[2]):
            return to
        self._outcome.runs_on = self._place(to)
        return None

    def _called(self, kind: str, to: Pointer, following: Pointer) -> Pointer | None:
        if len(self._frames) >= _MAX_FRAMES:
            self._outcome.broken = "endless tunnels or functions"
            return None
        self._frames.append(Frame(kind, following, self._targets(), self._evaluating))
        self._evaluating = False
        if kind == "f()":
            self._out.append([])
        return to

    def _returned(self, *, done: bool = False, tunnel: bool = False) -> Pointer | None:
        """Return the position after a tunnel, function or thread; None if nothing called it."""
        if tunnel and isinstance(self._values[-1] if self._values else None, Target):
            override = self._pop()
            if self._frames and isinstance(override, Target):
                self._frames.pop()
                return find(override.path, self._top, self._top)
        elif tunnel:
            self._pop()
        while self._frames:
            frame = self._frames.pop()
            if done and frame.kind != "thread":
                continue
            if frame.kind == "f()":
                text = "".join(self._out.pop()).strip() if len(self._out) > 1 else ""
                self._write(text)
                if frame.evaluating and (not self._values or done):
                    self._push(UNKNOWN)
            self._evaluating = frame.evaluating
            self._temporary = dict(frame.targets)
            return frame.back
        return None

    def _choice(self, item: dict[str, Any], at: Pointer) -> None:
        flags = item.get("flg", 0)
        flags = flags if isinstance(flags, int) else 0
        if flags & 1:
            self._pop()
        only = _text(self._pop()) if flags & 4 else ""
        start = _text(self._pop()) if flags & 2 else ""
        to = find(str(item["*"]), self._top, at[0])
        if to is None:
            self._outcome.broken = f"a choice that leads to '{item['*']}', which does not exist"
        elif flags & 8:
            self._default = self._default or self._place(to)
        else:
            self._outcome.choices.append((" ".join(plain(start + only).split()), self._place(to)))

    def _place(self, to: Pointer) -> Place:
        return Place(to, tuple(frame for frame in self._frames if frame.kind == "->t->"), self._targets())

    def _targets(self) -> tuple[tuple[str, Target], ...]:
        kept = ((name, value) for name, value in self._temporary.items() if isinstance(value, Target) and name != "$r")
        return tuple(sorted(kept, key=lambda item: item[0]))

    def _chosen(self, at: Pointer, options: int) -> int:
        return self._choose((at[0].path, at[1]), options) if 1 < options < 100 else 0

    def _calculate(self, operator: str, at: Pointer) -> None:
        second = self._pop()
        if operator in _UNARY:
            self._push(UNKNOWN)
            return
        first = self._pop()
        if first is VISITS and isinstance(second, int) and operator in ("MIN", "%"):
            self._push(self._chosen(at, second + (operator == "MIN")))
        elif operator == "==" and isinstance(first, int) and isinstance(second, int):
            self._push(int(first == second))
        else:
            self._push(UNKNOWN)

    def _push(self, value: object) -> None:
        if len(self._values) < _MAX_VALUES:
            self._values.append(value)

    def _pop(self) -> object:
        return self._values.pop() if self._values else UNKNOWN

    def _write(self, text: str) -> None:
        if not self._tag_depth:
            self._out[-1].append(text)


def plain(text: str) -> str:
    """Return text as Ink's runtime joins it: glue removes line breaks, a line is a paragraph."""
    if _GLUE in text:
        text = re.sub(rf"\n*(?:{_GLUE}\n*)+", "", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n\n".join(line for line in lines if line)


def _text(value: object) -> str:
    """Return a value as the story shows it."""
    if isinstance(value, Shown):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
