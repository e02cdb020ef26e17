"""The current text of a document of NovelAI's new editor.

    text = current_text(msgpackr.decode(data, NOVELAI_CLASSES))

A document is a list of sections, and the steps since it was last saved: sections that were created, changed or removed.
The earlier steps, with the texts that were tried and not used, are not followed.

Texts are in UTF-16 units (`corpus.readers.msgpackr`), because NovelAI's offsets are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NOVELAI_CLASSES = frozenset({20, 30, 31, 40, 41, 42})
"""MessagePack extensions that only wrap a value: NovelAI's own classes."""
_CREATED, _CHANGED, _REMOVED = 0, 1, 2
_TEXT = 1
_FIRST = 0
"""The position before all sections; no section has this number."""


def current_text(document: Any) -> str:
    """Return the text, a line for each section that has one. Raise ValueError if the document is invalid."""
    try:
        sections = _Sections()
        for section in document["order"]:
            sections.place(section, None)
            sections.write(section, document["sections"][section])
        sections.apply(document.get("dirtySections") or {})
        return "\n".join(sections.in_order())
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError("its structure is unknown") from error


def tried(document: Any) -> int:
    """Return how many texts were tried and not used; the document is one that has a current text."""
    history = document.get("history")
    nodes = history.get("nodes") if isinstance(history, dict) else None
    steps = [node for node in nodes.values() if isinstance(node, dict)] if isinstance(nodes, dict) else []
    return len(steps) - len({repr(step.get("parent")) for step in steps})


class _Sections:
    """The sections of a document: their order, and the texts of those that have one."""

    def __init__(self) -> None:
        self._texts: dict[Any, str] = {}
        self._next: dict[Any, Any] = {_FIRST: None}
        self._last: Any = _FIRST

    def in_order(self) -> Iterator[str]:
        """Yield the texts."""
        at = self._next[_FIRST]
        while at is not None:
            if at in self._texts:
                yield self._texts[at]
            at = self._next[at]

    def place(self, section: Any, after: Any) -> None:
        """Insert a new section after another; None is the last section, _FIRST the position before all sections."""
        if section in self._next or section is None:
            raise ValueError("a section occurs twice")
        after = self._last if after is None else after
        self._next[section], self._next[after] = self._next[after], section
        if after == self._last:
            self._last = section

    def write(self, section: Any, content: Any) -> None:
        """Set the content of a section: a text, or something without text."""
        self._texts.pop(section, None)
        if content["type"] == _TEXT:
            if not isinstance(content["text"], str):
                raise ValueError("a section has no text")
            self._texts[section] = content["text"]

    def apply(self, steps: Mapping[Any, Any]) -> None:
        """Apply steps to the sections. Raise ValueError if they don't fit."""
        self._create(steps)
        for section, step in steps.items():
            if step["type"] == _CHANGED:
                diff = _difference(step)
                if "to" in diff:
                    self.write(section, diff["to"])
                elif diff.get("parts"):
                    self._texts[section] = _patched(self._texts.get(section, ""), diff["parts"])
            elif step["type"] == _REMOVED:
                self._texts.pop(section, None)
            elif step["type"] != _CREATED:
                raise ValueError("a step has an unknown type")

    def _create(self, steps: Mapping[Any, Any]) -> None:
        """Create new sections; one may be placed after another that comes later in the same steps."""
        created: dict[Any, list[Any]] = {}
        for section, step in steps.items():
            if step["type"] == _CREATED:
                created.setdefault(step.get("after"), []).append(section)
            elif section not in self._next:
                raise ValueError("a step changes a section that does not exist")
        ready = [after for after in created if after is None or after in self._next]
        while ready:
            after = ready.pop()
            for section in created.pop(after):
                self.place(section, after)
                self.write(section, steps[section]["section"])
                if section in created:
                    ready.append(section)
        if created:
            raise ValueError("a section is created after one that does not exist")


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
