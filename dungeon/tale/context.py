"""The context of a turn: all that the storyteller could be given, what of it fits into the prompt, and why.

    context = build_context(adventure, answering, budget)    # every part, included or not, and the reason
    context.text                                             # the prompt

Order: memory, the opening, a summary of the turns that have left the window, as many whole turns as fit, the cards that
earlier turns trigger, the author's note, the last two turns, the cards that the action alone triggers, the action.

The order keeps the engine's prefix cache warm. What changes goes late, so a player who names somebody new does not wait
until the last turns have been read again. The opening always stays, because players dislike a storyteller that forgets
the premise. When the window is full, the oldest turns leave in one step of a quarter of the window, and only then does
the summary change. Between two steps each prompt begins with the one before, up to the cards.

Sizes are estimated from UTF-8 bytes, because a server need not offer its tokenizer; `TOKENS_PER_BYTE` is on the safe
side for English. Other scripts can cost more: the session halves the budget when a server refuses a prompt as too long.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from corpus.turns import ACTION_MARK, PARAGRAPH, PROMPT_END, Kind, Turn, write
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Card, Lore, TriggeredCard, triggered_cards
from dungeon.tale.summary import Chapter, summarise

TOKENS_PER_BYTE = 1 / 3.4

# Shares of the window.
_STEP = 0.25
"""Leaves at once when the window is full."""
_LONGEST = 0.25
"""The most that the opening, or one turn, may take; longer ones are shortened for the storyteller only."""
_LAST = 0.08
"""Kept free for the last turn. A longer one takes from the history, for once."""
_MEMORY = 0.15
_CARDS = 0.15
_NOTE = 0.05
_SUMMARY = 0.10
"""The most that lore may take. Memory loses its end, cards the last of them."""

_TURNS_AFTER_NOTE = 2
"""Turns between the author's note and the action."""
_LAST_TURN_FRAME = len(PARAGRAPH + ACTION_MARK + PARAGRAPH + PROMPT_END)
"""Bytes that the last turn takes beside its words."""
_NOTE_FRAME = len("[Author's note: ]" + PARAGRAPH)


# ---- what a context is -------------------------------------------------------------------------------------------


class PartKind(StrEnum):
    """What a part of the context is."""

    MEMORY = "memory"
    OPENING = "opening"
    SUMMARY = "summary"
    TURN = "turn"
    CARD = "card"
    NOTE = "note"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt, or of what was left out of it."""

    kind: PartKind
    label: str
    """The player's name for it, like "Turn 3"."""
    text: str
    """If included, exactly as it stands in the prompt, with the blank line before it."""
    included: bool
    reason: str
    """Why it is included, or why not."""

    @property
    def estimated_tokens(self) -> int:
        """The tokens, estimated from the bytes."""
        return round(_size(self.text) * TOKENS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class Context:
    """All that could be given to the storyteller, in the order of the prompt."""

    parts: tuple[Part, ...]
    budget: int
    """The tokens that the prompt may take."""
    summary: str
    """The summary of the turns that have left the window, before it is shortened to its share."""
    summary_through: int
    """The id of the last turn that it covers; 0 for the opening."""

    @property
    def text(self) -> str:
        """The prompt."""
        return "".join(part.text for part in self.parts if part.included)


def context_to_continue(adventure: Adventure, budget: int, lore: Lore | None = None) -> Context:
    """The context if the player let the story go on from the head; with other lore, if that is given."""
    return build_context(adventure, Node(-1, adventure.head, Kind.CONTINUE, "", ""), budget, lore)


def build_context(adventure: Adventure, answering: Node, budget: int, lore: Lore | None = None) -> Context:
    """The context for the prose of `answering`, a turn below any turn of the adventure, in at most `budget` tokens.

    Where that node already has prose (the engine died while it streamed), the storyteller continues right after it.
    """
    lore = adventure.lore if lore is None else lore
    limit = int(budget / TOKENS_PER_BYTE)  # bytes, from here on
    longest = int(limit * _LONGEST)
    nodes = [] if answering.parent is None else adventure.path(answering.parent)
    turns = [_shortened(node.turn(), longest) for node in nodes]
    last = _shortened(answering.turn(), longest)
    memory = _first_bytes(lore.memory, int(limit * _MEMORY))
    opening = _last_bytes(adventure.opening, longest)
    note = _first_bytes(lore.note, int(limit * _NOTE) - _NOTE_FRAME)
    note_block = f"[Author's note: {note}]" if note else ""

    # The room for cards is reserved even while none is triggered, and so is a share for the last turn: the window must
    # not move because a card is triggered, or because one action is longer than another.
    for_cards = min(int(limit * _CARDS), sum(_size(card.text) + len(PARAGRAPH) for card in lore.cards))
    for_last = max(int(limit * _LAST), _size(last.action) + _size(last.prose)) + _LAST_TURN_FRAME
    room = limit - sum(map(_size, (memory, PARAGRAPH, opening, PARAGRAPH, note_block))) - for_cards - for_last
    window = _fit_window(turns, *_players_summary(adventure, nodes, lore), room, int(limit * _SUMMARY))

    page = _Page()
    page.add(PartKind.MEMORY, "Memory", memory, _reason("always", memory, lore.memory, _MEMORY))
    page.add(PartKind.OPENING, "Opening", opening, _reason("always", opening, adventure.opening, _LONGEST))
    page.add_summary(window)
    if window.first:
        label = "Turn 1" if window.first == 1 else f"Turns 1 to {window.first}"
        page.leave_out(PartKind.TURN, label, write(turns[: window.first]), "older than the window")
    before_note = max(window.first, len(turns) - _TURNS_AFTER_NOTE)
    page.add_turns(nodes, turns, window.first, before_note)
    late_cards = page.add_cards(lore.cards, [Turn("", opening), *turns, last], int(limit * _CARDS))
    page.add(PartKind.NOTE, "Author's note", note_block, _reason("always", note, lore.note, _NOTE))
    page.add_turns(nodes, turns, before_note, len(turns))
    for hit in late_cards:
        page.add_card(hit)
    page.add_action(answering, write([last]))
    summary_through = nodes[window.covered - 1].id if window.covered else 0
    return Context(tuple(page.parts), budget, window.summary, summary_through)


# ---- the parts, in order -----------------------------------------------------------------------------------------


class _Page:
    """The parts so far, in the order of the prompt."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._is_empty = True

    def add(self, kind: PartKind, label: str, block: str, reason: str, if_empty: str = "none is written") -> None:
        """Includes a block; an empty one is left out, for the reason `if_empty`."""
        if not block:
            self.leave_out(kind, label, block, if_empty)
            return
        text = block if self._is_empty else PARAGRAPH + block
        self.parts.append(Part(kind, label, text, included=True, reason=reason))
        self._is_empty = False

    def leave_out(self, kind: PartKind, label: str, block: str, reason: str) -> None:
        """Adds a part that the storyteller does not get."""
        self.parts.append(Part(kind, label, block, included=False, reason=reason))

    def add_summary(self, window: "_Window") -> None:
        """Includes the summary, shortened to its share."""
        shown = _first_bytes(window.summary, window.summary_room)
        reason = _reason(window.summary_source, shown, window.summary, _SUMMARY)
        self.add(PartKind.SUMMARY, "Summary", shown, reason, if_empty=window.summary_source)

    def add_turns(self, nodes: list[Node], turns: list[Turn], start: int, end: int) -> None:
        """Includes the turns of the window from `start` to before `end`."""
        for number in range(start, end):
            turn = turns[number]
            is_whole = turn == nodes[number].turn()
            reason = "in the window" if is_whole else f"in the window, shortened to {_LONGEST:.0%} of it"
            self.add(PartKind.TURN, f"Turn {number + 1}", write([turn]), reason, if_empty="no text came")

    def add_cards(self, cards: tuple[Card, ...], turns: list[Turn], room: int) -> list[TriggeredCard]:
        """Includes the cards that the turns before the last trigger, as far as they fit into `room` bytes.

        Returns those that the last turn alone triggers, to be included later. All others are left out.
        """
        deepest = max((card.depth for card in cards), default=0)
        texts = [write([turn]) for turn in turns[-1 - deepest :]]
        early = {hit.card for hit in triggered_cards(cards, [*texts[:-1], ""])}
        hits = {hit.card: hit for hit in triggered_cards(cards, texts)}
        late: list[TriggeredCard] = []
        left_out: dict[int, str] = {}
        for number, card in sorted(enumerate(cards), key=lambda entry: entry[1] not in early):
            size = _size(card.text) + len(PARAGRAPH)
            if reason := _why_not(card, hits.keys(), size > room):
                left_out[number] = reason
                continue
            if card in early:
                self.add_card(hits[card])
            else:
                late.append(hits[card])
            room -= size
        for number, reason in sorted(left_out.items()):
            self.leave_out(PartKind.CARD, _card_label(cards[number]), cards[number].text, reason)
        return late

    def add_card(self, hit: TriggeredCard) -> None:
        """Includes a card."""
        self.add(PartKind.CARD, _card_label(hit.card), hit.card.text, _why_triggered(hit))

    def add_action(self, answering: Node, block: str) -> None:
        """Ends the prompt with the action that is to be answered. After prose that has begun, no line ends."""
        label = "Your action" if answering.action else "Your narration" if answering.input else "Go on"
        text = block if self._is_empty or not block else PARAGRAPH + block
        text += "" if answering.prose else PROMPT_END
        self.parts.append(Part(PartKind.ACTION, label, text, included=True, reason="what is to be answered"))


def _reason(reason: str, shown: str, whole: str, share: float) -> str:
    return reason if shown == whole else f"{reason}, shortened to {share:.0%} of the window"


def _card_label(card: Card) -> str:
    return f"Card: {', '.join(card.keys) or 'no key'}"


def _why_not(card: Card, triggered: Set[Card], too_large: bool) -> str:
    """Why a card is left out; "" if it is included."""
    if not card.text:
        return "it has no text"
    if not (card.keys or card.always):
        return "it has no key"
    if card not in triggered:
        depth = card.depth
        where = "the action" if not depth else "the last turn" if depth == 1 else f"the last {depth} turns"
        return f"no key named in {where}"
    return f"no room: cards may take {_CARDS:.0%} of the window" if too_large else ""


def _why_triggered(hit: TriggeredCard) -> str:
    if not hit.key:
        return "always"
    where = (
        "in the action"
        if not hit.turns_back
        else "1 turn back"
        if hit.turns_back == 1
        else f"{hit.turns_back} turns back"
    )
    return f"named: {hit.key}, {where}"


# ---- the window and what has left it -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Window:
    """Which turns are in the prompt, and what stands for those that are not."""

    first: int
    """The index of the first turn that is in."""
    covered: int
    """How many turns the summary covers: the player's may cover more than have left."""
    summary: str
    summary_source: str
    """Whose words these are, or why there are none."""
    summary_room: int
    """Bytes."""


def _fit_window(turns: list[Turn], player_summary: str, covered: int, room: int, for_summary: int) -> _Window:
    """The window of `room` bytes, of which the summary takes `for_summary` as soon as a turn has left.

    `player_summary` is the player's own, about the first `covered` turns.
    """
    sizes = [_written_size(turn) for turn in turns]
    steps = _steps(sizes, room, for_summary, from_the_start=bool(player_summary) and not covered)
    if player_summary and not steps:  # the player has gone back to before anything had left
        steps = _steps(sizes, room, for_summary, from_the_start=True)
    first = steps[-1] if steps else 0
    left = [(turn.action, turn.prose) for turn in turns[:first]]
    chapters = tuple(tuple(left[max(start, covered) : end]) for start, end in pairwise([0, *steps]) if end > covered)
    summary_room = for_summary - len(PARAGRAPH)
    summary, source = _summary(player_summary, chapters, summary_room)
    return _Window(first, max(first, covered), summary, source, summary_room)


def _steps(sizes: list[int], room: int, for_summary: int, *, from_the_start: bool) -> list[int]:
    """The window's first turn after each of its steps. It depends on the turns alone, so it moves only in these steps.

    As soon as a turn has left there is a summary, and the room is smaller by it; `from_the_start`, there is one.
    """
    steps: list[int] = []
    room -= for_summary * from_the_start
    first = size = 0
    for number, of_turn in enumerate(sizes):
        size += of_turn
        if size <= room:
            continue
        if not steps and not from_the_start:
            room -= for_summary
        while first <= number and size > room * (1 - _STEP):
            size -= sizes[first]
            first += 1
        steps.append(first)
    return steps


def _players_summary(adventure: Adventure, nodes: list[Node], lore: Lore) -> tuple[str, int]:
    """The player's own summary, and how many of the turns it covers; "" and 0 where it is about another branch."""
    if lore.summary and not lore.summary_through:
        return lore.summary, 0
    for number, node in enumerate(nodes if lore.summary else (), 1):
        version: Node | None = node  # an edit of an earlier turn made copies of this one
        while version is not None and version.id != lore.summary_through:
            version = None if version.edit_of is None else adventure.nodes.get(version.edit_of)
        if version is not None:
            return lore.summary, number
    return "", 0


def _summary(player_summary: str, chapters: tuple[Chapter, ...], room: int) -> tuple[str, str]:
    """The summary of the turns that have left, in about `room` bytes, and whose words it is."""
    if not chapters:
        return player_summary, "your words" if player_summary else "every turn is in the window"
    if not player_summary:
        summary = summarise(chapters, room)
        return summary, "for the turns that have left" if summary else "the turns that have left hold nothing to sum up"
    since = summarise(chapters, room - _size(player_summary + PARAGRAPH))
    if not since:
        return player_summary, "your words"
    return player_summary + PARAGRAPH + since, "your words, then the game's"


# ---- sizes in bytes ----------------------------------------------------------------------------------------------


def _shortened(turn: Turn, limit: int) -> Turn:
    """The turn in at most `limit` bytes: the beginning of a long action, the end of long prose."""
    if _size(turn.action) + _size(turn.prose) <= limit:
        return turn
    action = _first_bytes(turn.action, limit // 2)
    return Turn(action, _last_bytes(turn.prose, limit - _size(action)))


def _written_size(turn: Turn) -> int:
    """The bytes of `write([turn])`, and of a blank line for each of its blocks."""
    action = _size(turn.action) + len(ACTION_MARK + PARAGRAPH) if turn.action else 0
    return action + (_size(turn.prose) + len(PARAGRAPH) if turn.prose else 0)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _first_bytes(text: str, limit: int) -> str:
    """The beginning of a text, in whole words."""
    if _size(text) <= limit:
        return text
    part = text.encode()[:limit].decode(errors="ignore")
    return part.rpartition(" ")[0] or part


def _last_bytes(text: str, limit: int) -> str:
    """The end of a text, in whole words."""
    if _size(text) <= limit:
        return text
    part = text.encode()[len(text.encode()) - limit :].decode(errors="ignore")
    # A mark that the cut has moved to the beginning of a line must not read as an action there.
    return (part.partition(" ")[2] or part).lstrip("> \n")
