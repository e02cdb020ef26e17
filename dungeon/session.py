"""One seat at the table: an adventure being played, the shelf that keeps it and the storyteller that tells it.

Both front ends, the Textual app and plain lines, play through this and add nothing to the rules. A turn is awaited;
`grew` is called with all of its prose so far for every piece that comes. Cancelling the task stops the turn and
keeps what came.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec

from corpus.actions import action_line
from corpus.turns import Kind, clean_prose, printable
from dungeon.errors import DungeonError
from dungeon.prompt import build_prompt
from dungeon.scenario import Scenario
from dungeon.shelf import Shelf, Told
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.voices import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.prose import OVERRUN
from dungeon.telling import How, Pace, tell

Grew = Callable[[str], None]

_SAVE_SECONDS = 0.25
_MARGIN = 16  # tokens: what an estimate of the prompt's length may be off beside its own caution


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

    @property
    def sampling(self) -> Sampling:
        """How the next token is drawn, as things are set now."""
        return self.storyteller.sampling

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
        length = self.sampling.length
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
        how = self.how()
        node = self.shelf.add_turn(self.adventure, kind, words, action, self._told(how))
        if began:
            began(node)
        self.pace = Pace(time.monotonic())
        saved = 0.0  # the first words are saved at once

        def heard(prose: str, pace: Pace) -> None:
            nonlocal saved
            self.pace = pace
            grown = self.adventure.grow(node.id, prose, State.STREAMING)
            if time.monotonic() - saved > _SAVE_SECONDS:
                self.shelf.save_turn(grown)
                saved = time.monotonic()
            grew(prose)

        try:
            answer = await tell(self.storyteller, self.adventure, node, how, heard)
        except BaseException:  # cancelled by the player, or failed: keep what came, then let it through
            self._save(node.id, self.adventure.nodes[node.id].prose, State.STOPPED)
            raise
        self._budget = answer.how.budget
        return self._save(node.id, answer.prose, State.DONE, self._told(answer.how, answer.prompt))

    def how(self) -> How:
        """How the next turn is to be told."""
        seed = secrets.randbelow(2**31) if self.seed is None else self.seed + len(self.adventure.nodes)
        return How(self.sampling, seed, self._budget, to_the_end=self.seed is not None)

    def _told(self, how: How, prompt: str = "") -> Told:
        return Told(
            self.storyteller.name,
            msgspec.json.encode(how.sampling).decode(),
            how.seed,
            prompt=prompt,
            lore=self.shelf.lore_in_force(self.adventure),
            budget=how.budget,
        )

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

    # ---- the tree --------------------------------------------------------------------------------------------

    def go(self, to: int | None) -> None:
        """Stands on any turn of the tree, or on the opening (None)."""
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
        self.go(takes[at].id)
        return takes[at]

    def edit(self, id: int, *, words: str | None = None, prose: str | None = None) -> Node:  # noqa: A002
        """A changed copy of the turn beside it: other words of the player's, other prose, or both.

        If the turn lies on the way to the head, what follows it there is copied below the changed one, so that the
        player goes on from the same place. The old turns stay.

        Raises:
            DungeonError: nothing would be left of the turn.
        """
        old = self.adventure.nodes[id]
        kind = old.kind
        words = old.input if words is None else clean_prose(words) if kind is Kind.STORY else printable(words).strip()
        prose = old.prose if prose is None else clean_prose(prose).strip()
        if (words, prose) == (old.input, old.prose):
            return old
        if words and kind is Kind.CONTINUE:
            kind = Kind.DO
        action = old.action if words == old.input else action_line(kind, words)
        if not action and kind in (Kind.DO, Kind.SAY):
            kind, words = Kind.CONTINUE, ""
        if not (prose or words):
            raise DungeonError("An edit must leave something of the turn. Undo goes back before it.")
        path = self.adventure.path()
        ids = [node.id for node in path]
        tail = path[ids.index(id) + 1 :] if id in ids else []
        changed = replace(
            old, kind=kind, input=words, action=action, prose=prose, state=State.DONE, edit_of=id, folded=False
        )
        return self.shelf.add_edit(self.adventure, changed, tail)

    def mark(
        self,
        id: int,  # noqa: A002
        *,
        name: str | None = None,
        marked: bool | None = None,
        folded: bool | None = None,
    ) -> Node:
        """Names, bookmarks or folds a turn."""
        node = self.adventure.nodes[id]
        node = replace(
            node,
            name=node.name if name is None else " ".join(printable(name).split())[:80],
            marked=node.marked if marked is None else marked,
            folded=node.folded if folded is None else folded,
        )
        self.adventure.replace(node)
        self.shelf.save_marks(node)
        return node

    def set_lore(self, lore: Lore) -> None:
        """Another memory, note, cards or summary; those before are kept on the shelf."""
        if lore != self.adventure.lore:
            self.adventure.lore = lore
            self.shelf.save_lore(self.adventure)

    def label(self, *, title: str | None = None, tags: tuple[str, ...] | None = None) -> None:
        """Renames or tags the adventure."""
        if title is not None and (title := " ".join(printable(title).split())[:60]):
            self.adventure.title = title
        if tags is not None:
            self.adventure.tags = tuple(dict.fromkeys(tag for tag in (printable(t).strip()[:30] for t in tags) if tag))
        self.shelf.save_labels(self.adventure)

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
        pieces = self.storyteller.stream(prompt, self.sampling, max_tokens=1, seed=0)
        async for _ in pieces:
            pass

    def _save(self, id: int, prose: str, state: State, told: Told | None = None) -> Node:  # noqa: A002
        node = self.adventure.grow(id, prose, state)
        self.shelf.save_turn(node, told)
        return node
