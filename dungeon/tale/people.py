"""Who and what the tale knows at this point: the cards that were named lately, and names that no card explains.

    for known in people_and_things(adventure):
        print(known.name, known.text)

Names as `dungeon.tale.names` finds them, so in tales in English.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import triggered_cards
from dungeon.tale.names import names_of_adventure

_TURNS = 12
"""How many turns back somebody must have been named."""
_MOST = 16


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody or something."""

    name: str
    text: str = ""
    """What its card says; "" without a card."""


def people_and_things(adventure: Adventure) -> tuple[Known, ...]:
    """Return the cards that were named in the last turns, and behind them other names, the latest first."""
    path = adventure.path()[-_TURNS:]
    texts = [f"{node.action}\n{node.prose}" for node in path]
    if len(path) < _TURNS:
        texts.insert(0, adventure.opening)
    lore = adventure.lore
    cards = [hit.card for hit in triggered_cards(lore.cards, texts)]
    known = [Known(card.keys[0] if card.keys else "always", card.text) for card in cards]
    keys = {word.lower() for card in cards for key in card.keys for word in key.split()}
    names = [name for name in _names_by_last_mention(adventure, "\n".join(texts)) if name.lower() not in keys]
    return (*known, *map(Known, names))[:_MOST]


def _names_by_last_mention(adventure: Adventure, text: str) -> Iterator[str]:
    names = names_of_adventure(adventure, Node(-1, adventure.head, Kind.CONTINUE, "", "")).names
    places = {name: text.rfind(name) for name in names}
    yield from sorted((name for name, place in places.items() if place >= 0), key=lambda name: -places[name])
