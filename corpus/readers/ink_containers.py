"""The containers of a compiled Ink story, and the paths between them.

Follows inkle's description of the format (github.com/inkle/ink, Documentation/ink_JSON_runtime_format.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_CONTAINERS = 1_000_000


@dataclass(eq=False, slots=True)
class Container:
    """An array of the file: its items in order (containers and others), and its containers that only have a name."""

    path: str
    parent: "Container | None"
    index: int
    """The position in its parent; -1 if it only has a name."""
    content: list[Any] = field(default_factory=list)
    named: dict[str, "Container"] = field(default_factory=dict)


Pointer = tuple[Container, int]


def build(root: list[Any]) -> Container:
    """Return the tree of the file's `root`. Raise ValueError if it has too many containers."""
    top = Container("", None, -1)
    stack: list[tuple[list[Any], Container]] = [(root, top)]
    count = 0
    while stack:
        array, container = stack.pop()
        count += 1
        if count > MAX_CONTAINERS:
            raise ValueError(f"more than {MAX_CONTAINERS} containers")
        *items, last = array or [None]
        names = last if isinstance(last, dict) else {}
        for index, item in enumerate(items):
            if not isinstance(item, list):
                container.content.append(item)
                continue
            tag = item[-1].get("#n") if item and isinstance(item[-1], dict) else None
            name = tag if isinstance(tag, str) else str(index)
            child = Container(_joined(container.path, name), container, index)
            container.content.append(child)
            if isinstance(tag, str):
                container.named.setdefault(tag, child)
            stack.append((item, child))
        for name, item in names.items():
            if isinstance(item, list):
                child = Container(_joined(container.path, name), container, -1)
                container.named[name] = child
                stack.append((item, child))
    return top


def find(path: str, top: Container, here: Container) -> Pointer | None:
    """Return what a path leads to: the beginning of a container, or a position in one; None if it doesn't exist."""
    relative = path.startswith(".")
    at: Container = here if relative else top
    # A relative path starts at the item that has it, and its first step leads up from there.
    steps = path[1:].split(".")[1:] if relative else path.split(".")
    for number, step in enumerate(steps):
        if step == "^":
            if at.parent is None:
                return None
            at = at.parent
        elif step in at.named:
            at = at.named[step]
        elif step.isdecimal() and len(step) < 10 and int(step) < len(at.content):
            item = at.content[int(step)]
            if not isinstance(item, Container):
                return (at, int(step)) if number == len(steps) - 1 else None
            at = item
        elif step.isdecimal() and len(step) < 10 and int(step) == len(at.content):
            return (at, int(step)) if number == len(steps) - 1 else None
        else:
            return None
    return at, 0


def everything(top: Container) -> Iterator[Container]:
    """Yield all containers of the tree, in no particular order."""
    stack = [top]
    while stack:
        container = stack.pop()
        yield container
        stack += (child for child in container.named.values() if child.index < 0)
        stack += (item for item in container.content if isinstance(item, Container))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
