"""Prose that plays the player's part: what "you" say, decide or do, and a narrator who says "I".

    player_quotes('You say, "Hello." He nods.')          # ["Hello."]
    invents_decision("You agree to go.", "you wait")     # True: the action is "You wait."
    begins_deed("You go down to the river.", "you wait") # True
    is_first_person("My hand shakes.")                   # True

Of deeds, only a sentence that begins with one is found: what follows from an action inside a sentence ("You open it and
step in") looks like what was not asked for.
`finetune.data.player_speech` finds the same for training and `dungeon evaluate`, a little more broadly: a decision in a
question or a condition ("if you agree") counts there, and does not here.

Limits: English. Speech in single quotes is found by its marks alone, and only within its line. The words of a letter
or of a sign are narration unless they stand in quotation marks.
"""

import re

from corpus.actions import QUOTES, SPEECH_VERBS
from corpus.person import second_person
from corpus.words import word_set
from dungeon.tale.prose import split_speech


def _verb_forms(verb: str) -> str:
    """Return a pattern of a verb and its regular past: beg, begged; cry, cried."""
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "(?:y|ied)"
    return f"{verb}(?:d|{verb[-1]}?ed)?"


_SAY = "|".join([*map(_verb_forms, sorted(SPEECH_VERBS)), "ask(?:ed)?", "said|say|told|thought"])
_ADVERB = r"(?:\w+ly |then |finally |just |also )?"
_YOU_SAY = rf"\byou {_ADVERB}(?:{_SAY})"
_SAID_BEFORE = re.compile(rf"{_YOU_SAY}\b[^.!?]{{0,60}}$", re.IGNORECASE)
_SAID_AFTER = re.compile(rf",?\s*{_YOU_SAY}\b", re.IGNORECASE)
_SAID_AT_END = re.compile(rf"{_YOU_SAY}\W*$", re.IGNORECASE)
_DECIDE = "decide|choose|chose|agree|accept|refuse|promise|resolve|vow|make up your mind"
_YOU_DECIDE = re.compile(rf"\byou {_ADVERB}(?P<verb>{_DECIDE})(?:d|ed)?\b", re.IGNORECASE)
_REPORTS = re.compile(rf"you {_ADVERB}(?P<verb>{_SAY})\b", re.IGNORECASE)
_NOT_YET = word_set("""
    if unless when whenever until till before after once whether that which whichever what whatever who how why where as
    do did don't will would won't can could may might should must shall than
    """)
"""After these words "you decide" is not a decision yet: `if you agree`, `do you accept`, `the way that you chose`."""
_DEED = re.compile(
    rf"(?:(?:and|but|now|slowly|so|suddenly|then),? )?you {_ADVERB}(?P<verb>[a-z']+)(?!\w)(?<! then)(?<!ly)",
    re.IGNORECASE,
)
"""An adverb at the end of a growing sentence is not its verb yet."""
_NO_DEEDS = word_set("""
    am are arrive be can can't cannot catch collapse come could couldn't did didn't do don't enter face fall feel
    felt find follow found glimpse had have hear heard hit hold hope keep knew know land lie look lose may might
    must need notice own reach realise realize recognise recognize remember saw see seem sense should sink sit slip
    smell spot stand stare still stumble taste tremble wake want was watch were will won't wonder would
    """)
"""What "you" perceive, feel, are or suffer, and what others make "you" do."""
_SINGLE_QUOTES = re.compile(r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)(?:'(?!\w)|$)")


def player_quotes(line: str) -> list[str]:
    """Return the quotations in a line that "you" say, without their marks."""
    pieces = [(False, ""), *_pieces(line), (False, "")]
    return [
        words
        for (_, before), (is_speech, words), (_, after) in zip(pieces, pieces[1:], pieces[2:], strict=False)
        if is_speech and (_SAID_BEFORE.search(before) or _SAID_AFTER.match(after))
    ]


def may_become_player_speech(line: str) -> bool:
    """Whether an unfinished line has a quotation that "you" say, or ends where one may begin ("You say")."""
    return bool(_SAID_AT_END.search(line.translate(QUOTES)) or player_quotes(line))


def invents_decision(line: str, action_words: str) -> bool:
    """Whether "you" decide something in the narration of a line that the action, as bare words, does not have."""
    return any(
        _is_decision(words[: match.start()]) and match["verb"].lower()[:5] not in action_words
        for words in narration(line)
        for match in _YOU_DECIDE.finditer(words)
    )


def reports_player_speech(line: str, action_words: str) -> bool:
    """Whether a line begins with what "you" say or ask, and the action, as bare words, does not have the verb.

    In a paragraph of its own ("You ask what she wears.") that is the player's next action.
    """
    match = _REPORTS.match(line)
    return match is not None and match["verb"].lower()[:3] not in action_words


def begins_deed(sentence: str, action_words: str) -> bool:
    """Return whether a sentence begins with what "you" do, and the action, as bare words, does not have the verb.

    What "you" perceive, feel or suffer is no deed.
    """
    match = _DEED.match(sentence)
    verb = match["verb"].lower() if match else ""
    return bool(verb) and verb not in _NO_DEEDS and f" {verb[:4]}" not in f" {action_words}"


def may_become_deed(sentence: str) -> bool:
    """Return whether the beginning of a sentence is about "you", and its verb is not there yet."""
    words = sentence.lower().split()
    return len(words) <= 3 and "you" in words[:2]


def is_first_person(line: str) -> bool:
    """Whether a narrator says "I" in a line: `second_person` would change the narration. Initials don't count."""
    return any(second_person(words) != words for words in narration(line))


def _is_decision(before: str) -> bool:
    """Whether "you decide" after that text is a decision, neither a question nor a condition."""
    clause = re.split(r"[.!?,;:]", before)[-1].lower()
    return _NOT_YET.isdisjoint(re.findall(r"[\w']+", clause))


def narration(line: str) -> list[str]:
    """Return the pieces of a line that nobody speaks."""
    return [words for is_speech, words in _pieces(line) if not is_speech]


def _pieces(line: str) -> list[tuple[bool, str]]:
    """Split a line into speech and narration. Single quotes count where there are no double ones."""
    line = line.translate(QUOTES)
    return split_speech(line if '"' in line else _SINGLE_QUOTES.sub(r'"\1"', line))
