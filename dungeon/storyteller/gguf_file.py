"""What a GGUF file says about its model: the metadata at its head, without the weights.

    about = read_gguf(path)
    about.architecture, about.context, about.chat_template, about.kv_bytes

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Long lists, such as the vocabulary, are passed over.
Limits: little-endian files of version 2 and 3.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_SIZES = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
"""How a number of each type is packed."""
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 22
"""Bytes of a string that is read: the longest chat templates have some tens of thousands."""
_MOST_KEYS = 4096
_MOST_ITEMS = 1 << 24


@dataclass(frozen=True, slots=True)
class GgufMetadata:
    """The part of the metadata that the game uses; "" or 0 for what the file does not say."""

    architecture: str = ""
    context: int = 0
    """Tokens that the model was trained for."""
    chat_template: str = ""
    license: str = ""
    kv_bytes: int = 0
    """Bytes of cache a token, at 16 bits."""


def read_gguf(path: Path) -> GgufMetadata:
    """Return what the file says; an empty answer if it is not a GGUF file, or is damaged."""
    try:
        with path.open("rb") as file:
            values = _read_values(file)
    except (OSError, ValueError, struct.error, MemoryError):
        return GgufMetadata()
    architecture = str(values.get("general.architecture", ""))

    def number(key: str) -> int:
        value = values.get(f"{architecture}.{key}")
        return value if isinstance(value, int) else 0

    heads = number("attention.head_count")
    width = number("embedding_length") // heads if heads else 0
    key_width = number("attention.key_length") or width
    value_width = number("attention.value_length") or width
    kv_heads = number("attention.head_count_kv") or heads
    return GgufMetadata(
        architecture,
        number("context_length"),
        str(values.get("tokenizer.chat_template", "")),
        str(values.get("general.license", "")),
        number("block_count") * kv_heads * (key_width + value_width) * 2,
    )


def _read_values(file: BinaryIO) -> dict[str, object]:
    """Read all keys whose values are numbers or strings.

    Raises:
        ValueError: the file is not GGUF of a known version, or its head is damaged.
        struct.error: it ends too early.
    """
    if file.read(4) != b"GGUF":
        raise ValueError("not a GGUF file")
    version, _, keys = struct.unpack("<IQQ", file.read(20))
    if version not in (2, 3) or keys > _MOST_KEYS:
        raise ValueError("an unknown version")
    values: dict[str, object] = {}
    for _ in range(keys):
        key = _read_string(file)
        (kind,) = struct.unpack("<I", file.read(4))
        if kind == _ARRAY:
            _skip_array(file)
        else:
            values[key] = _read_string(file) if kind == _STRING else _read_number(file, kind)
    return values


def _read_number(file: BinaryIO, kind: int) -> object:
    if kind not in _SIZES:
        raise ValueError(f"an unknown type {kind}")
    return struct.unpack(_SIZES[kind], file.read(struct.calcsize(_SIZES[kind])))[0]


def _read_string(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LONGEST:
        raise ValueError("a string that is too long")
    return file.read(length).decode("utf-8", "replace")


def _skip_array(file: BinaryIO) -> None:
    kind, count = struct.unpack("<IQ", file.read(12))
    if count > _MOST_ITEMS:
        raise ValueError("a list that is too long")
    if kind in _SIZES:
        file.seek(struct.calcsize(_SIZES[kind]) * count, 1)
        return
    if kind != _STRING:
        raise ValueError(f"a list of an unknown type {kind}")
    for _ in range(count):
        (length,) = struct.unpack("<Q", file.read(8))
        file.seek(length, 1)
