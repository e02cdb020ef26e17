"""The adventure in play: the tree, the shelf that stores it, and the storyteller who plays its turns.

    session = Session(shelf, storyteller)
    session.begin(scenario)
    node = await session.play_turn(Kind.DO, "open the door", on_update)

The app and the plain game both play through this and add nothing to the rules. Moves in the tree and changes of it are
in `dungeon.play.open_adventure`. `on_update` is called with the turn when it begins and whenever its prose grows.
Cancelling the task stops the turn and keeps what came. While a turn streams it is saved on another thread; every other
change is one short commit.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from corpus.actions import action_line, read_input
from corpus.control_strings import break_control_strings
from corpus.story import Story
from corpus.text import printable
from corpus.turns import Kind, clean_prose
from dungeon.errors import ContextOverflow, DungeonError
from dungeon.generation.generate import GeneratedTurn, OnProse, StreamStats, generate, turn_policy, turn_request
from dungeon.generation.prefetch import MAX_SUGGESTIONS, Prefetcher
from dungeon.generation.prefill import prefill_context
from dungeon.play.open_adventure import OpenAdventure
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import load_settings
from dungeon.storage.autosave import Autosave
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Opening, Shelf
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context, context_to_continue
from dungeon.tale.prompt_format import PromptFormat, with_instructions
from dungeon.tale.prose import OVERRUN_TOKENS

OnUpdate = Callable[[Node], object]


@dataclass(frozen=True, slots=True)
class Offer:
    """A line that may mean one of the author's choices: the player was asked."""

    head: int | None
    """Where the player was."""
    choice: int
    """From 0."""
    kind: Kind
    words: str


_LEAST_BUDGET = 128
"""Tokens: a prompt is never asked to be shorter."""
_MARGIN = 16
"""Tokens that the estimate of a prompt's length may be off, beside its own caution."""


class Session(OpenAdventure):
    """An open adventure and its storyteller. `begin` or `resume` an adventure before anything else."""

    def __init__(self, shelf: Shelf, storyteller: Storyteller, seed: int | None = None) -> None:
        super().__init__(shelf)
        self.storyteller = storyteller
        self.settings = EffectiveSettings(storyteller.sampling, load_settings())
        """The player's settings, for all adventures and for this one."""
        self.stats = StreamStats()
        """Of the latest turn."""
        self.notes: tuple[str, ...] = ()
        """What the player should know about how the latest turn was generated."""
        self.context_share: float | None = None
        """How much of the room for the prompt the latest one took, from 0 to 1, as estimated; None before the first."""
        self.on_notice: Callable[[str], object] = lambda text: None
        """Called with what the player should know while the storyteller is waited for, see `Storyteller.on_notice`."""
        storyteller.on_notice = self._notice
        self.prefetcher = Prefetcher(storyteller)
        self.may_type = True
        """Whether a typed line may be more than the number of a choice; not while a story is only read."""
        self.offer: Offer | None = None
        """What the player was asked last: whether that line meant one of the author's choices."""
        self._seed = seed
        self._autosave = Autosave(shelf)
        self._prefetching: asyncio.Task[None] | None = None
        self._largest_budget: int | None = None
        """Tokens of the longest prompt that the server is known to accept, once it has refused one."""

    @property
    def sampling(self) -> Sampling:
        """How the next token is sampled, with the settings of now."""
        return self.settings.sampling

    @property
    def seed(self) -> int | None:
        """With a seed, the same inputs give the same story on the same machine."""
        return self.settings.seed if self._seed is None else self._seed

    def begin(self, scenario: Opening, *, story: Story | None = None, book: str = "") -> Adventure:
        """Starts a new adventure; in an authored story, if one is given with what the shelf knows it by.

        It comes to the shelf with its first turn, or change. An opening that the player wrote is saved at once.
        """
        written = not scenario.name and story is None
        add = self.shelf.add_adventure if written else self.shelf.new_adventure
        return self._open(add(scenario, self.storyteller.name, story=story, book=book))

    def switch_storyteller(self, storyteller: Storyteller) -> Storyteller:
        """Goes on with another storyteller, not while a turn is played. Returns the one before, which is not closed."""
        self._cancel_prefetch()
        before, self.storyteller = self.storyteller, storyteller
        storyteller.on_notice = self._notice
        self.settings.voice = storyteller.sampling
        self.prefetcher = Prefetcher(storyteller)
        self._largest_budget = None
        return before

    def _notice(self, text: str) -> None:
        self.on_notice(text)

    def _open(self, adventure: Adventure) -> Adventure:
        super()._open(adventure)
        self.context_share = None

        def save(overrides: str) -> None:
            adventure.overrides = overrides
            self.shelf.save_adventure_labels(adventure)

        self.settings.bind(adventure.overrides, save)
        return adventure

    # ---- turns -----------------------------------------------------------------------------------------------

    async def play_turn(self, kind: Kind, words: str, on_update: OnUpdate, *, leaves_author: bool = False) -> Node:
        """Has the storyteller play one turn below the head and returns it.

        "Go on" at a turn that was stopped within a sentence finishes that turn, in a copy beside it. With
        `leaves_author`, an authored story becomes free play from this turn on.

        Raises:
            DungeonError: the storyteller failed, or the disk takes nothing; what came is kept.
        """
        words = clean_prose(words) if kind is Kind.STORY else printable(words).strip()
        action = action_line(kind, words)
        if not action and not (kind is Kind.STORY and words):
            if unfinished := self.adventure.unfinished():
                return await self._play_beside(unfinished, on_update, unfinished.prose)
            kind, words = Kind.CONTINUE, ""
        return await self._play(kind, words, action, on_update, leaves_author=leaves_author)

    def add_authored_turn(self, kind: Kind, words: str, action: str, passage: str) -> Node:
        """Adds a turn that the passage of the author's story answers, below the head."""
        self._cancel_prefetch()
        adventure = self.adventure
        assert adventure.story is not None
        text = adventure.story.passages[passage].text
        self._forget_edits_before(adventure.head)
        self.notes = ()
        return self.shelf.add_authored_turn(
            adventure, Node(0, None, kind, words, action, text, State.DONE, passage=passage)
        )

    async def retry(self, on_update: OnUpdate) -> Node:
        """Plays the head's action again, in a turn beside it.

        Raises:
            DungeonError: there is no turn yet to retry, or the storyteller failed.
        """
        if self.adventure.head is None:
            raise DungeonError("There is no turn to try again yet.")
        node = self.adventure.nodes[self.adventure.head]
        if node.passage is not None:
            raise DungeonError("The author has one answer to this. Undo goes back to the choice.")
        return await self._play_beside(node, on_update)

    async def _play_beside(self, node: Node, on_update: OnUpdate, prefix_prose: str = "") -> Node:
        """Another take of the head, whose prose begins with `prefix_prose`."""
        self.adventure.undo()
        try:
            return await self._play(
                node.kind, node.input, node.action, on_update, prefix_prose, leaves_author=node.leaves_author
            )
        except DungeonError:
            if self.adventure.head == node.parent:  # the turn was not even stored
                self.adventure.move(node.id)
            raise

    async def _play(
        self,
        kind: Kind,
        words: str,
        action: str,
        on_update: OnUpdate,
        prefix_prose: str = "",
        *,
        leaves_author: bool = False,
    ) -> Node:
        params = self.params()
        prefetched = None if prefix_prose else self.prefetcher.take(self.adventure, kind, action, params)
        self._cancel_prefetch()
        params = prefetched.params if prefetched else params
        self._forget_edits_before(self.adventure.head)
        record = self._record(params)
        node = self.shelf.add_turn(self.adventure, kind, words, action, record, leaves_author=leaves_author)
        on_update(node)
        self.stats = StreamStats(time.monotonic())

        def on_prose(prose: str, stats: StreamStats) -> None:
            self.stats = stats
            grown = self.adventure.set_prose(node.id, prose, State.STREAMING)
            self._autosave.update(grown)
            on_update(grown)

        try:
            if prefetched:
                answer, request = await prefetched.deliver(on_prose)
            else:
                answer, request = await self._generate(node, params, prefix_prose, on_prose)
        except BaseException:  # stopped by the player, or failed: keep what came, then let it through
            prose = self.adventure.nodes[node.id].prose
            self._autosave.save_now(self.adventure.set_prose(node.id, prose, State.STOPPED))
            raise
        self.notes = answer.notes
        node = self.adventure.set_prose(node.id, answer.prose, State.DONE)
        # Without the prompt's hash `dungeon replay` passes it over: nobody knows where its first part was stopped.
        prompt = "" if prefix_prose else hashlib.sha256(request.context.text.encode()).hexdigest()
        await self._autosave.save(node, self._record(request.params, prompt))
        return node

    async def _generate(
        self, node: Node, params: GenerationParams, prefix_prose: str, on_prose: OnProse
    ) -> tuple[GeneratedTurn, GenerationRequest]:
        """The answer, and the request that the server accepted: one that is too long is halved."""
        await self.storyteller.start()  # its context and a chat model's prompt format are known from then on
        params = replace(params, budget=self.budget, prompt_format=self.prompt_format)
        prefix = params.prompt_format.prose_start + break_control_strings(prefix_prose) if prefix_prose else ""
        policy = turn_policy(self.adventure, node, params)
        while True:
            request = turn_request(self.adventure, node, params, prefix)
            self.context_share = request.context.share
            try:
                return await generate(self.storyteller, request, policy, on_prose), request
            except ContextOverflow:
                if params.budget // 2 < _LEAST_BUDGET:
                    raise
                params = replace(params, budget=params.budget // 2)
                self._largest_budget = params.budget

    def params(self) -> GenerationParams:
        """How the next turn is to be generated."""
        seed = secrets.randbelow(2**31) if self.seed is None else self.seed + len(self.adventure.nodes)
        return GenerationParams(self.sampling, seed, self.budget, self.seed is not None, self.prompt_format)

    @property
    def prompt_format(self) -> PromptFormat:
        """How the voice is asked, with the player's instructions for all adventures."""
        return with_instructions(self.storyteller.prompt_format, self.settings.instructions)

    @property
    def budget(self) -> int:
        """The tokens that a prompt may take now, beside the turn that answers it."""
        room = self.storyteller.context_size - self.sampling.length - OVERRUN_TOKENS - _MARGIN
        return max(_LEAST_BUDGET, min(self._largest_budget or room, room))

    def _record(self, params: GenerationParams, prompt: str = "") -> GenerationRecord:
        return GenerationRecord(
            self.storyteller.name,
            msgspec.json.encode(params.sampling).decode(),
            params.seed,
            adapter=self.storyteller.fingerprint,
            prompt=prompt,
            lore=self.shelf.current_lore_id(self.adventure),
            budget=params.budget,
        )

    def context(self) -> Context:
        """What the storyteller would get if the player let the story go on."""
        return context_to_continue(self.adventure, self.budget, None, self.prompt_format)

    # ---- while the player reads ------------------------------------------------------------------------------

    def suggestions(self) -> tuple[str, ...]:
        """What the player might do now, as far as it is known: the author's choices, at the opening the scenario's
        ideas, else what the voice suggests."""
        return self.ways_on or self.prefetcher.suggestions(self.adventure)

    def ready_actions(self) -> frozenset[str]:
        """Those of the suggestions whose turns start at once; not of the author's, who always answers at once."""
        ready = self.prefetcher.ready_actions(self.adventure)
        return frozenset(action for action in self.suggestions() if action_line(*read_input(action)) in ready)

    def request_suggestions(self) -> None:
        """The player wants others; `prefetch` or `suggest` generates them, whatever the settings say.

        Raises:
            DungeonError: the storyteller's server takes only chat messages, so the player's action can't be started; or
                the author's choices stand here.
        """
        if self.ways_on:
            raise DungeonError("The author's choices are the suggestions here. You may also type what you like.")
        if not self.prompt_format.can_prefill:
            raise DungeonError(
                f"The server of '{self.storyteller.name}' takes only chat messages, so it can't write suggestions."
            )
        self.prefetcher.request_suggestions(self.adventure)

    async def suggest(self) -> None:
        """Has the voice write suggestions for this place."""
        if not self.prompt_format.can_prefill:
            return
        await self.prefetcher.suggest(self.adventure, self.params, self._suggestions_wanted(), lambda: None)

    async def prefetch(self, on_change: Callable[[], object]) -> None:
        """Works until the player moves: reads the prompt, suggests actions, generates the turns that may follow.

        `on_change` is called when the prompt is read, when there are suggestions, and when the turn of one is there.
        With a seed, or where the player has switched prefetching off, only requested suggestions are generated. A
        server elsewhere, which somebody may pay for, also reads the prompt, and no more; so does any voice where the
        author's choices stand. The next turn cancels this, and so may anybody else.

        Raises:
            DungeonError: the storyteller failed.
        """
        self._cancel_prefetch()
        self._prefetching = asyncio.current_task()
        adventure = self.adventure
        if not self.prompt_format.can_prefill or not self.may_type:
            return
        enabled = self.settings.global_settings.prefetch and self.seed is None
        if enabled and not self.prefetcher.are_requested(adventure):  # suggesting reads the prompt as well
            await self.prefill()
            on_change()
        enabled = enabled and self.storyteller.is_local
        if self.ways_on:
            return
        if enabled or self.prefetcher.are_requested(adventure):
            await self.prefetcher.suggest(adventure, self.params, self._suggestions_wanted(), on_change)
        if enabled:
            await self.prefetcher.prefetch(adventure, self.params, self._suggestions_wanted(), on_change)

    async def prefill(self) -> None:
        """Has the storyteller read the story so far, so that the next turn need not wait for that.

        Not with a seed: how far it came before the turn interrupted it would change the last digits of what follows.
        """
        if self.seed is not None:
            return
        await self.storyteller.start()
        # The first time in a long adventure, summing it up takes a while: not in the way of typing, nor of the first
        # screen, which is there before the engine.
        context = await asyncio.to_thread(self.context)
        self.context_share = context.share
        request = GenerationRequest(context, "", self.params(), max_tokens=1)
        await prefill_context(self.storyteller, request)

    def _suggestions_wanted(self) -> int:
        """How many; where the player has switched them off and yet asked for some, as many as there may be."""
        requested = self.prefetcher.are_requested(self.adventure)
        return self.settings.suggestions or (MAX_SUGGESTIONS if requested else 0)

    def _cancel_prefetch(self) -> None:
        if self._prefetching and self._prefetching is not asyncio.current_task():
            self._prefetching.cancel()
        self._prefetching = None
