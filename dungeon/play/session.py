"""One seat at the table: an adventure being played, the shelf that keeps it and the storyteller that tells it.

Both front ends, the Textual app and plain lines, play through this and add nothing to the rules. A turn is awaited;
`grew` is called with all of its prose so far for every piece that comes. Cancelling the task stops the turn and
keeps what came.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from corpus.actions import action_line
from corpus.text import one_line, printable
from corpus.turns import PROMPT_END, Kind, clean_prose
from dungeon.errors import DungeonError
from dungeon.generation.generate import GenerationParams, StreamStats
from dungeon.generation.prefetch import MAX_SUGGESTIONS, Prefetcher, generate_prefilled, prefill_timeline
from dungeon.scenarios.model import Scenario
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import load_settings
from dungeon.storage.shelf import GenerationRecord, Shelf
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context, context_to_continue
from dungeon.tale.lore import Lore
from dungeon.tale.prose import OVERRUN

OnProse = Callable[[str], None]
Change = tuple[int, str, str]
"""A turn, and the player's words and the prose that it is to have."""

_SAVE_SECONDS = 0.25
_LEAST_BUDGET = 128
_MARGIN = 16  # tokens: what an estimate of the prompt's length may be off beside its own caution


class Session:
    """The adventure in play. `begin` or `resume` before anything else."""

    def __init__(self, shelf: Shelf, storyteller: Storyteller, seed: int | None = None) -> None:
        self.shelf = shelf
        self.storyteller = storyteller
        self._seed = seed
        self.settings = EffectiveSettings(storyteller.sampling, load_settings())
        """What the player has set, for all adventures and for this one."""
        self.stats = StreamStats()
        self.notes: tuple[str, ...] = ()
        """What the player is to know of how the last turn was told."""
        self.ahead = Prefetcher(storyteller)
        self._reading: asyncio.Task[None] | None = None
        """What works ahead while the player reads."""
        self._adventure: Adventure | None = None
        self._edits: dict[int, int] = {}
        """Where the player stood before an edit, by where they stand since: what undo goes back to."""
        self._most = storyteller.context
        """Tokens of the longest prompt that the storyteller is known to take."""

    @property
    def adventure(self) -> Adventure:
        """The adventure in play."""
        assert self._adventure is not None, "begin() or resume() first"
        return self._adventure

    @property
    def sampling(self) -> Sampling:
        """How the next token is drawn, as things are set now."""
        return self.settings.sampling

    @property
    def seed(self) -> int | None:
        """With a seed, the same inputs give the same story on the same machine."""
        return self.settings.seed if self._seed is None else self._seed

    def begin(self, scenario: Scenario) -> Adventure:
        """Starts a new adventure."""
        return self._sit_down(self.shelf.add_adventure(scenario, self.storyteller.name))

    def resume(self, id: int | None = None) -> Adventure:  # noqa: A002
        """Goes on with that adventure, or with the last.

        Raises:
            DungeonError: the shelf is empty.
        """
        id = self.shelf.latest_id() if id is None else id  # noqa: A001
        if id is None:
            raise DungeonError("There is no adventure to continue yet. Begin one: dungeon --scenario NAME")
        return self._sit_down(self.shelf.open(id))

    def _sit_down(self, adventure: Adventure) -> Adventure:
        self._adventure = adventure
        self._edits.clear()

        def keep(overrides: str) -> None:
            adventure.overrides = overrides
            self.shelf.save_adventure_labels(adventure)

        self.settings.bind(adventure.overrides, keep)
        length = self.sampling.length
        self._budget = self.storyteller.context - length - OVERRUN - _MARGIN
        return adventure

    # ---- turns -----------------------------------------------------------------------------------------------

    async def play_turn(
        self, kind: Kind, words: str, grew: OnProse, began: Callable[[Node], None] | None = None
    ) -> Node:
        """Plays one turn below the head and returns it; `began` gets it before its first word.

        To go on from a turn that was stopped within a sentence is to finish that turn: in a copy beside it.

        Raises:
            DungeonError: the storyteller failed; what came is kept.
        """
        words = clean_prose(words) if kind is Kind.STORY else printable(words).strip()
        action = action_line(kind, words)
        if not action and not (kind is Kind.STORY and words):
            if cut := self.adventure.unfinished():
                return await self._beside(cut, grew, began, PROMPT_END + cut.prose)
            kind, words = Kind.CONTINUE, ""
        return await self._turn(kind, words, action, grew, began)

    async def _turn(
        self,
        kind: Kind,
        words: str,
        action: str,
        grew: OnProse,
        began: Callable[[Node], None] | None,
        begun: str = "",
    ) -> Node:
        how = self.params()
        ready = None if begun else self.ahead.take(self.adventure, kind, action, how)
        self._stop_reading()
        how = ready.how if ready else how
        self._edits = {after: before for after, before in self._edits.items() if before != self.adventure.head}
        node = self.shelf.add_turn(self.adventure, kind, words, action, self._told(how))
        if began:
            began(node)
        self.stats = StreamStats(time.monotonic())
        saved = 0.0  # the first words are saved at once

        def heard(prose: str, pace: StreamStats) -> None:
            nonlocal saved
            self.stats = pace
            grown = self.adventure.set_prose(node.id, prose, State.STREAMING)
            if time.monotonic() - saved > _SAVE_SECONDS:
                self.shelf.save_turn(grown)
                saved = time.monotonic()
            grew(prose)

        try:
            if ready:
                answer = await ready.finish(heard)
            else:
                answer = await generate_prefilled(self.storyteller, self.adventure, node, how, heard, begun=begun)
        except BaseException:  # cancelled by the player, or failed: keep what came, then let it through
            self._save(node.id, self.adventure.nodes[node.id].prose, State.STOPPED)
            raise
        self._most = min(self._most, answer.how.budget) if answer.how.budget < how.budget else self._most
        self.notes = answer.notes
        # Without a prompt's hash it is not told again by `dungeon replay`: where it was stopped nobody knows.
        prompt = "" if begun else answer.prompt
        return self._save(node.id, answer.prose, State.DONE, self._told(answer.how, prompt))

    @property
    def budget(self) -> int:
        """The tokens that a prompt may take now, beside the turn that follows it."""
        return max(_LEAST_BUDGET, min(self._most, self.storyteller.context - self.sampling.length - OVERRUN - _MARGIN))

    def params(self) -> GenerationParams:
        """How the next turn is to be told."""
        seed = secrets.randbelow(2**31) if self.seed is None else self.seed + len(self.adventure.nodes)
        return GenerationParams(self.sampling, seed, self.budget, to_the_end=self.seed is not None)

    def _told(self, how: GenerationParams, prompt: str = "") -> GenerationRecord:
        return GenerationRecord(
            self.storyteller.name,
            msgspec.json.encode(how.sampling).decode(),
            how.seed,
            adapter=self.storyteller.fingerprint,
            prompt=prompt,
            lore=self.shelf.current_lore_id(self.adventure),
            budget=how.budget,
        )

    async def retry(self, grew: OnProse, began: Callable[[Node], None] | None = None) -> Node:
        """Plays the head's action again beside it.

        Raises:
            DungeonError: there is no turn yet to try again, or the storyteller failed.
        """
        if self.adventure.head is None:
            raise DungeonError("There is no turn to try again yet.")
        return await self._beside(self.adventure.nodes[self.adventure.head], grew, began)

    async def _beside(self, head: Node, grew: OnProse, began: Callable[[Node], None] | None, begun: str = "") -> Node:
        """Another take of the head, which has `begun` already."""
        self.adventure.undo()
        try:
            return await self._turn(head.kind, head.input, head.action, grew, began, begun)
        except DungeonError:
            if self.adventure.head == head.parent:  # it has not even begun
                self.adventure.move(head.id)
            raise

    def undo(self) -> Node | None:
        """Takes back the edit just made, or goes back one turn, which is kept; what was left, None at the opening."""
        head = self.adventure.head
        if head is not None and (before := self._edits.get(head)) is not None:
            self._stand(before)
            return self.adventure.nodes[head]
        with self._or_back():
            left = self.adventure.undo()
            self.shelf.save_head(self.adventure)
        return left

    def redo(self) -> Node | None:
        """Goes forward: to the edit that was taken back, or one turn to where the player was last."""
        for after, before in self._edits.items():
            if before == self.adventure.head:
                self._stand(after)
                return self.adventure.nodes[after]
        with self._or_back():
            entered = self.adventure.redo()
            self.shelf.save_head(self.adventure)
        return entered

    @contextmanager
    def _or_back(self) -> Iterator[None]:
        """A step that a full disk does not take has not been made."""
        stood = self.adventure.head
        try:
            yield
        except DungeonError:
            self.adventure.move(stood)
            raise

    # ---- the tree --------------------------------------------------------------------------------------------

    def go_to(self, to: int | None) -> None:
        """Stands on any turn of the tree, or on the opening (None)."""
        self._edits.clear()
        self._stand(to)

    def _stand(self, to: int | None) -> None:
        with self._or_back():
            self.adventure.move(to)
            self.shelf.save_head(self.adventure)

    def step_take(self, step: int) -> Node | None:
        """Stands on the take before (-1) or after (1) the head's; None where there is no other on that side."""
        if self.adventure.head is None:
            return None
        takes = self.adventure.takes(self.adventure.head)
        at = next(place for place, node in enumerate(takes) if node.id == self.adventure.head) + step
        if not 0 <= at < len(takes):
            return None
        self.go_to(takes[at].id)
        return takes[at]

    def edit(self, id: int, *, words: str | None = None, prose: str | None = None) -> Node:  # noqa: A002
        """A changed copy of the turn beside it: other words of the player's, other prose, or both.

        See `edit_all`; the turn itself if nothing has changed.
        """
        old = self.adventure.nodes[id]
        change = (id, old.input if words is None else words, old.prose if prose is None else prose)
        return next(iter(self.edit_all([change])), old)

    def edit_all(self, changes: Iterable[Change]) -> list[Node]:
        """Changed copies of turns that lie on one way, beside the first of them, and of all that follows it there.

        So the player goes on from the same place, and redo still leads on. The old turns stay where they were. Nothing
        happens, and nothing is returned, where no text has changed.

        Raises:
            DungeonError: nothing would be left of a turn.
        """
        changed: dict[int, Node] = {}
        for id_, words, prose in changes:
            node = self._edited(self.adventure.nodes[id_], words, prose)
            if node != self.adventure.nodes[id_]:
                changed[id_] = node
        if not changed:
            return []
        way = self.adventure.timeline(max(changed))  # on one way the ids grow
        assert changed.keys() <= {node.id for node in way}, "the turns lie on different ways"
        first = next(place for place, node in enumerate(way) if node.id in changed)
        stood = self.adventure.head
        made = self.shelf.add_edit(self.adventure, [changed.get(node.id, node) for node in way[first:]])
        if stood is not None and self.adventure.head is not None and self.adventure.head != stood:
            self._edits[self.adventure.head] = stood
        lore = self.adventure.lore
        for node in made:
            if lore.summary and node.edit_of == lore.summary_through:  # the player's summary goes over to the new way
                self.set_lore(replace(lore, summary_through=node.id))
        return made

    @staticmethod
    def _edited(old: Node, words: str, prose: str) -> Node:
        kind = old.kind
        words = clean_prose(words) if kind is Kind.STORY else printable(words).strip()
        prose = clean_prose(prose).strip()
        if (words, prose) == (old.input, old.prose):
            return old
        if words and kind is Kind.CONTINUE:
            kind = Kind.DO
        action = old.action if words == old.input else action_line(kind, words)
        if not action and kind in (Kind.DO, Kind.SAY):
            kind, words = Kind.CONTINUE, ""
        if not (prose or words):
            raise DungeonError("An edit must leave something of the turn. Undo goes back before it.")
        return replace(old, kind=kind, input=words, action=action, prose=prose, state=State.DONE)

    def purge_turn(self, id: int) -> None:  # noqa: A002
        """Takes the turn and all that follows it off the disk, for good. The player has confirmed it."""
        self._sit_down(self.shelf.purge_turn(self.adventure, id))

    def label_turn(
        self,
        id: int,  # noqa: A002
        *,
        name: str | None = None,
        bookmarked: bool | None = None,
        folded: bool | None = None,
    ) -> Node:
        """Names, bookmarks or folds a turn."""
        node = self.adventure.nodes[id]
        node = replace(
            node,
            name=node.name if name is None else one_line(name)[:80],
            bookmarked=node.bookmarked if bookmarked is None else bookmarked,
            folded=node.folded if folded is None else folded,
        )
        self.shelf.save_turn_labels(node)
        self.adventure.replace(node)
        return node

    def set_lore(self, lore: Lore) -> None:
        """Another memory, note, cards or summary; those before are kept on the shelf."""
        if lore != self.adventure.lore:
            before, self.adventure.lore = self.adventure.lore, lore
            try:
                self.shelf.save_lore(self.adventure)
            except DungeonError:
                self.adventure.lore = before
                raise

    def context(self) -> Context:
        """What the voice would see if the player let the story go on."""
        return context_to_continue(self.adventure, self.budget)

    def abandon_turn(self, node: Node, to: int | None) -> None:
        """Stands on `to` as if the turn `node`, of which nothing came, had not been entered."""
        self.adventure.abandon(node.id, to)
        self.shelf.save_head(self.adventure)

    # ---- while the player reads ------------------------------------------------------------------------------

    def suggestions(self) -> tuple[str, ...]:
        """What the player might do now, as far as it is known: at the opening, the scenario's ideas."""
        return self.ahead.suggestions(self.adventure)

    def request_suggestions(self) -> None:
        """The player wants others; `read_ahead` or `suggest` writes them, whatever the settings say."""
        self.ahead.ask(self.adventure)

    async def suggest(self) -> None:
        """Has the voice write suggestions for this place."""
        await self.ahead.suggest(self.adventure, self.params, self._wanted(), lambda: None)

    async def prefetch(self, changed: Callable[[], object]) -> None:
        """Works on what may come until the player moves: reads the tale, suggests, tells the turns that may follow.

        `changed` is called when there are suggestions. With a seed, and where the player has switched it off, only what
        the player has asked for is done; a server elsewhere, which somebody may pay for, only reads the tale as well.
        The next turn cancels it, and so may anybody else.

        Raises:
            DungeonError: the storyteller failed.
        """
        self._stop_reading()
        self._reading = asyncio.current_task()
        adventure = self.adventure
        on = self.settings.global_settings.prefetch and self.seed is None
        if on:
            await self.prefill()
        on = on and self.storyteller.own
        if on or self.ahead.asked(adventure):
            await self.ahead.suggest(adventure, self.params, self._wanted(), changed)
        if on:
            await self.ahead.prepare(adventure, self.params, self._wanted())

    async def prefill(self) -> None:
        """Has the storyteller read the tale so far, so that the next turn need not wait for that.

        Not with a seed: how far it came before the turn cut it off would show in the last digits of what follows.
        """
        if self.seed is not None:
            return
        await self.storyteller.start()
        # The first time in a long adventure, summing it up takes a while: not in the way of typing, nor of the first
        # screen, which is there before the engine.
        prompt = (await asyncio.to_thread(self.context)).text
        await prefill_timeline(self.storyteller, prompt, self.adventure, self.sampling)

    def _wanted(self) -> int:
        """How many suggestions; where there are to be none and the player has asked for them, all that may be."""
        return self.settings.suggestions or (MAX_SUGGESTIONS if self.ahead.asked(self.adventure) else 0)

    def _stop_reading(self) -> None:
        if self._reading and self._reading is not asyncio.current_task():
            self._reading.cancel()
        self._reading = None

    def _save(self, id: int, prose: str, state: State, told: GenerationRecord | None = None) -> Node:  # noqa: A002
        node = self.adventure.set_prose(id, prose, state)
        self.shelf.save_turn(node, told)
        return node
