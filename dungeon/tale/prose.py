"""What a voice writes, made fit to show: where a turn stops, and where its last sentence ends.

Pure functions on the text so far; the session calls them for every piece that streams in.
"""

import re

from corpus.turns import STOP, clean_prose

OVERRUN = 20
"""Tokens past the budget in which a turn may finish its sentence."""

# A full stop after one of these, or after a single capital (an initial), ends no sentence.
_ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "sgt", "capt", "lt", "prof", "rev", "vs"})
_END = re.compile(r"""(?P<stop>\.\.\.|[.!?…]+)(?P<close>["'”’)*\]]*)(?=\s|$)""")


def tidy(raw: str) -> str:
    """The prose in what a voice has written so far: nothing from the next action on, no control characters."""
    raw = raw.lstrip()
    if raw.startswith(STOP.strip()):
        return ""
    return clean_prose(raw.split(STOP, 1)[0]).strip()


def sentence_end(text: str) -> int:
    """The index behind the last whole sentence, 0 where there is none. A sentence in an open quote is not whole."""
    for match in reversed(list(_END.finditer(text))):
        if _is_end(text, match):
            return match.end()
    return 0


def at_sentence_end(text: str) -> bool:
    """Whether the text stops where a sentence does."""
    return bool(text) and sentence_end(text) == len(text)


def cut(text: str) -> str:
    """The text without a broken last sentence; whole where it holds not one end, for nothing else is left then."""
    end = sentence_end(text)
    return text[:end] if end else text


def _is_end(text: str, match: re.Match[str]) -> bool:
    paragraph = text.rfind("\n\n", 0, match.end()) + 1
    if text.count('"', paragraph, match.end()) % 2:
        return False
    if match["stop"] == "." and not match["close"]:
        word = re.search(r"(\w+)$", text[max(0, match.start() - 12) : match.start()])
        if word and (word[1].lower() in _ABBREVIATIONS or re.fullmatch(r"[A-HJ-Z]", word[1])):
            return False
    return True
