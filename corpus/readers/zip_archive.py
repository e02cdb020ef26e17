"""Open a zip file (.docx, .odt, .epub) from an untrusted source safely.

    archive = Archive(source)
    archive.xml("META-INF/container.xml")       # a small document, as a tree
    archive.feed("word/document.xml", target)   # a large one, to an object with start, end and data

Nothing is unpacked to the disk, so a member's name is never used as a path. Zip bombs are refused: a file may unpack to
`MAX_INFLATED` bytes, no member is unpacked beyond the size in its directory entry, and documents that declare entities
are not read.

Limits: zip files in several parts, and compression other than deflate, are refused.
"""

import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

from corpus.readers.source import Source
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

MAX_INFLATED = 32 * 2**20
"""Bytes to unpack from one file. The text of the longest novel has a tenth of that, and pictures are not unpacked."""
MAX_TAGS = 1_500_000
"""Opening and closing tags in a streamed document. A long novel with many revisions has half of that."""
_MAX_TREE_TAGS = 400_000
_MAX_MEMBERS = 20_000
_MEMBER = b"PK\x01\x02"
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)


class Target:
    """Receives a document piece by piece from lxml's parsers; names are `{namespace}name`."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Called when an element begins."""

    def end(self, tag: str) -> None:
        """Called when an element ends."""

    def data(self, text: str) -> None:
        """Called with characters; a text may come in several pieces."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Refuse a document type, which can declare entities; word processors don't write any."""
        raise ValueError("it has a document type, which may be an attack")

    def close(self) -> None:
        """Called at the end of a valid document."""


def is_zip(source: Source) -> bool:
    """Return whether the file starts like a zip file."""
    return source.head.startswith(b"PK\x03\x04")


def kind(source: Source) -> bytes:
    """Return the type of an .epub or .odt: the content of its first member, if that is an uncompressed `mimetype`."""
    return source.head[38:100] if is_zip(source) and source.head[30:38] == b"mimetype" else b""


class Archive:
    """The members of a zip file. All methods raise StoryError if the file is broken, locked or a bomb."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MAX_INFLATED
        if source.data.startswith(_OLD_WORD):
            raise StoryError(
                f"{source.name} is locked with a password, or in the format of an old Word version (.doc). "
                "Save it as .docx without a password, and try again."
            )
        # Python builds the whole directory before it can be checked.
        if source.data.count(_MEMBER) > _MAX_MEMBERS:
            raise StoryError(f"{source.name} has too many files for a story, which may be an attack. It was not read.")
        try:
            self._zip = zipfile.ZipFile(BytesIO(source.data))
        except _BROKEN as error:
            raise self._broken(str(error)) from error

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all members."""
        return frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """Return the content of a member."""
        if name not in self.names:
            raise self._broken(f"it has no '{name}'")
        info = self._zip.getinfo(name)
        if info.flag_bits & 0x1:
            raise StoryError(f"{self._source.name} is locked with a password. Save it without one, and try again.")
        if info.compress_type not in _PACKED:
            raise self._broken(f"'{name}' has an unusual compression")
        self._left -= info.file_size
        if self._left < 0:
            raise StoryError(
                f"{self._source.name} would unpack to more than {MAX_INFLATED >> 20} MiB of text, which may be an "
                "attack. It was not read. If it is your own, split it."
            )
        try:
            with self._zip.open(info) as member:
                # `ZipFile.read` would unpack a whole member before it compares the size with the directory entry.
                return member.read(info.file_size)
        except _BROKEN as error:
            raise self._broken(str(error)) from error

    def xml(self, name: str) -> "etree._Element":
        """Return a member as a tree. External references are not fetched."""
        from lxml import etree

        data = self._checked(name, _MAX_TREE_TAGS)
        try:
            return etree.fromstring(data, etree.XMLParser(**careful()))
        except (etree.LxmlError, ValueError) as error:
            raise self._broken(f"'{name}' is not valid XML: {error}") from error

    def feed(self, name: str, target: Target) -> None:
        """Pass a member to `target` piece by piece, because a tree would take many times its size."""
        from lxml import etree

        data = self._checked(name, MAX_TAGS)
        try:
            etree.fromstring(data, etree.XMLParser(**careful(target=target)))
        except (etree.LxmlError, ValueError) as error:
            raise self._broken(f"'{name}' is not valid XML: {error}") from error

    def _checked(self, name: str, most_tags: int) -> bytes:
        """Return the content of an XML member. Raise StoryError if it has too many tags."""
        data = self.read(name)
        if data.count(b"<") > most_tags:
            raise StoryError(f"{self._source.name} has too many tags in '{name}' for a story. Save it as plain text.")
        return data

    def _broken(self, reason: str) -> StoryError:
        return StoryError(
            f"{self._source.name} is damaged: {reason}. Open it in the program that made it, save it, and try again."
        )


def careful(**more: Any) -> dict[str, Any]:
    """Return the options of lxml's parser that keep an untrusted document from fetching or unfolding anything."""
    return more | {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
    }
