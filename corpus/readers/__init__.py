"""Story files of every format -> `corpus.story.Story`.

`read(path)` gives every story in a file or in a folder. A file is known by how its text begins, or else by the ending
of its name. To add a format, write a module beside `twee.py` and add a line to `FORMATS`.

Limits: one story a file. Text is UTF-8, or UTF-16 and UTF-32 that start with a byte order mark; no other
encoding is guessed, for a wrong guess would teach a voice wrong letters. Hidden files and folders are not looked into.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.readers import twee
from corpus.story import Story, StoryError


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of story file, and how it is told from others and read."""

    name: str
    suffixes: tuple[str, ...]
    """File name endings, lower case. A file with one of them is of this format, whatever it looks like."""
    looks_like: Callable[[str], bool]
    """Whether the beginning of a text is of this format."""
    read: Callable[[str, str], Story]
    """Text and where it came from -> Story. Raises StoryError."""


FORMATS = (Format("Twee 3", (".twee", ".tw"), twee.looks_like, twee.read_twee),)

# Enough to know a format by, so that a film lying in the folder is not read into memory.
_HEAD_BYTES = 1 << 16

# UTF-32 comes first: its mark begins with the mark of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(path: Path, passed_over: list[Path] | None = None) -> Iterator[Story]:
    """Every story in the file or, recursively and sorted by name, in the folder `path`.

    Files in a folder that are no stories are passed over, and appended to `passed_over` for the caller to count.

    Raises StoryError for a file that can't be read, a broken story, a file named here that is in no known format, and
    a folder without a story.
    """
    if not path.is_dir():
        story = _read_file(path)
        if story is None:
            raise StoryError(f"{path} is in no format that is read. {formats_read()}")
        yield story
        return
    stories, others = 0, []
    for file in _files(path):
        story = _read_file(file)
        if story is None:
            others.append(file)
        else:
            stories += 1
            yield story
    if not stories:
        raise StoryError(f"There is no story in the folder {path}; files passed over: {len(others)}. {formats_read()}")
    if passed_over is not None:
        passed_over.extend(others)


def formats_read() -> str:
    """The formats that are read, as a sentence for an error message."""
    formats = "; ".join(f"{known.name} ({', '.join(known.suffixes)})" for known in FORMATS)
    return f"Story formats that are read: {formats}."


def _files(folder: Path) -> list[Path]:
    visible = (
        file for file in folder.rglob("*") if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    return sorted(file for file in visible if file.is_file())


def _read_file(path: Path) -> Story | None:
    """The story in the file, or None where it is in no known format."""
    try:
        with path.open("rb") as file:
            content = file.read(_HEAD_BYTES)
            known = _recognise(path, content)
            if known is None:
                return None
            content += file.read()
    except OSError as error:
        raise StoryError(f"{path} can't be read: {error.strerror}.") from error
    try:
        text = content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StoryError(
            f"{path}:{line}: this is not {error.encoding.upper()} text, so letters would be lost. "
            "Open it in a text editor, save it with the encoding UTF-8, and try again."
        ) from error
    if not text.strip():
        raise StoryError(f"{path} is empty.")
    return known.read(text, str(path))


def _recognise(path: Path, head: bytes) -> Format | None:
    text = head.decode(_encoding(head), errors="replace")
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes or known.looks_like(text):
            return known
    return None


def _encoding(content: bytes) -> str:
    return next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
