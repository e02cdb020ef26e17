"""The history of a NovelAI story, for both of its editors -> its current text, and the texts that were tried instead.

    history = history_of_blocks(blocks, current, text)
    history = history_of_document(msgpackr.decode(data, NOVELAI_CLASSES))

Both editors store every step, in a tree of which the current text is one branch. A step that only added to the end of
the text, before text that no later step changed, is a text that was tried there; such texts follow the current text, or
each other. What follows a text that was rewritten later is left out and counted.

Texts are in UTF-16 units (`corpus.readers.msgpackr`), because NovelAI's offsets are.

Limits: an edit more than `_NEAR` paragraphs before the end counts as an edit of the whole text. A history whose steps
write more than `_MAX_WRITTEN` characters is not followed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOVELAI_CLASSES = frozenset({20, 30, 31, 40, 41, 42})
"""MessagePack extensions that only wrap a value: NovelAI's own classes."""
_CREATED, _CHANGED, _REMOVED = 0, 1, 2
_TEXT = 1
_FIRST = 0
"""The position before all sections; no section has this number."""
_NEAR = 200
_MAX_WRITTEN = 500_000_000


@dataclass(frozen=True, slots=True)
class Tried:
    """A text that was tried."""

    after: int | None
    """The index of the tried text that it follows; None if it follows the current text."""
    offset: int
    """The position in the current text, if it follows that."""
    text: str


@dataclass(slots=True)
class History:
    """The current text, and the texts that were tried."""

    text: str
    ends: list[int] = field(default_factory=list)
    """The offsets at which steps ended, in order."""
    tried: list[Tried] = field(default_factory=list)
    rewritten: int = 0
    """Branches that are left out because they follow, or rewrite, text that was rewritten later."""
    problem: str = ""
    """Why the history could not be followed, if it couldn't."""


@dataclass(frozen=True, slots=True)
class Block:
    """A step of the old editor: `text` replaced what was between `start` and `end`."""

    before: int | None
    start: int
    end: int
    text: str


_Added = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step on the path to the current text."""

    number: Any
    touched: int
    """The first offset at which it changed existing text."""
    length: int
    """Of the text after the step."""


def _unchanged_lengths(steps: Sequence[_Step]) -> dict[Any, int]:
    """Return the length of the text after each step whose text no later step changed."""
    lengths = {}
    unchanged = steps[-1].length
    for step in reversed(steps):
        if step.length <= unchanged:
            lengths[step.number] = step.length
        unchanged = min(unchanged, step.touched)
    return lengths


def _path(current: Any, parents: Mapping[Any, Any]) -> list[Any]:
    """Return the steps from the first to the current one."""
    path = {current: None}
    while (current := parents[current]) is not None:
        if current in path:
            raise ValueError("its steps run in a circle")
        path[current] = None
    return list(reversed(path))


def _add_tried(
    history: History, path: Iterable[Any], parents: Mapping[Any, Any], lengths: Mapping[Any, int], added: _Added
) -> None:
    """Add the tried texts; `added(step, state)` returns the text that a step added and the state after it, or None."""
    children: dict[Any, list[Any]] = {}
    for number, parent in parents.items():
        children.setdefault(parent, []).append(number)
    on_path = set(path)
    stack: list[tuple[Any, int | None, Any]] = []
    for step in path:
        stack += [(child, None, None) for child in children.get(step, ()) if child not in on_path]
    stack.reverse()
    while stack:
        step, after, state = stack.pop()
        found = added(step, state) if state is not None or parents[step] in lengths else None
        if found is None:
            history.rewritten += 1
            continue
        text, state = found
        if text:
            history.tried.append(Tried(after, lengths.get(parents[step], 0), text))
            after = len(history.tried) - 1
        stack += [(child, after, state) for child in reversed(children.get(step, ()))]


def history_of_blocks(blocks: Sequence[Block], current: int, text: str) -> History:
    """Return the history of the old editor; `text` is the current text."""
    history = History(text)
    parents = {number: block.before for number, block in enumerate(blocks)}
    try:
        path = _path(current, parents)
        steps = []
        length = 0
        for number in path:
            block = blocks[number]
            length += len(block.text) - (block.end - block.start)
            steps.append(_Step(number, block.start, length))
        if length != len(text):
            raise ValueError("its steps do not lead to its text")
    except KeyError:
        history.problem = "a step follows one that does not exist"
        return history
    except ValueError as error:
        history.problem = str(error)
        return history
    lengths = _unchanged_lengths(steps)

    def added(number: int, length: int | None) -> tuple[str, int] | None:
        block = blocks[number]
        length = lengths[block.before] if length is None else length
        return (block.text, length + len(block.text)) if block.start == block.end == length else None

    history.ends = sorted(lengths.values())
    _add_tried(history, path, parents, lengths, added)
    return history


def history_of_document(document: Any) -> History:
    """Return the history of a document of the new editor. Raise ValueError if the document itself is invalid."""
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
        raise ValueError("its structure is unknown") from error
    history = History(sections.text())
    try:
        stored = document.get("history") or {}
        if stored.get("nodes"):
            _replay(stored, saved, _Step(None, touched, len(history.text)), history)
    except ValueError as error:
        history.problem = str(error)
    except (AttributeError, LookupError, TypeError):
        history.problem = "its structure is unknown"
    return history


def _replay(stored: Mapping[str, Any], saved: str, unsaved: _Step, history: History) -> None:
    """Replay the stored steps into `history`. Raise ValueError if they don't lead to the saved text."""
    nodes: Mapping[Any, Any] = stored["nodes"]
    parents = {number: node.get("parent") for number, node in nodes.items()}
    path = _path(stored["current"], parents)
    on_path = set(path)
    forks = {parent for number, parent in parents.items() if number not in on_path}
    sections = _Sections()
    steps = []
    lasts: dict[Any, tuple[Any, str]] = {}  # the last section and its text after each step with a fork
    for number in path:
        changes = nodes[number].get("changes") or {}
        touched = sections.touched(changes)
        sections.apply(changes)
        steps.append(_Step(number, touched, sections.length))
        if number in forks:
            lasts[number] = sections.last, sections.texts.get(sections.last, "")
    if sections.text() != saved:
        raise ValueError("its steps do not lead to its text")
    lengths = _unchanged_lengths([*steps, unsaved])

    def added(number: Any, last: tuple[Any, str] | None) -> tuple[str, tuple[Any, str]] | None:
        section, text = lasts[parents[number]] if last is None else last
        end = _Sections(sections.written)
        if section != _FIRST:
            end.place(section, None)
            end.write(section, {"type": _TEXT, "text": text})
        try:
            end.apply(nodes[number].get("changes") or {})
        except ValueError:  # the change is in an earlier section
            return None
        written = end.text()
        if not written.startswith(text):
            return None
        return written[len(text) :], (end.last, end.texts.get(end.last, ""))

    history.ends = sorted({length for number, length in lengths.items() if number is not None})
    _add_tried(history, path, parents, lengths, added)


class _Sections:
    """The sections of a document: their order, and the texts of those that have one."""

    def __init__(self, written: Counter[str] | None = None) -> None:
        """`written` counts the written characters; several objects can share it."""
        self.written = Counter[str]() if written is None else written
        self.last: Any = _FIRST
        self.texts: dict[Any, str] = {}
        self._next: dict[Any, Any] = {}
        self._previous: dict[Any, Any] = {}
        self._size = 0

    def text(self) -> str:
        """Return the whole text."""
        return "\n".join(self._in_order())

    @property
    def length(self) -> int:
        """The length of the whole text."""
        return self._size + max(0, len(self.texts) - 1)

    def _in_order(self) -> Iterator[str]:
        at = self._next.get(_FIRST)
        while at is not None:
            if at in self.texts:
                yield self.texts[at]
            at = self._next.get(at)

    def place(self, section: Any, after: Any) -> None:
        """Insert a new section after another; None is the last section, _FIRST the position before all sections."""
        if section in self._previous or section in (None, _FIRST):
            raise ValueError("a section occurs twice")
        after = self.last if after is None else after
        following = self._next.get(after)
        self._next[after], self._previous[section] = section, after
        self._next[section] = following
        if following is not None:
            self._previous[following] = section
        if after == self.last:
            self.last = section

    def write(self, section: Any, content: Any) -> None:
        """Set the content of a section: a text, or something without text."""
        self._size -= len(self.texts.pop(section, ""))
        if content["type"] == _TEXT:
            if not isinstance(content["text"], str):
                raise ValueError("a section has no text")
            self.texts[section] = content["text"]
            self._size += len(content["text"])
            self.written["characters"] += len(content["text"])
            if self.written["characters"] > _MAX_WRITTEN:
                raise ValueError("the history is too long")

    def apply(self, steps: Mapping[Any, Any]) -> None:
        """Apply steps to the sections. Raise ValueError if they don't fit."""
        self._create(steps)
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
                raise ValueError("a step has an unknown type")

    def _create(self, steps: Mapping[Any, Any]) -> None:
        """Create new sections; one may be placed after another that comes later in the same steps."""
        created: dict[Any, list[Any]] = {}
        for section, step in steps.items():
            if step["type"] == _CREATED:
                created.setdefault(step.get("after"), []).append(section)
            elif section not in self._previous:
                raise ValueError("a step changes a section that does not exist")
        ready = [after for after in created if after in (None, _FIRST) or after in self._previous]
        while ready:
            after = ready.pop()
            for section in created.pop(after):
                self.place(section, after)
                self.write(section, steps[section]["section"])
                if section in created:
                    ready.append(section)
        if created:
            raise ValueError("a section is created after one that does not exist")

    def touched(self, steps: Mapping[Any, Any]) -> int:
        """Return the first offset at which these steps change the text."""
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
        """Return the offset of a section near the end; 0 for other sections."""
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
    """Return what a step changed in a section; it is wrapped once or more."""
    diff = step.get("diff")
    while isinstance(diff, dict) and "diff" in diff:
        diff = diff["diff"]
    if not isinstance(diff, dict):
        raise ValueError("a step does not say what it changed")
    return diff


def _patched(text: str, parts: Sequence[Mapping[str, Any]]) -> str:
    """Return `text` with a difference applied: after some units, a text is deleted and another inserted."""
    out = []
    at = 0
    for part in parts:
        begin = at + part["from"]
        if begin < at or not text.startswith(part["delete"], begin):
            raise ValueError("a change does not fit its text")
        out += [text[at:begin], part["insert"]]
        at = begin + len(part["delete"])
    return "".join([*out, text[at:]])
