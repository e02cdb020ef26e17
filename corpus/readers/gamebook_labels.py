"""Turn the words before "turn to 42" into the label of a choice.

    >>> choice_label("If you open the door, ")
    ('Open the door', '')
    >>> choice_label("You fall asleep. Now ")
    ('', 'You fall asleep.')

A condition that the reader can't decide stays a statement ("You have the rope"), which also works as an action.
"""

import re
from collections.abc import Iterator

OTHERWISE = "Decide otherwise"
_LONGEST = 400
"""Characters; a longer clause is narration, not a choice."""

_CONNECTIVE = re.compile(
    r"(?:[\s,;:.–—)\]*-]|and\b|or\b|but\b|then\b|alternatively\b|else\b|however\b|finally\b|now\b|please\b|either\b"
    r"|you may also\b|instead\b)+",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[\s,;:–—(\[*-]+$")
_TAIL = re.compile(
    r"(?:[\s,;:–—(\[*-]|\b(?:and|then|by|so|or|please|now|you must|you should|you may|you can|you|must|should|will"
    r"|have to|need to|(?:it is|it's|it’s) time to|simply|just))+$",
    re.IGNORECASE,
)
_WANT = re.compile(
    r"(?:(?:want|wish|would like|would prefer|prefer|choose|decide|would rather|intend|try|attempt|plan|are going"
    r"|are willing|are determined|elect|opt|dare|care|feel like|think it (?:is )?(?:best|wise|better))"
    r"\s+(?:instead\s+)?(?:to\s+)?)",
    re.IGNORECASE,
)
_STATIVE = re.compile(
    r"(?:have|haven['’]t|are|aren['’]t|were|weren['’]t|can|cannot|can['’]t|could|do not|don['’]t|did|didn['’]t|know"
    r"|possess|own|lack|already|still|never|carry|need|win|lose|survive|succeed|fail|score|roll|met|only)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:only\s+)?(?:if|should|when|whenever|(?P<not>unless)|in case|provided(?: that)?)\s+", re.IGNORECASE
)
_OFFER = re.compile(
    r"(?:(?:will|would|do|can|could) you:?(?: like to| want to| wish to)?|you (?:may|can|could|might)(?: also| now"
    r"| either)?|to|you (?:decide|choose) to)\s+",
    re.IGNORECASE,
)
_CONDITION_HOLDS = re.compile(r"(?:if\s+)?(?:so|yes|you (?:do|are|have|will|would|can))", re.IGNORECASE)
_CONDITION_FAILS = re.compile(
    r"(?:if\s+)?(?:you (?:do|have|are|did|would|can|will|had|would rather) |you['’]d rather )?not(?:\s+do)?"
    r"|(?:if\s+)?no|otherwise.*|if you (?:don|haven|aren|can|won|didn|wouldn)['’]t|if you cannot",
    re.IGNORECASE | re.DOTALL,
)
_DICE = re.compile(
    r"(?:on|with|for|if you (?:roll|score|throw))\s+(?:a\s+|an\s+)?(?:roll of\s+|score of\s+)?(\d[\d\s\-–,orto]*)",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"(?:you|the|a|an|he|she|it|they|we|i|his|her|its|their|there|this|that|these|those|your|suddenly|as|after|before"
    r"|with|once)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"(?:who|what|why|where|when|how|which|is|are|was|were|did|does|has|had)\b", re.IGNORECASE)
_OVER = re.compile(r"[.!?…][\"”’')]{0,3}(?=\s+\S)")
_SPEECH = re.compile(r'"[^"]*+"|“[^“”]*+”')
_STATE = re.compile(r"You (?:still |already )?(?P<verb>\w+)(?P<not> not\b)?(?P<rest>.*)", re.DOTALL)
_OWNED = re.compile(r" (?:a|an|the|any|some|enough|at least|no|your|both|all|\d+)\b")


def choice_label(clause: str, last: str = "", asked: str = "") -> tuple[str, str]:
    """Return the label of the choice ("" if the text just continues), and the part of the clause that is narration.

    `last` is the label of the choice before, for "if not"; `asked` is the question before the sentence, for "if so".
    """
    if len(clause) > _LONGEST:
        return "", clause.strip()
    text = _after(_CONNECTIVE, clause)
    narration = ""
    ended = None if _CONDITION.match(text) else next(iter(reversed(list(outside_quotes(_OVER, text)))), None)
    if ended:
        narration, text = text[: ended.end()], _after(_CONNECTIVE, text[ended.end() :])
    text = _JOINT.sub("", text)
    short = _TAIL.sub("", text)
    if _CONDITION_FAILS.fullmatch(short):
        return opposite(last), narration
    if asked and not narration and (not short or _CONDITION_HOLDS.fullmatch(text)):
        return offer_label(asked), ""
    dice = _DICE.fullmatch(text)
    if dice:
        return f"Roll {' '.join(dice[1].split())}", narration
    condition = _CONDITION.match(text)
    if condition:
        met = _condition(_TAIL.sub("", text[condition.end() :]))
        return (opposite(met) if condition["not"] else met), narration
    offered = _offered(text)
    if offered or not short:
        return offered, narration
    if _STATEMENT.match(short):
        statement = short if short.endswith((".", "!", "?")) else f"{short}."
        return "", f"{narration} {statement}".strip()
    return _capital(short), narration


def outside_quotes(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches that don't lie inside of what somebody says: "Stop! Thief!" is part of one sentence."""
    speeches = _SPEECH.finditer(text)
    speech = next(speeches, None)
    for match in pattern.finditer(text):
        while speech and speech.end() <= match.start():
            speech = next(speeches, None)
        if not (speech and speech.start() < match.start() and match.end() < speech.end()):
            yield match


def offer_label(question: str) -> str:
    """Return what a question offers, like "Will you open the chest?" or "Open the chest?"; "" if it offers nothing."""
    text = _after(_CONNECTIVE, question[-_LONGEST:]).rstrip("?!… ")
    offered = _offered(text)
    if offered or _STATEMENT.match(text) or _QUESTION.match(text):
        return offered
    return _capital(text)


def opposite(last: str) -> str:
    """Return the label of the choice that is taken if `last` isn't."""
    state = _STATE.fullmatch(last)
    if state is None:
        # The reader can decide otherwise; but if the guard isn't asleep, there is nothing to do.
        return "" if not last or _STATEMENT.match(last) else OTHERWISE
    verb, rest = state["verb"].lower(), state["rest"]
    if state["not"]:
        return f"You{rest}" if verb == "do" else f"You {verb}{rest}"
    if verb in ("are", "were", "can", "could", "will"):
        return f"You {verb}{'' if verb == 'can' else ' '}not{rest}"
    if verb == "have":
        return f"You do not have{rest}" if _OWNED.match(rest) else f"You have not{rest}"
    return f"You do not {verb}{rest}"


def _condition(text: str) -> str:
    """Return the text after "if" as a label: something to do, or a fact."""
    text = text.strip(" ,.")
    you = re.match(r"you(['’]d)?\s+", text, re.IGNORECASE)
    if not you:
        return _capital(text)
    rest = ("would " if you[1] else "") + text[you.end() :]
    if _WANT.match(rest):
        return _capital(_wanted(rest))
    return f"You {rest}" if _STATIVE.match(rest) else _capital(rest)


def _offered(text: str) -> str:
    offer = _OFFER.match(text)
    return _capital(_wanted(_TAIL.sub("", text[offer.end() :]))) if offer else ""


def _wanted(text: str) -> str:
    """ "want to open the door" -> "open the door"."""
    wanted = _WANT.match(text)
    return text[wanted.end() :] if wanted and wanted.end() < len(text) else text


def _after(start: re.Pattern[str], text: str) -> str:
    match = start.match(text)
    return text[match.end() :] if match else text


def _capital(text: str) -> str:
    text = text.strip(" ,.;:!?")
    return text[:1].upper() + text[1:]
