"""Small helpers for text that people read: what may be kept and shown, one line of it, and a guess at what was meant.

`printable` is for text that is kept, `visible` for text that is shown: what is kept stays as its writer wrote it, and
what is shown tells the whole of it.

All three parts use them. Standard library only, for the game imports it at start.
"""

import difflib
import re
from collections.abc import Iterable, Iterator

# Control characters and lone surrogates, which no text may hold; newlines are kept.
CONTROL = r"\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_CONTROLS = re.compile(f"[{CONTROL}]")
HIDDEN_MARK = "\u2426"
"""Shown for characters that would not show: ␦, which is one cell wide everywhere."""
# They turn the direction of what follows (a name could read backwards), or take no room and hide a text in another:
# marks, embeddings, overrides and isolates of direction, spaces without width, byte order marks, annotations, tags.
_HIDDEN = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
# Joiners and non-joiners belong to emoji and to scripts whose letters join; beside others they only hide.
_JOINING = "\u0600-\u061b\u061d-\u1fff\u2190-\ufefe\uff00-\ufff8\ufffc-\U0001ffff"
_LEFT_OUT = CONTROL.replace(r"\x09", r"\x08") + r"\xad"
_UNSHOWN = re.compile(rf"\t|(?:[{_LEFT_OUT}{_HIDDEN}]|(?<![{_JOINING}])[\u200c\u200d]+(?![{_JOINING}]))+")
_ONLY_LEFT_OUT = re.compile(f"[{_LEFT_OUT}]*")
_LONGEST_WORD = 60
"""Characters of a mistyped word that are compared: matching is quadratic, and no name of ours is longer."""


def printable(text: str) -> str:
    """`text` without control characters (ANSI escapes lose their escape), newlines kept, tabs as spaces."""
    return text if text.isprintable() else _CONTROLS.sub("", text.replace("\t", " "))


def visible(text: str) -> str:
    """`text` as it is shown: like `printable`, with a mark for each stretch of characters that hide or turn text.

    Soft hyphens, which terminals show differently, are left out.
    """
    if text.isprintable():
        return text
    shown, end = "", 0
    for start, stop, instead in unshown_stretches(text):
        shown, end = shown + text[end:start] + instead, stop
    return shown + text[end:]


def unshown_stretches(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a text is not shown as it is: start, end, and what is shown instead, which is one character or none."""
    for found in _UNSHOWN.finditer(text):
        if found[0] == "\t":
            yield found.start(), found.end(), " "
        else:
            yield found.start(), found.end(), "" if _ONLY_LEFT_OUT.fullmatch(found[0]) else HIDDEN_MARK


def one_line(text: str) -> str:
    """`text` as one printable line: every run of white space is a single space."""
    return " ".join(printable(text).split())


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """` Did you mean save?` (with the leading space) for a mistyped word, or "" where nothing known is close."""
    close = difflib.get_close_matches(word[:_LONGEST_WORD], list(known), most)
    return f" Did you mean {' or '.join(close)}?" if close else ""
