"""Read story files of every format as `corpus.story.Story`.

`read(path)` yields every story in a file or folder. The format of a file is recognised by its content, or else by its
suffix. To add a format, write a module beside `twee.py` with a `Format` in it, and add that to `FORMATS`.

Limits: hidden files and folders, and files about the folder (README, LICENSE, …), are ignored.
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
    transcript,
    twee,
    twine,
)
from corpus.readers.projects import groups
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError

# In this order, each format is asked whether a source looks like it. Prose looks like nothing, so it comes last.
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
    *transcript.FORMATS,
    *prose.FORMATS,
)

_ABOUT_THE_FOLDER = re.compile(r"(README|LICEN[CS]E|COPYING|CHANGELOG|CONTRIBUTING|NOTICE|AUTHORS)\b", re.IGNORECASE)


def read(path: Path, skipped: list[Path] | None = None) -> Iterator[Story]:
    """Yield every story in the file or, recursively and sorted by name, in the folder `path`.

    Files of a folder that belong to one story are read together; so are the scenes of a game if `path` is its startup
    file. Files in a folder without a story are skipped, and appended to `skipped`.

    Raise StoryError if a file can't be read, a story is broken, `path` has no known format, or a folder has no story.
    """
    if not path.is_dir():
        yield from _read_file(path)
        return
    count = 0
    without_story: list[Path] = []
    for group in groups(_files(path)):
        before = count
        story_format = _recognise(Source.of(group[0]))
        with suppress(NoStoryError):  # counted below, with the files in no known format
            for story in _read_group(story_format, group) if story_format else ():
                count += 1
                yield story
        if count == before:
            without_story.extend(group)
    if not count:
        skipped_files = f"files skipped: {len(without_story)}"
        raise StoryError(f"There is no story in the folder {path}; {skipped_files}. {formats_read()}")
    if skipped is not None:
        skipped.extend(without_story)


def formats_read() -> str:
    """Return a sentence that lists the formats."""
    formats = (f"{each.name} ({', '.join(each.suffixes)})" if each.suffixes else each.name for each in FORMATS)
    return f"Story formats: {', '.join(formats)}."


def _read_file(path: Path) -> Iterator[Story]:
    story_format = _recognise(Source.of(path))
    if story_format is None:
        raise StoryError(f"{path} is in no known format. {formats_read()}")
    group: Sequence[Path] = (path,)
    if story_format is choicescript.FORMAT and path.name.lower() == choicescript.STARTUP:
        siblings = [file for file in path.parent.iterdir() if file.is_file()]
        group = next(game for game in groups(siblings) if path in game)
    yield from _read_group(story_format, group)


def _files(folder: Path) -> list[Path]:
    visible = (
        file
        for file in folder.rglob("*")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not _ABOUT_THE_FOLDER.match(file.name)
    )
    return sorted(file for file in visible if file.is_file())


def _read_group(story_format: Format, group: Sequence[Path]) -> Iterator[Story]:
    sources = [Source.of(file) for file in group]
    if not sources[0].head.strip():
        raise NoStoryError(f"{sources[0].name} is empty.")
    if story_format.read_project and len(sources) > 1:
        yield story_format.read_project([(source.name, source.text) for source in sources])
    else:
        yield from story_format.read(sources[0])


def _recognise(source: Source) -> Format | None:
    """Return the format that the content looks like, or else the one of the suffix, or None."""
    for story_format in FORMATS:
        if story_format.looks_like(source):
            return story_format
    return next((story_format for story_format in FORMATS if source.suffix in story_format.suffixes), None)
