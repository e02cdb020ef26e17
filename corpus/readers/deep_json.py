"""Decode JSON of any depth, where the usual decoders stop after some hundred levels.

    deep_json.decode('{"a": [[[1]]]}')

It is as strict as they are, but a loop instead of a recursion.

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
    """Return the value of a JSON document. Raise ValueError, usually with the line, if it is not valid."""
    root: list[Any] = []
    open_values: list[dict[str, Any] | list[Any]] = [root]
    at = 0
    for _ in range(_MAX_VALUES):
        innermost = open_values[-1]
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
            open_values.append(value)
            if _sign(text, at)[0] not in ("]", "}"):
                continue
        while open_values[-1] is not root:
            sign, at = _sign(text, at)
            if sign == ",":
                break
            if sign != ("}" if isinstance(open_values[-1], dict) else "]"):
                raise json.JSONDecodeError("Expecting a comma or an end", text, at)
            open_values.pop()
        else:
            sign, at = _sign(text, at)
            if sign or at < len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            return root[0]
    raise ValueError(f"it holds more than {_MAX_VALUES:,} values")


def _value(text: str, at: int) -> tuple[Any, int]:
    """Return the next string, word or number; an object or list that begins here is returned empty."""
    blank = _BLANK.match(text, at)
    assert blank is not None  # it matches the empty string, too
    at = blank.end()
    sign = text[at : at + 1]
    if sign == "{":
        return {}, at + 1
    if sign == "[":
        return [], at + 1
    return _SCALARS.raw_decode(text, at)


def _sign(text: str, at: int) -> tuple[str, int]:
    """Return the next comma, colon or closing bracket ("" if there is none), and the position after it."""
    match = _SIGN.match(text, at)
    assert match is not None
    return match[1], match.end()
