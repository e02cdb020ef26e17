"""Ink stories, compiled or not -> Story.

A compiled story (`inklecate`, Inky's "Export to JSON") is played by Ink's engine in all its ways, as far as they show
something new (`ink_explorer`): what is read is what a player can see, with glue, once-only choices, variables and
sequences as they are played. Each text up to the next choices is a passage, split where it is long. A text that repeats
its choice loses the repetition.

An `.ink` source is compiled by `inklecate` or `inkjs-compiler` if one is installed. No maintained compiler is a Python
package.

Limits: functions that the story expects of its game return 0, unless the story has an own version of them. A choice
that can't be played is left out. What a large story shows only after rare combinations of choices may not be found. A
note says of each how much it is.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path, PurePath
from typing import Any

from corpus.readers.document import Block
from corpus.readers.ink_engine import Engine
from corpus.readers.ink_explorer import Explorer, Node
from corpus.readers.passage_splitter import CONTINUE, split_into_passages
from corpus.readers.source import Format, Source
from corpus.story import UNFINISHED, Choice, Passage, Story, StoryError
from corpus.text import one_line, printable
from corpus.turns import PARAGRAPH

_ABOUT = (
    "Ink's engine plays a story in all its ways, as far as they show something new. A source needs inklecate or "
    "inkjs-compiler, which compiles it first. Functions of the game itself return 0. What a large story shows only "
    "after rare combinations of choices may be missing; the words that no play showed are counted."
)
_COMPILERS = ("inklecate", "inkjs-compiler")
_COMPILE_SECONDS = 60
_INCLUDE = re.compile(r"^[ \t]*INCLUDE[ \t]+(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_MAX_INCLUDED = 1000
_LONG = 4000
"""Characters of a text from which on it is split into several passages, at paragraphs."""
_ASKED = re.compile(r"[^.][\"”’']\Z")
"""The end of speech that doesn't end its sentence."""
_KNOWN_BY = 4
"""Words of a line of the source, by which it is found in what was shown."""


def covered(files: Iterable[Path]) -> set[Path]:
    """Return the Ink sources among `files` that are read as their compiled form, or as part of another source."""
    given = set(files)
    sources = [file for file in given if file.suffix.lower() == ".ink"]
    found: set[Path] = set()
    for source in sources:
        compiled = (source.with_name(source.name + ".json"), source.with_suffix(".json"))
        if any(file in given and _looks_compiled(Source.of(file)) for file in compiled):
            found.add(source)
        found |= {source.parent / name for name in _INCLUDE.findall(Source.of(source).text)} - {source}
    return found & given


def _looks_compiled(source: Source) -> bool:
    head = source.head_text.lstrip("\ufeff \t\r\n")
    return head.startswith("{") and '"inkVersion"' in head


def _read_compiled(source: Source) -> Iterator[Story]:
    if source.json is None:
        raise StoryError(f"{source.name} looks like a compiled Ink story, but is not valid JSON. Compile it again.")
    root = source.json.get("root")
    if not isinstance(root, list):
        raise StoryError(f"{source.name}: this is not a compiled Ink story: there is no list 'root'. Compile it again.")
    externals = _externals(root)
    with Engine(source.text.lstrip("\ufeff"), externals, source.name) as engine:
        explorer = Explorer(engine)
        nodes = explorer.explore()
    passages = _passages(nodes)
    if not any(passage.text or passage.choices for passage in passages.values()):
        why = f": {engine.problems[0]}" if engine.problems else ""
        raise StoryError(f"{source.name}: this Ink story shows no text and offers no choice{why}.")
    tags = {
        key.strip().lower(): one_line(value) for key, colon, value in (t.partition(":") for t in engine.tags) if colon
    }
    stem = re.sub(r"\.ink$", "", PurePath(source.name).stem)
    yield Story(
        title=tags.get("title", "") or printable(stem),
        start=next(iter(passages)),
        passages=passages,
        source=source.name,
        author=tags.get("author", ""),
        rights=tags.get("rights", tags.get("license", tags.get("licence", ""))) or "unknown",
        genre=tags.get("genre", ""),
        notes=tuple(_notes(explorer.limits, engine.problems, externals, _unshown(root, nodes))),
    )


def _passages(nodes: Sequence[Node]) -> dict[str, Passage]:
    """Return the nodes as passages; a long text becomes a chain of them."""
    names: dict[Node, str] = {}
    taken: set[str] = set()
    labels: dict[Node, set[str]] = {}
    for node in nodes:
        names[node] = _unused(_name(node.name), taken)
        for choice, target in zip(node.choices, node.targets, strict=True):
            if target:
                labels.setdefault(target, set()).add(_line(choice.label))
    passages: dict[str, Passage] = {}
    for node in nodes:
        lines = list(filter(None, map(_line, node.text.split("\n"))))
        if lines:
            lines[:1] = _without_echo(lines[0], labels.get(node, set()))
        choices = tuple(
            Choice(_line(choice.label) or CONTINUE, names[target])
            for choice, target in zip(node.choices, node.targets, strict=True)
            if target
        )
        tags = frozenset([UNFINISHED] if node.choices and not choices else [])
        texts = [PARAGRAPH.join(lines)]
        if len(texts[0]) >= _LONG:
            texts = [passage.text for passage in split_into_passages(map(Block, lines)).values()]
        name = names[node]
        for text in texts[:-1]:
            following = _unused(name, taken)
            passages[name] = Passage(name, text, (Choice(CONTINUE, following),))
            name = following
        passages[name] = Passage(name, texts[-1], choices, tags)
    return passages


def _without_echo(line: str, labels: set[str]) -> list[str]:
    """Return the line without the label that it repeats; nothing if that is all."""
    for label in sorted(labels, key=len, reverse=True):
        if label and line.startswith(label):
            rest = line[len(label) :].lstrip(" .,!?…")
            if _ASKED.search(label) and rest.startswith("I "):
                return [line]  # "Who?" I ask.
            if not rest or rest.lstrip("\"'“‘(")[:1].isupper():
                return [rest] if rest else []
    return [line]


def _line(text: str) -> str:
    return " ".join(text.split())


def _name(place: str) -> str:
    return printable(".".join(step for step in place.split(".") if not step.isdecimal())) or "start"


def _unused(name: str, taken: set[str]) -> str:
    numbered = (f"{name} {number}" for number in count(2))
    found = next(free for free in chain([name], numbered) if free not in taken)
    taken.add(found)
    return found


def _containers(root: list[Any]) -> Iterator[list[Any]]:
    stack = [root]
    while stack:
        container = stack.pop()
        yield container
        stack += (item for item in container if isinstance(item, list))
        if container and isinstance(container[-1], dict):
            stack += (item for item in container[-1].values() if isinstance(item, list))


def _externals(root: list[Any]) -> list[str]:
    """Return the functions that the story expects of its game and has no version of."""
    own = root[-1] if root and isinstance(root[-1], dict) else {}
    items = (item for container in _containers(root) for item in container if isinstance(item, dict))
    called = dict.fromkeys(item["x()"] for item in items if isinstance(item.get("x()"), str))
    return [name for name in called if name not in own]


def _unshown(root: list[Any], nodes: Sequence[Node]) -> tuple[int, int]:
    """Return how many words of the longer lines of the story were not shown, and how many they have."""
    shown = set[tuple[str, ...]]()
    for text in (text for node in nodes for text in (node.text, *(label for label, _ in node.choices))):
        words = text.split()
        shown.update(zip(*(words[n:] for n in range(_KNOWN_BY)), strict=False))
    missing = total = 0
    for container in _containers(root):
        for item in container:
            words = item.split() if isinstance(item, str) and item.startswith("^") else []
            if len(words) >= _KNOWN_BY + 2:  # the first and the last can be joined with other text
                total += len(words)
                missing += len(words) * (tuple(words[1 : _KNOWN_BY + 1]) not in shown)
    return missing, total


def _notes(
    limits: Iterable[str], problems: Sequence[str], externals: Sequence[str], unshown: tuple[int, int]
) -> Iterator[str]:
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        yield f"Choices that the engine could not play are left out: {printable(problems[0])}{more}."
    for limit in sorted(limits):
        yield f"Incomplete: {limit}."
    if externals:
        yield f"Functions of the game itself are taken to return 0: {printable(', '.join(externals[:5]))}."
    missing, total = unshown
    if missing:
        yield f"Words that no play showed: {missing:,} of {total:,} ({missing / total:.0%}), counted in longer lines."


def _read_source(source: Source) -> Iterator[Story]:
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise StoryError(
            f"{source.name} is Ink source, which has to be compiled: `inklecate -o story.ink.json {source.name}`, or "
            "File, Export to JSON in Inky. Then read story.ink.json. If inklecate or inkjs-compiler is "
            "installed, it is used automatically."
        )
    path = Path(source.name)
    _check_includes(path, path.parent.resolve(), set())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "story.json")
        try:
            done = subprocess.run(
                [compiler, "-o", str(out), str(path.resolve())],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_COMPILE_SECONDS,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoryError(f"{source.name} could not be compiled by {compiler}: {error}.") from error
        if not out.is_file():
            output = (done.stderr + done.stdout).splitlines()
            message = next((line for line in output if "ERROR" in line.upper()), f"{compiler} failed")
            raise StoryError(f"{source.name} could not be compiled: {message}.")
        compiled = Source(source.name, out.read_bytes())
        yield from _read_compiled(compiled)


def _check_includes(path: Path, folder: Path, seen: set[Path]) -> None:
    """Raise StoryError if a source includes a file outside its own folder, which could be any file on the disk."""
    for name in _INCLUDE.findall(Source.of(path).text):
        included = (folder / name).resolve()
        if not included.is_relative_to(folder):
            raise StoryError(f"{path} includes {name}, which is outside its folder. Move it there.")
        if included not in seen and len(seen) < _MAX_INCLUDED and included.is_file():
            seen.add(included)
            _check_includes(included, folder, seen)


FORMATS = (
    Format("Ink, compiled", (), _looks_compiled, _read_compiled, about=_ABOUT),
    Format("Ink", (".ink",), lambda source: source.suffix == ".ink", _read_source, about=_ABOUT),
)
