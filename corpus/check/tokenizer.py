"""Split a passage's prose into words and sentences, and separate the narration from speech.

For English prose with straight or curly double quotation marks around speech.

Limits: speech in single quotation marks counts as narration, because an apostrophe looks the same.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# What precedes a word that begins a sentence, a line, or speech.
_OPENING = re.compile(r"[.!?…:]|\n|[\"'“‘(]$")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)]*(?=\s+[\"'“‘(]*[^\Wa-z]|\s*$)|\n\s*\n")
# Speech that is open at the end of a paragraph continues in the next one.
_SPEECH = re.compile(r'"[^"]*(?:"|$)|“[^”]*(?:”|$)')
_ABBREVIATIONS = frozenset({"Mr", "Mrs", "Ms", "Dr", "St"})


class Word(NamedTuple):
    """A word of a text."""

    written: str
    lower: str
    """In lower case, with a straight apostrophe."""
    opens: bool
    """Whether a sentence, a line or speech begins with it."""
    capital: bool
    """Whether it begins with a capital letter; "I" and its short forms don't count."""


def words(text: str) -> Iterator[Word]:
    """Yield the words of `text`; the parts of a hyphenated word are separate words."""
    end = 0
    before = ""
    for match in _WORD.finditer(text):
        gap = text[end : match.start()]
        written = match[0]
        opens = not end or (_OPENING.search(gap) is not None and not (before in _ABBREVIATIONS and gap == ". "))
        capital = written[0].isupper() and written[:2] not in ("I", "I'", "I’")
        yield Word(written, written.lower().replace("’", "'"), opens, capital)
        before, end = written, match.end()


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`. `"Who is there?" you ask.` is one; the end of a paragraph ends a sentence."""
    found = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if text[match.start() - 2 : match.start()] in ("Mr", "Ms", "Dr", "St") or text[: match.start()].endswith("Mrs"):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if _WORD.search(sentence)]


def has_speech(text: str) -> bool:
    """Return whether somebody speaks in the text."""
    return _SPEECH.search(text) is not None


def narration(text: str) -> str:
    """Return `text` with each quotation replaced by an empty pair of quotation marks."""
    return "\n\n".join(_SPEECH.sub('""', paragraph) for paragraph in text.split("\n\n"))


def stem(word: str) -> str:
    """Return what forms of one word most likely share: "opens", "opened" and "opening" have the same stem."""
    return word.removesuffix("'s")[:5]
