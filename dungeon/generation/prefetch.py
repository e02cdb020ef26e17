"""What the storyteller does while the player reads: it suggests actions and tells the turns that would follow them.

    await ahead.suggest(adventure, how, 4, changed)     # in the background; `ahead.suggestions(adventure)` has them
    await ahead.prepare(adventure, how)                 # in the background: "go on", and a turn for each suggestion
    ready = ahead.take(adventure, kind, action, how)    # when the player has chosen
    answer = await ready.finish(heard)                  # like `telling.tell`, but for what is there already

All of it is one task that the player's next move cancels; the connection closes and the engine stops at the next
token. But the turn that is just being told when the player picks it is not stopped: it is handed over as it runs.

Each turn is told in two parts, its first words and the rest, so that every suggestion can start at once long before
all of them are whole. A part that was cut off is forgotten: where a turn was parted is known, so that `dungeon replay`
can tell it again in the same way. Nothing of this is on the disk.

What an engine keeps of a token that it wrote differs, in the last digits, from what it keeps of one that it read, and
a few digits soon make another story. So what it wrote is read again here before anything is told behind it, half a
second's work for a turn, done while the player reads: then a turn hangs on its prompt and seed alone, not on what else
was told meanwhile, and can be told again.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import msgspec

from corpus.actions import action_line, read_input
from corpus.turns import ACTION_MARK, STOP, Kind, write
from dungeon.generation.generate import GeneratedTurn, GenerationParams, OnProse, StreamStats, tell
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.context import build_prompt, context_to_continue
from dungeon.tale.output_policy import filter_output, output_policy
from dungeon.tale.prose import OVERRUN
from dungeon.tale.suggestion import adds, suggestion

MAX_SUGGESTIONS = 4

FIRST_WORDS = 24
"""Tokens of a turn's first part: five seconds' reading."""
_ACTION_TOKENS = 20
"""A line that goes on for longer is no action."""
_BOLDER = 0.3
_BOLD = 0.9
"""The temperature of suggestions is so much higher than the tale's, and at least this, so that they differ."""
_TRIES = 3
"""How often the voice is asked for each suggestion that is wanted, at most."""
_NOT_AGAIN = 3
"""How many of the last actions are not suggested again."""
_PLACES = 64
"""The latest places of the tree of which anything is kept."""

_Place = tuple[int, int | None]
"""The adventure's id and the turn's."""


# ---- told behind what was read -------------------------------------------------------------------------------


async def prefill_timeline(storyteller: Storyteller, tale: str, adventure: Adventure, sampling: Sampling) -> None:
    """Has the storyteller read `tale`, the prompt of the next turn, up to the adventure's head.

    Raises:
        DungeonError: the storyteller failed.
    """
    if adventure.head is not None and storyteller.exact:
        last = write([adventure.nodes[adventure.head].turn()])
        await _let_go(storyteller, tale.rstrip().removesuffix(last), sampling)
    await _read(storyteller, tale, sampling)


async def generate_prefilled(
    storyteller: Storyteller,
    adventure: Adventure,
    node: Node,
    how: GenerationParams,
    heard: OnProse,
    *,
    begun: str = "",
) -> GeneratedTurn:
    """As `telling.tell`, but `begun`, and the end of the prompt, are read again where the engine wrote them itself."""
    if not begun.endswith(STOP):
        await _read_again(storyteller, build_prompt(adventure, node, how.budget), how.sampling)
    return await tell(storyteller, adventure, node, how, heard, begun=begun)


async def first_words(
    storyteller: Storyteller, adventure: Adventure, node: Node, how: GenerationParams, heard: Callable[[str], object]
) -> str:
    """The first part of a turn, as `generate_prefilled` takes it for `begun`; `heard` is called with all of it so far."""
    raw = ""
    pieces = 0
    prompt = build_prompt(adventure, node, how.budget)
    await _read_again(storyteller, prompt, how.sampling)
    # Asked for a whole turn and left in the middle: a server that was asked for less would not tell why it stopped.
    stream = storyteller.stream(prompt, how.sampling, max_tokens=how.sampling.length + OVERRUN, seed=how.seed)
    async with aclosing(stream) as going:
        async for piece in going:
            raw += piece
            pieces += 1
            heard(raw)
            if pieces >= FIRST_WORDS:
                return raw
    return raw + STOP


async def _read_again(storyteller: Storyteller, prompt: str, sampling: Sampling) -> None:
    """Sees to it that the last of the prompt, and all behind it, will be read, where the engine holds the whole of it.

    Of a prompt that it holds whole it computes the last token once more, alone, which is like writing it.
    """
    if storyteller.exact and storyteller.held.startswith(prompt):
        await _let_go(storyteller, prompt, sampling)


async def _let_go(storyteller: Storyteller, text: str, sampling: Sampling) -> None:
    """Has the engine drop what it holds behind `text`, and the last words of that: it is asked for something else."""
    await _read(storyteller, "".join(text.rsplit(maxsplit=2)[:-2]) + " #", sampling)


async def _read(storyteller: Storyteller, prompt: str, sampling: Sampling) -> None:
    async for _ in storyteller.stream(prompt, sampling, max_tokens=1, seed=0):
        pass


# ---- one turn ------------------------------------------------------------------------------------------------


class PrefetchedTurn:
    """A turn that nobody has asked for yet, as far as it is told."""

    def __init__(self, storyteller: Storyteller, adventure: Adventure, node: Node, how: GenerationParams) -> None:
        self._storyteller = storyteller
        self._adventure = adventure
        self._lore = adventure.lore
        self.node = node
        self.how = how
        self.taken = False
        self._begun: str | None = None
        self._shown = ""
        self._answer: GeneratedTurn | None = None
        self._task: asyncio.Task[None] | None = None
        self._heard: OnProse | None = None
        self._picked = 0.0
        self._waited: float | None = None
        self._last: tuple[str, StreamStats] | None = None

    def fits(self, adventure: Adventure, how: GenerationParams) -> bool:
        """Whether it is still what would be told."""
        return adventure.lore == self._lore and replace(how, seed=self.how.seed) == self.how

    @property
    def begun(self) -> bool:
        """Whether its first words are there."""
        return self._begun is not None

    @property
    def started(self) -> bool:
        """Whether there is anything of it, or soon will be."""
        return self.begun or (self._task is not None and not self._task.done())

    @property
    def whole(self) -> bool:
        """Whether all of it is there."""
        return self._answer is not None

    @property
    def empty(self) -> bool:
        """Whether the voice had nothing to say."""
        return self._answer is not None and not self._answer.prose

    async def begin(self) -> None:
        """Tells the first words."""
        await self._in_background(self._begin())

    async def end(self) -> None:
        """Tells the rest."""
        await self._in_background(self._end())

    async def finish(self, heard: OnProse) -> GeneratedTurn:
        """The whole turn, for the player who has picked it; what is there already is heard at once."""
        self._picked = time.monotonic()
        self._heard = heard
        if self._answer:
            self._hear(self._answer.prose, StreamStats())
            return self._answer
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._end() if self.begun else self._begin())
        elif self._last:
            self._hear(*self._last)
        await self._task
        assert self._answer is not None
        return self._answer

    async def _in_background(self, part: Coroutine[None, None, None]) -> None:
        """Runs the part; a cancelled part is left running only if its turn has been taken."""
        self._last = None
        self._task = asyncio.create_task(part)
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if not self.taken:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            raise

    async def _begin(self) -> None:
        manners = output_policy(self._adventure, self.node, self.how.sampling.banned, self.how.sampling.stop)

        def heard(raw: str) -> None:
            if shown := filter_output(raw, manners).shown:
                self._shown = shown
                self._hear(shown, StreamStats())

        self._begun = await first_words(self._storyteller, self._adventure, self.node, self.how, heard)
        if self.taken:
            await self._end()

    async def _end(self) -> None:
        begun = self._begun or STOP
        if self._shown:
            self._hear(self._shown, StreamStats())
        self._answer = await generate_prefilled(
            self._storyteller, self._adventure, self.node, self.how, self._hear, begun=begun
        )

    def _hear(self, prose: str, pace: StreamStats) -> None:
        self._last = prose, pace
        if self._heard:
            if self._waited is None:
                self._waited = time.monotonic() - self._picked
            self._heard(prose, StreamStats(self._picked, self._waited, pace.pieces, pace.seconds))


# ---- all of it -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Prospect:
    """What is known of how the story might go on from one place."""

    suggestions: list[str] = field(default_factory=list)
    tries: int = 0
    asked: bool = False
    """Whether the player wants other suggestions than were there."""
    turns: dict[str, PrefetchedTurn] = field(default_factory=dict)
    """By the action they answer."""


class Prefetcher:
    """What has been prepared at the latest places."""

    def __init__(self, storyteller: Storyteller) -> None:
        self._storyteller = storyteller
        self._prospects: dict[_Place, _Prospect] = {}

    def suggestions(self, adventure: Adventure) -> tuple[str, ...]:
        """What the player might do now; at the opening, the scenario's own ideas come first."""
        prospect = self._prospects.get((adventure.id, adventure.head))
        if adventure.head is None and adventure.ideas and not (prospect and prospect.asked):
            return adventure.ideas
        return tuple(prospect.suggestions) if prospect else ()

    def ask(self, adventure: Adventure) -> None:
        """The player wants suggestions here, and others than there are."""
        prospect = self._here(adventure)
        prospect.suggestions.clear()
        prospect.tries = 0
        prospect.asked = True

    def asked(self, adventure: Adventure) -> bool:
        """Whether the player has asked for suggestions here."""
        return self._here(adventure).asked

    # ---- in the background -----------------------------------------------------------------------------------

    async def suggest(
        self, adventure: Adventure, how: Callable[[], GenerationParams], wanted: int, changed: Callable[[], object]
    ) -> None:
        """Has the voice write as many suggestions as are wanted; `changed` is called when they are there.

        And where none came, if the player has asked for them.

        Raises:
            DungeonError: the storyteller failed.
        """
        prospect = self._here(adventure)
        if len(self.suggestions(adventure)) >= wanted or prospect.tries >= _TRIES * wanted:
            return
        done = [node.action for node in adventure.path()[-_NOT_AGAIN:] if node.action]
        tale = context_to_continue(adventure, how().budget).text
        while len(prospect.suggestions) < wanted and prospect.tries < _TRIES * wanted:
            line = await self._action(tale, how())
            prospect.tries += 1
            shown = suggestion(line, tale, how().sampling.banned)
            if shown and adds(shown, prospect.suggestions, done):
                prospect.suggestions.append(shown)
        if prospect.suggestions or prospect.asked:
            changed()

    async def prepare(self, adventure: Adventure, how: Callable[[], GenerationParams], wanted: int) -> None:
        """Tells what would follow if the player let the story go on or picked one of the first `wanted` suggestions.

        Raises:
            DungeonError: the storyteller failed.
        """
        prospect = self._here(adventure)
        turns = [] if adventure.unfinished() else [self._prepared(prospect, adventure, Kind.CONTINUE, "", how())]
        shown = self.suggestions(adventure)[:wanted]
        turns += [self._prepared(prospect, adventure, *read_input(action), how()) for action in shown]
        for turn in turns:
            if not turn.begun:
                await turn.begin()
        for turn in turns:
            if not turn.whole:
                await turn.end()

    async def _action(self, tale: str, how: GenerationParams) -> str:
        """What the voice has the player do next; "" if that does not end."""
        sampling = _bold(how.sampling)
        asked = f"{tale}\n{ACTION_MARK}You"  # a prompt ends with one newline: this makes the blank line
        line = ""
        pieces = 0
        await _read_again(self._storyteller, asked, sampling)
        stream = self._storyteller.stream(asked, sampling, max_tokens=2 * _ACTION_TOKENS, seed=how.seed)
        async with aclosing(stream) as going:
            async for piece in going:
                line += piece
                pieces += 1
                if pieces > _ACTION_TOKENS:
                    return ""
        return line

    def _prepared(
        self, prospect: _Prospect, adventure: Adventure, kind: Kind, words: str, how: GenerationParams
    ) -> PrefetchedTurn:
        action = action_line(kind, words)
        turn = prospect.turns.get(action)
        if turn is None or not turn.fits(adventure, how):
            turn = PrefetchedTurn(self._storyteller, adventure, Node(-1, adventure.head, kind, words, action), how)
            prospect.turns[action] = turn
        return turn

    def _here(self, adventure: Adventure) -> _Prospect:
        place = (adventure.id, adventure.head)
        prospect = self._prospects[place] = self._prospects.pop(place, _Prospect())  # the latest is the last
        while len(self._prospects) > _PLACES:
            del self._prospects[next(iter(self._prospects))]
        return prospect

    # ---- when the player has chosen --------------------------------------------------------------------------

    def take(self, adventure: Adventure, kind: Kind, action: str, how: GenerationParams) -> PrefetchedTurn | None:
        """The turn that answers this, if any of it is there and nothing has changed since; it is given out once.

        Call it before the background task is awaited or hears of its end: a turn that is being told is left running.
        """
        prospect = self._prospects.get((adventure.id, adventure.head))
        if prospect is None or kind is Kind.STORY:
            return None
        turn = prospect.turns.get(action)
        if turn is None or not turn.fits(adventure, how) or not turn.started or turn.empty:
            return None
        del prospect.turns[action]
        turn.taken = True
        return turn


def _bold(sampling: Sampling) -> Sampling:
    """For a single line, and a little bolder."""
    return msgspec.structs.replace(sampling, temperature=max(_BOLD, sampling.temperature + _BOLDER), stop=("\n",))
