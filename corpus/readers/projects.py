"""Find the files of a folder that form one story together.

    groups(paths)   # [(a.twee,), (game/data.twee, game/hall.twee), …]

A story for Tweego or Twee2 can have several files: one has `StoryTitle` or `StoryData`, the others only passages. A
ChoiceScript game is a folder with a `startup.txt` and a file for each scene. Of Ink sources with a compiled file beside
them, that file is read, and of sources that include others, the one that includes them.

Limits: files of one story are in one folder; parts of a Twee story can also be in its subfolders.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from corpus.readers import choicescript, ink, scrivener, twee
from corpus.readers.source import Source
from corpus.story import StoryError

_SPECIALS = ("StoryTitle", "StoryData")
_HEAD = re.compile(rf"^::[ \t]*({'|'.join(_SPECIALS)})[ \t]*(?:[\[{{].*)?$", re.MULTILINE)
_START = re.compile(r"^::[ \t]*([^\[{\n]*[^\[{\s])", re.MULTILINE)
_DATA_START = re.compile(r'"start"\s*:\s*"((?:[^"\\]|\\.)*)"')


def groups(files: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Return `files`, grouped by story; the file that names the story comes first in its group.

    Files that only repeat others (an Ink source beside its compiled form) are left out. The order of `files` is kept.
    A file that can't be read is part of no story.
    """
    group_of: dict[Path, tuple[Path, ...]] = {}
    intact = [file for file in files if _is_intact(file)]
    for group in (*_games(intact), *_twee_projects(intact)):
        group_of.update(dict.fromkeys(group, group))
    covered = ink.covered(intact) | scrivener.covered(intact)
    found: dict[tuple[Path, ...], None] = {}
    for file in files:
        if file not in covered:
            found[group_of.get(file, (file,))] = None
    return list(found)


def _is_intact(file: Path) -> bool:
    """Return whether a file may be opened and, if it is Ink source, is text."""
    return os.access(file, os.R_OK) and (file.suffix.lower() != ".ink" or bool(_text(file)))


def _text(file: Path) -> str:
    """Return the file's text; "" if it can't be read."""
    try:
        return Source.of(file).text
    except StoryError:
        return ""


def _games(files: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield the scenes of each ChoiceScript game, `startup.txt` first."""
    for startup in files:
        if startup.name.lower() == choicescript.STARTUP and choicescript.FORMAT.looks_like(Source.of(startup)):
            scenes = (file for file in files if file.parent == startup.parent and file.suffix.lower() == ".txt")
            yield (startup, *(file for file in scenes if file != startup))


def _twee_projects(files: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield the files of each Twee story that has several."""
    heads: dict[Path, list[Path]] = {}
    parts: list[Path] = []
    texts = [file for file in files if file.suffix.lower() in twee.FORMAT.suffixes]
    if len(texts) < 2:
        return
    for file in texts:
        if _HEAD.search(Source.of(file).head_text) or _HEAD.search(text := _text(file)):
            heads.setdefault(file.parent, []).append(file)
        elif text:
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
    """Return whether these files form one story: all can be read, and no special passage is in two of them."""
    if len(heads) > len(_SPECIALS):
        return False
    texts = [_text(head) for head in heads]
    if not all(texts):
        return False
    specials = [name for text in texts for name in set(_HEAD.findall(text))]
    return len(specials) == len(set(specials))


def _belongs(part: Path, heads: list[Path]) -> bool:
    """Return whether a file without a title belongs to the story: it has no start, or the start of the story."""
    names = set(_START.findall(_text(part)))
    if twee.DEFAULT_START not in names:
        return True
    texts = [_text(head) for head in heads]
    start = next((match[1] for text in texts if (match := _DATA_START.search(text))), twee.DEFAULT_START)
    return all(start not in _START.findall(text) for text in texts)
