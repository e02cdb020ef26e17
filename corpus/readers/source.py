"""A file that is to be read as a story, and what a format is.

    source = Source.of(Path("tale.twee"))
    format = next(known for known in FORMATS if known.looks_like(source))
    stories = list(format.read(source))

A source is read as little as recognising it needs: first its beginning, the whole only when a format asks. Text is
UTF-8, or UTF-16 and UTF-32 that start with a byte order mark; no other encoding is guessed, for a wrong guess would
teach a voice wrong letters.

Limits: files above `MAX_BYTES` are refused, which bounds the memory that any file can cost.
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
"""The longest novel has a tenth of it."""

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


class Source:
    """A file's name and content; text and JSON are made once, when somebody asks."""

    def __init__(self, name: str, head: bytes, rest: Callable[[], bytes] = bytes) -> None:
        """`name` is for messages, `head` the beginning of the content, `rest()` gives what follows it."""
        self.name = name
        self.head = head
        self._rest = rest

    @classmethod
    def of(cls, path: Path) -> "Source":
        """The file at `path`, of which only the beginning is read now. Raises StoryError where it can't be."""

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
        """The ending of the name, lower case, with its dot."""
        return PurePath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without folder and ending: a title where the text states none."""
        return PurePath(self.name).stem

    @cached_property
    def data(self) -> bytes:
        """The whole content. Raises StoryError where the file is too large or can't be read."""
        data = self.head + self._rest()
        if len(data) > MAX_BYTES:
            raise StoryError(f"{self.name} is larger than {MAX_BYTES >> 20} MiB, more than any story. Split it.")
        return data

    @cached_property
    def head_text(self) -> str:
        """The beginning as text, whatever it is: to know a format by."""
        return self.head.decode(_encoding(self.head), errors="replace")

    @cached_property
    def text(self) -> str:
        """The whole as text, line ends as newlines. Raises StoryError, with the line, where it is none."""
        try:
            text = self.data.decode(_encoding(self.data))
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise StoryError(
                f"{self.name}:{line}: this is not {error.encoding.upper()} text, so letters would be lost. "
                "Open it in a text editor, save it with the encoding UTF-8, and try again."
            ) from error
        if "\0" in text:
            raise StoryError(
                f"{self.name} holds zero bytes, which no text does. Save it with the encoding UTF-8, and try again."
            )
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def json(self) -> Any:
        """What the JSON document says, or None where the content is none."""
        if not self.head_text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
            return None
        try:
            return msgspec.json.decode(self.text.lstrip("\ufeff"))
        except (msgspec.DecodeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of story file, and how it is told from others and read."""

    name: str
    suffixes: tuple[str, ...]
    """File name endings, lower case: how a file is known that looks like no format."""
    looks_like: Callable[[Source], bool]
    """Whether the content is of this format; must not raise for any bytes."""
    read: Callable[[Source], Iterator[Story]]
    """The stories of a source. Raises StoryError."""
    read_project: Callable[[Sequence[tuple[str, str]]], Story] | None = None
    """The story that lies in several files, each (name, text); None where a file is always whole. Raises StoryError."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns the system's refusals into StoryError."""
    try:
        yield
    except OSError as error:
        raise StoryError(f"{path} can't be read: {error.strerror}.") from error


def _encoding(content: bytes) -> str:
    return next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
