"""Turn first person into second, as an action line needs it: `I raise my lamp` -> `you raise your lamp`.

Text inside double quotation marks stays as it is. Verbs agree (am, was). An I that isn't a pronoun stays (I.D., J. I.
Marsh, I-95, Henry I, World War I), and so does the noun mine. "We" and "us" stay, because the player may have
companions, unless "we" is the subject (`we_to_you`).

Limits: English; an I between two capitalised words is judged by where the line ends.
"""

import re

_FIRST_PERSON = re.compile(r"\b(?:[Ii]|[Mm]e|[Mm]y|[Mm]yself|[Mm]ine)\b")
_NUMERAL = r"(?:War|Part|Chapter|Act|Book|Volume|Type|Phase|Level|Mark|Class|Vitamin)"
_ADVERB = r"(?:\w+ly|still|never|always|also|just|too|really|not)"
_PRONOUN_I = r"(?<![\w.\-/'])(?<![A-Z]\. )[Ii](?![\w\-/]|\.\w|\. [A-Z]\w*\.?$)"
# In the order in which they are applied.
_PERSON = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"\b({_NUMERAL}) I\b", "\\1 \0"),  # protected from being taken for a pronoun
        (r"\b([A-Z]\w+) I(?=[.!?]?$)", "\\1 \0"),
        (rf"{_PRONOUN_I} ({_ADVERB} )?am\b", r"you \1are"),
        (rf"{_PRONOUN_I} ({_ADVERB} )?was(n't)?\b", r"you \1were\2"),
        (rf"\bam {_PRONOUN_I}", "are you"),
        (rf"\bwas(n't)? {_PRONOUN_I}", r"were\1 you"),
        (r"\b[Ii]'m\b", "you're"),
        (rf"(?<=[.!?] ){_PRONOUN_I}", "You"),
        (_PRONOUN_I, "you"),
        (r"\b[Mm]yself\b", "yourself"),
        (
            r"((?:\b(?:is|are|was|were|of|not|it|all|them|what's)|'s) )mine\b(?! \w*(?:shaft|entrance|tunnel))",
            r"\1yours",
        ),  # not the noun mine
        (r"\bmy\b", "your"),
        (r"\bMy\b", "Your"),
        (r"\bme\b", "you"),
        ("\0", "I"),
    )
)
_WE = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bwe\b", "you"),
        (r"\bourselves\b", "yourselves"),
        (r"\bours\b", "yours"),
        (r"\bour\b", "your"),
        (r"\bus\b", "you"),
    )
)


def second_person(text: str) -> str:
    """Return `text` with first person turned into second, outside double quotes."""
    return _replaced(text, _PERSON) if _FIRST_PERSON.search(text) else text


def we_to_you(text: str) -> str:
    """Return `We grab our packs` as `you grab your packs`, outside double quotes."""
    return _replaced("we" + text[2:], _WE)


def _replaced(text: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    parts = text.split('"')
    for n in range(0, len(parts), 2):
        for pattern, replacement in rules:
            parts[n] = pattern.sub(replacement, parts[n])
    return '"'.join(parts)
