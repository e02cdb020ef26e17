"""Works on what may come next while the player reads: suggests actions, and prefetches the turns that answer them.

    await prefetcher.suggest(adventure, params, 4, on_change)   # in the background
    await prefetcher.prefetch(adventure, params, 4, on_change)  # in the background: "go on", and a turn a suggestion
    turn = prefetcher.take(adventure, kind, action, params)     # when the player has chosen
    answer = await turn.deliver(on_prose)                       # like `generate`, but for what is there already

The background work is one task, which the player's next move cancels: the connection closes, and the engine stops at
the next token. But a turn that is being generated when the player picks it goes on, and is delivered as it streams.

Each turn is generated in two phases, its first words and the rest, so that every suggestion can start at once long
before all of them are complete. A phase that is cancelled leaves nothing. Where a turn was divided is known, so that
`dungeon replay` can generate it again in the same way. Nothing of this is on the disk.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import msgspec

from corpus.actions import action_line, read_input
from corpus.turns import STOP, Kind
from dungeon.generation.generate import GeneratedTurn, OnProse, StreamStats, generate, turn_policy, turn_request
from dungeon.generation.prefill import force_prefill
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.context import context_for_suggestion
from dungeon.tale.output_policy import filter_output
from dungeon.tale.suggestion import (
    is_new_suggestion,
    is_speech,
    names_something,
    parse_suggestion,
    scene_things,
    unused_beginnings,
)

MAX_SUGGESTIONS = 4

FIRST_WORDS = 24
"""Tokens of a turn's first phase: five seconds' reading."""
_ACTION_TOKENS = 20
"""A line that goes on for longer is not an action."""
_WARMER = 0.3
_LEAST_TEMPERATURE = 0.9
"""The temperature of suggestions is higher than the story's by this, and at least this, so that they differ."""
_TRIES = 5
"""How often the voice is asked for each suggestion that is wanted, at most."""
_SEED_STEP = 1_000_003
"""Between the seeds of one try and the next: with a seed, too, each gives another action."""
_FREE_TRIES = 2
"""How often, for each suggestion that is wanted, the voice begins the action itself. After that, and when half of the
suggestions are speech, it finishes deeds that are begun for it: where people talk, it would only go on talking."""
_SCENE_TURNS = 3
"""The scene of which a suggestion names something: the last turns."""
_RECENT_ACTIONS = 3
"""How many of the last actions are not suggested again."""
_PLACES = 64
"""The latest places of the tree of which anything is kept."""


# ---- one turn ------------------------------------------------------------------------------------------------


async def first_words(storyteller: Storyteller, request: GenerationRequest, on_text: Callable[[str], object]) -> str:
    """The first phase of a turn: raw text that is the prefix of the second. `on_text` gets all of it so far."""
    raw = ""
    tokens = 0
    await force_prefill(storyteller, request.context.text)
    # A whole turn is asked for, and left in the middle: a server that is asked for less does not say why it stopped.
    async with aclosing(storyteller.stream(request)) as pieces:
        async for piece in pieces:
            raw += piece
            tokens += 1
            on_text(raw)
            if tokens >= FIRST_WORDS:
                return raw
    return raw + STOP


class Phase(Enum):
    """How far a prefetched turn is."""

    QUEUED = auto()
    STARTING = auto()
    """Its first words are being generated."""
    STARTED = auto()
    FINISHING = auto()
    """The rest is being generated."""
    FINISHED = auto()


class PrefetchedTurn:
    """A turn that nobody has asked for yet.

    QUEUED -> STARTING -> STARTED -> FINISHING -> FINISHED. A phase that fails, or is cancelled before the player has
    taken the turn, goes back to the one before.
    """

    def __init__(self, storyteller: Storyteller, adventure: Adventure, node: Node, params: GenerationParams) -> None:
        self._storyteller = storyteller
        self._adventure = adventure
        self._lore = adventure.lore
        self._node = node
        self.params = params
        self.phase = Phase.QUEUED
        self.taken = False
        self._request: GenerationRequest | None = None
        """With the first words as its prefix, once they are there."""
        self._answer: GeneratedTurn | None = None
        self._task: asyncio.Task[None] | None = None
        self._latest: tuple[str, StreamStats] | None = None
        """What of it could be shown."""
        self._delivery: _Delivery | None = None

    def is_current(self, adventure: Adventure, params: GenerationParams) -> bool:
        """Whether it is still what would be generated now."""
        return adventure.lore == self._lore and replace(params, seed=self.params.seed) == self.params

    @property
    def is_ready(self) -> bool:
        """Whether there is anything of it, or soon will be."""
        return self.phase is not Phase.QUEUED and not (self._answer and not self._answer.prose)

    @property
    def has_words(self) -> bool:
        """Whether its first words are there."""
        return self.is_ready and self.phase is not Phase.STARTING

    async def start(self) -> None:
        """Generates the first words, if they are not there."""
        if self.phase is Phase.QUEUED:
            await self._in_background(self._start())

    async def finish(self) -> None:
        """Generates the rest, if it is not there."""
        if self.phase is Phase.STARTED:
            await self._in_background(self._finish())

    async def deliver(self, on_prose: OnProse) -> tuple[GeneratedTurn, GenerationRequest]:
        """The whole turn, for the player who has taken it, and its request; what is there already is shown at once.

        Raises:
            DungeonError: the storyteller failed.
        """
        self._delivery = _Delivery(on_prose, time.monotonic())
        if self._latest:
            self._delivery.show(*self._latest)
        if self.phase in (Phase.STARTING, Phase.FINISHING):
            await self._running_phase()
        if self.phase is Phase.QUEUED:
            await self._start()
        if self.phase is Phase.STARTED:
            await self._finish()
        assert self._answer is not None
        assert self._request is not None
        return self._answer, self._request

    async def _running_phase(self) -> None:
        """Waits for the phase that is running. One that was cancelled just before the turn was taken is run again."""
        assert self._task is not None
        player = asyncio.current_task()
        try:
            await self._task
        except asyncio.CancelledError:
            if player is None or player.cancelling():
                raise

    async def _in_background(self, work: Coroutine[None, None, None]) -> None:
        """Runs a phase. When this is cancelled, so is the phase, unless the player has taken the turn."""
        self._task = asyncio.create_task(work)
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if not self.taken:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            raise

    async def _start(self) -> None:
        policy = turn_policy(self._adventure, self._node, self.params)

        def show(raw: str) -> None:
            if shown := filter_output(raw, policy).shown:
                self._show(shown, StreamStats())

        request = turn_request(self._adventure, self._node, self.params)
        self.phase = Phase.STARTING
        try:
            prefix = await first_words(self._storyteller, request, show)
        except BaseException:
            self.phase = Phase.QUEUED
            raise
        self._request = replace(request, prefix=prefix)
        self.phase = Phase.STARTED

    async def _finish(self) -> None:
        assert self._request is not None
        policy = turn_policy(self._adventure, self._node, self.params)
        self.phase = Phase.FINISHING
        try:
            self._answer = await generate(self._storyteller, self._request, policy, self._show)
        except BaseException:
            self.phase = Phase.STARTED
            raise
        self.phase = Phase.FINISHED

    def _show(self, prose: str, stats: StreamStats) -> None:
        self._latest = prose, stats
        if self._delivery:
            self._delivery.show(prose, stats)


class _Delivery:
    """Hands prose to the player, with the times counted from when the turn was picked."""

    def __init__(self, on_prose: OnProse, picked: float) -> None:
        self._on_prose = on_prose
        self._picked = picked
        self._waited: float | None = None

    def show(self, prose: str, stats: StreamStats) -> None:
        if self._waited is None:
            self._waited = time.monotonic() - self._picked
        self._on_prose(prose, StreamStats(self._picked, self._waited, stats.tokens, stats.seconds))


# ---- all of it -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Place:
    """What is known about how the story might go on from one place of the tree."""

    suggestions: list[str] = field(default_factory=list)
    tries: int = 0
    being_written: bool = False
    """Whether the voice is writing suggestions."""
    requested: bool = False
    """Whether the player wants other suggestions than were there."""
    turns: dict[str, PrefetchedTurn] = field(default_factory=dict)
    """By the action they answer."""


class Prefetcher:
    """The suggestions and the prefetched turns at the latest places."""

    def __init__(self, storyteller: Storyteller) -> None:
        self._storyteller = storyteller
        self._places: dict[tuple[int, int | None], _Place] = {}
        """By the adventure's id and the head's."""

    def suggestions(self, adventure: Adventure) -> tuple[str, ...]:
        """What the player might do now; at the opening, the scenario's own ideas come first."""
        place = self._places.get((adventure.id, adventure.head))
        if adventure.head is None and adventure.ideas and not (place and place.requested):
            return adventure.ideas
        return tuple(place.suggestions) if place else ()

    def ready_actions(self, adventure: Adventure) -> frozenset[str]:
        """The actions whose turns have their first words already: they start at once."""
        place = self._places.get((adventure.id, adventure.head))
        return frozenset(action for action, turn in place.turns.items() if turn.has_words) if place else frozenset()

    def is_suggesting(self, adventure: Adventure) -> bool:
        """Whether the voice is writing suggestions here."""
        place = self._places.get((adventure.id, adventure.head))
        return place is not None and place.being_written

    def request_suggestions(self, adventure: Adventure) -> None:
        """The player wants suggestions here, and others than there are."""
        place = self._place(adventure)
        place.suggestions.clear()
        place.tries = 0
        place.requested = True

    def are_requested(self, adventure: Adventure) -> bool:
        """Whether the player has asked for suggestions here."""
        return self._place(adventure).requested

    # ---- in the background -----------------------------------------------------------------------------------

    async def suggest(
        self, adventure: Adventure, params: Callable[[], GenerationParams], count: int, on_change: Callable[[], object]
    ) -> None:
        """Has the voice write `count` suggestions, at most half of them something to say.

        Calls `on_change` when it begins, whenever there is another suggestion, and at the end.

        Raises:
            DungeonError: the storyteller failed.
        """
        place = self._place(adventure)
        has_ideas = self.suggestions(adventure) and not place.suggestions
        if has_ideas or len(place.suggestions) >= count or place.tries >= _TRIES * count:
            return
        place.being_written = True
        on_change()
        try:
            await self._write_suggestions(place, adventure, params, count, on_change)
        finally:
            place.being_written = False
            on_change()

    async def _write_suggestions(
        self,
        place: _Place,
        adventure: Adventure,
        params: Callable[[], GenerationParams],
        count: int,
        on_change: Callable[[], object],
    ) -> None:
        recent = [node.action for node in adventure.path()[-_RECENT_ACTIONS:] if node.action]
        things = _things_of_scene(adventure)
        story = suggestion_request(adventure, params()).context.text
        while len(place.suggestions) < count and place.tries < _TRIES * count:
            asked = _for_a_suggestion(params(), place.tries)
            may_speak = sum(map(is_speech, place.suggestions)) < count // 2
            beginning = ""
            if not may_speak or place.tries >= _FREE_TRIES * count:
                unused = unused_beginnings(place.suggestions)
                beginning = unused[asked.seed % len(unused)]
            place.tries += 1
            line = beginning + await self._action(suggestion_request(adventure, asked, beginning))
            action = parse_suggestion(line, story, asked.sampling.banned)
            if action and names_something(action, things) and is_new_suggestion(action, place.suggestions, recent):
                place.suggestions.append(action)
                on_change()

    async def prefetch(
        self, adventure: Adventure, params: Callable[[], GenerationParams], count: int, on_change: Callable[[], object]
    ) -> None:
        """Generates the turns that would follow a wish to go on, and each of `count` suggestions.

        Calls `on_change` whenever another of them could start at once.

        Raises:
            DungeonError: the storyteller failed.
        """
        place = self._place(adventure)
        turns = [] if adventure.unfinished() else [self._turn(place, adventure, Kind.CONTINUE, "", params())]
        suggestions = self.suggestions(adventure)[:count]
        turns += [self._turn(place, adventure, *read_input(action), params()) for action in suggestions]
        for turn in turns:
            await turn.start()
            on_change()
        for turn in turns:
            await turn.finish()

    async def _action(self, request: GenerationRequest) -> str:
        """What the voice has the player do next; "" if that does not end."""
        line = ""
        tokens = 0
        await force_prefill(self._storyteller, request.prompt)
        async with aclosing(self._storyteller.stream(request)) as pieces:
            async for piece in pieces:
                line += piece
                tokens += 1
                if tokens > _ACTION_TOKENS:
                    return ""
        return line.partition("\n")[0]

    def _turn(
        self, place: _Place, adventure: Adventure, kind: Kind, words: str, params: GenerationParams
    ) -> PrefetchedTurn:
        """The turn that answers this, as far as it is prefetched."""
        action = action_line(kind, words)
        turn = place.turns.get(action)
        if turn is None or not turn.is_current(adventure, params):
            node = Node(-1, adventure.head, kind, words, action)
            turn = place.turns[action] = PrefetchedTurn(self._storyteller, adventure, node, params)
        return turn

    def _place(self, adventure: Adventure) -> _Place:
        key = (adventure.id, adventure.head)
        place = self._places[key] = self._places.pop(key, _Place())  # the latest is the last
        while len(self._places) > _PLACES:
            del self._places[next(iter(self._places))]
        return place

    # ---- when the player has chosen --------------------------------------------------------------------------

    def take(self, adventure: Adventure, kind: Kind, action: str, params: GenerationParams) -> PrefetchedTurn | None:
        """The turn that answers this, if any of it is there and nothing has changed since; it is given out once.

        Call it before the background task is cancelled: a turn that is being generated then goes on.
        """
        place = self._places.get((adventure.id, adventure.head))
        turn = place.turns.get(action) if place and kind is not Kind.STORY else None
        if place is None or turn is None or not turn.is_ready or not turn.is_current(adventure, params):
            return None
        del place.turns[action]
        turn.taken = True
        return turn


def suggestion_request(adventure: Adventure, params: GenerationParams, beginning: str = "") -> GenerationRequest:
    """The request for the player's next action: the voice continues `> You`, and the action's beginning."""
    context = context_for_suggestion(adventure, params.budget, params.prompt_format)
    return GenerationRequest(context, f" {beginning}".rstrip(), params, max_tokens=2 * _ACTION_TOKENS)


def _things_of_scene(adventure: Adventure) -> frozenset[str]:
    """What is there: in the last turns, in memory, and in the opening if it is not long ago."""
    path = adventure.path()
    texts = [adventure.lore.memory, *(text for node in path[-_SCENE_TURNS:] for text in (node.action, node.prose))]
    return scene_things([*texts, adventure.opening] if len(path) < _SCENE_TURNS else texts)


def _for_a_suggestion(params: GenerationParams, tries: int) -> GenerationParams:
    """Warmer sampling, for a single line, and a seed of its own."""
    sampling: Sampling = msgspec.structs.replace(
        params.sampling,
        temperature=max(_LEAST_TEMPERATURE, params.sampling.temperature + _WARMER),
        stop=("\n",),
    )
    return replace(params, sampling=sampling, seed=params.seed + tries * _SEED_STEP)
