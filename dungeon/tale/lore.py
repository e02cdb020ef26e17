"""What the voice is to know beside the tale: memory, author's note and cards.

Memory always stands in front of the tale, the author's note close to its end. A card is lore that enters when one of
its keys is named in the last turns: `fired(lore.cards, recent)`. Keys are whole words in any case, and their plural
and possessive count.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """A piece of lore and the words that call for it."""

    keys: tuple[str, ...]
    text: str
    always: bool = False
    """Whether it needs no key to be named."""
    case: bool = False
    """Whether a key must be written as it is here, capitals and all."""
    whole_word: bool = True
    """Whether a key must stand alone; otherwise it may be a part of a word."""
    depth: int = 4
    """How many turns back a key is looked for."""


@dataclass(frozen=True, slots=True)
class Lore:
    """All of an adventure's."""

    memory: str = ""
    note: str = ""
    """The author's note: a word on style or on what is to come."""
    cards: tuple[Card, ...] = ()
    summary: str = ""
    """The player's own words on what happened up to and with the turn `summary_through`; "" leaves it to the game."""
    summary_through: int = 0
    """That turn's id."""


def fired(cards: tuple[Card, ...], recent: str) -> list[Card]:
    """The cards that `recent` calls for, in their own order."""
    return [card for card in cards if card.always or any(_named(key, recent) for key in card.keys)]


def _named(key: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?:'?s|s')?(?!\w)", text, re.IGNORECASE) is not None
