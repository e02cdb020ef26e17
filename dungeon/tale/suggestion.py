"""What a storyteller wrote after `> You`, as an action that the player may pick.

    parse_suggestion(" open the iron door.", story)    # "Open the iron door"
    parse_suggestion(' say "Who are you?"', story)     # '"Who are you?"'
    parse_suggestion(" feel a cold wind.", story)      # None

Small voices write much that is not an action: what happens to the player, names from nowhere, half sentences. A line
that would come back different when typed is dropped, because the game would play something else. So is an action that
fits anywhere ("Look around"): a suggestion names something of the scene.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from corpus.actions import QUOTES, action_line, read_input
from corpus.grammar import begins_with_verb
from corpus.text import one_line
from corpus.words import (
    ASKING,
    DETERMINERS,
    DIRECTIONS,
    HELPERS,
    IS,
    NUMBERS,
    OLD,
    PRONOUNS,
    SUBJECTS,
    THIRDS,
    WAYS,
    word_set,
)

_MAX_CHARACTERS = 60
"""A line of a narrow terminal, with its number."""
_MAX_WORDS = 10
_NOT_DEEDS = word_set("""
    awake awaken be become believe belong decide die dream fail faint fall feel find forget get gain hate have
    hear hope know like live lose love mean need notice own realise realize receive recognise recognize remember see
    seem smell sleep spot suffer survive think understand wake want win wish wonder
    """)
"""Verbs of what happens to people, or in their heads; nobody can set out to do them."""
_FUNCTION_WORDS = (
    DETERMINERS | PRONOUNS | word_set("and at for from in into of on onto over the to toward towards with")
)
_NO_THINGS = (
    _FUNCTION_WORDS
    | DIRECTIONS
    | WAYS
    | ASKING
    | HELPERS
    | IS
    | SUBJECTS
    | NUMBERS
    | OLD
    | word_set("""
        first second third last next other same own long good bad more most less such whole only very right left such
        way time thing moment day night hour minute year word end side place bit lot kind people
        """)
)
"""Words behind an article that name nothing of a scene."""
_THING = re.compile(
    rf"\b(?:{'|'.join(sorted(DETERMINERS | NUMBERS))})\s+(?=((?:[a-z’'-]+\s+){{0,3}}[a-z’'-]+))", re.IGNORECASE
)
"""An article, or a word in its place, and up to four words behind it."""
_SPEECH = re.compile(r'say,? ("[^"]+")')
_NAME = re.compile(r"(?<=\s)[A-Z][\w’'-]+")
_INNER_END = re.compile(r"[.!?…]\s")


def parse_suggestion(line: str, story: str, banned: Iterable[str] = ()) -> str | None:
    """Return the action in `line` as the player would type it, None if it is not one.

    Names must appear in `story`; an action with a banned phrase is None too.
    """
    text = one_line(line.translate(QUOTES))
    speech = _SPEECH.fullmatch(text)
    action = speech[1] if speech else text.rstrip(".!")
    action = action[:1].upper() + action[1:]
    if not action or len(action) > _MAX_CHARACTERS or _INNER_END.search(action) or not _names_are_known(action, story):
        return None
    if any(phrase.lower() in action.lower() for phrase in banned):
        return None
    return action if speech or _is_deed(action) else None


def is_speech(action: str) -> bool:
    """Whether a suggested action is something to say."""
    return action.startswith('"')


def scene_things(texts: Iterable[str]) -> frozenset[str]:
    """Return the names and things of a scene, in lower case and the singular: what stands behind an article."""
    things: set[str] = set()
    for text in texts:
        things.update(match[0].lower() for match in _NAME.finditer(text))
        for match in _THING.finditer(text):
            first, *others = match[1].lower().split()
            things.update([first, *takewhile(lambda word: word not in _FUNCTION_WORDS and word not in THIRDS, others)])
    return frozenset(_singular(word) for word in things if len(word) > 2 and word not in _NO_THINGS)


def names_something(action: str, things: frozenset[str]) -> bool:
    """Whether an action names something of the scene: the verb of a deed does not count."""
    words = action if is_speech(action) else action.partition(" ")[2]
    return not things.isdisjoint(_singular(word) for word in re.findall(r"[\w’'-]{3,}", words.lower()))


def same_action(one: str, other: str) -> bool:
    """Whether two actions are the same but for words like "the" or "with", or one adds words to the other."""
    a, b = _content_words(one), _content_words(other)
    return a <= b or b <= a


BEGINNINGS = (
    *("ask", "climb onto the", "follow", "give", "go to the", "help", "hide behind the", "hold up the", "listen to"),
    *("look at the", "open the", "pick up the", "push the", "search the", "show", "stand beside the", "take the"),
    "touch the",
)
"""How deeds begin, for a voice to finish with something of the scene."""


def unused_beginnings(suggested: Sequence[str]) -> list[str]:
    """Return the beginnings whose verb no suggestion has."""
    used = {_first_word(action).lower() for action in suggested}
    return [beginning for beginning in BEGINNINGS if _first_word(beginning) not in used]


def is_new_suggestion(action: str, suggested: Sequence[str], done: Sequence[str]) -> bool:
    """Whether an action differs from those suggested already, and from those just done.

    Two ways to look at something are no choice, so each suggestion also begins with a verb of its own.
    """
    starts = {_first_word(other) for other in suggested}
    return _first_word(action) not in starts and not any(same_action(action, other) for other in (*suggested, *done))


def _first_word(action: str) -> str:
    return action if is_speech(action) else action.partition(" ")[0]


def _singular(word: str) -> str:
    """Return a noun in lower case without a plural's or a possessive's ending."""
    word = re.sub(r"['’]s?$", "", word)
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_deed(action: str) -> bool:
    typed = action[0].lower() + action[1:]
    verb = typed.partition(" ")[0]
    return (
        '"' not in action
        and action[-1].isalnum()
        and len(action.split()) <= _MAX_WORDS
        and verb not in _NOT_DEEDS | HELPERS
        and "'" not in verb
        and begins_with_verb(typed)
        and action_line(*read_input(action)) == f"You {typed}."
    )


def _names_are_known(action: str, story: str) -> bool:
    names = (match[0] for match in _NAME.finditer(action))
    return all(name in story or name.lower() in story or name.startswith("I'") for name in names)


def _content_words(text: str) -> frozenset[str]:
    words = re.findall(r"\w+", text.lower().removeprefix("you "))
    return frozenset(word for word in words if word not in _FUNCTION_WORDS) or frozenset(words)
