"""What a GGUF file says about its model, read from its metadata alone.

    header = read_header(path)
    header.architecture, header.context_length, header.is_recurrent

Format: the specification of ggml (docs/gguf.md), versions 2 and 3. The values that the game needs are kept; token lists
and tensor data are skipped, so that a file of any size takes milliseconds. Every length is checked against the file
and against a limit before anything is allocated: a file may come from anywhere.

Limits: big-endian files are refused, as llama.cpp refuses them. Of a model that is split over several files, the first
one is read: its `parameters` and `file_size` are those of that file.
"""

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dungeon.errors import DungeonError

_BLOCK = 1 << 20
_MAX_KEYS = 4096
_MAX_TENSORS = 65_536
_MAX_STRING = 1 << 20
"""Bytes of a string that is kept; the longest that real files hold is a chat template of some 20 kB."""
_MAX_KEY = 1024
_MAX_ARRAY = 1024
"""Numbers of an array that is kept: one for each block. So it is the most blocks, too."""
_MAX_ITEMS = 1 << 24
"""Items of an array that is skipped: a tokenizer's list has some hundred thousand."""
_MAX_DIMENSIONS = 4
_MAX_COUNT = 1 << 40
"""Of any length, width or number that a header states."""

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_RECURRENT_PREFIXES = ("ssm.", "wkv.", "shortconv.", "kda.")
"""Every architecture that keeps a state between tokens states its size under one of these."""

Value = int | float | bool | str | tuple[int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The metadata of a model. A number that the file does not state is 0."""

    values: Mapping[str, Value]
    """Every number, short array of numbers, and string of the metadata that is not the tokenizer's list."""
    parameters: int
    """Weights in all tensors."""
    file_size: int
    """Bytes."""

    @property
    def architecture(self) -> str:
        """Such as `llama` or `gemma3`."""
        return self._text("general.architecture")

    @property
    def kind(self) -> str:
        """`model`, or `adapter` and others that llama.cpp does not load alone."""
        return self._text("general.type") or "model"

    @property
    def chat_template(self) -> str:
        """The model's chat template, in Jinja; "" if it has none."""
        return self._text("tokenizer.chat_template")

    @property
    def context_length(self) -> int:
        """The tokens that the model was made for."""
        return self.number("context_length")

    @property
    def block_count(self) -> int:
        """Layers."""
        return self.number("block_count")

    @property
    def embedding_length(self) -> int:
        """Width of the model."""
        return self.number("embedding_length")

    @property
    def head_count(self) -> int:
        """Attention heads of a layer that has any: the most, where layers differ."""
        return max(self.per_block("attention.head_count"), default=0)

    @property
    def head_count_kv(self) -> tuple[int, ...]:
        """Heads that are kept in the cache, for each block; 0 in a block without attention."""
        return self.per_block("attention.head_count_kv") or self.per_block("attention.head_count")

    @property
    def key_length(self) -> int:
        """Width of a head's key."""
        return self.number("attention.key_length") or self._head_width

    @property
    def value_length(self) -> int:
        """Width of a head's value."""
        return self.number("attention.value_length") or self._head_width

    @property
    def sliding_window(self) -> int:
        """Tokens that a layer with a sliding window sees; 0 if the model has none."""
        return self.number("attention.sliding_window")

    @property
    def is_recurrent(self) -> bool:
        """Whether any layer keeps one state for all that it has read, instead of an entry for each token."""
        start = f"{self.architecture}."
        return any(
            key.startswith(tuple(start + prefix for prefix in _RECURRENT_PREFIXES)) and bool(value)
            for key, value in self.values.items()
        )

    def number(self, key: str) -> int:
        """A whole number under the architecture's own prefix; 0 if it is missing, or far too large."""
        value = self.values.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) and 0 <= value <= _MAX_COUNT else 0

    def per_block(self, key: str) -> tuple[int, ...]:
        """A number for each block, under the architecture's own prefix; () if it is missing.

        A file states one for all, or one for each.
        """
        value = self.values.get(f"{self.architecture}.{key}")
        if isinstance(value, tuple):
            return tuple(each if isinstance(each, int) and 0 <= each <= _MAX_COUNT else 0 for each in value)
        return (self.number(key),) * self.block_count if value is not None else ()

    @property
    def _head_width(self) -> int:
        return self.embedding_length // self.head_count if self.head_count else 0

    def _text(self, key: str) -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else ""


class _Invalid(Exception):
    """The file is not valid GGUF; says what is wrong."""


def read_header(path: Path) -> GgufHeader:
    """Return what the GGUF file at `path` says about its model.

    Raises:
        DungeonError: the file can't be read, or is not a valid GGUF file; says where it ends or what it claims.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, os.fstat(file.fileno()).st_size).header()
    except OSError as error:
        raise DungeonError(f"{path} can't be read: {error.strerror or error}.") from error
    except _Invalid as error:
        raise DungeonError(
            f"{path} is not a valid GGUF file: {error}. If it was downloaded, fetch it again; it may be incomplete."
        ) from error


class _Reader:
    """Reads forward through a file in blocks, never past its end."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size
        self._block = b""
        self._at = 0
        """Where in the block to read next."""

    def header(self) -> GgufHeader:
        if self._bytes(4) != b"GGUF":
            raise _Invalid("it does not begin with 'GGUF'")
        version = self._integer("I")
        if version not in (2, 3):
            raise _Invalid(f"it has version {version}, and this game reads versions 2 and 3")
        tensors = self._count(_MAX_TENSORS, "tensors")
        keys = self._count(_MAX_KEYS, "metadata entries")
        values: dict[str, Value] = {}
        for _ in range(keys):
            key = self._string(_MAX_KEY)
            value = self._value(self._integer("I"))
            if value is not None:
                values[key] = value
        if not isinstance(values.get("general.architecture"), str):
            raise _Invalid("it does not name its architecture")
        blocks = values.get(f"{values['general.architecture']}.block_count", 0)
        if not isinstance(blocks, int) or not 0 <= blocks <= _MAX_ARRAY:
            raise _Invalid(f"it claims {blocks} blocks")
        parameters = sum(self._tensor_weights() for _ in range(tensors))
        return GgufHeader(values, parameters, self._size)

    def _tensor_weights(self) -> int:
        """Read one tensor's description, and return how many weights it has."""
        self._skip_strings(1)
        dimensions = self._integer("I")
        if dimensions > _MAX_DIMENSIONS:
            raise _Invalid(f"a tensor has {dimensions} dimensions")
        weights = math.prod(self._integer("Q") for _ in range(dimensions))
        if weights > _MAX_COUNT * 16:
            raise _Invalid(f"a tensor has {weights} weights")
        self._integer("I")  # its type
        self._integer("Q")  # where its data begin
        return weights

    def _value(self, kind: int) -> Value | None:
        """Read a value; return None for one that is skipped."""
        if kind in _NUMBERS:
            return self._number(kind)
        if kind == _STRING:
            return self._string(_MAX_STRING)
        if kind != _ARRAY:
            raise _Invalid(f"a value has the unknown type {kind}")
        kind = self._integer("I")
        count = self._count(_MAX_ITEMS, "items in an array")
        if kind == _STRING:
            self._skip_strings(count)
            return None
        if kind not in _NUMBERS:
            raise _Invalid(f"an array has items of the type {kind}")
        if count <= _MAX_ARRAY:
            return tuple(self._number(kind) for _ in range(count))
        self._skip(count * struct.calcsize(_NUMBERS[kind]))
        return None

    def _number(self, kind: int) -> int | float | bool:
        layout = "<" + _NUMBERS[kind]
        value: int | float | bool = struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0]
        return value

    def _integer(self, layout: str) -> int:
        value: int = struct.unpack("<" + layout, self._bytes(struct.calcsize("<" + layout)))[0]
        return value

    def _count(self, limit: int, of: str) -> int:
        count = self._integer("Q")
        if count > limit:
            raise _Invalid(f"it claims {count} {of}")
        return count

    def _string(self, limit: int) -> str:
        length = self._integer("Q")
        if length > limit:
            raise _Invalid(f"it holds a text of {length} bytes where at most {limit} are expected")
        return self._bytes(length).decode("utf-8", errors="replace")

    def _skip_strings(self, count: int) -> None:
        # The one loop that counts: a tokenizer has some hundred thousand pieces, and as many merges.
        length_at = struct.Struct("<Q").unpack_from
        block, at = self._block, self._at
        for _ in range(count):
            if at + 8 > len(block):
                self._at = at
                self._fill(8)
                block, at = self._block, self._at
            at += 8 + length_at(block, at)[0]
            if at > len(block):
                self._at = len(block)
                self._skip(at - len(block))
                block, at = self._block, self._at
        self._at = at

    def _skip(self, length: int) -> None:
        """Go forward by `length` bytes."""
        rest = len(self._block) - self._at
        if length <= rest:
            self._at += length
        elif length - rest > self._size - self._file.tell():
            raise self._truncated()
        else:
            self._file.seek(length - rest, os.SEEK_CUR)
            self._block, self._at = b"", 0

    def _bytes(self, length: int) -> bytes:
        self._fill(length)
        self._at += length
        return self._block[self._at - length : self._at]

    def _fill(self, length: int) -> None:
        """Have that many bytes in the block from where to read next."""
        if self._at + length > len(self._block):
            self._block = self._block[self._at :]
            self._block += self._file.read(max(length - len(self._block), _BLOCK))
            self._at = 0
            if len(self._block) < length:
                raise self._truncated()

    def _truncated(self) -> _Invalid:
        return _Invalid(f"it ends in the middle of its header, after {self._size} bytes")
