"""What the voice is to know beside the tale: memory, author's note, cards, and the player's own summary.

Memory always stands in front of the tale, the author's note close to its end. A card is lore that enters when one of
its keys is named in the last turns: `triggered_cards(lore.cards, turns)` tells which do, by which key, and how many turns back.
Keys count in the plural and the possessive too, where they must be whole words.

In plain lines a card is written `Berrin, old man: Berrin is the lamp lighter.`, and what differs from a common card
stands in brackets: `Berrin [always, case, part, depth 8]: …` (`card_from_text`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corpus.text import one_line
from corpus.turns import clean_prose
from dungeon.errors import DungeonError

DEPTH = 4
DEEPEST = 99


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
    depth: int = DEPTH
    """How many turns back a key is looked for, beside the action that is to be answered."""


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
    """That turn's id; 0 for the opening."""


# ---- which cards are called for ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TriggeredCard:
    """A card that is called for, and why."""

    card: Card
    key: str = ""
    """The key that was named; "" if the card needs none."""
    back: int = 0
    """How many turns back; 0 is the action that is to be answered."""


def triggered_cards(cards: Iterable[Card], turns: Sequence[str]) -> list[TriggeredCard]:
    """The cards that the turns call for, in their own order.

    `turns` are the texts from the past to now; the last is the action that is to be answered.
    """
    latest = list(reversed(turns))
    lowered = [text.lower() for text in latest]
    return [found for card in cards if (found := _fired(card, latest, lowered))]


def _fired(card: Card, latest: list[str], lowered: list[str]) -> TriggeredCard | None:
    if card.always:
        return TriggeredCard(card)
    for back, text in enumerate((latest if card.case else lowered)[: card.depth + 1]):
        for key in card.keys:
            if _named(key if card.case else key.lower(), text, card.whole_word):
                return TriggeredCard(card, key, back)
    return None


def _named(key: str, text: str, whole_word: bool) -> bool:
    if not key or key not in text:  # spares the expression, of which there may be hundreds
        return False
    return not whole_word or re.search(rf"(?<!\w){re.escape(key)}(?:['’]?s|s['’])?(?!\w)", text) is not None


# ---- lore from what a player wrote -------------------------------------------------------------------------------


def clean_text(text: str) -> str:
    """A memory, a card's text or a summary as it may stand in the prompt: no line of it reads as an action."""
    return clean_prose(text).strip()


def clean_keys(text: str) -> tuple[str, ...]:
    """The keys in a line, separated by commas; each once."""
    return tuple(dict.fromkeys(key for part in text.split(",") if (key := one_line(part))))


_CARD = re.compile(r"(?P<keys>[^:\[]*)(?:\[(?P<options>[^\]]*)\]\s*)?:(?P<text>.*)", re.DOTALL)


def card_from_text(text: str) -> Card:
    """A card as it is written in plain lines; see the module.

    Raises:
        DungeonError: it is none, and how one is written.
    """
    match = _CARD.fullmatch(text.strip())
    if match is None:
        raise DungeonError("A card is its keys, a colon and its text, like: Berrin, old man: Berrin lights the lamps.")
    card = Card(clean_keys(match["keys"]), clean_text(match["text"]))
    for option in (match["options"] or "").split(","):
        card = _with_option(card, option.strip().lower())
    if not card.text:
        raise DungeonError("This card says nothing. Write its text behind the colon: Berrin: Berrin lights the lamps.")
    if not card.keys and not card.always:
        raise DungeonError(
            "This card has no key, so it would never be called for. Write one or more in front of the colon "
            "(Berrin, old man: …), or have it always: [always]: …"
        )
    return card


def _with_option(card: Card, option: str) -> Card:
    if option == "always":
        return replace(card, always=True)
    if option == "case":
        return replace(card, case=True)
    if option == "part":
        return replace(card, whole_word=False)
    if (depth := re.fullmatch(r"depth ([0-9]{1,2})", option)) is not None:
        return replace(card, depth=int(depth[1]))
    if not option:
        return card
    raise DungeonError(
        f"'{option[:60]}' is nothing that a card can be. In brackets may stand: always (needs no key), case (capitals "
        f"count), part (a key may be part of a word), depth 0 to {DEEPEST} (how many turns back a key is looked for)."
    )


def card_to_text(card: Card) -> str:
    """The card as `card_from_text` reads it."""
    options = [name for name, on in (("always", card.always), ("case", card.case), ("part", not card.whole_word)) if on]
    if card.depth != DEPTH:
        options.append(f"depth {card.depth}")
    brackets = f"[{', '.join(options)}]" if options else ""
    return f"{' '.join(part for part in (', '.join(card.keys), brackets) if part)}: {card.text}"
