"""What the storyteller knows besides the story: memory, author's note, cards, and the player's own summary.

    triggered_cards(lore.cards, ["Berrin nods.", "You wait."])    # [TriggeredCard(card, key="Berrin", turns_back=1)]
    card_from_text("Berrin, old man: Berrin is the lamp lighter.")

Memory always comes before the story, the author's note near its end. A card is lore that enters the context when one of
its keys is named in the last turns. A key that must be a whole word also matches its plural and its possessive.

A player writes a card as `KEYS: TEXT`, with options in brackets: `Berrin [always, case, part, depth 8]: …`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corpus.text import one_line
from corpus.turns import clean_prose
from dungeon.errors import DungeonError

DEFAULT_DEPTH = 4
MAX_DEPTH = 99
"""How many turns back a card may look for its keys."""


@dataclass(frozen=True, slots=True)
class Card:
    """A piece of lore and the keys that bring it into the context."""

    keys: tuple[str, ...]
    text: str
    always: bool = False
    """Whether it is in the context even if no key is named."""
    case: bool = False
    """Whether capitals in keys count."""
    whole_word: bool = True
    """Whether a key must be a word of its own; otherwise it may be part of a word."""
    depth: int = DEFAULT_DEPTH
    """How many turns before the current action a key is looked for."""


@dataclass(frozen=True, slots=True)
class Lore:
    """The lore of an adventure."""

    memory: str = ""
    note: str = ""
    """The author's note: about the style, or about what comes next."""
    cards: tuple[Card, ...] = ()
    summary: str = ""
    """The player's own summary of the story through the turn `summary_through`; "" leaves it to the game."""
    summary_through: int = 0
    """The id of that turn; 0 for the opening."""
    instructions: str = ""
    """What a chat model is asked to do; "" takes the default."""


# ---- which cards enter the context ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TriggeredCard:
    """A card that enters the context, and why."""

    card: Card
    key: str = ""
    """The key that was named; "" for a card that is always in."""
    turns_back: int = 0
    """How many turns back it was named; 0 is the current action."""


def triggered_cards(cards: Iterable[Card], turns: Sequence[str]) -> list[TriggeredCard]:
    """Return the cards whose keys the turns name, in the order of the cards.

    `turns` are the texts of the turns, oldest first; the last is the current action.
    """
    latest_first = list(reversed(turns))
    lowered = [text.lower() for text in latest_first]
    triggered = (_trigger(card, latest_first if card.case else lowered) for card in cards)
    return [card for card in triggered if card]


def _trigger(card: Card, texts: list[str]) -> TriggeredCard | None:
    """Return why a card enters the context, if it does; the latest of the `texts` is first."""
    if card.always:
        return TriggeredCard(card)
    for turns_back, text in enumerate(texts[: card.depth + 1]):
        for key in card.keys:
            if _names(text, key if card.case else key.lower(), card.whole_word):
                return TriggeredCard(card, key, turns_back)
    return None


def _names(text: str, key: str, whole_word: bool) -> bool:
    if not key or key not in text:  # the common case, without a regular expression
        return False
    return not whole_word or re.search(rf"(?<!\w){re.escape(key)}(?:['’]?s|s['’])?(?!\w)", text) is not None


# ---- what a player wrote, as lore ----------------------------------------------------------------------------


def clean_text(text: str) -> str:
    """Return a memory, a card's text or a summary as it may stand in the prompt: no line reads as an action."""
    return clean_prose(text).strip()


def clean_keys(text: str) -> tuple[str, ...]:
    """Return the keys in a line, separated by commas, without duplicates."""
    return tuple(dict.fromkeys(key for part in text.split(",") if (key := one_line(part))))


_CARD = re.compile(r"(?P<keys>[^:\[]*)(?:\[(?P<options>[^\]]*)\]\s*)?:(?P<text>.*)", re.DOTALL)


def card_from_text(text: str) -> Card:
    """Read a card as a player writes it; the module docstring has the format.

    Raises:
        DungeonError: the text is not a card; the message has the format.
    """
    match = _CARD.fullmatch(text.strip())
    if match is None:
        raise DungeonError("A card is its keys, a colon and its text, like: Berrin, old man: Berrin lights the lamps.")
    card = Card(clean_keys(match["keys"]), clean_text(match["text"]))
    for option in (match["options"] or "").split(","):
        card = _with_option(card, option.strip().lower())
    if not card.text:
        raise DungeonError("This card has no text. Write it after the colon: Berrin: Berrin lights the lamps.")
    if not card.keys and not card.always:
        raise DungeonError(
            "This card has no key, so it would never be used. Write one or more before the colon (Berrin, old man: …), "
            "or mark it to be used always: [always]: …"
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
        f"'{option[:60]}' is not an option of a card. The options are: always (needs no key), case (capitals count), "
        f"part (a key may be part of a word), depth 0 to {MAX_DEPTH} (how many turns back a key is looked for)."
    )


def card_to_text(card: Card) -> str:
    """Return the card as text that `card_from_text` reads."""
    options = [name for name, on in (("always", card.always), ("case", card.case), ("part", not card.whole_word)) if on]
    if card.depth != DEFAULT_DEPTH:
        options.append(f"depth {card.depth}")
    brackets = f"[{', '.join(options)}]" if options else ""
    return f"{' '.join(part for part in (', '.join(card.keys), brackets) if part)}: {card.text}"
