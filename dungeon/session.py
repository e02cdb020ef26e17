"""One seat at the table: an adventure being played, the shelf that keeps it and the storyteller that tells it.

Both front ends, the Textual app and plain lines, play through this and add nothing to the rules. A turn is awaited;
`grew` is called with all of its prose so far for every piece that comes. Cancelling the task stops the turn and
keeps what came.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from corpus.actions import action_line
from corpus.turns import Kind, clean_prose, printable
from dungeon.errors import ContextOverflow, DungeonError
from dungeon.prompt import build_prompt
from dungeon.scenario import Scenario
from dungeon.shelf import Shelf, Told
from dungeon.storyteller.open import Storyteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.prose import OVERRUN, at_sentence_end, cut, tidy

Grew = Callable[[str], None]

_SAVE_SECONDS = 0.25
_EMPTY_TRIES = 3
_LEAST_BUDGET = 128
_MARGIN = 16  # tokens: what an estimate of the prompt's length may be off beside its own caution


@dataclass(slots=True)
class Pace:
    """How the last turn came, for the status line and the benchmarks."""

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


class Session:
    """The adventure in play. `begin` or `resume` before anything else."""

    def __init__(self, shelf: Shelf, storyteller: Storyteller, seed: int | None = None) -> None:
        self.shelf = shelf
        self.storyteller = storyteller
        self.seed = seed
        """With a seed, the same inputs give the same story on the same machine."""
        self.pace = Pace()
        self._adventure: Adventure | None = None
        self._budget = 0

    @property
    def adventure(self) -> Adventure:
        """The adventure in play."""
        assert self._adventure is not None, "begin() or resume() first"
        return self._adventure

    def begin(self, scenario: Scenario) -> Adventure:
        """Starts a new adventure."""
        return self._sit_down(self.shelf.begin(scenario, self.storyteller.name))

    def resume(self, id: int | None = None) -> Adventure:  # noqa: A002
        """Goes on with that adventure, or with the last.

        Raises:
            DungeonError: the shelf is empty.
        """
        id = self.shelf.last() if id is None else id  # noqa: A001
        if id is None:
            raise DungeonError("There is no adventure to continue yet. Begin one: dungeon --scenario NAME")
        return self._sit_down(self.shelf.open(id))

    def _sit_down(self, adventure: Adventure) -> Adventure:
        self._adventure = adventure
        length = self.storyteller.sampling.length
        self._budget = self.storyteller.context - length - OVERRUN - _MARGIN
        return adventure

    def suggestions(self) -> tuple[str, ...]:
        """What the player might do now: the scenario's ideas, at its opening."""
        if self.adventure.head is not None:
            return ()
        return self.adventure.ideas

    # ---- turns -----------------------------------------------------------------------------------------------

    async def turn(self, kind: Kind, words: str, grew: Grew, began: Callable[[Node], None] | None = None) -> Node:
        """Plays one turn below the head and returns it; `began` gets it before its first word.

        Raises:
            DungeonError: the storyteller failed; what came is kept.
        """
        words = clean_prose(words) if kind is Kind.STORY else printable(words).strip()
        action = action_line(kind, words)
        if not action and not (kind is Kind.STORY and words):
            kind, words = Kind.CONTINUE, ""
        seed = secrets.randbelow(2**31) if self.seed is None else self.seed + len(self.adventure.nodes)
        sampling = self.storyteller.sampling
        told = Told(self.storyteller.name, msgspec.json.encode(sampling).decode(), seed)
        node = self.shelf.add_turn(self.adventure, kind, words, action, told)
        if began:
            began(node)
        self.pace = Pace(time.monotonic())
        try:
            prose = ""
            for attempt in range(_EMPTY_TRIES):
                prose = await self._tell(node, seed + attempt * 1_000_003, grew)
                if prose:
                    break
        except BaseException:  # cancelled by the player, or failed: keep what came, then let it through
            self._save(node.id, self.adventure.nodes[node.id].prose, State.STOPPED)
            raise
        return self._save(node.id, prose, State.DONE)

    async def retry(self, grew: Grew, began: Callable[[Node], None] | None = None) -> Node:
        """Plays the head's action again beside it.

        Raises:
            DungeonError: there is no turn yet to try again, or the storyteller failed.
        """
        head = self.adventure.undo()
        if head is None:
            raise DungeonError("There is no turn to try again yet.")
        return await self.turn(head.kind, head.input, grew, began)

    def undo(self) -> Node | None:
        """Goes back one turn, which is kept; the turn that was left, None at the opening."""
        left = self.adventure.undo()
        self.shelf.save_head(self.adventure)
        return left

    def redo(self) -> Node | None:
        """Goes forward one turn to where the player was last."""
        entered = self.adventure.redo()
        self.shelf.save_head(self.adventure)
        return entered

    def leave(self, node: Node, to: int | None) -> None:
        """Stands on `to` as if the turn `node`, of which nothing came, had not been entered."""
        self.adventure.leave(node.id, to)
        self.shelf.save_head(self.adventure)

    async def warm(self) -> None:
        """Has the storyteller read the tale so far, so that the next turn need not wait for that.

        Not with a seed: how far it came before the turn cut it off would show in the last digits of what follows.
        """
        if self.seed is not None:
            return
        opening = Node(-1, self.adventure.head, Kind.CONTINUE, "", "")
        path = Adventure(-1, "", self.adventure.opening, lore=self.adventure.lore)
        for node in [*self.adventure.path(), opening]:
            path.add(node)
        prompt = build_prompt(path, opening, self._budget)
        pieces = self.storyteller.stream(prompt, self.storyteller.sampling, max_tokens=1, seed=0)
        async for _ in pieces:
            pass

    # ---- telling ---------------------------------------------------------------------------------------------

    async def _tell(self, node: Node, seed: int, grew: Grew) -> str:
        """Streams one answer into the node; the finished prose, "" if the storyteller said nothing."""
        await self.storyteller.start()
        while True:
            try:
                return await self._stream(node, seed, grew)
            except ContextOverflow:
                if self._budget // 2 < _LEAST_BUDGET:
                    raise
                self._budget //= 2

    async def _stream(self, node: Node, seed: int, grew: Grew) -> str:
        sampling = self.storyteller.sampling
        prompt = build_prompt(self.adventure, node, self._budget)
        raw = prose = ""
        finished = False
        asked = self.pace.asked
        saved = 0.0  # the first words are saved at once
        first = last = None
        pieces = 0
        stream = self.storyteller.stream(prompt, sampling, max_tokens=sampling.length + OVERRUN, seed=seed)
        async with aclosing(stream) as going:
            async for piece in going:
                if finished:
                    continue  # seeded: what the engine caches must not hang on when we stopped listening
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
                self.pace = Pace(asked, first - asked, pieces, last - first)
                self.adventure.grow(node.id, prose, State.STREAMING)
                if last - saved > _SAVE_SECONDS:
                    self.shelf.save_turn(self.adventure.nodes[node.id])
                    saved = last
                grew(prose)
                if pieces >= sampling.length and at_sentence_end(prose):
                    finished = True
                    if self.seed is None:
                        break
        return cut(prose)

    def _save(self, id: int, prose: str, state: State) -> Node:  # noqa: A002
        node = self.adventure.grow(id, prose, state)
        self.shelf.save_turn(node)
        return node
