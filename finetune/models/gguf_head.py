"""The first values of a GGUF file, read in milliseconds without a library: what is known of a base before it is opened.

type_and_blocks(Path("model.gguf"))      # ("qwen2", 28)
"""

import struct
from io import BufferedReader
from pathlib import Path
from typing import Any

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 20
"""Bytes of a name or text; more is a damaged file."""


def type_and_blocks(file: Path) -> tuple[str, int]:
    """Return the type of model in a GGUF file, as llama.cpp calls it, and its number of blocks.

    Raises:
        OSError, ValueError: the file can't be read, or doesn't say so.
    """
    found: dict[str, Any] = {}
    try:
        with file.open("rb") as stream:
            magic, _, _, count = struct.unpack("<4sIQQ", stream.read(24))
            for _ in range(count if magic == b"GGUF" else 0):
                key = _text(stream)
                found[key] = _value(stream, *struct.unpack("<I", stream.read(4)))
                architecture = found.get("general.architecture")
                if (blocks := found.get(f"{architecture}.block_count")) is not None:
                    return str(architecture), int(blocks)
    except struct.error as error:
        raise ValueError(f"{file} is cut off") from error
    raise ValueError(f"{file} doesn't say what model is in it")


def _text(stream: BufferedReader) -> str:
    (length,) = struct.unpack("<Q", stream.read(8))
    if length > _LONGEST:
        raise ValueError(f"a text of {length} bytes")
    return stream.read(length).decode("utf-8")


def _value(stream: BufferedReader, kind: int) -> Any:
    if kind == _STRING:
        return _text(stream)
    if kind == _ARRAY:
        inner, count = struct.unpack("<IQ", stream.read(12))
        for _ in range(count):
            _value(stream, inner)
        return None  # none of them is asked for
    if kind not in _NUMBERS:
        raise ValueError(f"a value of type {kind}")
    form = f"<{_NUMBERS[kind]}"
    return struct.unpack(form, stream.read(struct.calcsize(form)))[0]
