"""What a voice wrote behind `> You` as an action the player may pick, shown as it would be typed; or nothing at all.

    suggestion(" open the iron door.", tale) == "Open the iron door"
    suggestion(' say "Who are you?"', tale) == '"Who are you?"'

Small voices write much that is no action: what befalls the player, names from nowhere, half sentences. Whatever does
not come back the same when it is typed is dropped, for it would be played as something else.
"""

import re
from collections.abc import Iterable, Sequence

from corpus.actions import QUOTES, action_line, read_input
from corpus.grammar import begins_with_verb
from corpus.text import printable
from corpus.words import DETERMINERS, HELPERS, PRONOUNS, word_set

_LONGEST = 60
"""Characters: a line of a narrow terminal, with its number."""
_WORDS = 10
_BEFALLS = word_set("""
    awake awaken be become believe belong decide die dream fail faint fall feel find forget get gain hate have
    hear hope know like live lose love mean need notice own realise realize receive recognise recognize remember see
    seem smell sleep spot suffer survive think understand wake want win wish wonder
    """)
"""What happens to one, or in one's head, and can hardly be set about."""
_SMALL = DETERMINERS | PRONOUNS | word_set("and at for from in into of on onto over the to toward towards with")
_SPEECH = re.compile(r'say,? ("[^"]+")')
_NAME = re.compile(r"(?<=\s)[A-Z][\w’'-]+")
_INNER_END = re.compile(r"[.!?…]\s")


def suggestion(line: str, tale: str, banned: Iterable[str] = ()) -> str | None:
    """The action in `line`, or None if it is not fit to be suggested after `tale`, or holds a banned phrase."""
    text = " ".join(printable(line).translate(QUOTES).split())
    speech = _SPEECH.fullmatch(text)
    shown = speech[1] if speech else text.rstrip(".!")
    shown = shown[:1].upper() + shown[1:]
    if not shown or len(shown) > _LONGEST or _INNER_END.search(shown) or not _known_names(shown, tale):
        return None
    if any(phrase.lower() in shown.lower() for phrase in banned):
        return None
    return shown if speech or _is_deed(shown) else None


def alike(one: str, other: str) -> bool:
    """Whether two actions come to the same: one says nothing that the other does not."""
    a, b = _content(one), _content(other)
    return a <= b or b <= a


def adds(shown: str, suggested: Sequence[str], done: Sequence[str]) -> bool:
    """Whether the action is another thing to do than those suggested already, and than those just done.

    Two ways to look at something are no choice, so each suggestion begins with a verb of its own.
    """
    first = _first(shown)
    return not any(alike(shown, other) for other in (*suggested, *done)) and all(first != _first(o) for o in suggested)


def _first(shown: str) -> str:
    return shown if shown.startswith('"') else shown.partition(" ")[0]


def _is_deed(shown: str) -> bool:
    plain = shown[0].lower() + shown[1:]
    first = plain.partition(" ")[0]
    return (
        '"' not in shown
        and shown[-1].isalnum()
        and len(shown.split()) <= _WORDS
        and first not in _BEFALLS | HELPERS
        and "'" not in first
        and begins_with_verb(plain)
        and action_line(*read_input(shown)) == f"You {plain}."
    )


def _known_names(shown: str, tale: str) -> bool:
    names = (match[0] for match in _NAME.finditer(shown))
    return all(name in tale or name.lower() in tale or name.startswith("I'") for name in names)


def _content(text: str) -> frozenset[str]:
    words = re.findall(r"\w+", text.lower().removeprefix("you "))
    return frozenset(word for word in words if word not in _SMALL) or frozenset(words)
