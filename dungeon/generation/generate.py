"""Generates one turn: the request goes to the storyteller, its answer comes back piece by piece as clean prose.

    turn = await generate(storyteller, request, policy, on_prose)

`on_prose` is called with all of the prose so far whenever it changes. `dungeon.tale.output_policy` decides what may be
shown, and why a turn is over. When the output is not good enough, the storyteller is asked again, from where the turn
was still good, so that whole sentences that were shown stay:

- after a loop, once, with other sampling;
- after a banned phrase, three times;
- after a near name, a stock phrase or a sentence that changes an author's scene, three times; the third time such
  sentences are left out;
- after less than a sentence, or less than four words in an author's scene, twice, with a forced first word;
- after a few words behind which it played the player's part, twice.

Cancelling the task ends the turn; what was shown is then all of it. However long a server goes on, a turn ends: so many
tokens, characters, and attempts. Nothing is stored here.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec

from corpus.control_strings import break_control_strings, hide_thinking
from corpus.turns import STOP
from dungeon.errors import ContextOverflow
from dungeon.generation.prefill import force_prefill
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.context import build_context
from dungeon.tale.improvisation import improvised_length, scene_of
from dungeon.tale.names import initials, names_of_adventure
from dungeon.tale.output_policy import (
    DRAWN_AGAIN,
    FilteredOutput,
    OutputPolicy,
    StopReason,
    bare_words,
    filter_output,
    policy_for_turn,
)
from dungeon.tale.prose import OVERRUN_TOKENS, complete_sentences

_BRIEF = 1 / 3
"""Words for each token of a turn's length below which a turn that the player's part cut short is too little."""
_LEAST_IN_SCENE = 4
"""Words of an improvised turn below which it is drawn again."""
_DRAWS = 3
"""How often a turn is continued from before a sentence with a near name or a stock phrase."""
_SEED_STEP = 1_000_003
"""Between the seeds of one attempt and the next."""
_BYTES_PER_TOKEN = 4
_CHARACTERS_PER_TOKEN = 32
"""More than any tokenizer's mean over a turn."""
_BLANK_PIECES = 40
"""Pieces of nothing but white space after which nothing else will come."""

LOOPED = "The storyteller repeated itself and was asked again."
BANNED_PHRASE_LEFT_OUT = "The storyteller kept using a banned phrase; its sentence was left out."


@dataclass(frozen=True, slots=True)
class StreamStats:
    """How fast a turn streams, for the status line and the benchmarks."""

    started: float = 0.0
    """When it was asked for, in monotonic seconds."""
    first_text: float | None = None
    """Seconds until the first text."""
    tokens: int = 0
    """Pieces of the stream: one a token with every server we know."""
    seconds: float = 0.0
    """From the first text to the last."""

    @property
    def tokens_per_second(self) -> float:
        """0 while it is not known."""
        return (self.tokens - 1) / self.seconds if self.tokens > 1 and self.seconds > 0 else 0.0


OnProse = Callable[[str, StreamStats], None]


@dataclass(frozen=True, slots=True)
class GeneratedTurn:
    """A finished turn."""

    prose: str
    """"" if the storyteller wrote nothing."""
    notes: tuple[str, ...] = ()
    """What the player should know about how it was generated."""


def turn_request(adventure: Adventure, node: Node, params: GenerationParams, prefix: str = "") -> GenerationRequest:
    """The request for the prose of `node`, below any turn of the adventure, which has `prefix` already."""
    length = improvised_length(adventure, node, params.sampling.length, params.prompt_format)
    sampling = msgspec.structs.replace(params.sampling, length=length)
    params = replace(params, sampling=_without_dry_in_names(sampling, adventure, node))
    return GenerationRequest(
        build_context(adventure, node, params.budget, None, params.prompt_format),
        prefix,
        params,
        max_tokens=params.sampling.length + OVERRUN_TOKENS,
    )


def _without_dry_in_names(sampling: Sampling, adventure: Adventure, node: Node) -> Sampling:
    """The sampling whose DRY does not price the rest of a name that has begun."""
    if not sampling.dry_multiplier:
        return sampling
    breakers = (*sampling.dry_sequence_breakers, *initials(names_of_adventure(adventure, node)))
    return msgspec.structs.replace(sampling, dry_sequence_breakers=tuple(dict.fromkeys(breakers)))


def turn_policy(adventure: Adventure, node: Node, params: GenerationParams) -> OutputPolicy:
    """The output policy for the prose of `node`."""
    scene = scene_of(adventure, node, params.prompt_format)
    return policy_for_turn(adventure, node, params.sampling.banned, params.sampling.stop, scene)


async def generate(
    storyteller: Storyteller, request: GenerationRequest, policy: OutputPolicy, on_prose: OnProse
) -> GeneratedTurn:
    """The prose that answers the request. Its prefix is part of the prose, and is not asked for again.

    The same request gives the same prose again, however many attempts it takes. (Not one whose prefix is where another
    stream was cut off.)

    Raises:
        ContextOverflow: the server refused the prompt as too long, before any prose came.
        DungeonError: the storyteller failed.
    """
    return await _Generation(storyteller, request, policy, on_prose).run()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the storyteller is asked for, this time."""

    prefix: str
    """The prose so far, as it stands behind the prompt."""
    forced_start: str
    """Words that it must begin with, part of the turn if it goes on from there."""
    sampling: Sampling
    seed: int


class _Generation:
    """One turn while it is generated."""

    def __init__(
        self, storyteller: Storyteller, request: GenerationRequest, policy: OutputPolicy, on_prose: OnProse
    ) -> None:
        self._storyteller = storyteller
        self._request = request
        self._policy = policy
        self._on_prose = on_prose
        self._retries = Counter[str]()
        self._notes: list[str] = []
        self._shown = ""
        self._stats = StreamStats(time.monotonic())

    async def run(self) -> GeneratedTurn:
        await self._storyteller.start()
        if not self._request.prefix.endswith(STOP):  # then there is nothing to ask for
            await force_prefill(self._storyteller, self._request.context.text)
        params = self._request.params
        attempt = _Attempt(self._request.prefix, "", params.sampling, params.seed)
        while True:
            try:
                output = await self._stream(attempt)
            except ContextOverflow:
                if not self._retries:
                    raise
                # The prompt was accepted before; with the prose so far behind it, it is too long. The turn ends here.
                output = filter_output(attempt.prefix, self._policy, finished=True)
                break
            next_attempt = self._next_attempt(attempt, output)
            if next_attempt is None:
                break
            attempt = next_attempt
        prose = self._finished_prose(attempt, output)
        self._show(prose)
        return GeneratedTurn(prose, tuple(self._notes))

    def _next_attempt(self, attempt: _Attempt, output: FilteredOutput) -> _Attempt | None:
        """How to ask again, if the output is not good enough."""
        keep, sampling, forced_start = output.keep, attempt.sampling, ""
        if output.stop_reason is StopReason.LOOP and self._may_retry("loop", 1):
            self._notes.append(LOOPED)
            sampling = _escape_loop(sampling)
        elif output.stop_reason is StopReason.BANNED and self._may_retry("banned", 3):
            pass
        elif output.stop_reason in DRAWN_AGAIN and self._may_retry("drawn again", _DRAWS):
            if self._retries["drawn again"] == _DRAWS:
                self._policy = replace(self._policy, draws_again=False)
        elif self._is_nothing(complete_sentences(keep)) and self._may_retry("empty", 2):
            keep, forced_start = "", self._policy.forced_starts[self._retries["empty"] - 1]
        elif (
            output.stop_reason is StopReason.PLAYER
            and self._is_brief(complete_sentences(keep))
            and self._may_retry("brief", 2)
        ):
            pass
        else:
            return None
        prefix = self._request.context.format.prose_start + break_control_strings(keep) if keep else ""
        return _Attempt(prefix, forced_start, sampling, attempt.seed + _SEED_STEP)

    def _may_retry(self, reason: str, most: int) -> bool:
        if self._retries[reason] >= most:
            return False
        self._retries[reason] += 1
        return True

    def _is_nothing(self, prose: str) -> bool:
        """Whether there is no sentence; in an author's scene, where one may be all of it, no sentence worth telling."""
        return not prose or (self._policy.scene is not None and len(prose.split()) < _LEAST_IN_SCENE)

    def _is_brief(self, prose: str) -> bool:
        """Whether there is something, and too little for a turn."""
        return 0 < len(prose.split()) < _BRIEF * self._request.params.sampling.length

    def _finished_prose(self, attempt: _Attempt, output: FilteredOutput) -> str:
        prose = output.shown
        if output.stop_reason is StopReason.BANNED:
            self._notes.append(BANNED_PHRASE_LEFT_OUT)
            prose = complete_sentences(output.keep)
        return "" if bare_words(prose) == bare_words(attempt.forced_start) else prose

    async def _stream(self, attempt: _Attempt) -> FilteredOutput:
        """The output of one attempt, up to the end of the turn or to where the storyteller must be asked again."""
        request = self._request
        output = _Output(attempt, self._policy, request)
        self._show(output.filtered.shown)
        if not output.is_over:
            prose_start = request.context.format.prose_start if attempt.forced_start else ""
            asked = replace(
                request,
                prefix=attempt.prefix + prose_start + attempt.forced_start,
                params=replace(request.params, sampling=attempt.sampling, seed=attempt.seed),
                max_tokens=request.max_tokens - output.tokens,
            )
            received = 0
            async with aclosing(self._storyteller.stream(asked)) as pieces:
                async for piece in pieces:
                    received += 1
                    if not output.is_over:
                        output.add(piece)
                        self._stats = replace(self._stats, tokens=self._stats.tokens + 1)
                        self._show(output.filtered.shown)
                    if (output.is_over and not request.params.drain) or received > asked.max_tokens:
                        break
        return output.finished()

    def _show(self, prose: str) -> None:
        if prose == self._shown:
            return
        now = time.monotonic()
        stats = self._stats
        first_text = now - stats.started if stats.first_text is None else stats.first_text
        self._shown = prose
        self._stats = replace(stats, first_text=first_text, seconds=now - stats.started - first_text)
        self._on_prose(prose, self._stats)


class _Output:
    """What one attempt has brought so far."""

    def __init__(self, attempt: _Attempt, policy: OutputPolicy, request: GenerationRequest) -> None:
        self._attempt = attempt
        self._policy = policy
        self._length = request.params.sampling.length
        self._max_tokens = request.max_tokens
        self._raw = attempt.prefix
        self._text = ""
        self._blank_pieces = 0
        self.tokens = -(-len(attempt.prefix.encode()) // _BYTES_PER_TOKEN)
        self.filtered = filter_output(self._raw, policy)

    def add(self, piece: str) -> None:
        """Appends a piece of the stream."""
        self.tokens += 1
        self._text = (self._text + piece)[: self._max_tokens * _CHARACTERS_PER_TOKEN]
        self._blank_pieces = 0 if piece.strip() else self._blank_pieces + 1
        text = hide_thinking(self._text) if not self._attempt.prefix else self._text
        continues = text.strip() and not text.startswith("\n")
        self._raw = self._attempt.prefix + (self._attempt.forced_start if continues else "") + text
        self.filtered = filter_output(self._raw, self._policy)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is wanted: the policy says so, the turn is long enough, or it will not end by itself."""
        return (
            bool(self.filtered.stop_reason)
            or (self.tokens >= self._length and self.filtered.ends_sentence)
            or self.tokens >= self._max_tokens
            or self._blank_pieces >= _BLANK_PIECES
            or len(self._text) >= self._max_tokens * _CHARACTERS_PER_TOKEN
        )

    def finished(self) -> FilteredOutput:
        """The output, to which nothing more will be added."""
        return self.filtered if self.filtered.stop_reason else filter_output(self._raw, self._policy, finished=True)


def _escape_loop(sampling: Sampling) -> Sampling:
    """Sampling that leads out of a loop: warmer, and harder on what stood before."""
    return msgspec.structs.replace(
        sampling,
        temperature=max(sampling.temperature, min(sampling.temperature + 0.3, 1.2)),
        repeat_penalty=max(sampling.repeat_penalty, min(sampling.repeat_penalty + 0.1, 1.3)),
        dry_multiplier=max(sampling.dry_multiplier, 0.8),
    )
