"""Story files of every format -> `corpus.story.Story`.

`read(path)` gives every story in a file or in a folder. A file is known by its content, or else by the ending of its
name. To add a format, write a module beside `twee.py` with a `Format` in it, and add that to `FORMATS`.

Limits: hidden files and folders, and the files in which a folder speaks about itself (README, LICENSE, …), are not
looked into.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from corpus.readers import (
    aidungeon,
    choicescript,
    crawled,
    ink,
    kobold,
    novelai,
    prose,
    scraped,
    shelf,
    sillytavern,
    twee,
    twine,
)
from corpus.readers.projects import groups
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError

# In the order in which they are asked whether a source looks like theirs. Prose looks like nothing, so it comes last.
FORMATS: tuple[Format, ...] = (
    twee.FORMAT,
    twine.FORMAT,
    crawled.FORMAT,
    *ink.FORMATS,
    choicescript.FORMAT,
    *shelf.FORMATS,
    *aidungeon.FORMATS,
    *scraped.FORMATS,
    *kobold.FORMATS,
    *novelai.FORMATS,
    *sillytavern.FORMATS,
    *prose.FORMATS,
)

_ABOUT_THE_FOLDER = re.compile(r"(README|LICEN[CS]E|COPYING|CHANGELOG|CONTRIBUTING|NOTICE|AUTHORS)\b", re.IGNORECASE)


def read(path: Path, passed_over: list[Path] | None = None) -> Iterator[Story]:
    """Every story in the file or, recursively and sorted by name, in the folder `path`.

    Files of a folder that make one story together are read together; so are the scenes beside a game's startup file
    that is named here. Files in a folder that are no stories are passed over, and appended to `passed_over` for the
    caller to count.

    Raises StoryError for a file that can't be read, a broken story, a file named here that is in no known format, and
    a folder without a story.
    """
    if not path.is_dir():
        yield from _named(path)
        return
    count = 0
    others: list[Path] = []
    for group in groups(_files(path)):
        before = count
        known = _recognise(Source.of(group[0]))
        with suppress(NoStoryError):  # it is counted below, with the files in no known format
            for story in _stories(known, group) if known else ():
                count += 1
                yield story
        if count == before:
            others.extend(group)
    if not count:
        raise StoryError(f"There is no story in the folder {path}; files passed over: {len(others)}. {formats_read()}")
    if passed_over is not None:
        passed_over.extend(others)


def formats_read() -> str:
    """What a user can give to be read, as a sentence."""
    known = (f"{each.name} ({', '.join(each.suffixes)})" if each.suffixes else each.name for each in FORMATS)
    return f"Story formats that are read: {', '.join(known)}."


def _named(path: Path) -> Iterator[Story]:
    known = _recognise(Source.of(path))
    if known is None:
        raise StoryError(f"{path} is in no format that is read. {formats_read()}")
    group: Sequence[Path] = (path,)
    if known is choicescript.FORMAT and path.name.lower() == choicescript.STARTUP:
        group = next(
            game for game in groups([file for file in path.parent.iterdir() if file.is_file()]) if path in game
        )
    yield from _stories(known, group)


def _files(folder: Path) -> list[Path]:
    visible = (
        file
        for file in folder.rglob("*")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not _ABOUT_THE_FOLDER.match(file.name)
    )
    return sorted(file for file in visible if file.is_file())


def _stories(known: Format, group: Sequence[Path]) -> Iterator[Story]:
    sources = [Source.of(file) for file in group]
    if not sources[0].head.strip():
        raise NoStoryError(f"{sources[0].name} is empty.")
    if known.read_project and len(sources) > 1:
        yield known.read_project([(source.name, source.text) for source in sources])
    else:
        yield from known.read(sources[0])


def _recognise(source: Source) -> Format | None:
    """The format that the content looks like, or else the one that the name says; None for neither."""
    for known in FORMATS:
        if known.looks_like(source):
            return known
    return next((known for known in FORMATS if source.suffix in known.suffixes), None)
