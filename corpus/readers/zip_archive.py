"""A zip file (.docx, .odt, .epub) from somebody else, opened with care.

    archive = Archive(source)
    archive.xml("META-INF/container.xml")       # a small document, as a tree
    archive.feed("word/document.xml", target)   # a large one, to an object with start, end and data

Nothing is unpacked to the disk, so a member's name is no path. Bombs are refused: what one file may unpack to is
limited by `MAX_INFLATED`, no member is unpacked further than its directory entry declares, and documents that declare
entities are not read.

Limits: zip files in several parts and packing other than the usual one (deflate) are refused.
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
"""Bytes that are unpacked of one file. The text of the longest novel has a tenth of it, pictures are not unpacked."""
MAX_TAGS = 1_500_000
"""Opening and closing tags in a streamed document. A long novel that was worked at much has half of it."""
_MAX_TREE_TAGS = 400_000
_MAX_MEMBERS = 20_000
_MEMBER = b"PK\x01\x02"
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)


class Target:
    """What takes a document piece by piece, as lxml's parsers hand it out; names are `{namespace}name`."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Characters; those of one text may come in several pieces."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Entities are declared here, and no writing program declares any."""
        raise ValueError("it has a document type, which may be an attack")

    def close(self) -> None:
        """The document was proper to its end."""


def is_zip(source: Source) -> bool:
    """Whether the file starts as zip files do."""
    return source.head.startswith(b"PK\x03\x04")


def kind(source: Source) -> bytes:
    """What .epub and .odt say of themselves: the content of the first member, if that is an unpacked `mimetype`."""
    return source.head[38:100] if is_zip(source) and source.head[30:38] == b"mimetype" else b""


class Archive:
    """The members of a zip file. All methods raise StoryError for a file that is broken, locked or a bomb."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MAX_INFLATED
        if source.data.startswith(_OLD_WORD):
            raise StoryError(
                f"{source.name} is locked with a password, or in the format of an old Word (.doc). "
                "Save it as .docx without a password, and try again."
            )
        # Python builds the whole directory before anybody can look at it.
        if source.data.count(_MEMBER) > _MAX_MEMBERS:
            raise StoryError(f"{source.name} holds more files than any story, which may be an attack. It was not read.")
        try:
            self._zip = zipfile.ZipFile(BytesIO(source.data))
        except _BROKEN as error:
            raise self._broken(str(error)) from error

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all members."""
        return frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """The content of a member."""
        if name not in self.names:
            raise self._broken(f"there is no '{name}' in it")
        info = self._zip.getinfo(name)
        if info.flag_bits & 0x1:
            raise StoryError(f"{self._source.name} is locked with a password. Save it without one, and try again.")
        if info.compress_type not in _PACKED:
            raise self._broken(f"'{name}' is packed in an unusual way")
        self._left -= info.file_size
        if self._left < 0:
            raise StoryError(
                f"{self._source.name} would unpack to more than {MAX_INFLATED >> 20} MiB of text, which may be an "
                "attack. It was not read. If it is your own, split it."
            )
        try:
            with self._zip.open(info) as member:
                # `ZipFile.read` would unpack all of a member before it looks at what was declared.
                return member.read(info.file_size)
        except _BROKEN as error:
            raise self._broken(str(error)) from error

    def xml(self, name: str) -> "etree._Element":
        """A member as a tree. Nothing that it names is fetched."""
        from lxml import etree

        data = self._sane(name, _MAX_TREE_TAGS)
        try:
            return etree.fromstring(data, etree.XMLParser(**_careful()))
        except (etree.LxmlError, ValueError) as error:
            raise self._broken(f"'{name}' is no proper XML: {error}") from error

    def feed(self, name: str, target: Target) -> None:
        """Hands a member to `target` piece by piece: a tree would take many times its size."""
        from lxml import etree

        data = self._sane(name, MAX_TAGS)
        try:
            etree.fromstring(data, etree.XMLParser(**_careful(target=target)))
        except (etree.LxmlError, ValueError) as error:
            raise self._broken(f"'{name}' is no proper XML: {error}") from error

    def _sane(self, name: str, most_tags: int) -> bytes:
        """The content of an XML member, unless it is made to cost."""
        data = self.read(name)
        if data.count(b"<") > most_tags:
            raise StoryError(f"{self._source.name} has more tags in '{name}' than any story. Save it as plain text.")
        return data

    def _broken(self, why: str) -> StoryError:
        return StoryError(
            f"{self._source.name} is damaged: {why}. Open it in the program that made it, save it anew, and try again."
        )


def _careful(**more: Any) -> dict[str, Any]:
    return more | {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
    }
