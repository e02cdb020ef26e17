"""The words in front of "turn to 42" -> what the reader does.

    >>> label("If you open the door, ", "")
    ('Open the door', '')
    >>> label("You fall asleep. Now ", "")
    ('', 'You fall asleep.')

A condition that the reader doesn't decide stays a statement ("You have the rope"), which reads right as an action too.
"""

import re

_CONNECTIVE = re.compile(
    r"^(?:[\s,;:.–—)\]*-]|and\b|or\b|but\b|then\b|alternatively\b|else\b|however\b|finally\b|now\b|please\b|either\b|you may also\b)+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[\s,;:–—(\[*-]|\b(?:and|then|by|so|or|please|now|you must|you should|you may|you can|you|must|should|will|have to|need to|simply|just))+$",
    re.IGNORECASE,
)
_BUTTED = re.compile(r"[\s,;:–—(\[*-]+$")
_WANT = re.compile(
    r"(?:(?:want|wish|would like|'d like|’d like|would prefer|prefer|choose|decide|would rather|'d rather|’d rather|intend|try|"
    r"attempt|plan|are going|are willing|are determined|elect|opt|dare|care|feel like|think it (?:is )?(?:best|wise|better))"
    r"\s+(?:instead\s+)?(?:to\s+)?)",
    re.IGNORECASE,
)
_STATIVE = re.compile(
    r"(?:have|has|had|haven't|haven’t|are|aren't|aren’t|were|weren’t|weren't|can|cannot|can't|can’t|could|do not|don't|don’t|did|didn’t|didn't|know|"
    r"possess|own|lack|already|still|never|carry|need|win|lose|survive|succeed|fail|score|roll|met|only)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^(?:only\s+)?(?:if|should|when|whenever|unless|in case|provided(?: that)?)\s+", re.IGNORECASE)
_OFFER = re.compile(
    r"^(?:will you|would you(?: like to)?|do you(?: want to| wish to)?|you (?:may|can|could|might)(?: also| now| either)?|to|"
    r"you (?:decide|choose) to)\s+",
    re.IGNORECASE,
)
_NOT = re.compile(r"^(?:if\s+)?(?:you (?:do|have|are|did|would) )?not(?:\s+do)?$|^otherwise$|^if you (?:don't|don’t|haven't|haven’t|aren't|aren’t|can't|can’t|cannot)$", re.IGNORECASE)
_DICE = re.compile(r"^(?:on|with|for|if you (?:roll|score|throw))\s+(?:a\s+|an\s+)?(?:roll of\s+|score of\s+)?(\d[\d\s\-–,orto]*)$", re.IGNORECASE)
_NEGATIONS = (
    (re.compile(r"^You (are|were|can|could|have (?=not\b|already\b|been\b|met\b|seen\b))\b", re.IGNORECASE), r"You \1 not"),
    (re.compile(r"^You have\b"), "You do not have"),
)
_STATEMENT = re.compile(r"^(?:you|the|a|an|he|she|it|they|we|i|his|her|its|their|there|this|that|these|those|your|suddenly|as|after|before|with|once)\b", re.IGNORECASE)
_ENDED = re.compile(r"^(.*[.!?…][\"”’')]*)\s+(\S.*)$", re.DOTALL)
OTHERWISE = "Decide otherwise"


def label(clause: str, last: str) -> tuple[str, str]:
    """The choice's label ("" where the text only goes on), and what of the clause is narration.

    `last` is the label of the choice before, for "if not".
    """
    whole = clause
    text = _CONNECTIVE.sub("", clause)
    ended = _ENDED.match(text)
    narration = ""
    if ended and not _CONDITION.match(ended[1]):
        narration, text = ended[1], _CONNECTIVE.sub("", ended[2])
    text = _BUTTED.sub("", text)
    if _NOT.fullmatch(_TAIL.sub("", text)) or re.match(r"^otherwise\b", text, re.IGNORECASE):
        return _negated(last), narration
    dice = _DICE.match(text)
    if dice:
        return f"Roll {' '.join(dice[1].split())}", narration
    condition = _CONDITION.match(text)
    if condition:
        return _condition(_TAIL.sub("", text[condition.end() :])), narration
    offer = _OFFER.match(text)
    if offer and _TAIL.sub("", text[offer.end() :]):
        return _capital(_wanted(_TAIL.sub("", text[offer.end() :]))), narration
    short = _TAIL.sub("", text)
    if not short:
        return "", narration
    if _STATEMENT.match(short):
        told = short if short.endswith((".", "!", "?")) else f"{short}."
        return "", f"{narration} {told}".strip() if whole.strip() else narration
    return _capital(short), narration


def _condition(text: str) -> str:
    """What stands behind "if": something to do, or something that is so."""
    text = text.strip(" ,.")
    # "…the door, then turn to 42": the condition itself, not what follows it.
    you = re.match(r"you(?:['’]d)?\s+", text, re.IGNORECASE)
    if not you:
        return _capital(text)
    rest = text[you.end() :] if not text[: you.end()].rstrip().lower().endswith("d") else "would " + text[you.end() :]
    wanted = _WANT.match(rest)
    if wanted and wanted.end() < len(rest):
        return _capital(_wanted(rest))
    if _STATIVE.match(rest):
        return f"You {rest}"
    return _capital(rest)


def _wanted(text: str) -> str:
    """ "want to open the door" -> "open the door"."""
    wanted = _WANT.match(text)
    return text[wanted.end() :] if wanted and wanted.end() < len(text) else text


def _negated(last: str) -> str:
    for pattern, replacement in _NEGATIONS:
        if pattern.match(last):
            return pattern.sub(replacement, last)
    return OTHERWISE


def _capital(text: str) -> str:
    text = text.strip(" ,.;:!?")
    return text[:1].upper() + text[1:]
