"""The adventure as the text a voice goes on from, laid out so that the engine's prefix cache stays warm.

Order: the opening, then as many whole turns as fit, then the action. The opening always stays, for players take it
ill when the premise is forgotten. When the window is full the oldest turns leave in one big step, a quarter of the
window at a time, and the rest stays where it is: between two steps each prompt begins with the last one.

Sizes are estimated from UTF-8 bytes, for an endpoint need not tell its tokenizer; `tokens_per_byte` is on the safe
side for English. Text of other scripts can cost more: the session halves the budget when an endpoint refuses.
"""

from corpus.turns import ACTION_MARK, PARAGRAPH, PROMPT_END, Turn, prompt, write
from dungeon.tale.adventure import Adventure, Node

TOKENS_PER_BYTE = 1 / 3.4
_STEP = 0.25
"""The share of the window that leaves at once when it is full."""
_LONGEST = 0.25
"""The share of the window that the opening, or one turn, may take; longer ones are shortened for the voice only."""
_FRAME = len(PARAGRAPH + ACTION_MARK + PARAGRAPH + PROMPT_END)
"""Bytes that the last turn takes beside its words."""


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
    history = _window(before, limit - _size(opening) - longest - _FRAME)
    last = _shortened(answering.turn(), longest)
    tale = [Turn("", opening), *history]
    if answering.prose:
        return write([*tale, last])
    if last.action:
        return prompt(write(tale), last.action)
    return write([*tale, last]) + PROMPT_END


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
