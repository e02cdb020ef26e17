"""The rules for one passage: length, person and tense, and the characters that it may have."""

import re
from collections.abc import Iterator

from corpus.check.finding import Finding
from corpus.check.graph import ENDING
from corpus.check.tokenizer import narration, sentences
from corpus.check.word_lists import NO_PAST, PAST_FORMS
from corpus.story import Passage, Story

LENGTH = (40, 120)
"""Words of a passage, at least and at most: enough for something to happen, short enough for a turn."""

LONGEST_ENDING = 130
"""Words of an ending, at most."""

ADDRESSED = 0.7
"""The share of passages, at least, with "you" outside of speech."""

_YOU = re.compile(r"\byou(?:r|rs|rself)?\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I(?:'m|'ll|'ve|'d)?|my|myself|mine|me)\b(?!\.\w)")

_PAST = f"(?!(?:{'|'.join(NO_PAST)})\\b)(?:{'|'.join(PAST_FORMS)}|\\w+ed)"
_PAST_EVENT = re.compile(
    rf"(?:(?:Then|And|But|So|Slowly|Carefully|Quickly|Suddenly|At last|Finally),? )?[Yy]ou (?:\w+ly )?{_PAST}\b"
)
_SPEAKERS = r"(?:you|he|she|it|they|(?:the |[Yy]our )?\w+(?: [A-Z]\w+)?)"
_SPEAKING = "said|asked|replied|answered|whispered|shouted|called|muttered|cried|told"
_PAST_SPEECH = re.compile(rf'"" (?:{_SPEAKERS} (?:{_SPEAKING})|(?:said|asked|replied|answered) \w+)\b')

_FOREIGN = re.compile(r"[“”‘’«»„\[\]{}<>|*_#~^\\]|--|->|https?:|www\.|&\w+;")


def length(story: Story) -> Iterator[Finding]:
    """A passage has `LENGTH` words, an ending up to `LONGEST_ENDING`."""
    fewest, most = LENGTH
    outside = 0
    for passage in story.passages.values():
        count = len(passage.text.split())
        limit = LONGEST_ENDING if ENDING in passage.tags else most
        if not fewest <= count <= limit:
            outside += 1
            yield Finding(story.source, passage.name, f"has {count} words, not {fewest} to {limit}.")
    if outside:
        share = outside / len(story.passages)
        yield Finding(story.source, "", f"{share:.0%} of its passages are too short or too long.", note=True)


def person(story: Story) -> Iterator[Finding]:
    """The story addresses "you", and "I" occurs only in speech."""
    addressed = 0
    for passage in story.passages.values():
        prose = narration(passage.text)
        addressed += _YOU.search(prose) is not None
        if match := _FIRST_PERSON.search(prose):
            yield Finding(story.source, passage.name, f"the narration says '{match[0]}': {_around(prose, match)}.")
    share = addressed / len(story.passages)
    if share < ADDRESSED:
        yield Finding(story.source, "", f"{share:.0%} of its passages address 'you', less than {ADDRESSED:.0%}.")


def tense(story: Story) -> Iterator[Finding]:
    """The narration is in the present tense: no sentence begins with "You went", and nobody "said".

    Events before the story may be in the past tense, so a single such sentence in a passage is a note.
    """
    for passage in story.passages.values():
        prose = narration(passage.text)
        speaking = [match[0].removeprefix('"" ') for match in _PAST_SPEECH.finditer(prose)]
        events = [match[0] for sentence in sentences(prose) if (match := _PAST_EVENT.match(sentence))]
        if found := speaking + events:
            listed = ", ".join(f"'{text}'" for text in found[:4])
            yield Finding(story.source, passage.name, f"past tense: {listed}.", note=len(events) < 2 and not speaking)


def characters(story: Story) -> Iterator[Finding]:
    """Quotation marks are straight and in pairs; there is no markup, and no line that would read as an action."""
    for passage in story.passages.values():
        for what, text in (("the prose", passage.text), *(("a choice", choice.label) for choice in passage.choices)):
            if found := sorted({match[0] for match in _FOREIGN.finditer(text)}):
                yield Finding(story.source, passage.name, f"{what} has {' '.join(found)} in it.")
        yield from _quotes(story.source, passage)


def _quotes(source: str, passage: Passage) -> Iterator[Finding]:
    for paragraph in passage.text.split("\n\n"):
        if paragraph.count('"') % 2:
            start = " ".join(paragraph.split()[:5])
            yield Finding(source, passage.name, f"a double quote is missing in the paragraph '{start} …'.")
    for choice in passage.choices:
        if choice.label.count('"') % 2:
            yield Finding(source, passage.name, f"a double quote is missing in the choice '{choice.label}'.")


def _around(text: str, match: re.Match[str]) -> str:
    """Return the match with some of the text around it."""
    return " ".join(text[max(0, match.start() - 20) : match.end() + 20].split())
