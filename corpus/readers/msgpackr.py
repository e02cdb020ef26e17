r"""MessagePack as the JavaScript package msgpackr writes it -> Python's values.

    msgpackr.decode(b"\x82\xa1a\x01\xa1b\x02")     # {'a': 1, 'b': 2}

msgpackr adds to MessagePack (github.com/kriszyp/msgpackr): records, whose keys are written once (extension "r", then
one byte that means "such a record" each time), and texts that stand bundled behind the data (extension "b"), to which
0xc1 and a length in UTF-16 units point. Classes of a program's own are extensions in whose place their value follows;
which those are, `own` says. Objects, records and maps become dicts, sets become lists, dates and what was undefined
None.

A text is in UTF-16 units here, as in JavaScript, so that a program's offsets hold: `text()` makes it one of Python's.

Limits: `_MAX_VALUES` values, nested `_MAX_DEPTH` deep. No references to shared objects, no records of two bytes, no
numbers above 64 bits.
"""

import re
import struct
import sys
from array import array
from typing import Any

_MAX_VALUES = 1_000_000
_MAX_DEPTH = 100
_MAX_READ = 4
"""How often, on average, a byte may be read: bundles are pointed to, and could be pointed to over and over."""
_PACKED = {0xCA: ">f", 0xCB: ">d", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_RECORD, _BUNDLE, _SET, _DATE = ord("r"), ord("b"), ord("s"), 0xFF
_AT_ONCE = 1 << 16
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"


def decode(data: bytes, own: frozenset[int] = frozenset()) -> Any:
    """The value; `own` are the extensions that only wrap one. Raises ValueError for data that holds none."""
    try:
        return _Decoder(data, own).value(0)
    except (IndexError, struct.error) as error:
        raise ValueError("it is cut off") from error
    except TypeError as error:  # a list or a dict as a name
        raise ValueError("a name in it is no text or number") from error


def units(text: str) -> str:
    """`text` in UTF-16 units: what is beyond them as the two surrogates that stand for it."""
    if not _ASTRAL.search(text):
        return text
    halves = array("H", text.encode("utf-16", "surrogatepass")[2:])
    return "".join("".join(map(chr, halves[n : n + _AT_ONCE])) for n in range(0, len(halves), _AT_ONCE))


def text(units: str) -> str:
    """The text of such units; half a pair becomes a replacement character."""
    if not _SURROGATE.search(units):
        return units
    return array("H", map(ord, units)).tobytes().decode(_UTF_16, "replace")


class _Decoder:
    def __init__(self, data: bytes, own: frozenset[int]) -> None:
        self._data = data
        self._own = own
        self._at = 0
        self._left = _MAX_VALUES
        self._unread = _MAX_READ * len(data)
        self._records: dict[int, list[str]] = {}
        self._bundles = ["", ""]  # of texts with letters beyond Latin-1, and of the others
        self._read = [0, 0]

    def value(self, depth: int) -> Any:
        """The next value."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise ValueError("it holds more, or more deeply nested, values than any story")
        sign = self._byte()
        if sign < 0x80:
            return (
                self._record(self._records[sign & 0x3F], depth)
                if sign & 0x3F in self._records and sign > 0x3F
                else sign
            )
        if sign < 0x90:
            return self._map(sign & 0xF, depth)
        if sign < 0xA0:
            return self._list(sign & 0xF, depth)
        if sign < 0xC0:
            return self._text(sign & 0x1F)
        if sign >= 0xE0:
            return sign - 0x100
        if sign == 0xC0:
            return None
        if sign == 0xC1:
            return self._bundled(self.value(depth + 1))
        if sign in (0xC2, 0xC3):
            return sign == 0xC3
        if sign <= 0xC6:
            return self._bytes(self._size(sign - 0xC4))
        if sign <= 0xC9:
            return self._extension(self._size(sign - 0xC7), depth)
        if sign == 0xCC:
            return self._byte()
        if sign in _PACKED:
            packed = struct.Struct(_PACKED[sign])
            return packed.unpack(self._bytes(packed.size))[0]
        if sign <= 0xD8:
            return self._extension(1 << (sign - 0xD4), depth)
        if sign <= 0xDB:
            return self._text(self._size(sign - 0xD9))
        if sign <= 0xDD:
            return self._list(self._size(sign - 0xDC + 1), depth)
        return self._map(self._size(sign - 0xDE + 1), depth)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        self._unread -= size
        if self._at > len(self._data) or self._unread < 0:
            raise IndexError
        return self._data[self._at - size : self._at]

    def _size(self, power: int) -> int:
        """A length in 1, 2 or 4 bytes."""
        return int.from_bytes(self._bytes(1 << power), "big")

    def _text(self, size: int) -> str:
        return units(self._bytes(size).decode("utf-8", "replace"))

    def _list(self, size: int, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(size)]

    def _map(self, size: int, depth: int) -> dict[Any, Any]:
        found = {}
        for _ in range(size):
            name = self.value(depth + 1)
            found[name] = self.value(depth + 1)
        return found

    def _record(self, names: list[str], depth: int) -> dict[str, Any]:
        self._left -= len(names)
        return {name: self.value(depth + 1) for name in names}

    def _bundled(self, length: Any) -> str:
        if not isinstance(length, int):
            raise ValueError("the length of a text in it is no number")
        which, length = (1, length) if length > 0 else (0, -length)
        begin = self._read[which]
        self._read[which] += length
        return self._bundles[which][begin : begin + length]

    def _extension(self, size: int, depth: int) -> Any:
        sort = self._byte()
        begin = self._at
        data = self._bytes(size)
        if sort == _RECORD and size == 1:
            names = self.value(depth + 1)
            if not isinstance(names, list):
                raise ValueError("a record in it has no names")
            self._records[data[0] & 0x3F] = names
            return self._record(names, depth)
        if sort == _BUNDLE and size >= 4:
            after = self._at
            self._at = begin + int.from_bytes(data[:4], "big")
            bundles = [self.value(depth + 1), self.value(depth + 1)]
            if not all(isinstance(bundle, str) for bundle in bundles):
                raise ValueError("the texts in it are not where it says")
            self._bundles, self._read, self._at = bundles, [0, 0], after
            return self.value(depth + 1)
        if sort == _SET or sort in self._own:
            return self.value(depth + 1)
        if sort == _DATE or (sort == 0 and size == 1):
            return None
        raise ValueError(f"it holds something of the unknown sort {sort}")
