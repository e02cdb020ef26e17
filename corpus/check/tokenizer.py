"""A passage's prose as words, sentences, and what is told outside quotation marks.

Written for English prose with straight or curly double quotes around speech.

Limits: speech in single quotes counts as telling, for an apostrophe looks the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# What stands in front of a word that begins a sentence, a line, or somebody's speech.
_OPENING = re.compile(r"[.!?…:]|\n|[\"'“‘(]$")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)]*(?=\s+[\"'“‘(]*[^\Wa-z]|\s*$)|\n\s*\n")
# A quotation that is open at the end of a paragraph goes on in the next one.
_SPEECH = re.compile(r'"[^"]*(?:"|$)|“[^”]*(?:”|$)')
_SHORTENED = frozenset({"Mr", "Mrs", "Ms", "Dr", "St"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is written, and whether a sentence (a line, somebody's speech) begins with it."""

    written: str
    opens: bool

    @property
    def lower(self) -> str:
        """In small letters, with a straight apostrophe."""
        return self.written.lower().replace("’", "'")

    @property
    def capital(self) -> bool:
        """Whether it is written with a capital, "I" and its short forms aside."""
        return self.written[0].isupper() and self.written[:2] not in ("I", "I'", "I’")


def words(text: str) -> Iterator[Word]:
    """The words of `text`; the parts of a hyphenated word are words."""
    end = 0
    before = ""
    for match in _WORD.finditer(text):
        gap = text[end : match.start()]
        opens = not end or (_OPENING.search(gap) is not None and not (before in _SHORTENED and gap == ". "))
        yield Word(match[0], opens)
        before, end = match[0], match.end()


def sentences(text: str) -> list[str]:
    """The sentences of `text`. `"Who is there?" you ask.` is one; a paragraph's end ends a sentence."""
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
    """Whether somebody speaks in it."""
    return _SPEECH.search(text) is not None


def telling(text: str) -> str:
    """`text` with its speech taken out; an empty pair of quotes stays in its place."""
    return "\n\n".join(_SPEECH.sub('""', paragraph) for paragraph in text.split("\n\n"))


def beginning(word: str) -> str:
    """What two forms of one word most likely share: "opens", "opened" and "opening" have one beginning."""
    return word.removesuffix("'s")[:5]
