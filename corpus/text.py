"""Small helpers for text that people read: what may be shown, one line of it, and a guess at what was meant.

All three parts use them. Standard library only, for the game imports it at start.
"""

import difflib
import re
from collections.abc import Iterable

# Control characters and lone surrogates, which no text may hold; newlines are kept.
CONTROL = r"\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_CONTROLS = re.compile(f"[{CONTROL}]")
_LONGEST_WORD = 60
"""Characters of a mistyped word that are compared: matching is quadratic, and no name of ours is longer."""


def printable(text: str) -> str:
    """`text` without control characters (ANSI escapes lose their escape), newlines kept, tabs as spaces."""
    return text if text.isprintable() else _CONTROLS.sub("", text.replace("\t", " "))


def one_line(text: str) -> str:
    """`text` as one printable line: every run of white space is a single space."""
    return " ".join(printable(text).split())


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """` Did you mean save?` (with the leading space) for a mistyped word, or "" where nothing known is close."""
    close = difflib.get_close_matches(word[:_LONGEST_WORD], list(known), most)
    return f" Did you mean {' or '.join(close)}?" if close else ""
