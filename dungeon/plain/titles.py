"""Which of many titles a player means by a few words.

    find_titles("ten-forty", entries, names)        # [The Ten-Forty]
    find_titles("ten", entries, names)              # all that begin with it: the player is to say more
    near_titles("teh ten fourty", entries, names)   # those that are spelt nearly so

`names` gives the names of an entry: its title, and what the command line calls it. Capitals, punctuation and an article
at the beginning make no difference.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rapidfuzz import fuzz

T = TypeVar("T")
Names = Callable[[T], Iterable[str]]

_ARTICLES = ("the", "a", "an")
_NEAR = 75
"""How like a word of a title a mistyped one must be, in per cent."""
_SAME = 85
"""How like a title a mistyped one must be as a whole."""


def find_titles(text: str, entries: Sequence[T], names: Names[T]) -> list[T]:
    """Return the entries that the text names best, in their order: one if it is clear, none if nothing has its words.

    A whole name is better than the beginning of one, and that is better than words from anywhere in it; last come words
    of which the text has the beginnings.
    """
    wanted = _words(text)
    if not wanted:
        return []
    words_of = [(entry, [_words(name) for name in names(entry)]) for entry in entries]
    for fits in (_is_all, _begins, _has_words, _has_beginnings):
        if found := [entry for entry, named in words_of if any(fits(wanted, words) for words in named)]:
            return found
    return []


def near_titles(text: str, entries: Sequence[T], names: Names[T], most: int = 3) -> list[T]:
    """Return the entries of which the text may be a misspelt name, or misspelt words of one; the nearest come first."""
    wanted = _words(text)
    scored = [(max(_likeness(wanted, _words(name)) for name in names(entry)), entry) for entry in entries]
    near = sorted((pair for pair in scored if pair[0] >= _NEAR), key=lambda pair: -pair[0])
    return [entry for _, entry in near[:most]]


def is_nearly(text: str, name: str) -> bool:
    """Return whether the text is the whole name but for a slip or two."""
    return _ratio(_words(text), _words(name)) >= _SAME


def _words(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", text.casefold()))
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _is_all(wanted: list[str], words: list[str]) -> bool:
    return wanted == words


def _begins(wanted: list[str], words: list[str]) -> bool:
    return f"{' '.join(words)} ".startswith(f"{' '.join(wanted)} ")


def _has_words(wanted: list[str], words: list[str]) -> bool:
    return set(wanted) <= set(words)


def _has_beginnings(wanted: list[str], words: list[str]) -> bool:
    return all(any(word.startswith(start) for word in words) for start in wanted)


def _likeness(wanted: list[str], words: list[str]) -> float:
    """Return from 0 to 100 how like the name the text is, or else the least like of its words to a word of the name."""
    of_words = (max((fuzz.ratio(word, other) for other in words), default=0) for word in wanted)
    return max(_ratio(wanted, words), min(of_words, default=0))


def _ratio(one: list[str], other: list[str]) -> float:
    return fuzz.ratio(" ".join(one), " ".join(other))
