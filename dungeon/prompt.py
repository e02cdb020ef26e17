"""The adventure as the text a voice goes on from, laid out so that the engine's prefix cache stays warm.

Order: memory, the opening, as many whole turns as fit, the cards that the last turns call for, the author's note, the
last two turns, the action. What changes goes late. The opening always stays, for players take it ill when the premise
is forgotten. When the window is full the oldest turns leave in one big step, a quarter of the window at a time, and
the rest stays where it is: between two steps each prompt begins with the last one, up to the cards.

Sizes are estimated from UTF-8 bytes, for an endpoint need not tell its tokenizer; `tokens_per_byte` is on the safe
side for English. Text of other scripts can cost more: the session halves the budget when an endpoint refuses.
"""

from corpus.turns import ACTION_MARK, PARAGRAPH, PROMPT_END, Turn, prompt, write
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Lore, fired

TOKENS_PER_BYTE = 1 / 3.4
_STEP = 0.25
"""The share of the window that leaves at once when it is full."""
_LONGEST = 0.25
"""The share of the window that the opening, or one turn, may take; longer ones are shortened for the voice only."""
_MEMORY = 0.15
_CARDS = 0.15
_NOTE = 0.05
"""The shares of the window that lore may take, where there is any. Memory loses its end, cards the last of them."""
_AFTER = 2
"""How many turns stand between the author's note and the action."""
_SEARCHED = 4
"""How many turns back a card's key is looked for."""
_FRAME = len(PARAGRAPH + ACTION_MARK + PARAGRAPH + PROMPT_END)
"""Bytes that the last turn takes beside its words."""
_NOTE_FRAME = len("[Author's note: ]" + PARAGRAPH)


def build_prompt(adventure: Adventure, answering: Node, budget: int) -> str:
    """The prompt for the prose of `answering`, a node on the path to the head, in at most `budget` tokens.

    Where that node already holds prose (the engine died in mid-turn), the voice goes on right behind it.
    """
    limit = int(budget / TOKENS_PER_BYTE)  # bytes, from here on
    longest = int(limit * _LONGEST)
    path = [node for node in adventure.path() if node.id != answering.id]  # it is the last, and may have grown since
    before = [_shortened(node.turn(), longest) for node in path]
    opening = _end_of(adventure.opening, longest)
    # The last turn's share is fixed, not its real size: the window must not move because an action is longer.
    last = _shortened(answering.turn(), longest)
    lore = adventure.lore
    memory = _beginning_of(lore.memory, int(limit * _MEMORY))
    # What cards may take is kept free even while none has fired: the window must not move because one has.
    asides = int(limit * _CARDS) * bool(lore.cards) + int(limit * _NOTE) * bool(lore.note)
    history = _window(before, limit - _size(memory + PARAGRAPH + opening) - asides - longest - _FRAME)
    recent = write([Turn("", opening), *before, last][-1 - _SEARCHED :])
    aside = _aside(lore, recent, limit)
    tale = [Turn("", memory), Turn("", opening), *history[:-_AFTER], Turn("", aside), *history[-_AFTER:]]
    if answering.prose:
        return write([*tale, last])
    if last.action:
        return prompt(write(tale), last.action)
    return write([*tale, last]) + PROMPT_END


def _aside(lore: Lore, recent: str, limit: int) -> str:
    """The cards that fit, and the author's note, in the bytes they may take of `limit`."""
    room = int(limit * _CARDS)
    blocks = []
    for card in fired(lore.cards, recent):
        room -= _size(card.text) + len(PARAGRAPH)
        if room >= 0:
            blocks.append(card.text)
    if lore.note:
        blocks.append(f"[Author's note: {_beginning_of(lore.note, int(limit * _NOTE) - _NOTE_FRAME)}]")
    return PARAGRAPH.join(blocks)


def _window(turns: list[Turn], limit: int) -> list[Turn]:
    """The latest turns within `limit` bytes. Depends on the turns alone, so that it moves only in its big steps."""
    kept: list[Turn] = []
    size = 0
    for turn in turns:
        kept.append(turn)
        size += _size(write([turn])) + len(PARAGRAPH)
        if size > limit:
            while kept and size > limit * (1 - _STEP):
                size -= _size(write([kept.pop(0)])) + len(PARAGRAPH)
    return kept


def _shortened(turn: Turn, limit: int) -> Turn:
    """The turn in at most `limit` bytes: the beginning of a long action, the end of long prose."""
    if _size(turn.action) + _size(turn.prose) <= limit:
        return turn
    action = _beginning_of(turn.action, limit // 2)
    return Turn(action, _end_of(turn.prose, limit - _size(action)))


def _size(text: str) -> int:
    return len(text.encode())


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
