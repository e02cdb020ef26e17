"""GGUF files that a test makes: a head with metadata, and no weights."""

import struct

_STRING, _UINT32, _ARRAY = 8, 4, 9


def gguf_bytes(**values: str | int | list[str]) -> bytes:
    """A file with these keys; `__` in a name stands for a dot."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(values))
    return head + b"".join(_text(key.replace("__", ".")) + _value(value) for key, value in values.items())


def instruct_gguf() -> bytes:
    """The head of a small instruct model."""
    return gguf_bytes(
        general__architecture="llama",
        tokenizer__ggml__tokens=["a", "bc"] * 1000,
        llama__context_length=32768,
        llama__block_count=28,
        llama__embedding_length=1536,
        llama__attention__head_count=12,
        llama__attention__head_count_kv=2,
        general__license="apache-2.0",
        tokenizer__chat_template="{{ messages }}",
    )


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: str | int | list[str]) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_text, value))
