"""Who and what the tale knows at this point: the cards that were named lately, and names that no card explains.

    for known in people_and_things(adventure):
        print(known.name, known.text)

Names as `dungeon.tale.names` finds them, so in tales in English.
"""

import re
from dataclasses import dataclass

from corpus.turns import Kind
from corpus.words import DETERMINERS
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import triggered_cards
from dungeon.tale.names import names_of_adventure
from dungeon.tale.ordinary_words import is_ordinary

_TURNS = 12
"""How many turns back somebody must have been named."""
_MOST = 16
_CAPITALISED = re.compile(r"[A-Z][\w'’]*(?: [A-Z][\w'’]*)*")


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
    cards = [hit.card for hit in triggered_cards(adventure.lore.cards, texts)]
    known = [Known(card.keys[0] if card.keys else "always", card.text) for card in cards]
    keys = {word.lower() for card in cards for key in card.keys for word in key.split()}
    names = _names_by_last_mention(adventure, "\n".join(texts))
    return (*known, *(Known(name) for name in names if keys.isdisjoint(name.lower().split())))[:_MOST]


def _names_by_last_mention(adventure: Adventure, text: str) -> list[str]:
    """The names in the text, those of several words whole: Marrow Ford."""
    names = names_of_adventure(adventure, Node(-1, adventure.head, Kind.CONTINUE, "", "")).names
    found: dict[str, None] = {}
    for match in reversed(list(_CAPITALISED.finditer(text))):
        words = [re.sub(r"['’]s$", "", word) for word in match[0].split()]
        if len(words) > 1 and _begins_sentence(text, match.start()) and is_ordinary(words[0].lower()):
            is_name_alone = not names.isdisjoint(words[1:])  # Old Hessa; but Marrow Ford
            words = words[is_name_alone or words[0].lower() in DETERMINERS :]
        if len(words) > 1 or not names.isdisjoint(words):
            found[" ".join(words)] = None
    whole = (max((other for other in found if f" {name} " in f" {other} "), key=len) for name in found)
    return list(dict.fromkeys(whole))


def _begins_sentence(text: str, place: int) -> bool:
    return not text[:place].rstrip(' "“”') or text[:place].rstrip(' "“”')[-1] in ".!?\n"
