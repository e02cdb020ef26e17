"""The JSON of a save, decoded into typed data: what is asked for is checked, and everything else is skipped unseen.

    if first_name(source) == "gamestarted":
        save = decode(source, Save, "KoboldAI save")

Limits: a file of more than `_MAX_BYTES` or with more than `_MAX_VALUES` values is refused, which bounds the memory it
costs. Half an emoji (a lone surrogate, which JavaScript lets pass) is read as a replacement character.
"""

import re
from functools import cache
from typing import TypeVar

import msgspec

from corpus.readers.source import Source
from corpus.story import StoryError

_MAX_BYTES = 48 << 20
_MAX_VALUES = 3_000_000
"""The largest export of a whole account has a tenth of it."""
_FIRST_NAME = re.compile(r'[\ufeff\s]*\{\s*"(\w+)"\s*:')
_ESCAPE = re.compile(
    rb"\\(?:u(d[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}|u(d[89a-f][0-9a-f]{2})|.)", re.IGNORECASE | re.DOTALL
)
_MARKS_OF_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

T = TypeVar("T")


def first_name(source: Source) -> str:
    """The first name in a JSON object, "" where there is none: programs always write theirs in one order."""
    match = _FIRST_NAME.match(source.head_text)
    return match[1] if match else ""


def holds(source: Source, *names: str) -> bool:
    """Whether the content is a JSON object with all these names in it; never raises for what a file holds."""
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
    """The document as a `shape`; `what` names the format in messages. Raises StoryError where it is none."""
    data = utf8(source)
    if len(data) > _MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {_MAX_BYTES >> 20} MiB, more than any {what}.")
    if data.count(b",") > _MAX_VALUES:
        raise StoryError(f"{source.name} holds more values than any {what}, which may be an attack. It was not read.")
    try:
        try:
            return msgspec.json.decode(data, type=shape)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if b"\\ud" not in data.lower():
                raise
            return msgspec.json.decode(_ESCAPE.sub(_whole_escape, data), type=shape)
    except msgspec.ValidationError as error:
        raise StoryError(
            f"{source.name} is no {what} of a kind that is known: {error}. Save it anew in the program that made it."
        ) from error
    except RecursionError as error:
        raise StoryError(f"{source.name} is nested more deeply than any {what}. It was not read.") from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        if not _is_utf8(data):  # msgspec's versions differ in which of the two errors they raise then
            source.text  # noqa: B018 - raises, with the line
            raise StoryError(f"{source.name} is damaged: it is not UTF-8 text.") from error
        raise StoryError(
            f"{source.name} is damaged or cut off: {error}. Copy it, or save it, again from the program that made it."
        ) from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def count(raw: msgspec.Raw) -> int:
    """How many elements an array or object that was left undecoded has; 1 for another value that says something."""
    text = bytes(raw).strip()
    if not text or text in (b"null", b'""', b"[]", b"{}", b"false", b"0"):
        return 0
    try:
        if text.startswith(b"["):
            return len(msgspec.json.decode(raw, type=list[msgspec.Raw]))
        if text.startswith(b"{"):
            return len(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError):  # only counted, not read
        pass
    return 1


@cache
def _names(names: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Names", [(name, msgspec.Raw, msgspec.Raw(b"")) for name in names])


def _whole_escape(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match[2] else match[0]


def utf8(source: Source) -> bytes:
    """The content in the encoding that JSON is decoded from."""
    if source.head.startswith(_MARKS_OF_OTHER_ENCODINGS):
        return source.text.encode()
    return source.data.removeprefix(b"\xef\xbb\xbf")
