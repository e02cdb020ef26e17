"""Story files of every format -> `corpus.story.Story`.

`read(path)` gives every story in a file or in a folder. A file is known by its content, or else by the ending of its
name. To add a format, write a module beside `twee.py` with a `Format` in it, and add that to `FORMATS`.

Limits: hidden files and folders, and the files in which a folder speaks about itself (README, LICENSE, …), are not
looked into.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from corpus.readers import twee
from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError

# In the order in which they are asked whether a source looks like theirs.
FORMATS: tuple[Format, ...] = (twee.FORMAT,)

_ABOUT_THE_FOLDER = re.compile(r"(README|LICEN[CS]E|COPYING|CHANGELOG|CONTRIBUTING|NOTICE|AUTHORS)\b", re.IGNORECASE)


def read(path: Path, passed_over: list[Path] | None = None) -> Iterator[Story]:
    """Every story in the file or, recursively and sorted by name, in the folder `path`.

    Files in a folder that are no stories are passed over, and appended to `passed_over` for the caller to count.

    Raises StoryError for a file that can't be read, a broken story, a file named here that is in no known format, and
    a folder without a story.
    """
    if not path.is_dir():
        source = Source.of(path)
        known = _recognise(source)
        if known is None:
            raise StoryError(f"{path} is in no format that is read. {formats_read()}")
        yield from _stories(known, source)
        return
    found, others = False, []
    for file in _files(path):
        source = Source.of(file)
        known = _recognise(source)
        if known is None:
            others.append(file)
        else:
            found = True
            yield from _stories(known, source)
    if not found:
        raise StoryError(f"There is no story in the folder {path}; files passed over: {len(others)}. {formats_read()}")
    if passed_over is not None:
        passed_over.extend(others)


def formats_read() -> str:
    """The formats that are read, as a sentence for an error message."""
    formats = "; ".join(f"{known.name} ({', '.join(known.suffixes)})" for known in FORMATS)
    return f"Story formats that are read: {formats}."


def _files(folder: Path) -> list[Path]:
    visible = (
        file
        for file in folder.rglob("*")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not _ABOUT_THE_FOLDER.match(file.name)
    )
    return sorted(file for file in visible if file.is_file())


def _stories(known: Format, source: Source) -> Iterator[Story]:
    if not source.head.strip():
        raise StoryError(f"{source.name} is empty.")
    return known.read(source)


def _recognise(source: Source) -> Format | None:
    """The format that the content looks like, or else the one that the name says; None for neither."""
    for known in FORMATS:
        if known.looks_like(source):
            return known
    return next((known for known in FORMATS if source.suffix in known.suffixes), None)
