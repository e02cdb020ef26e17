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


@dataclass(frozen=True, slots=True)
class Lore:
    """All of an adventure's."""

    memory: str = ""
    note: str = ""
    """The author's note: a word on style or on what is to come."""
    cards: tuple[Card, ...] = ()


def fired(cards: tuple[Card, ...], recent: str) -> list[Card]:
    """The cards that `recent` calls for, in their own order."""
    return [card for card in cards if card.always or any(_named(key, recent) for key in card.keys)]


def _named(key: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?:'?s|s')?(?!\w)", text, re.IGNORECASE) is not None
