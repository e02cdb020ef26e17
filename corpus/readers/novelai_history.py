"""What NovelAI's two editors remember of a story -> its text as it stands, and the texts that were tried instead.

    told = of_blocks(blocks, current, text)
    told = of_document(msgpackr.decode(data, OWN))

Both editors keep every step, in a tree of which the text as it stands is one branch. A step that only added to the end
of the text, where no later step has changed what stood before, is a text that was tried there; such texts hang off the
text as it stands, or off each other. What hangs off a text that was rewritten since is left out and counted.

Texts are in UTF-16 units (`corpus.readers.msgpackr`), for so are NovelAI's offsets.

Limits: an edit more than `_NEAR` paragraphs before the end counts as one of the whole text. A history whose steps
write more than `_MAX_WRITTEN` characters is not followed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OWN = frozenset({20, 30, 31, 40, 41, 42})
"""The extensions in a document that only wrap a value: NovelAI's own classes."""
_CREATED, _CHANGED, _REMOVED = 0, 1, 2
_TEXT = 1
_FIRST = 0
"""Stands for the place in front of all sections; no section has this number."""
_NEAR = 200
_MAX_WRITTEN = 500_000_000


@dataclass(frozen=True, slots=True)
class Tried:
    """A text that was tried."""

    after: int | None
    """The number of the tried text that it follows; None: the text as it stands."""
    offset: int
    """Where in the text as it stands, if it follows that."""
    text: str


@dataclass(slots=True)
class Told:
    """The text as it stands, and what was tried."""

    text: str
    ends: list[int] = field(default_factory=list)
    """The offsets at which steps ended, in order."""
    tried: list[Tried] = field(default_factory=list)
    rewritten: int = 0
    """Branches that are left out, for they hang off what was rewritten since, or rewrote it."""
    trouble: str = ""
    """Why the history could not be followed, if so."""


@dataclass(frozen=True, slots=True)
class Block:
    """A step of the old editor: what stood from `start` to `end` became `text`."""

    before: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A step on the way to the text as it stands."""

    number: Any
    touched: int
    """The first offset at which it changed what stood before it."""
    length: int
    """Of the text after it."""


def _standing(steps: Sequence[_Step]) -> dict[Any, int]:
    """How long the text was after those steps of which no later one has changed anything."""
    standing = {}
    untouched = steps[-1].length
    for step in reversed(steps):
        if step.length <= untouched:
            standing[step.number] = step.length
        untouched = min(untouched, step.touched)
    return standing


def _line(current: Any, before: Mapping[Any, Any]) -> list[Any]:
    """The steps from the first to the current one."""
    line = {current: None}
    while (current := before[current]) is not None:
        if current in line:
            raise ValueError("its steps run in a circle")
        line[current] = None
    return list(reversed(line))


def _try(
    told: Told, line: Iterable[Any], before: Mapping[Any, Any], standing: Mapping[Any, int], added: Callable[..., Any]
) -> None:
    """Puts what was tried into `told`; `added(step, state)` is what a step added and the state after it, or None."""
    branches: dict[Any, list[Any]] = {}
    for number, parent in before.items():
        branches.setdefault(parent, []).append(number)
    on_line = set(line)
    waiting: list[tuple[Any, int | None, Any]] = []
    for step in line:
        waiting += [(branch, None, None) for branch in branches.get(step, ()) if branch not in on_line]
    waiting.reverse()
    while waiting:
        step, after, state = waiting.pop()
        found = added(step, state) if state is not None or before[step] in standing else None
        if found is None:
            told.rewritten += 1
            continue
        text, state = found
        if text:
            told.tried.append(Tried(after, standing.get(before[step], 0), text))
            after = len(told.tried) - 1
        waiting += [(branch, after, state) for branch in reversed(branches.get(step, ()))]


# ---- the old editor ------------------------------------------------------------------------------------------


def of_blocks(blocks: Sequence[Block], current: int, text: str) -> Told:
    """The history of the old editor; `text` is what stands."""
    told = Told(text)
    before = {number: block.before for number, block in enumerate(blocks)}
    try:
        line = _line(current, before)
        steps = []
        length = 0
        for number in line:
            block = blocks[number]
            length += len(block.text) - (block.end - block.start)
            steps.append(_Step(number, block.start, length))
        if length != len(text):
            raise ValueError("its steps do not lead to its text")
    except KeyError:
        told.trouble = "a step follows one that is not there"
        return told
    except ValueError as error:
        told.trouble = str(error)
        return told
    standing = _standing(steps)

    def added(number: int, length: int | None) -> tuple[str, int] | None:
        block = blocks[number]
        length = standing[block.before] if length is None else length
        return (block.text, length + len(block.text)) if block.start == block.end == length else None

    told.ends = sorted(standing.values())
    _try(told, line, before, standing, added)
    return told


# ---- the new editor ------------------------------------------------------------------------------------------


def of_document(document: Any) -> Told:
    """A document of the new editor. Raises ValueError for one that makes no sense; its history may make none."""
    try:
        sections = _Sections()
        for section in document["order"]:
            sections.place(section, None)
            sections.write(section, document["sections"][section])
        saved = sections.text()
        steps = document.get("dirtySections") or {}
        touched = sections.touched(steps)
        sections.apply(steps)
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError("it is built otherwise than is known") from error
    told = Told(sections.text())
    try:
        history = document.get("history") or {}
        if history.get("nodes"):
            _follow(history, saved, _Step(None, touched, len(told.text)), told)
    except ValueError as error:
        told.trouble = str(error)
    except (AttributeError, LookupError, TypeError):
        told.trouble = "it is built otherwise than is known"
    return told


def _follow(history: Mapping[str, Any], saved: str, unsaved: _Step, told: Told) -> None:
    """Replays the history into `told`. Raises ValueError where it doesn't lead to the text that was saved."""
    nodes: Mapping[Any, Any] = history["nodes"]
    before = {number: node.get("parent") for number, node in nodes.items()}
    line = _line(history["current"], before)
    on_line = set(line)
    forks = {parent for number, parent in before.items() if number not in on_line}
    sections = _Sections()
    steps = []
    lasts: dict[Any, tuple[Any, str]] = {}  # after a step that was tried otherwise, the last section and its text
    for number in line:
        changes = nodes[number].get("changes") or {}
        touched = sections.touched(changes)
        sections.apply(changes)
        steps.append(_Step(number, touched, sections.length))
        if number in forks:
            lasts[number] = sections.last, sections.texts.get(sections.last, "")
    if sections.text() != saved:
        raise ValueError("its steps do not lead to its text")
    standing = _standing([*steps, unsaved])

    def added(number: Any, last: tuple[Any, str] | None) -> tuple[str, tuple[Any, str]] | None:
        section, text = lasts[before[number]] if last is None else last
        end = _Sections(sections.written)
        if section != _FIRST:
            end.place(section, None)
            end.write(section, {"type": _TEXT, "text": text})
        try:
            end.apply(nodes[number].get("changes") or {})
        except ValueError:  # it has to do with sections further up
            return None
        written = end.text()
        if not written.startswith(text):
            return None
        return written[len(text) :], (end.last, end.texts.get(end.last, ""))

    told.ends = sorted({length for number, length in standing.items() if number is not None})
    _try(told, line, before, standing, added)


class _Sections:
    """The sections of a document: which follows which, and the texts of those that have one."""

    def __init__(self, written: Counter[str] | None = None) -> None:
        """`written` counts what is written, together with others that share it."""
        self.written = Counter[str]() if written is None else written
        self.last: Any = _FIRST
        self.texts: dict[Any, str] = {}
        self._next: dict[Any, Any] = {}
        self._previous: dict[Any, Any] = {}
        self._size = 0

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._in_order())

    @property
    def length(self) -> int:
        """Of the text."""
        return self._size + max(0, len(self.texts) - 1)

    def _in_order(self) -> Iterator[str]:
        at = self._next.get(_FIRST)
        while at is not None:
            if at in self.texts:
                yield self.texts[at]
            at = self._next.get(at)

    def place(self, section: Any, after: Any) -> None:
        """Puts a new section behind another; None is the last, _FIRST the place in front of all."""
        if section in self._previous or section in (None, _FIRST):
            raise ValueError("a section is there twice")
        after = self.last if after is None else after
        following = self._next.get(after)
        self._next[after], self._previous[section] = section, after
        self._next[section] = following
        if following is not None:
            self._previous[following] = section
        if after == self.last:
            self.last = section

    def write(self, section: Any, content: Any) -> None:
        """Makes this the content of a section: a text, or something else that has none."""
        self._size -= len(self.texts.pop(section, ""))
        if content["type"] == _TEXT:
            if not isinstance(content["text"], str):
                raise ValueError("a section has no text")
            self.texts[section] = content["text"]
            self._size += len(content["text"])
            self.written["characters"] += len(content["text"])
            if self.written["characters"] > _MAX_WRITTEN:
                raise ValueError("it is too long a history")

    def apply(self, steps: Mapping[Any, Any]) -> None:
        """Takes steps. Raises ValueError where they don't fit."""
        waiting: dict[Any, list[Any]] = {}
        for section, step in steps.items():
            if step["type"] == _CREATED:
                waiting.setdefault(step.get("after"), []).append(section)
            elif section not in self._previous:
                raise ValueError("a step has to do with a section that is not there")
        # A section may be created behind one that comes later in the same steps.
        ready = [after for after in waiting if after in (None, _FIRST) or after in self._previous]
        while ready:
            after = ready.pop()
            for section in waiting.pop(after):
                self.place(section, after)
                self.write(section, steps[section]["section"])
                if section in waiting:
                    ready.append(section)
        if waiting:
            raise ValueError("a section is created behind one that is not there")
        for section, step in steps.items():
            if step["type"] == _CHANGED:
                diff = _difference(step)
                if "to" in diff:
                    self.write(section, diff["to"])
                elif diff.get("parts"):
                    changed = _patched(self.texts.get(section, ""), diff["parts"])
                    self.write(section, {"type": _TEXT, "text": changed})
            elif step["type"] == _REMOVED:
                self.write(section, {"type": None})
            elif step["type"] != _CREATED:
                raise ValueError("a step is of an unknown type")

    def touched(self, steps: Mapping[Any, Any]) -> int:
        """The first offset at which these steps change the text."""
        first = self.length
        for section, step in steps.items():
            if step["type"] == _CREATED:
                after = step.get("after")
                if after is None or after in steps:
                    continue
                offset = 0 if after == _FIRST else self._start(after) + len(self.texts.get(after, ""))
            else:
                parts = _difference(step).get("parts") or [{}] if step["type"] == _CHANGED else [{}]
                offset = self._start(section) + (parts[0].get("from") or 0)
                offset -= step["type"] == _REMOVED
            first = min(first, max(0, offset))
        return first

    def _start(self, section: Any) -> int:
        """The offset of a section near the end; 0 for others."""
        offset = self.length + 1
        at = self.last
        for _ in range(_NEAR):
            if at == _FIRST:
                break
            if at in self.texts:
                offset -= len(self.texts[at]) + 1
            if at == section:
                return max(0, offset)
            at = self._previous[at]
        return 0


def _difference(step: Mapping[str, Any]) -> dict[str, Any]:
    """What a step changed in a section; wrapped once or more."""
    diff = step.get("diff")
    while isinstance(diff, dict) and "diff" in diff:
        diff = diff["diff"]
    if not isinstance(diff, dict):
        raise ValueError("a step says not what it changed")
    return diff


def _patched(text: str, parts: Sequence[Mapping[str, Any]]) -> str:
    """`text` with a difference: so many units further on, this is deleted and that inserted."""
    out = []
    at = 0
    for part in parts:
        begin = at + part["from"]
        if begin < at or not text.startswith(part["delete"], begin):
            raise ValueError("a change does not fit its text")
        out += [text[at:begin], part["insert"]]
        at = begin + len(part["delete"])
    return "".join([*out, text[at:]])
