"""Decode the JSON of a save into typed data: the declared fields are checked, everything else is skipped.

    if first_name(source) == "gamestarted":
        save = decode(source, Save, "KoboldAI save")

Limits: a file of more than `_MAX_BYTES` or with more than `_MAX_VALUES` values is refused, which limits the memory that
it needs. A lone surrogate (half an emoji, which JavaScript allows) is read as a replacement character.
"""

import re
from functools import cache
from typing import TypeVar

import msgspec

from corpus.readers.source import Source
from corpus.story import StoryError

_MAX_BYTES = 48 << 20
_MAX_VALUES = 3_000_000
"""The largest export of a whole account has a tenth of that."""
_FIRST_NAME = re.compile(r'[\ufeff\s]*\{\s*"(\w+)"\s*:')
_ESCAPE = re.compile(
    rb"\\(?:u(d[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}|u(d[89a-f][0-9a-f]{2})|.)", re.IGNORECASE | re.DOTALL
)
_MARKS_OF_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

T = TypeVar("T")


def first_name(source: Source) -> str:
    """Return the first name in a JSON object, or "": a program always writes its names in the same order."""
    match = _FIRST_NAME.match(source.head_text)
    return match[1] if match else ""


def holds(source: Source, *names: str) -> bool:
    """Return whether the content is a JSON object with all these names in it; never raises for any content."""
    if not source.head_text.lstrip("\ufeff \t\r\n").startswith("{"):
        return False
    try:
        data = utf8(source)
        if any(f'"{name}"'.encode() not in data for name in names):
            return False
        found = msgspec.json.decode(data, type=_names(names))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, StoryError):
        return False
    return all(bytes(getattr(found, name)) for name in names)


def decode(source: Source, shape: type[T], what: str) -> T:
    """Return the document as a `shape`; `what` names the format in messages. Raise StoryError if it can't be read."""
    data = utf8(source)
    if len(data) > _MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {_MAX_BYTES >> 20} MiB, too large for a {what}.")
    if data.count(b",") > _MAX_VALUES:
        raise StoryError(f"{source.name} has too many values for a {what}, which may be an attack. It was not read.")
    try:
        try:
            return msgspec.json.decode(data, type=shape)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if b"\\ud" not in data.lower():
                raise
            return msgspec.json.decode(_ESCAPE.sub(_replace_surrogate, data), type=shape)
    except msgspec.ValidationError as error:
        raise StoryError(
            f"{source.name} is not a known kind of {what}: {error}. Save it again in the program that made it."
        ) from error
    except RecursionError as error:
        raise StoryError(f"{source.name} is too deeply nested for a {what}. It was not read.") from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        if not _is_utf8(data):  # msgspec versions differ in which of the two errors they raise
            source.text  # noqa: B018 (raises an error with the line)
            raise StoryError(f"{source.name} is damaged: it is not UTF-8 text.") from error
        raise StoryError(
            f"{source.name} is damaged or incomplete: {error}. Copy it again, or save it again in its program."
        ) from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def count(raw: msgspec.Raw) -> int:
    """Return the number of elements in an undecoded array or object; 1 for another value that isn't empty."""
    text = bytes(raw).strip()
    if not text or text in (b"null", b'""', b"[]", b"{}", b"false", b"0"):
        return 0
    try:
        if text.startswith(b"["):
            return len(msgspec.json.decode(raw, type=list[msgspec.Raw]))
        if text.startswith(b"{"):
            return len(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # it is only counted here
        pass
    return 1


@cache
def _names(names: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Names", [(name, msgspec.Raw, msgspec.Raw(b"")) for name in names])


def _replace_surrogate(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match[2] else match[0]


def utf8(source: Source) -> bytes:
    """Return the content in UTF-8, for decoding as JSON."""
    if source.head.startswith(_MARKS_OF_OTHER_ENCODINGS):
        return source.text.encode()
    return source.data.removeprefix(b"\xef\xbb\xbf")
