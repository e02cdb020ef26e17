"""The adventure as the text a voice goes on from, laid out so that the engine's prefix cache stays warm.

    context = lay_out(adventure, answering, budget)    # every part, in or out, and why
    prompt = context.text                              # or build_prompt(adventure, answering, budget)

Order: memory, the opening, a summary of what has left the window, as many whole turns as fit, the cards that the last
turns call for, the author's note, the last two turns, the cards that nothing but the action calls for, the action. What
changes goes late, so a player who names somebody anew does not wait until the last turns have been read again: that is
done while the answer is read. The opening always stays, for players take it ill when the premise is forgotten. When the
window is full the oldest turns leave in one big step, a quarter of the window at a time, and only then the summary
changes; the rest stays where it is. Between two steps each prompt begins with the last one, up to the cards.

Sizes are estimated from UTF-8 bytes, for an endpoint need not tell its tokenizer; `TOKENS_PER_BYTE` is on the safe
side for English. Text of other scripts can cost more: the session halves the budget when an endpoint refuses.
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
_STEP = 0.25
"""The share of the window that leaves at once when it is full."""
_LONGEST = 0.25
"""The share of the window that the opening, or one turn, may take; longer ones are shortened for the voice only."""
_LAST = 0.08
"""The share of the window that is kept free for the last turn. A longer one takes from the history, for once."""
_MEMORY = 0.15
_CARDS = 0.15
_NOTE = 0.05
_SUMMARY = 0.10
"""The shares of the window that lore may take, where there is any. Memory loses its end, cards the last of them."""
_AFTER = 2
"""How many turns stand between the author's note and the action."""
_FRAME = len(PARAGRAPH + ACTION_MARK + PARAGRAPH + PROMPT_END)
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
    """A piece of what the voice sees, or of what it does not."""

    kind: PartKind
    label: str
    """What the player knows it by."""
    text: str
    """If it is in, exactly as it stands in the prompt, with the blank line before it."""
    inside: bool
    """Whether the voice sees it."""
    reason: str
    """Why, or why not."""

    @property
    def estimate(self) -> int:
        """Its tokens, estimated from its bytes."""
        return round(_size(self.text) * TOKENS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class Context:
    """All that could be told to the voice, in the order of the prompt."""

    parts: tuple[Part, ...]
    budget: int
    """The tokens that the prompt may take."""
    summary: str
    """What stands in place of the turns that have left, before it is shortened to its share."""
    summary_through: int
    """The id of the last turn that it is about; 0 for the opening."""

    @property
    def text(self) -> str:
        """The prompt."""
        return "".join(part.text for part in self.parts if part.inside)


def build_prompt(adventure: Adventure, answering: Node, budget: int) -> str:
    """The prompt for the prose of `answering`, below any turn of the adventure, in at most `budget` tokens.

    Where that node already holds prose (the engine died in mid-turn), the voice goes on right behind it.
    """
    return build_context(adventure, answering, budget).text


def context_to_continue(adventure: Adventure, budget: int, lore: Lore | None = None) -> Context:
    """The context of the next turn if the player let the story go on; with other lore, if that is given."""
    return build_context(adventure, Node(-1, adventure.head, Kind.CONTINUE, "", ""), budget, lore)


# ---- laying it out -----------------------------------------------------------------------------------------------


def build_context(adventure: Adventure, answering: Node, budget: int, lore: Lore | None = None) -> Context:
    """The context for the prose of `answering`, as in `build_prompt`."""
    lore = adventure.lore if lore is None else lore
    limit = int(budget / TOKENS_PER_BYTE)  # bytes, from here on
    longest = int(limit * _LONGEST)
    nodes = [] if answering.parent is None else adventure.path(answering.parent)
    turns = [_shortened(node.turn(), longest) for node in nodes]
    last = _shortened(answering.turn(), longest)
    memory = _beginning_of(lore.memory, int(limit * _MEMORY))
    opening = _end_of(adventure.opening, longest)
    says = _beginning_of(lore.note, int(limit * _NOTE) - _NOTE_FRAME)
    note = f"[Author's note: {says}]" if says else ""
    own, covered = _own_summary(adventure, nodes, lore)

    # What cards may take is kept free even while none has fired, and so is a share for the last turn: the window must
    # not move because a card has fired, or because one action is longer than another.
    for_cards = min(int(limit * _CARDS), sum(_size(card.text) + len(PARAGRAPH) for card in lore.cards))
    for_last = max(int(limit * _LAST), _size(last.action) + _size(last.prose)) + _FRAME
    for_summary = int(limit * _SUMMARY)
    room = limit - sum(map(_size, (memory, PARAGRAPH, opening, PARAGRAPH, note))) - for_cards - for_last
    sizes = [_written_size(turn) for turn in turns]
    steps = _steps(sizes, room, for_summary, from_the_start=bool(own) and not covered)
    if own and not steps:  # the player has gone back to before anything had left
        steps = _steps(sizes, room, for_summary, from_the_start=True)
    first = steps[-1] if steps else 0
    told = [(turn.action, turn.prose) for turn in turns[:first]]
    chapters = tuple(tuple(told[max(start, covered) : end]) for start, end in pairwise([0, *steps]) if end > covered)
    summary, whose = _summary(own, chapters, for_summary - len(PARAGRAPH))
    summed = _beginning_of(summary, for_summary - len(PARAGRAPH))

    page = _Page()
    page.put(PartKind.MEMORY, "Memory", memory, _reason("always", memory, lore.memory, _MEMORY))
    page.put(PartKind.OPENING, "Opening", opening, _reason("always", opening, adventure.opening, _LONGEST))
    page.put(PartKind.SUMMARY, "Summary", summed, _reason(whose, summed, summary, _SUMMARY), absent=whose)
    if first:
        label = "Turn 1" if first == 1 else f"Turns 1 to {first}"
        page.leave_out(PartKind.TURN, label, write(turns[:first]), "older than the window")
    lately = max(first, len(turns) - _AFTER)
    page.put_turns(nodes, turns, first, lately)
    deepest = max((card.depth for card in lore.cards), default=0)
    searched = [Turn("", opening), *turns[-deepest:], last][-1 - deepest :]
    texts = [write([turn]) for turn in searched]
    before = {hit.card for hit in triggered_cards(lore.cards, [*texts[:-1], ""])}
    late = page.put_cards(lore.cards, triggered_cards(lore.cards, texts), before, int(limit * _CARDS))
    page.put(PartKind.NOTE, "Author's note", note, _reason("always", says, lore.note, _NOTE))
    page.put_turns(nodes, turns, lately, len(turns))
    for card, reason in late:
        page.put_card(card, reason)
    page.end(answering, write([last]))
    reaches = max(first, covered)
    return Context(tuple(page.parts), budget, summary, nodes[reaches - 1].id if reaches else 0)


class _Page:
    """The parts so far, in the order of the prompt."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._begun = False

    def put(self, kind: PartKind, label: str, block: str, reason: str, absent: str = "none is written") -> None:
        """A part that is in, unless it is empty."""
        if block:
            text = PARAGRAPH + block if self._begun else block
            self.parts.append(Part(kind, label, text, inside=True, reason=reason))
            self._begun = True
        else:
            self.leave_out(kind, label, block, absent)

    def leave_out(self, kind: PartKind, label: str, block: str, reason: str) -> None:
        """A part that the voice does not see."""
        self.parts.append(Part(kind, label, block, inside=False, reason=reason))

    def put_turns(self, nodes: list[Node], turns: list[Turn], start: int, end: int) -> None:
        """The turns of the window from `start` to before `end`."""
        for number in range(start, end):
            turn = turns[number]
            whole = turn == nodes[number].turn()
            reason = "in the window" if whole else f"in the window, shortened to {_LONGEST:.0%} of it"
            self.put(PartKind.TURN, f"Turn {number + 1}", write([turn]), reason, absent="nothing came")

    def put_cards(
        self, cards: tuple[Card, ...], hits: list[TriggeredCard], before: Set[Card], room: int
    ) -> list[tuple[Card, str]]:
        """The cards that were called for `before` the action, as far as they fit into `room` bytes; then those not in.

        Those that the action calls for, and the reason, are returned.
        """
        called = {hit.card: hit for hit in hits}
        late = []
        out = []
        for number, card in sorted(enumerate(cards), key=lambda it: it[1] not in before):
            size = _size(card.text) + len(PARAGRAPH)
            if not card.text:
                out.append((number, card, "it says nothing"))
            elif not (card.keys or card.always):
                out.append((number, card, "it has no key"))
            elif card not in called:
                out.append((number, card, f"no key named in {_last_turns(card.depth)}"))
            elif size > room:
                out.append((number, card, f"no room: cards may take {_CARDS:.0%} of the window"))
            else:
                if card in before:
                    self.put_card(card, _called(called[card]))
                else:
                    late.append((card, _called(called[card])))
                room -= size
        for _, card, reason in sorted(out, key=lambda it: it[0]):
            self.leave_out(PartKind.CARD, _name(card), card.text, reason)
        return late

    def put_card(self, card: Card, reason: str) -> None:
        """A card that is in."""
        self.put(PartKind.CARD, _name(card), card.text, reason)

    def end(self, answering: Node, block: str) -> None:
        """What the voice is to answer. Behind prose that has begun already, no line ends."""
        label = "Your action" if answering.action else "Your narration" if answering.input else "Go on"
        text = PARAGRAPH + block if self._begun and block else block
        text += "" if answering.prose else PROMPT_END
        self.parts.append(Part(PartKind.ACTION, label, text, inside=True, reason="what is to be answered"))


def _reason(reason: str, shown: str, whole: str, share: float) -> str:
    return reason if shown == whole else f"{reason}, shortened to {share:.0%} of the window"


def _name(card: Card) -> str:
    return f"Card: {', '.join(card.keys) or 'no key'}"


def _called(hit: TriggeredCard) -> str:
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


def _last_turns(depth: int) -> str:
    return "the action" if not depth else "the last turn" if depth == 1 else f"the last {depth} turns"


# ---- the window and what has left it -----------------------------------------------------------------------------


def _steps(sizes: list[int], room: int, for_summary: int, *, from_the_start: bool) -> list[int]:
    """Where the window began after each of its steps. It depends on the turns alone, so it moves only in these.

    As soon as something has left there is a summary, and the room is smaller by it; `from_the_start`, there is one.
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


def _own_summary(adventure: Adventure, nodes: list[Node], lore: Lore) -> tuple[str, int]:
    """The player's summary, and how many of the turns it covers; "" and 0 where it stands on another branch."""
    if lore.summary and not lore.summary_through:
        return lore.summary, 0
    for number, node in enumerate(nodes if lore.summary else (), 1):
        before: Node | None = node  # an edit of an earlier turn made copies of this one
        while before is not None and before.id != lore.summary_through:
            before = None if before.edit_of is None else adventure.nodes.get(before.edit_of)
        if before is not None:
            return lore.summary, number
    return "", 0


def _summary(own: str, chapters: tuple[Chapter, ...], room: int) -> tuple[str, str]:
    """What stands in place of the turns that have left, and whose words these are."""
    if not chapters:
        return own, "your words" if own else "every turn is in the window"
    since = summarise(chapters, room - _size(own + PARAGRAPH) if own else room)
    if own:
        return (own + PARAGRAPH + since, "your words, then the game's") if since else (own, "your words")
    return since, "for the turns that have left" if since else "nothing to tell of what has left"


# ---- sizes -------------------------------------------------------------------------------------------------------


def _shortened(turn: Turn, limit: int) -> Turn:
    """The turn in at most `limit` bytes: the beginning of a long action, the end of long prose."""
    if _size(turn.action) + _size(turn.prose) <= limit:
        return turn
    action = _beginning_of(turn.action, limit // 2)
    return Turn(action, _end_of(turn.prose, limit - _size(action)))


def _written_size(turn: Turn) -> int:
    """The bytes of `write([turn])` and of a blank line for each of its blocks."""
    action = _size(turn.action) + len(ACTION_MARK + PARAGRAPH) if turn.action else 0
    return action + (_size(turn.prose) + len(PARAGRAPH) if turn.prose else 0)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _beginning_of(text: str, limit: int) -> str:
    if _size(text) <= limit:
        return text
    part = text.encode()[:limit].decode(errors="ignore")
    return part.rpartition(" ")[0] or part


def _end_of(text: str, limit: int) -> str:
    if _size(text) <= limit:
        return text
    part = text.encode()[len(text.encode()) - limit :].decode(errors="ignore")
    # What the cut put at the beginning of a line must not read as an action there.
    return (part.partition(" ")[2] or part).lstrip("> \n")
