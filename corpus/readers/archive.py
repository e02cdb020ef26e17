"""A zip file (.docx, .odt, .epub) from somebody else, opened with care.

    archive = Archive(source)
    archive.read("META-INF/container.xml")

Nothing is unpacked to the disk, so a member's name is no path. Bombs are refused: what may be inflated from one file is
limited by `MAX_INFLATED`, and no member yields more than its directory entry declares.
"""

import struct
import zipfile
import zlib
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING

from corpus.readers.source import Source
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

MAX_INFLATED = 64 * 2**20
_MAX_MEMBERS = 20_000
_MEMBER = b"PK\x01\x02"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)


def is_zip(source: Source) -> bool:
    """Whether the file starts as zip files do."""
    return source.head.startswith(b"PK\x03\x04")


def first_file(source: Source) -> bytes:
    """What .epub and .odt say of themselves: the content of the first member, if that is an unpacked `mimetype`."""
    return source.head[38:100] if source.head[30:38] == b"mimetype" else b""


class Archive:
    """The members of a zip file. All methods raise StoryError for a file that is broken, locked or a bomb."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # Python builds the whole directory before anybody can look at it.
        if source.data.count(_MEMBER) > _MAX_MEMBERS:
            raise StoryError(f"{source.name} holds more files than any story, which may be an attack. It was not read.")
        try:
            self._zip = zipfile.ZipFile(BytesIO(source.data))
        except _BROKEN as error:
            raise self._broken(str(error)) from error
        self._left = MAX_INFLATED

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
        self._spend(info.file_size)
        try:
            return self._zip.read(info)
        except _BROKEN as error:
            raise self._broken(str(error)) from error

    def check_all(self) -> None:
        """For a library that inflates every member itself: the same limits, on all of them."""
        for info in self._zip.infolist():
            if info.flag_bits & 0x1:
                raise StoryError(f"{self._source.name} is locked with a password. Save it without one, and try again.")
            self._spend(info.file_size)

    def xml(self, name: str) -> "etree._Element":
        """A member as XML, with no entity expanded and nothing fetched."""
        return self.parsed(self.read(name), name)

    def parsed(self, data: bytes, name: str) -> "etree._Element":
        """The root of an XML document; `name` is for the message."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        try:
            return etree.fromstring(data, parser)
        except (etree.LxmlError, ValueError) as error:
            raise self._broken(f"'{name}' is no proper XML: {error}") from error

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise StoryError(
                f"{self._source.name} would unpack to more than {MAX_INFLATED >> 20} MiB, which may be an attack. "
                "It was not read. If it is your own, take the pictures out, or save it as plain text."
            )

    def _broken(self, why: str) -> StoryError:
        return StoryError(
            f"{self._source.name} is damaged: {why}. Open it in the program that made it, save it anew, and try again."
        )
