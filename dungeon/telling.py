"""Telling one turn: the prompt goes to the storyteller, its answer comes back piece by piece as clean prose.

    answer = await tell(storyteller, adventure, node, How(sampling, seed, budget), heard)

`heard` is called with all of the prose so far for every piece that changes it. Cancelling the task ends the turn; what
was heard is then all there is. Nothing here keeps anything: the session does, and the speculation in `dungeon.ahead`
throws most of it away.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from dungeon.errors import ContextOverflow
from dungeon.prompt import build_prompt
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.voices import Sampling
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.prose import OVERRUN, at_sentence_end, cut, tidy

_EMPTY_TRIES = 3
_LEAST_BUDGET = 128


@dataclass(slots=True)
class Pace:
    """How a turn came, for the status line and the benchmarks."""

    asked: float = 0.0
    """Monotonic seconds."""
    first: float | None = None
    """Seconds until the first text."""
    pieces: int = 0
    """One a token with every server we know."""
    seconds: float = 0.0
    """From the first piece to the last."""

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return (self.pieces - 1) / self.seconds if self.pieces > 1 and self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class How:
    """What decides an answer, beside the adventure and the voice."""

    sampling: Sampling
    seed: int
    budget: int
    """The tokens that the prompt may take."""
    to_the_end: bool = False
    """Listen on after the turn is complete, so that what the engine caches does not hang on when we left: a seeded
    game tells the same story again only so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished turn."""

    prose: str
    """"" if the storyteller said nothing."""
    how: How
    """As it was told in the end."""
    prompt: str
    """sha256 of the prompt."""


Heard = Callable[[str, Pace], None]


async def tell(storyteller: Storyteller, adventure: Adventure, node: Node, how: How, heard: Heard) -> Answer:
    """The prose of `node`, the last of the adventure's path.

    Raises:
        DungeonError: the storyteller failed.
    """
    asked = time.monotonic()
    answer = Answer("", how, "")
    for attempt in range(_EMPTY_TRIES):
        how = replace(answer.how, seed=how.seed + attempt * 1_000_003)
        answer = await _within_context(storyteller, adventure, node, how, heard, asked)
        if answer.prose:
            break
    return answer


async def _within_context(
    storyteller: Storyteller, adventure: Adventure, node: Node, how: How, heard: Heard, asked: float
) -> Answer:
    """An answer to a prompt that the server does not refuse as too long."""
    await storyteller.start()
    while True:
        prompt = build_prompt(adventure, node, how.budget)
        try:
            prose = await _stream(storyteller, prompt, how, heard, asked)
        except ContextOverflow:
            if how.budget // 2 < _LEAST_BUDGET:
                raise
            how = replace(how, budget=how.budget // 2)
        else:
            return Answer(prose, how, hashlib.sha256(prompt.encode()).hexdigest())


async def _stream(storyteller: Storyteller, prompt: str, how: How, heard: Heard, asked: float) -> str:
    raw = prose = ""
    finished = False
    first = last = None
    pieces = 0
    length = how.sampling.length
    stream = storyteller.stream(prompt, how.sampling, max_tokens=length + OVERRUN, seed=how.seed)
    async with aclosing(stream) as going:
        async for piece in going:
            if finished:
                continue
            raw += piece
            pieces += 1
            last = time.monotonic()
            grown = tidy(raw)
            if not grown and raw.strip():
                break  # it began with the player's next action: nothing that follows would be shown
            if not grown or grown == prose:
                continue
            prose = grown
            first = first or last
            heard(prose, Pace(asked, first - asked, pieces, last - first))
            if pieces >= length and at_sentence_end(prose):
                finished = True
                if not how.to_the_end:
                    break
    return cut(prose)
