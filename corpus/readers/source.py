"""A file that may be a story, and the description of a format.

    source = Source.of(Path("tale.twee"))
    story_format = next(each for each in FORMATS if each.looks_like(source))
    stories = list(story_format.read(source))

Only the beginning of a file is read to recognise its format; the whole file is read when it is needed. Text is UTF-8,
or UTF-16 or UTF-32 with a byte order mark; no other encoding is guessed, because a wrong guess would teach a model
wrong characters.

Limits: files above `MAX_BYTES` are refused, which limits the memory that a file can need.
"""

import codecs
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

import msgspec

from corpus.story import Story, StoryError

MAX_BYTES = 64 * 2**20
"""The longest novel has a tenth of that."""

# Enough to recognise a format, so that a film in the folder is not read into memory.
_HEAD_BYTES = 1 << 16

# UTF-32 comes first, because its mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Source:
    """A file's name and content; text and JSON are decoded once, when they are needed."""

    def __init__(self, name: str, head: bytes, rest: Callable[[], bytes] = bytes) -> None:
        """`name` is for messages, `head` the beginning of the content; `rest()` returns what follows it."""
        self.name = name
        self.head = head
        self._rest = rest

    @classmethod
    def of(cls, path: Path) -> "Source":
        """Return the file at `path`, of which only the beginning is read. Raise StoryError if it can't be read."""

        def rest() -> bytes:
            with _readable(path), path.open("rb") as file:
                file.seek(_HEAD_BYTES)
                return file.read(MAX_BYTES)

        with _readable(path):
            size = path.stat().st_size
            with path.open("rb") as file:
                source = cls(str(path), file.read(_HEAD_BYTES), rest if size > _HEAD_BYTES else bytes)
        return source

    @property
    def suffix(self) -> str:
        """The suffix of the name in lower case, with its dot."""
        return PurePath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without folder and suffix: the title if the text has none."""
        return PurePath(self.name).stem

    @cached_property
    def data(self) -> bytes:
        """The whole content. Raises StoryError if the file is too large or can't be read."""
        data = self.head + self._rest()
        if len(data) > MAX_BYTES:
            raise StoryError(f"{self.name} is larger than {MAX_BYTES >> 20} MiB, too large for a story. Split it.")
        return data

    @cached_property
    def head_text(self) -> str:
        """The beginning as text, whatever it is, to recognise a format."""
        return self.head.decode(_encoding(self.head), errors="replace")

    @cached_property
    def text(self) -> str:
        """The whole content as text, with newlines as line ends. Raises StoryError, with the line, if it isn't text."""
        try:
            text = self.data.decode(_encoding(self.data))
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise StoryError(
                f"{self.name}:{line}: this is not {error.encoding.upper()} text, so characters would be lost. "
                "Open it in a text editor, save it with the encoding UTF-8, and try again."
            ) from error
        if "\0" in text:
            raise StoryError(
                f"{self.name} has zero bytes, which text doesn't have. Save it with the encoding UTF-8, and try again."
            )
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def json(self) -> Any:
        """The decoded JSON document, or None if the content isn't JSON."""
        if not self.head_text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
            return None
        try:
            return msgspec.json.decode(self.text.lstrip("\ufeff"))
        except (msgspec.DecodeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of story file: how to recognise and read it."""

    name: str
    suffixes: tuple[str, ...]
    """Suffixes in lower case, for files whose content looks like no format."""
    looks_like: Callable[[Source], bool]
    """Returns whether the content has this format; must not raise for any bytes."""
    read: Callable[[Source], Iterator[Story]]
    """Yields the stories of a source. Raises StoryError."""
    read_project: Callable[[Sequence[tuple[str, str]]], Story] | None = None
    """Returns the story in several files, each (name, text). Raises StoryError. None if a file is always complete."""
    about: str = ""
    """What the reader does and what it doesn't, for users."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise StoryError for an OSError in the block."""
    try:
        yield
    except OSError as error:
        raise StoryError(f"{path} can't be read: {error.strerror}.") from error


def _encoding(content: bytes) -> str:
    return next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
