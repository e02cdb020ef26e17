"""Classify a line: an action, speech without quotation marks, what somebody else does, or another language.

The first words and the lists of `corpus.words` decide. The text is one line with straight quotes.

Limits: English. "Fire" and "Guard" alone are things, before an object they are actions; a name before a word that isn't
a known verb counts as a thing.
"""

import re

from corpus.words import (
    ALONE,
    ASKING,
    DETERMINERS,
    DIRECTIONS,
    DOUBTFUL,
    FOREIGN,
    GERUNDS,
    HELPERS,
    IS,
    JOINS,
    LY_VERBS,
    NUMBERS,
    OTHERS,
    PARTICLES,
    PRONOUNS,
    SAID,
    SAID_ALONE,
    SAID_BEFORE_COMMA,
    SAID_PAIRS,
    STUFF,
    SUBJECTS,
    THINGS,
    THIRDS,
    VERBS,
    WAYS,
    word_set,
)


def begins_with_verb(text: str) -> bool:
    """Return whether a line says what to do."""
    word, rest = first(text), text.partition(" ")[2]
    typed = text[:1].islower() and word in DOUBTFUL and first(rest) in THINGS  # as players type: light torch
    return typed or _is_verb(word, rest)


# What can follow an ambiguous verb or an unknown word.
_AWAY = word_set("away off up out down")
_FOLLOWERS = (ASKING | WAYS | DIRECTIONS) | word_set(
    """
    here there again now then more alone aloud together to for with from like against about until as late early hard
    fast ways deeper closer further farther higher lower
    """
)
_OBJECTS = (
    (DETERMINERS - {"no", "both", "all", "some"})
    | (PRONOUNS - {"one", "you", "everyone", "everything", "nothing", "something"})
    | {"up", "down", "off", "at", "as", "until"}
)
_KNOWN = (DETERMINERS | PRONOUNS | DIRECTIONS | WAYS | SUBJECTS | ASKING | JOINS | NUMBERS | IS) | word_set(
    """
    then so because yet not with finally later soon now just even only almost like about when after before during until
    once if while since late early much long next last again still too better rather same whatever whoever wherever
    """
)


def _is_verb(word: str, rest: str) -> bool:
    """Return whether the first word of a line (lower case, no punctuation) is something to do."""
    if _is_title(word, rest):
        return False
    if word in VERBS:
        return word not in DOUBTFUL or _is_verb_here(word, rest)
    head, dash, tail = word.rpartition("-")
    if dash and head:
        return tail in VERBS
    if not word.isalpha() or not word.isascii() or word in _KNOWN or word.endswith(("s", "ing", "ly")):
        return False
    if word.endswith(("ify", "ize", "ise")) and rest:
        return True
    if word.endswith(("a", "o", "i")) and rest.partition(" ")[2][:1].isupper():
        return False  # Elena the Brave
    return first(rest) in _OBJECTS or (rest[:1].isupper() and "'s " in rest)


_BEFORE_OF = word_set("""
    approve beware compose conceive consist despair die dispose dream hear inform learn partake remind repent rid smell
    speak take taste tell think tire warn
    """)
"""The verbs that can stand before "of": `Think of home`; elsewhere it follows a noun, as in `Return of the King`."""


def _is_title(word: str, rest: str) -> bool:
    """Return whether the first word is a noun by what follows: `Escape of the Slaves`, `Path A`."""
    following = rest.partition(" ")[0]
    return (following == "of" and word not in _BEFORE_OF) or (len(rest) == 1 and rest.isupper() and rest != "I")


def _is_verb_here(word: str, rest: str) -> bool:
    """Return whether a word that can be a verb or a noun is a verb before `rest`."""
    if not rest:
        return word in ALONE
    following = first(rest)
    if word == "back":
        return following in _AWAY or following in DETERMINERS  # "Back to the village" is a direction
    if (
        following in DETERMINERS
        or following in PRONOUNS
        or following in PARTICLES
        or (rest[0].isdigit() and not rest.isdecimal())
    ):
        return True
    if word == "time":
        return False
    if following in _FOLLOWERS:
        return True
    if following == "and":
        return first(rest[4:]) in VERBS
    return rest[0].isupper() or "'s " in rest or (following.endswith("ly") and following not in LY_VERBS)


def inflected(text: str) -> str:
    """Return `Running away` or `Attacks the guard and flees` as an imperative; "" if the line is neither."""
    word, rest = first(text), text.partition(" ")[2]
    forms = GERUNDS if word in GERUNDS else THIRDS
    if word not in forms:
        return ""
    following = first(rest)
    is_object = following in DETERMINERS or following in PRONOUNS or following in PARTICLES
    if forms is GERUNDS:  # Running away; not: Waiting game
        is_object = is_object or not rest or following in _AFTER_GERUND or following.endswith(("s", "ly"))
    if not is_object:
        return ""
    return uninflected(text, forms)


_AFTER_GERUND = (
    WAYS | DIRECTIONS | JOINS | ASKING | STUFF | NUMBERS | {"not", "still", "together", "alone", "camp", "cover", "it"}
)


def uninflected(text: str, forms: dict[str, str]) -> str:
    """Return the first verb, and each verb after "and" or "then", in its base form."""

    def base(match: re.Match[str]) -> str:
        return match[1] + forms.get(match[2].lower(), match[2])

    return re.sub(r"((?:^|\band |\bthen |, ))(\w+)", base, text)


CONJUNCTIONS = word_set("when while after before as once if until")
_CLAUSE = re.compile(rf"((?:{'|'.join(sorted(CONJUNCTIONS))}) [^,\"]+), (?:then )?(.+)", re.IGNORECASE)


def action_after_clause(text: str) -> str:
    """Return `When he turns, stab him!` with the action first: `stab him when he turns!`; "" for another line."""
    match = _CLAUSE.fullmatch(text)
    if not match or not begins_with_verb(match[2]):
        return ""
    action = match[2].rstrip(".!?,;:…")
    return f"{action} {lower(match[1])}{match[2][len(action) :]}"


def spoken_words(text: str, word: str, rest: str) -> str:
    """Return what is said if a line (its first word and the rest) is speech without quotation marks; else "".

    Questions get a question mark.
    """
    following = first(rest)
    asks = "?" in text[-2:] and '"' not in text
    if word.partition("'")[0] in ASKING:
        if asks:
            return text
        if following in HELPERS or "'" in word or following in ("happened", "happens"):
            return text if text[-1] in "!…" else text.rstrip(".") + "?"
    if _is_inverted(word, following, asks):
        return text if text[-1] in "!…?" else text.rstrip(".") + "?"
    if asks:
        action = word in ("i", "we", "me", "nothing") or word.startswith("i'") or word in DIRECTIONS or word in WAYS
        helper = word in HELPERS - {"do", "have", "don't"}
        if helper or not (action or _is_verb(word, rest)):
            return text
    return text if _is_exclamation(text, word, rest) else ""


def _is_inverted(word: str, following: str, asks: bool) -> bool:
    """Return whether an auxiliary stands before its subject: `Are you ...`; not `Do it`, `Have everyone leave`."""
    if word not in HELPERS or following not in SUBJECTS:
        return False
    if word in ("do", "have") and following in ("it", "this", "that"):
        return False
    return word != "have" or following not in ("everyone", "everybody", "anyone") or asks


def _is_exclamation(text: str, word: str, rest: str) -> bool:
    """Return whether a line that isn't a question is speech by its first words: `Yes`, `Of course`, `Give me that`."""
    following = first(rest)
    if (word in ("yes", "no") and not rest) or text.rstrip(".!").endswith(", please"):
        return True
    if word in SAID or f"{word}_{following}" in SAID_PAIRS or word == "let's":
        return True
    if word in SAID_BEFORE_COMMA and text[len(word) : len(word) + 1] == "," and following not in ("and", "then"):
        return True
    if word in ("no", "never") and rest and text[len(word)] in "!.":
        return True
    if not rest and word in SAID_ALONE and (word != "help" or text.endswith("!")):
        return True
    return following == "me" and word in VERBS and not rest[2:].startswith(" and")  # nobody gives himself the sword


def of_others(text: str) -> bool:
    """Return whether a line says what somebody or something else does: `He runs`, `Bob draws`, `The dragon wakes`."""
    words = text.split()
    word = first(text)
    if word in OTHERS:
        return len(words) > 1 or "'" in word
    if len(words) < 2:
        return False
    if word in ("this", "that", "these", "those") and words[1] in IS:
        return True
    reach = 2 if word in DETERMINERS else 1
    for n, other in enumerate(words[1:6], 1):
        other = other.rstrip(".,!?…").lower()
        ends = other in ("ends", "rings") and n + 1 == len(words)  # "The summer ends"; nouns are rarer here
        if n >= reach and (ends or other in IS or (other in THIRDS and THIRDS[other] not in DOUBTFUL)):
            return True
        if other in ASKING or other in SUBJECTS or other in WAYS or other in JOINS:
            return False
        if word not in DETERMINERS and not words[n][0].isupper():
            return False
    return False


def foreign(text: str) -> bool:
    """Return whether a line is in another language, as far as its letters and small words show."""
    if text.isascii():
        words = text.lower().split()
        return not FOREIGN.isdisjoint(words) and words[0] not in _KNOWN and not text[text.find(" ") + 1 :].istitle()
    letter = next((c for c in text if c.isalpha()), "a")
    if ord(letter) > 0x24F:
        return True
    words = text.split()
    has_foreign_letter = any(not w.isascii() and any(c.isalpha() and 0xBF < ord(c) < 0x250 for c in w) for w in words)
    return has_foreign_letter and len(words) > 1 and JOINS.isdisjoint(words)


def first(text: str) -> str:
    """Return the first word in lower case, without punctuation."""
    return text.partition(" ")[0].strip("\"'.,!?…:;()*").lower()


def lower(text: str) -> str:
    """Return `text` without the capital of its first word; an abbreviation keeps it."""
    word = text.partition(" ")[0]
    if word.isupper() and len(word) > 1:
        return word.lower() + text[len(word) :] if word.lower() in VERBS else text
    return text[:1].lower() + text[1:]
