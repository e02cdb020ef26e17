"""Finds where a turn's prose takes the player's part: speaks for them, decides for them, or narrates as "I".

    list(player_speech('You say "Who is there?"', 'Nobody answers. "I surrender," you say.'))   # [(16, 40)]
    in_second_person("You open the door.")                                                      # True

`compare.measures` counts it in what a voice generates, and the recipe's `skip_player_speech` keeps it from being
learned (`unlearned_spans`). Deeds are not counted: what follows from an action ("You open it and step in") can't be
told from what the player did not ask for.

Limits: English, by rules on words. Speech in single quotes is recognised by its marks alone.
"""

import re
from collections.abc import Iterator

from corpus.actions import QUOTES, SPEECH_VERBS
from corpus.person import second_person
from corpus.turns import ACTION_MARK
from corpus.words import gerund

_ACTION = re.compile(rf"^{ACTION_MARK}(.*)$", re.MULTILINE)
_SECOND_PERSON_WITHIN = 350
"""Characters of a turn, player speech left out, within which it must say "you": about as many as the game shows."""
_YOU = re.compile(r"\byou(?:r|rs|rself|rselves)?\b", re.IGNORECASE)
_LAST_LETTER = re.compile(r"\b[a-z]$")  # of a word that was cut: an "i" at the end is not a pronoun
_SINGLE_QUOTES = re.compile(r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)")


def past_tense(verb: str) -> str:
    """Return the regular past: open, opened; stop, stopped; cry, cried."""
    if verb.endswith("y") and verb[-2:-1] not in "aeou":
        return verb[:-1] + "ied"
    return verb + "d" if verb.endswith("e") else gerund(verb)[:-3] + "ed"


_SPEAK = "|".join(
    sorted({"ask", "say", "said", "told", "thought"} | SPEECH_VERBS | {past_tense(verb) for verb in SPEECH_VERBS})
)
_DECIDE = r"decided?|choose|chose|agreed?|accept(?:ed)?|refused?|promised?|resolved?|vow(?:ed)?|make up your mind"
_ADVERB = r"(?:\w+ly |then |finally |just |also )?"
_SPEAKS = re.compile(
    rf'\byou {_ADVERB}(?:{_SPEAK})\b[^".!?]{{0,60}}"([^"]*)|"([^"]*)" you {_ADVERB}(?:{_SPEAK})\b', re.IGNORECASE
)
_DECIDES = re.compile(rf"\byou {_ADVERB}(?:{_DECIDE})\b", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"\n]*(?:"|$)', re.MULTILINE)
_SENTENCE_END = re.compile(r"""[.!?…]["')\]]*(?=\s|$)|\n""")
_CLOSED = re.compile(r'[.!?…]"\Z')
_MORE_SPEECH = re.compile(r' *"[^"\n]*[.!?…]"(?! [a-z])')


def in_second_person(prose: str) -> bool:
    """Return whether the narration addresses the player, and no narrator says "I"."""
    return any(map(_YOU.search, _narration(prose))) and not in_first_person(prose)


def in_first_person(prose: str) -> bool:
    """Return whether the narration says "I", "my" or "me"."""
    # What `second_person` would change is a first person, not a numeral or an initial.
    return any(second_person(piece) != piece for piece in _narration(prose))


def player_speech(action: str, prose: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence in which "you" say what the action does not say, or decide."""
    marked = _with_double_quotes(prose)  # as long as the prose
    action_words = _bare_words(action)
    for match in _SPEAKS.finditer(marked):
        if _bare_words(match[1] or match[2] or "") not in action_words:
            yield _sentence_around(marked, *match.span())
    for match in _DECIDES.finditer(_QUOTED.sub(lambda quote: '"' * len(quote[0]), marked)):
        yield _sentence_around(marked, *match.span())


def unlearned_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of what `skip_player_speech` leaves unlearned in a tale of several turns.

    That is every sentence of `player_speech`, and every turn that is slow to say "you". The start of the text may lie
    within a turn, which has no action here and may have said "you" before.
    """
    lines = list(_ACTION.finditer(text))
    starts = [0, *(line.end() for line in lines)]
    stops = [*(line.start() for line in lines), len(text)]
    actions = ["", *(line[1] for line in lines)]
    found = []
    for action, start, stop in zip(actions, starts, stops, strict=True):
        prose = text[start:stop]
        spans = list(player_speech(action, prose))
        kept = prose
        for first, last in spans:
            kept = kept[:first] + " " * (last - first) + kept[last:]
        beginning = " ".join(kept.split())[:_SECOND_PERSON_WITHIN]
        is_slow = action and beginning and not in_second_person(beginning)
        found += [(start, stop)] if is_slow else [(start + first, start + last) for first, last in spans]
    return found


def _narration(prose: str) -> list[str]:
    """Return the pieces of a text outside quotation marks; a quote that is left open ends with its line."""
    lines = _LAST_LETTER.sub("", _with_double_quotes(prose)).split("\n")
    return [piece for line in lines for piece in line.split('"')[::2]]


def _with_double_quotes(prose: str) -> str:
    """Return the text with typed double quotes around all speech; single ones inside double ones stay."""
    lines = prose.translate(QUOTES).split("\n")
    return "\n".join(line if '"' in line else _SINGLE_QUOTES.sub(r'"\1"', line) for line in lines)


def _sentence_around(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return the sentence around a part of a line, with speech that goes on behind it: `"No," you say. "Never."`"""
    begin = max((end.end() for end in _SENTENCE_END.finditer(text, 0, start)), default=0)
    if not _CLOSED.search(text, begin, stop):
        end = _SENTENCE_END.search(text, stop)
        stop = end.end() if end else len(text)
        if more := _MORE_SPEECH.match(text, stop):
            stop = more.end()
    return begin, stop


def _bare_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
