"""The people and facts of an authored story, as lore for free play once the player has left the author.

    lore = lore_for_leaving(adventure)

Only what the player has read goes in: it gives nothing away.
"""

from dataclasses import replace

from dungeon.tale.adventure import Adventure
from dungeon.tale.lore import Card, Lore, clean_text
from dungeon.tale.names import names_of_tale
from dungeon.tale.ordinary_words import is_ordinary
from dungeon.tale.prose import split_sentences

_MOST_CARDS = 12
_SENTENCES = 2
"""Sentences of a card: the first that name the person."""
_FACTS = 3
"""Sentences of the memory: the first of the opening, which say who and where the player is."""


def lore_for_leaving(adventure: Adventure) -> Lore:
    """Return the adventure's lore with a memory, if it has none, and a card for each person it has no card of."""
    lore = adventure.lore
    texts = [adventure.opening, *(node.prose for node in adventure.path())]
    sentences = [sentence.text.strip() for text in texts for sentence in split_sentences(text)]
    known = {key.lower() for card in lore.cards for key in card.keys}
    cards = []
    for name in _people(texts):
        told = [sentence for sentence in sentences if name in sentence.split('"', 1)[0]][:_SENTENCES]
        if told and name.lower() not in known:
            cards.append(Card((name,), clean_text(" ".join(told))))
    opening = [sentence.text.strip() for sentence in split_sentences(adventure.opening)][:_FACTS]
    return replace(lore, memory=lore.memory or clean_text(" ".join(opening)), cards=(*lore.cards, *cards[:_MOST_CARDS]))


def _people(texts: list[str]) -> list[str]:
    """Return the names that come up more than once, the most frequent first."""
    text = "\n".join(texts)
    names = names_of_tale(texts, ()).names
    counts = {name: text.count(name) for name in names if not is_ordinary(name.lower())}  # a month is nobody
    repeated = [name for name, count in counts.items() if count > 1]
    return sorted(repeated, key=lambda name: (-counts[name], text.index(name)))
