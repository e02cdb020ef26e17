"""Read story files of every format as `corpus.story.Story`.

`read(path)` yields every story in a file or folder. The format of a file is recognised by its content, or else by its
suffix. To add a format, write a module beside `twee.py` with a `Format` in it, and add that to `FORMATS`.

Limits: hidden files and folders, and files about the folder (README, LICENSE, …), are ignored.
"""

import re
from collections.abc import Iterator, Sequence
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
from corpus.story import NoStoryError, Skipped, Story, StoryError

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


def read(path: Path, skipped: list[Skipped] | None = None, *, strict: bool = True) -> Iterator[Story]:
    """Yield every story in the file or, recursively and sorted by name, in the folder `path`.

    Files of a folder that belong to one story are read together; so are the scenes of a game if `path` is its startup
    file. Files in a folder without a story are skipped; if not `strict`, so is everything that can't be read. The list
    `skipped` gets an entry for each of them.

    Raise StoryError, if `strict`, if a file can't be read, a story is broken, `path` has no known format, or a folder
    has no story.
    """
    missed: list[Skipped] = [] if skipped is None else skipped
    if not path.is_dir():
        yield from _read_file(path) if strict else _noting((path,), _read_file(path), missed, strict=False)
        return
    before, count = len(missed), 0
    for group in groups(_files(path)):
        for story in _noting(group, _read_group(group), missed, strict=strict):
            count += 1
            yield story
    if not count:
        reason = f"There is no story in the folder {path}; files skipped: {len(missed) - before}. {formats_read()}"
        if strict:
            raise StoryError(reason)
        missed.insert(before, Skipped(str(path), reason))


def formats_read() -> str:
    """Return a sentence that lists the formats."""
    formats = (f"{each.name} ({', '.join(each.suffixes)})" if each.suffixes else each.name for each in FORMATS)
    return f"Story formats: {', '.join(formats)}."


def _noting(
    files: Sequence[Path], stories: Iterator[Story], skipped: list[Skipped], *, strict: bool
) -> Iterator[Story]:
    """Yield the stories of these files; note in `skipped` what ends them early. If `strict`, only that there is none.

    A fault of a reader ends one file like a broken file does: a folder of thousands must not stop there.
    """
    count = 0
    try:
        for story in stories:
            count += 1
            yield story
    except NoStoryError as error:
        skipped += [Skipped(str(file), str(error), without_story=True) for file in files]
        return
    except StoryError as error:
        if strict:
            raise
        skipped.append(Skipped(str(files[0]), str(error)))
    except Exception as error:
        if strict:
            raise
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        skipped.append(Skipped(str(files[0]), f"{files[0]} can't be read, by a fault of this program ({what})."))
    else:
        if not count:
            skipped += [Skipped(str(file), f"{file} has no story.", without_story=True) for file in files]


def _read_file(path: Path) -> Iterator[Story]:
    story_format = _recognise(Source.of(path))
    if story_format is None:
        raise StoryError(f"{path} is in no known format. {formats_read()}")
    group: Sequence[Path] = (path,)
    if story_format is choicescript.FORMAT and path.name.lower() == choicescript.STARTUP:
        siblings = [file for file in path.parent.iterdir() if file.is_file()]
        group = next(game for game in groups(siblings) if path in game)
    yield from _read_group(group)


def _files(folder: Path) -> list[Path]:
    visible = (
        file
        for file in folder.rglob("*")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not _ABOUT_THE_FOLDER.match(file.name)
    )
    return sorted(file for file in visible if file.is_file())


def _read_group(group: Sequence[Path]) -> Iterator[Story]:
    """Yield the stories of a file, or the one in several files. Raise NoStoryError for a file in no known format."""
    sources = [Source.of(file) for file in group]
    story_format = _recognise(sources[0])
    if story_format is None:
        raise NoStoryError(f"{sources[0].name} is in no known format.")
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
