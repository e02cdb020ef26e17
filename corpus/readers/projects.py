"""Which files of a folder make one story together.

    groups(paths)   # [(a.twee,), (game/data.twee, game/hall.twee), …]

A story for Tweego or Twee2 lies in several files: one has `StoryTitle` or `StoryData`, the others only passages. A
ChoiceScript game is a folder with a `startup.txt` and a file for each scene. Ink stories are compiled: the compiled
file beside a source is the story, and so is the file that includes others.

Limits: what belongs together lies in one folder, parts of a Twee story also in folders below it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from corpus.readers import choicescript, ink, twee
from corpus.readers.source import Source

_SPECIALS = ("StoryTitle", "StoryData")
_HEAD = re.compile(rf"^::[ \t]*({'|'.join(_SPECIALS)})[ \t]*(?:[\[{{].*)?$", re.MULTILINE)
_START = re.compile(r"^::[ \t]*([^\[{\n]*[^\[{\s])", re.MULTILINE)
_DATA_START = re.compile(r'"start"\s*:\s*"((?:[^"\\]|\\.)*)"')


def groups(files: Sequence[Path]) -> list[tuple[Path, ...]]:
    """`files`, those that make one story together; the one that names the story comes first.

    Files that only repeat others (an Ink source beside its compiled form) are left out. The order is that of `files`.
    Raises StoryError where a file can't be read.
    """
    taken: dict[Path, tuple[Path, ...]] = {}
    for group in (*_games(files), *_twee_projects(files)):
        taken.update(dict.fromkeys(group, group))
    sources = ink.covered(files)
    found: dict[tuple[Path, ...], None] = {}
    for file in files:
        if file not in sources:
            found[taken.get(file, (file,))] = None
    return list(found)


def _games(files: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """The scenes of each ChoiceScript game, `startup.txt` first."""
    for startup in files:
        if startup.name.lower() == choicescript.STARTUP and choicescript.FORMAT.looks_like(Source.of(startup)):
            scenes = (file for file in files if file.parent == startup.parent and file.suffix.lower() == ".txt")
            yield (startup, *(file for file in scenes if file != startup))


def _twee_projects(files: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """The files of each Twee story that lies in several."""
    heads: dict[Path, list[Path]] = {}
    parts: list[Path] = []
    texts = [file for file in files if file.suffix.lower() in twee.FORMAT.suffixes]
    if len(texts) < 2:
        return
    for file in texts:
        source = Source.of(file)
        if _HEAD.search(source.head_text) or _HEAD.search(source.text):
            heads.setdefault(file.parent, []).append(file)
        else:
            parts.append(file)
    if not parts and all(len(found) < 2 for found in heads.values()):
        return
    joined: dict[Path, list[Path]] = {}
    for part in parts:
        folder = next((folder for folder in part.parents if folder in heads), None)
        if folder is not None and _is_one(heads[folder]) and _belongs(part, heads[folder]):
            joined.setdefault(folder, []).append(part)
    for folder, found in heads.items():
        if folder in joined or (len(found) > 1 and _is_one(found)):
            yield (*found, *joined.get(folder, ()))


def _is_one(heads: list[Path]) -> bool:
    """Whether these make one story: none of the special passages stands in two of them."""
    if len(heads) > len(_SPECIALS):
        return False
    specials = [name for head in heads for name in set(_HEAD.findall(Source.of(head).text))]
    return len(specials) == len(set(specials))


def _belongs(part: Path, heads: list[Path]) -> bool:
    """Whether a file without a title is part of the story: it can't begin by itself, or the story begins in it."""
    names = set(_START.findall(Source.of(part).text))
    if twee.DEFAULT_START not in names:
        return True
    texts = [Source.of(head).text for head in heads]
    start = next((match[1] for text in texts if (match := _DATA_START.search(text))), twee.DEFAULT_START)
    return all(start not in _START.findall(text) for text in texts)
