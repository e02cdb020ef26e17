"""JSON of any depth -> Python's values, where the usual decoders stop at some hundred levels.

    nested.decode('{"a": [[[1]]]}')

As strict as they are, in a loop instead of a recursion.

Limits: about a tenth of their speed; `_MAX_VALUES` values.
"""

import json
import re
from typing import Any

_MAX_VALUES = 500_000
_BLANK = re.compile(r"[ \t\n\r]*")
_SIGN = re.compile(r"[ \t\n\r]*([,:\]}]?)")
_SCALARS = json.JSONDecoder()


def decode(text: str) -> Any:
    """The value that the document states. Raises ValueError, most often with the line, where it states none."""
    root: list[Any] = []
    inside: list[dict[str, Any] | list[Any]] = [root]
    at = 0
    for _ in range(_MAX_VALUES):
        innermost = inside[-1]
        if isinstance(innermost, dict):
            name, at = _value(text, at)
            sign, at = _sign(text, at)
            if not isinstance(name, str) or sign != ":":
                raise json.JSONDecodeError("Expecting a name in quotes and a colon", text, at)
            value, at = _value(text, at)
            innermost[name] = value
        else:
            value, at = _value(text, at)
            innermost.append(value)
        if isinstance(value, dict | list):
            inside.append(value)
            if _sign(text, at)[0] not in ("]", "}"):
                continue
        while inside[-1] is not root:
            sign, at = _sign(text, at)
            if sign == ",":
                break
            if sign != ("}" if isinstance(inside[-1], dict) else "]"):
                raise json.JSONDecodeError("Expecting a comma or an end", text, at)
            inside.pop()
        else:
            sign, at = _sign(text, at)
            if sign or at < len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            return root[0]
    raise ValueError(f"it holds more than {_MAX_VALUES:,} values")


def _value(text: str, at: int) -> tuple[Any, int]:
    """A text, word or number; of an object or a list, which begins here, an empty one."""
    blank = _BLANK.match(text, at)
    assert blank is not None  # it matches nothing, too
    at = blank.end()
    sign = text[at : at + 1]
    if sign == "{":
        return {}, at + 1
    if sign == "[":
        return [], at + 1
    return _SCALARS.raw_decode(text, at)


def _sign(text: str, at: int) -> tuple[str, int]:
    """The comma, colon or end that comes next, if one does, and the place behind it and the blanks before it."""
    match = _SIGN.match(text, at)
    assert match is not None
    return match[1], match.end()
