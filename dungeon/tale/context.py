"""The context of a turn: all that the storyteller could be given, what of it fits into the prompt, and why.

    context = build_context(adventure, answering, budget)    # every part, included or not, and the reason
    context.text                                             # the prompt

Order: instructions, memory, the opening, a summary of the turns that have left the window, as many whole turns as fit,
the cards that earlier turns trigger, the author's note, the last two turns, the cards that the action alone triggers,
the action. `dungeon.tale.prompt_format` writes them as text.

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

from corpus.turns import PARAGRAPH, Kind, Turn, write
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.improvisation import INSTRUCTIONS as IMPROVISE
from dungeon.tale.improvisation import scene_lore
from dungeon.tale.lore import Card, Lore, TriggeredCard, triggered_cards
from dungeon.tale.prompt_format import (
    CARD_LABEL,
    NOTE_LABEL,
    SUMMARY_LABEL,
    TALE,
    PromptFormat,
    byte_size,
)
from dungeon.tale.summary import Chapter, summarise

TOKENS_PER_BYTE = 1 / 3.4

# Shares of the window.
_STEP = 0.25
"""Leaves at once when the window is full."""
_LONGEST = 0.25
"""The most that the opening, or one turn, may take; longer ones are shortened for the storyteller only."""
_LAST = 0.08
"""Kept free for the last turn. A longer one takes from the history, for once."""
_INSTRUCTIONS = 0.3
_MEMORY = 0.15
_CARDS = 0.15
_NOTE = 0.05
_SUMMARY = 0.10
"""The most that instructions and lore may take. Texts lose their end, cards the last of them."""

_TURNS_AFTER_NOTE = 2
"""Turns between the author's note and the action."""


# ---- what a context is -------------------------------------------------------------------------------------------


class PartKind(StrEnum):
    """What a part of the context is."""

    INSTRUCTIONS = "instructions"
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
    """If included, exactly as it stands in the prompt, with what the prompt format puts before and around it."""
    included: bool
    reason: str
    """Why it is included, or why not."""

    @property
    def estimated_tokens(self) -> int:
        """The tokens, estimated from the bytes."""
        return round(byte_size(self.text) * TOKENS_PER_BYTE)


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
    format: PromptFormat = TALE

    @property
    def text(self) -> str:
        """The prompt."""
        return "".join(part.text for part in self.parts if part.included)

    @property
    def share(self) -> float:
        """How much of the budget the prompt takes, from 0 to 1, by the estimate."""
        return min(1.0, sum(part.estimated_tokens for part in self.parts if part.included) / self.budget)


def context_to_continue(
    adventure: Adventure, budget: int, lore: Lore | None = None, prompt_format: PromptFormat = TALE
) -> Context:
    """The context if the player let the story go on from the head; with other lore, if that is given."""
    return build_context(adventure, _continuing(adventure), budget, lore, prompt_format)


def context_for_suggestion(adventure: Adventure, budget: int, prompt_format: PromptFormat = TALE) -> Context:
    """The context for the player's next action at the head: it ends with the action's first word, "You"."""
    return build_context(adventure, _continuing(adventure), budget, None, prompt_format, suggest=True)


def _continuing(adventure: Adventure) -> Node:
    return Node(-1, adventure.head, Kind.CONTINUE, "", "")


def build_context(
    adventure: Adventure,
    answering: Node,
    budget: int,
    lore: Lore | None = None,
    prompt_format: PromptFormat = TALE,
    *,
    suggest: bool = False,
) -> Context:
    """The context for the prose of `answering`, a turn below any turn of the adventure, in at most `budget` tokens.

    Where that node already has prose (the engine died while it streamed), the storyteller continues right after it.
    """
    lore = scene_lore(adventure, answering, adventure.lore if lore is None else lore, prompt_format)
    limit = int(budget / TOKENS_PER_BYTE)  # bytes, from here on
    longest = int(limit * _LONGEST)
    nodes = [] if answering.parent is None else adventure.path(answering.parent)
    turns = [_shortened(node.turn(), longest) for node in nodes]
    last = _shortened(answering.turn(), longest)
    wanted = lore.instructions or prompt_format.default_instructions if prompt_format.takes_instructions else ""
    instructions = _first_bytes(wanted, int(limit * _INSTRUCTIONS))
    memory = _first_bytes(lore.memory, int(limit * _MEMORY))
    opening = _last_bytes(adventure.opening, longest)
    note = _first_bytes(lore.note, int(limit * _NOTE) - prompt_format.note_overhead(NOTE_LABEL))

    # The room for cards is reserved even while none is triggered, and so is a share for the last turn: the window must
    # not move because a card is triggered, or because one action is longer than another.
    card_overhead = prompt_format.note_overhead(CARD_LABEL)
    for_cards = min(int(limit * _CARDS), sum(byte_size(card.text) + card_overhead for card in lore.cards))
    for_last = max(int(limit * _LAST), byte_size(last.action) + byte_size(last.prose)) + prompt_format.fixed_bytes()
    always = byte_size(memory + PARAGRAPH + opening + PARAGRAPH)
    always += byte_size(instructions + PARAGRAPH) if instructions else 0
    # Without its blank line, as ever: a replay compares prompts with those of earlier versions.
    for_note = byte_size(note) + prompt_format.note_overhead(NOTE_LABEL) - len(PARAGRAPH) if note else 0
    room = limit - always - for_note - for_cards - for_last
    sizes = [prompt_format.turn_bytes(turn) for turn in turns]
    for_summary = int(limit * _SUMMARY)
    summary_room = for_summary - prompt_format.note_overhead(SUMMARY_LABEL)
    window = _fit_window(turns, sizes, *_players_summary(adventure, nodes, lore), room, for_summary, summary_room)

    prompt = _Prompt(prompt_format)
    if prompt_format.takes_instructions:
        source = _instructions_source(lore)
        reason = _reason(source, instructions, wanted, _INSTRUCTIONS)
        prompt.add(PartKind.INSTRUCTIONS, "Instructions", prompt.writer.instructions(instructions), reason)
    elif lore.instructions:
        reason = "this voice reads plain text and takes no instructions"
        prompt.leave_out(PartKind.INSTRUCTIONS, "Instructions", lore.instructions, reason)
    memory_reason = _reason("always", memory, lore.memory, _MEMORY)
    prompt.add(PartKind.MEMORY, "Memory", prompt.writer.memory(memory), memory_reason)
    opening_reason = _reason("always", opening, adventure.opening, _LONGEST)
    prompt.add(PartKind.OPENING, "Opening", prompt.writer.opening(opening), opening_reason)
    prompt.add_summary(window)
    if window.first:
        label = "Turn 1" if window.first == 1 else f"Turns 1 to {window.first}"
        prompt.leave_out(PartKind.TURN, label, write(turns[: window.first]), "older than the window")
    before_note = max(window.first, len(turns) - _TURNS_AFTER_NOTE)
    prompt.add_turns(nodes, turns, window.first, before_note)
    late_cards = prompt.add_cards(lore.cards, [Turn("", opening), *turns, last], int(limit * _CARDS))
    prompt.add_note(PartKind.NOTE, NOTE_LABEL, note, _reason("always", note, lore.note, _NOTE))
    prompt.add_turns(nodes, turns, before_note, len(turns))
    for hit in late_cards:
        prompt.add_card(hit)
    if suggest:
        reason = "what the voice is to complete"
        prompt.add(PartKind.ACTION, "Your next action", prompt.writer.next_action(), reason)
    else:
        prompt.add_action(answering, last)
    summary_through = nodes[window.covered - 1].id if window.covered else 0
    return Context(tuple(prompt.parts), budget, window.summary, summary_through, prompt_format)


# ---- the parts, in order -----------------------------------------------------------------------------------------


class _Prompt:
    """The parts so far, in the order of the prompt."""

    def __init__(self, prompt_format: PromptFormat) -> None:
        self.parts: list[Part] = []
        self.writer = prompt_format.writer()
        self._format = prompt_format

    def add(self, kind: PartKind, label: str, text: str, reason: str, if_empty: str = "none is written") -> None:
        """Includes a text that the writer has written; an empty one is left out, for the reason `if_empty`."""
        self.parts.append(Part(kind, label, text, included=bool(text), reason=reason if text else if_empty))

    def leave_out(self, kind: PartKind, label: str, text: str, reason: str) -> None:
        """Adds a part that the storyteller does not get."""
        self.parts.append(Part(kind, label, text, included=False, reason=reason))

    def add_note(
        self, kind: PartKind, label: str, text: str, reason: str, if_empty: str = "none is written", mark: str = ""
    ) -> None:
        """Includes a note, marked with its label or with `mark`."""
        self.add(kind, label, self.writer.note(mark or label, text) if text else "", reason, if_empty)

    def add_summary(self, window: "_Window") -> None:
        """Includes the summary, shortened to its share."""
        shown = _first_bytes(window.summary, window.summary_room)
        reason = _reason(window.summary_source, shown, window.summary, _SUMMARY)
        self.add_note(PartKind.SUMMARY, "Summary", shown, reason, window.summary_source, SUMMARY_LABEL)

    def add_turns(self, nodes: list[Node], turns: list[Turn], start: int, end: int) -> None:
        """Includes the turns of the window from `start` to before `end`."""
        for number in range(start, end):
            turn = turns[number]
            is_whole = turn == nodes[number].turn()
            reason = "in the window" if is_whole else f"in the window, shortened to {_LONGEST:.0%} of it"
            self.add(PartKind.TURN, f"Turn {number + 1}", self.writer.turn(turn), reason, if_empty="no text came")

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
            size = byte_size(card.text) + self._format.note_overhead(CARD_LABEL)
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
        self.add_note(PartKind.CARD, _card_label(hit.card), hit.card.text, _why_triggered(hit), mark=CARD_LABEL)

    def add_action(self, answering: Node, turn: Turn) -> None:
        """Ends the prompt with the action that is to be answered, and what has been written of the answer."""
        label = "Your action" if answering.action else "Your narration" if answering.input else "Go on"
        text = self.writer.last_turn(turn, is_started=bool(answering.prose))
        self.parts.append(Part(PartKind.ACTION, label, text, included=True, reason="what is to be answered"))


def _instructions_source(lore: Lore) -> str:
    if lore.instructions.startswith(IMPROVISE):
        return "for a turn within the author's scene"
    return "your words" if lore.instructions else "the default"


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


def _fit_window(
    turns: list[Turn],
    sizes: list[int],
    player_summary: str,
    covered: int,
    room: int,
    for_summary: int,
    summary_room: int,
) -> _Window:
    """The window of `room` bytes, of which the summary takes `for_summary` as soon as a turn has left.

    `sizes` are the bytes of the turns in the prompt, `summary_room` those of the summary's text. `player_summary` is
    the player's own, about the first `covered` turns.
    """
    steps = _steps(sizes, room, for_summary, from_the_start=bool(player_summary) and not covered)
    if player_summary and not steps:  # the player has gone back to before anything had left
        steps = _steps(sizes, room, for_summary, from_the_start=True)
    first = steps[-1] if steps else 0
    left = [(turn.action, turn.prose) for turn in turns[:first]]
    chapters = tuple(tuple(left[max(start, covered) : end]) for start, end in pairwise([0, *steps]) if end > covered)
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
    since = summarise(chapters, room - byte_size(player_summary + PARAGRAPH))
    if not since:
        return player_summary, "your words"
    return player_summary + PARAGRAPH + since, "your words, then the game's"


# ---- sizes in bytes ----------------------------------------------------------------------------------------------


def _shortened(turn: Turn, limit: int) -> Turn:
    """The turn in at most `limit` bytes: the beginning of a long action, the end of long prose."""
    if byte_size(turn.action) + byte_size(turn.prose) <= limit:
        return turn
    action = _first_bytes(turn.action, limit // 2)
    return Turn(action, _last_bytes(turn.prose, limit - byte_size(action)))


def _first_bytes(text: str, limit: int) -> str:
    """The beginning of a text, in whole words; "" where there is no room."""
    limit = max(0, limit)
    if byte_size(text) <= limit:
        return text
    part = text.encode()[:limit].decode(errors="ignore")
    return part.rpartition(" ")[0] or part


def _last_bytes(text: str, limit: int) -> str:
    """The end of a text, in whole words."""
    if byte_size(text) <= limit:
        return text
    part = text.encode()[len(text.encode()) - limit :].decode(errors="ignore")
    # A mark that the cut has moved to the beginning of a line must not read as an action there.
    return (part.partition(" ")[2] or part).lstrip("> \n")
