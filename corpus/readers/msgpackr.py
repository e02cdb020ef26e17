r"""Decode MessagePack as the JavaScript package msgpackr writes it.

    msgpackr.decode(b"\x82\xa1a\x01\xa1b\x02")     # {'a': 1, 'b': 2}

msgpackr extends MessagePack (github.com/kriszyp/msgpackr): records, whose keys are written once (extension "r", then
one byte for each record of that kind), and strings that are bundled after the data (extension "b"), to which 0xc1 and a
length in UTF-16 units refer. A program's own classes are extensions that are followed by their value; `wrappers` names
them. Objects, records and maps become dicts, sets become lists, dates and undefined values None.

Strings are returned in UTF-16 units, as in JavaScript, so that a program's offsets are valid: `text()` converts one to
a Python string.

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
"""How often a byte may be read, on average: bundles are referenced, and could be referenced over and over."""
_NUMBERS = dict(enumerate((">f", ">d", ">B", ">H", ">I", ">Q", ">b", ">h", ">i", ">q"), 0xCA))
"""The formats of numbers by first byte."""
_RECORD, _BUNDLE, _SET, _DATE = ord("r"), ord("b"), ord("s"), 0xFF
_AT_ONCE = 1 << 16
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"


def decode(data: bytes, wrappers: frozenset[int] = frozenset()) -> Any:
    """Return the value; `wrappers` are extensions that only wrap a value. Raise ValueError if the data is invalid."""
    try:
        return _Decoder(data, wrappers).value(0)
    except (IndexError, struct.error) as error:
        raise ValueError("it is incomplete") from error
    except TypeError as error:  # a list or a dict as a name
        raise ValueError("a name in it is not a text or number") from error


def units(text: str) -> str:
    """Return `text` in UTF-16 units: characters beyond the basic plane become two surrogates."""
    if not _ASTRAL.search(text):
        return text
    halves = array("H", text.encode("utf-16", "surrogatepass")[2:])
    return "".join("".join(map(chr, halves[n : n + _AT_ONCE])) for n in range(0, len(halves), _AT_ONCE))


def text(units: str) -> str:
    """Return the text of UTF-16 units; a lone surrogate becomes a replacement character."""
    if not _SURROGATE.search(units):
        return units
    return array("H", map(ord, units)).tobytes().decode(_UTF_16, "replace")


class _Decoder:
    def __init__(self, data: bytes, wrappers: frozenset[int]) -> None:
        self._data = data
        self._wrappers = wrappers
        self._at = 0
        self._values_left = _MAX_VALUES
        self._bytes_left = _MAX_READ * len(data)
        self._records: dict[int, list[str]] = {}
        self._bundles = ["", ""]  # of strings with characters beyond Latin-1, and of the others
        self._read = [0, 0]

    def value(self, depth: int) -> Any:
        self._values_left -= 1
        if self._values_left < 0 or depth > _MAX_DEPTH:
            raise ValueError("it has too many, or too deeply nested, values for a story")
        sign = self._byte()
        if sign < 0xC0:
            return self._fix_value(sign, depth)
        if sign >= 0xE0:
            return sign - 0x100
        if sign <= 0xC3:
            return self._bundled(self.value(depth + 1)) if sign == 0xC1 else {0xC0: None, 0xC2: False, 0xC3: True}[sign]
        if sign in _NUMBERS:
            number = struct.Struct(_NUMBERS[sign])
            return number.unpack(self._bytes(number.size))[0]
        return self._sized_value(sign, depth)

    def _fix_value(self, sign: int, depth: int) -> Any:
        """Return a value whose first byte includes its size."""
        if sign < 0x80:
            record = self._records.get(sign & 0x3F) if sign > 0x3F else None
            return sign if record is None else self._record(record, depth)
        if sign < 0x90:
            return self._map(sign & 0xF, depth)
        if sign < 0xA0:
            return self._list(sign & 0xF, depth)
        return self._text(sign & 0x1F)

    def _sized_value(self, sign: int, depth: int) -> Any:
        """Return a value whose first byte is followed by its size."""
        if sign <= 0xC6:
            return self._bytes(self._size(sign - 0xC4))
        if sign <= 0xC9:
            return self._extension(self._size(sign - 0xC7), depth)
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
        self._bytes_left -= size
        if self._at > len(self._data) or self._bytes_left < 0:
            raise IndexError
        return self._data[self._at - size : self._at]

    def _size(self, power: int) -> int:
        """Return a length of 1, 2 or 4 bytes."""
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
        self._values_left -= len(names)
        return {name: self.value(depth + 1) for name in names}

    def _bundled(self, length: Any) -> str:
        if not isinstance(length, int):
            raise ValueError("the length of a text in it is not a number")
        bundle, length = (1, length) if length > 0 else (0, -length)
        begin = self._read[bundle]
        self._read[bundle] += length
        return self._bundles[bundle][begin : begin + length]

    def _extension(self, size: int, depth: int) -> Any:
        kind = self._byte()
        begin = self._at
        data = self._bytes(size)
        if kind == _RECORD and size == 1:
            names = self.value(depth + 1)
            if not isinstance(names, list):
                raise ValueError("a record in it has no names")
            self._records[data[0] & 0x3F] = names
            return self._record(names, depth)
        if kind == _BUNDLE and size >= 4:
            after = self._at
            self._at = begin + int.from_bytes(data[:4], "big")
            bundles = [self.value(depth + 1), self.value(depth + 1)]
            if not all(isinstance(bundle, str) for bundle in bundles):
                raise ValueError("its bundled texts are not where they should be")
            self._bundles, self._read, self._at = bundles, [0, 0], after
            return self.value(depth + 1)
        if kind == _SET or kind in self._wrappers:
            return self.value(depth + 1)
        if kind == _DATE or (kind == 0 and size == 1):
            return None
        raise ValueError(f"it has an unknown extension, {kind}")
