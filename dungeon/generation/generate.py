"""Telling one turn: the prompt goes to the storyteller, its answer comes back piece by piece as clean prose.

    answer = await tell(storyteller, adventure, node, How(sampling, seed, budget), heard)

`heard` is called with all of the prose so far for every piece that changes it. What it may show, and why a turn is
over, `dungeon.tale.output_policy` decides; here the storyteller is asked, and asked again: after less than a sentence (twice,
with a word to begin with), after a few words behind which it played the player (twice), after a loop (once, with other
sampling) and after a banned phrase (three times), each time from where the turn was still good, so that whole sentences
that were heard stay. Cancelling the task ends the turn; what was heard is then all there is. Nothing here keeps
anything: the session does, and the speculation in `dungeon.generation.prefetch` throws most of it away.

However long a server goes on, a turn ends: so many tokens, pieces and characters, and so many times asked.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec

from corpus.turns import PROMPT_END
from dungeon.errors import ContextOverflow
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.context import build_prompt
from dungeon.tale.output_policy import End, FilteredOutput, bare, filter_output, output_policy
from dungeon.tale.prose import OVERRUN, whole

_EMPTY_TRIES = 3
_BANNED_TRIES = 3
_BRIEF_TRIES = 3
_BRIEF = 1 / 3
"""Words for each token of a turn's length below which a turn that the player's part cut off is too little."""
_NEXT_SEED = 1_000_003
_BYTES_PER_TOKEN = 4
_LONGEST_TOKEN = 32
"""Characters: more than any tokenizer's mean over a turn."""
_BLANKS = 40
"""Pieces of nothing but blanks after which nothing else will come."""
_LEAST_BUDGET = 128

IN_CIRCLES = "The storyteller went in circles and was asked again, with other sampling."
KEPT_BANNED = "The storyteller kept to a banned phrase, and its sentence was left out."


@dataclass(slots=True)
class StreamStats:
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
class GenerationParams:
    """What decides an answer, beside the adventure and the voice."""

    sampling: Sampling
    seed: int
    budget: int
    """The tokens that the prompt may take."""
    to_the_end: bool = False
    """Listen on after the turn is complete, so that what the engine caches does not hang on when we left: a seeded
    game tells the same story again only so."""


@dataclass(frozen=True, slots=True)
class GeneratedTurn:
    """A finished turn."""

    prose: str
    """"" if the storyteller said nothing."""
    how: GenerationParams
    """As `tell` was called, but for a budget that the server takes: called so again, it tells the same, however many
    times the voice has to be asked on the way. (Not where the turn was `begun`, for the voice was cut off there.)"""
    prompt: str
    """sha256 of the prompt that it began with."""
    notes: tuple[str, ...] = ()
    """What the player should know of how it came."""


OnProse = Callable[[str, StreamStats], None]


async def tell(
    storyteller: Storyteller,
    adventure: Adventure,
    node: Node,
    how: GenerationParams,
    heard: OnProse,
    *,
    begun: str = "",
) -> GeneratedTurn:
    """The prose of `node`, which answers any turn of the adventure.

    `begun` is what the voice, asked in this very way, has said already, as it came: the turn goes on behind it, and
    it is not asked for again.

    Raises:
        DungeonError: the storyteller failed.
    """
    return await _Turn(storyteller, adventure, node, how, heard).tell(begun)


class _Turn:
    """One turn while it is told."""

    def __init__(
        self, storyteller: Storyteller, adventure: Adventure, node: Node, how: GenerationParams, heard: OnProse
    ) -> None:
        self._storyteller = storyteller
        self._adventure = adventure
        self._node = node
        self._how = how
        self._heard = heard
        self._manners = output_policy(adventure, node, how.sampling.banned, how.sampling.stop)
        self._prompt = ""
        self._shown = ""
        self._asked = time.monotonic()
        self._first: float | None = None
        self._pieces = 0

    async def tell(self, begun: str) -> GeneratedTurn:
        await self._storyteller.start()
        sampling, seed, said, opener = self._how.sampling, self._how.seed, begun, ""
        notes: list[str] = []
        empty = banned = brief = 0
        while True:
            judged = await self._within_context(said, opener, sampling, seed)
            good = judged.behind
            prose = whole(good) if judged.end is End.BANNED else judged.shown
            if bare(prose) == bare(opener):
                prose = ""
            opener = ""
            if judged.end is End.LOOP and IN_CIRCLES not in notes:
                notes.append(IN_CIRCLES)
                sampling = _otherwise(sampling)
            elif judged.end is End.BANNED and banned < _BANNED_TRIES:
                banned += 1
            elif not whole(good) and empty < _EMPTY_TRIES - 1:
                good, opener = "", self._manners.openers[empty]
                empty += 1
            elif judged.end is End.PLAYER and brief < _BRIEF_TRIES - 1 and self._is_brief(whole(good)):
                brief += 1
            else:
                break
            said = PROMPT_END + good if good else ""
            seed += _NEXT_SEED
        if judged.end is End.BANNED:
            notes.append(KEPT_BANNED)
        self._show(prose)
        return GeneratedTurn(prose, self._how, hashlib.sha256(self._prompt.encode()).hexdigest(), tuple(notes))

    def _is_brief(self, prose: str) -> bool:
        """Whether there is something, and too little for a turn."""
        return 0 < len(prose.split()) < _BRIEF * self._how.sampling.length

    async def _within_context(self, said: str, opener: str, sampling: Sampling, seed: int) -> FilteredOutput:
        """As `_listen`, with a prompt that the server does not refuse as too long."""
        while True:
            self._prompt = build_prompt(self._adventure, self._node, self._how.budget)
            try:
                return await self._listen(said, opener, sampling, seed)
            except ContextOverflow:
                budget = self._how.budget // 2
                if budget < _LEAST_BUDGET:
                    raise
                self._how = replace(self._how, budget=budget)

    async def _listen(self, said: str, opener: str, sampling: Sampling, seed: int) -> FilteredOutput:
        """What the voice says behind `said`, to the end of the turn or to where it has to be asked again.

        `opener` is put into its mouth, and is part of the turn if it goes on from there.
        """
        length = sampling.length
        most = length + OVERRUN
        count = -(-len(said.encode()) // _BYTES_PER_TOKEN)
        raw = said
        text = ""
        blanks = 0
        judged = filter_output(raw, self._manners)
        self._show(judged.shown)
        over = bool(judged.end) or count >= most or (count >= length and judged.complete)
        if not over:
            prompt = self._prompt + said + (PROMPT_END + opener if opener else "")
            stream = self._storyteller.stream(prompt, sampling, max_tokens=most - count, seed=seed)
            async with aclosing(stream) as going:
                async for piece in going:
                    count += 1
                    if not over and count <= most:
                        self._pieces += 1
                        text = (text + piece)[: most * _LONGEST_TOKEN]
                        blanks = 0 if piece.strip() else blanks + 1
                        raw = said + text if text.startswith("\n") or not text.strip() else said + opener + text
                        judged = filter_output(raw, self._manners)
                        self._show(judged.shown)
                        over = (
                            bool(judged.end)
                            or (count >= length and judged.complete)
                            or blanks >= _BLANKS
                            or len(text) >= most * _LONGEST_TOKEN
                        )
                    if count > most or (over and not self._how.to_the_end):
                        break
        return judged if judged.end else filter_output(raw, self._manners, ended=True)

    def _show(self, prose: str) -> None:
        if prose == self._shown:
            return
        now = time.monotonic()
        if self._first is None:
            self._first = now
        self._shown = prose
        self._heard(prose, StreamStats(self._asked, self._first - self._asked, self._pieces, now - self._first))


def _otherwise(sampling: Sampling) -> Sampling:
    """Sampling that leads out of a circle: warmer, and harder on what stood before."""
    return msgspec.structs.replace(
        sampling,
        temperature=max(sampling.temperature, min(sampling.temperature + 0.3, 1.2)),
        repeat_penalty=max(sampling.repeat_penalty, min(sampling.repeat_penalty + 0.1, 1.3)),
        dry_multiplier=max(sampling.dry_multiplier, 0.8),
    )
