"""Names that are nearly, but not quite, names of the tale: a small voice writes Hester or Hosea where it means Hessa.

    names = names_of_tale(by_people=["Old Hessa drives the wagon."], by_voice=["Tobin nods."])
    find_near_name("Hester looks up.", names)    # "Hester"
    find_near_name("Agatha looks up.", names)    # None: somebody new

The names of what people wrote (opening, lore, the player's words) are right. Those that a voice brought up in earlier
turns are right too, unless they are nearly a right one. A name is a word with a capital whose lower case is neither an
ordinary word (`dungeon.tale.ordinary_words`) nor in the tale.

Limits: tales in English, for other languages have other capitals; names in the letters a to z.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.authored import choices_at
from dungeon.tale.ordinary_words import is_ordinary

_TURNS = 40
"""How many turns back the names that a voice brought up are known."""

_CAPITALISED = re.compile(r"(?<![\w'’-])[A-Z][a-z]{2,}(?![\w-])")
_INSIDE_SENTENCE = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?![\w-])")
_INITIALS = 8
_LOWER_CASE = re.compile(r"(?<![\w'’-])[a-z]+(?!\w)")
_PLACE_ENDINGS = ("s", "es", "n", "an", "ian", "ish", "ese")
"""What a name may end in besides: the Hessas, a Vennian."""
_SAME_FIRST_LETTER = (0, 0, 0, 1, 2, 3, 3, 3)
_OTHER_FIRST_LETTER = (0, 0, 0, 0, 1, 1, 1, 2)
"""How many letters a near name may have other than the known one, by the length of the shorter one (up to 7)."""
_ENGLISH = frozenset({"the", "and"})


@dataclass(frozen=True, slots=True)
class TaleNames:
    """What is known of the names in a tale."""

    names: frozenset[str] = frozenset()
    by_people: tuple[str, ...] = ()
    """Those of the names that people wrote, the most frequent first."""
    lower_case: frozenset[str] = frozenset()
    """The words that the tale has in lower case."""


NO_NAMES = TaleNames()


def names_of_tale(by_people: Iterable[str], by_voice: Iterable[str]) -> TaleNames:
    """Return the names in a tale: `by_people`, what people wrote of it; `by_voice`, the prose of the turns in order.

    None are known of a tale in another language than English.
    """
    people_text = "\n".join(by_people)
    turns = list(by_voice)
    lower_case = frozenset(_LOWER_CASE.findall("\n".join([people_text, *turns])))
    if _ENGLISH.isdisjoint(lower_case):
        return NO_NAMES
    found = Counter([*_names_in(people_text, lower_case), *_names_inside_sentences(people_text, lower_case)])
    names = set(found)
    for prose in turns:
        names |= {name for name in _names_in(prose, lower_case) if not _is_near_any(name, names)}
    return TaleNames(frozenset(names), tuple(name for name, _ in found.most_common()), lower_case)


def names_of_adventure(adventure: Adventure, node: Node) -> TaleNames:
    """Return the names in an adventure up to the action of `node`; edited and authored turns were written by people."""
    lore = adventure.lore
    nodes = [] if node.parent is None else adventure.path(node.parent)
    cards = [text for card in lore.cards for text in (*card.keys, card.text)]
    written = [before.prose for before in nodes if before.edit_of is not None or before.passage is not None]
    choices = [choice.label for choice in choices_at(adventure, node.parent)]
    typed = [before.action or before.input for before in [*nodes, node]]
    by_people = [adventure.opening, lore.memory, lore.note, lore.summary, *cards, *typed, *written, *choices]
    return names_of_tale(by_people, [before.prose for before in nodes[-_TURNS:]])


def initials(known: TaleNames) -> tuple[str, ...]:
    """Return the first letters of names that people wrote: a name's later tokens follow one that has its initial.

    Only of the most frequent names, for each letter costs time; and without I, with which too much else begins.
    """
    letters = dict.fromkeys(name[0] for name in known.by_people if name[0] != "I")
    return tuple(sorted(list(letters)[:_INITIALS]))


def find_near_name(text: str, known: TaleNames) -> str | None:
    """Return the first name in `text` that is nearly a known one, None if there is none."""
    if not known.names:
        return None
    return next((name for name in _names_in(text, known.lower_case) if _is_near_any(name, known.names)), None)


def _names_in(text: str, lower_case: frozenset[str]) -> Iterator[str]:
    for match in _CAPITALISED.finditer(text):
        word = match[0].lower()
        if word not in lower_case and not is_ordinary(word):
            yield match[0]


def _names_inside_sentences(text: str, lower_case: frozenset[str]) -> Iterator[str]:
    """Yield ordinary words that are names here, with a capital inside a sentence: Mr. Nibbles, Marrow Ford."""
    for match in _INSIDE_SENTENCE.finditer(text):
        word = match[0].lower()
        if word not in lower_case and is_ordinary(word):
            yield match[0]


def _is_near_any(name: str, names: Iterable[str]) -> bool:
    """Whether a name is none of the names, nor a form of one, and nearly one of them."""
    return (
        name not in names
        and not any(_is_form(name, other) for other in names)
        and any(_is_near(name, other) for other in names)
    )


def _is_form(name: str, of: str) -> bool:
    """Whether it is a plural or an adjective of the other, or short for it (Val, Valentin)."""
    if name.startswith(of):
        return name[len(of) :] in _PLACE_ENDINGS
    return of.startswith(name) and len(of) - len(name) > 1


@cache
def _is_near(name: str, known: str) -> bool:
    """Whether a name is so much like the other that it is rather a slip than somebody new.

    The first letter is what a voice gets right: with another one, the rest must be nearer.
    """
    allowed = (_SAME_FIRST_LETTER if name[0] == known[0] else _OTHER_FIRST_LETTER)[min(len(name), len(known), 7)]
    return abs(len(name) - len(known)) <= allowed and _edit_distance(name, known) <= allowed


def _edit_distance(a: str, b: str) -> int:
    """Return how many letters must be changed, added or left out (Levenshtein) to make one the other."""
    distances = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, distances[0] = distances[0], i
        for j, y in enumerate(b, 1):
            diagonal, distances[j] = distances[j], min(distances[j] + 1, distances[j - 1] + 1, diagonal + (x != y))
    return distances[-1]
