"""Write a label in title case as a sentence: `Hide In The Closet` -> `Hide in the closet`.

    sentence_case("Go Inside")           # 'Go inside'
    sentence_case("Ask Queen Marisol")   # unchanged: her name

A label is in title case if every word but the small ones has a capital. If small words have one too, all words that
`corpus.words` has are ordinary ones; otherwise only the things and directions in it are, because `Run to the Ear` may
name a place.

Limits: English; a name that is also an ordinary word (`Talk To Rose`) keeps its capital only if it is in `_NAMES`.
"""

from collections.abc import Sequence
from itertools import takewhile

from corpus.words import (
    DETERMINERS,
    DIRECTIONS,
    GERUNDS,
    JOINS,
    PARTICLES,
    PRONOUNS,
    STUFF,
    THINGS,
    VERBS,
    WAYS,
    word_set,
)

_SMALL = (JOINS | WAYS | PARTICLES | DETERMINERS | PRONOUNS) | word_set("about is are was be if not it's than then so")
_ORDINARY = _SMALL | DIRECTIONS | THINGS | STUFF | GERUNDS.keys()
_NAMES = word_set("""
    art bill dawn drew earl frank grace guy harry hope hunter iris ivy jack joy june lance lily mark may miles nick pat
    rob robin rose rusty sandy sue violet ward will
    """)


def is_title_case(words: Sequence[str]) -> bool:
    """Return whether every word of a label but the small ones has a capital."""
    return all(word[:1].isupper() or word.lower() in _SMALL or not word[:1].isalpha() for word in words)


def sentence_case(text: str) -> str:
    """Return `text` without the capitals of title case; unchanged if it is not in title case."""
    words = text.split(" ")
    if text[1:].islower() or len(words) < 2 or not is_title_case(words):
        return text
    bare = [word.strip(".,!?…:;()\"'").lower() for word in words]
    capitals = [word[:1].isupper() and ((word == "A" and word != words[-1]) or not word.isupper()) for word in words]
    everywhere = any(capital and word in _SMALL for capital, word in list(zip(capitals, bare, strict=True))[1:])
    lowered = [n for n in range(1, len(words)) if everywhere and (bare[n] in _ORDINARY or bare[n] in VERBS)]
    for start in range(1, len(words)):
        phrase = list(takewhile(capitals.__getitem__, range(start, len(words))))
        after_determiner = words[start - 1].lower() in DETERMINERS
        if phrase and (after_determiner or (start == 1 and bare[0] in VERBS)):
            known = all(bare[n] in _ORDINARY or bare[n].endswith(("ed", "ly")) for n in phrase)
            lowered += phrase if known or (after_determiner and (everywhere or len(words) == 2)) else ()
        if bare[start - 1] in ("and", "or", "&", "to", "you", "i") and (
            bare[start] in VERBS or bare[start - 1] == "you"
        ):
            lowered.append(start)
    return " ".join(word.lower() if n in lowered and bare[n] not in _NAMES else word for n, word in enumerate(words))
