"""The adventure that is open: moves in its tree, and changes of it. No storyteller takes part.

    opened = OpenAdventure(shelf)
    opened.resume()
    opened.go_to(12)
    opened.edit(12, prose="The door stays shut.")

Each move and each change is one short commit to the shelf. `dungeon.play.session.Session` adds the turns that a
storyteller plays.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from corpus.story import Story
from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.play.editing import Change, edited_turn
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.authored import passage_at, ways_on
from dungeon.tale.lore import Lore


class OpenAdventure:
    """`resume` one before anything else."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._adventure: Adventure | None = None
        self._head_before_edit: dict[int, int] = {}
        """Where the head was before an edit, by where it has been since: what undo goes back to."""

    @property
    def adventure(self) -> Adventure:
        """The adventure in play."""
        assert self._adventure is not None, "begin() or resume() first"
        return self._adventure

    def resume(self, adventure_id: int | None = None) -> Adventure:
        """Goes on with that adventure, or with the latest.

        Raises:
            DungeonError: the shelf is empty, or has no such adventure.
        """
        if adventure_id is None:
            adventure_id = self.shelf.latest_id()
        if adventure_id is None:
            raise DungeonError("There is no adventure to continue yet. Begin one: dungeon --scenario NAME")
        return self._open(self.shelf.open(adventure_id))

    def _open(self, adventure: Adventure) -> Adventure:
        self._adventure = adventure
        self._head_before_edit.clear()
        return adventure

    @property
    def ways_on(self) -> tuple[str, ...]:
        """What the author offers here: choices, or at an ending the ways back; () in free play."""
        return ways_on(self.adventure)

    # ---- moving in the tree ----------------------------------------------------------------------------------

    def undo(self) -> Node | None:
        """Takes back the edit just made, or goes back one turn. Returns what was left, None at the opening."""
        head = self.adventure.head
        if head is not None and (before := self._head_before_edit.get(head)) is not None:
            self._move_head(before)
            return self.adventure.nodes[head]
        with self._saved_head():
            return self.adventure.undo()

    def redo(self) -> Node | None:
        """Goes forward: to the edit that was taken back, or one turn to where the player was last."""
        for after, before in self._head_before_edit.items():
            if before == self.adventure.head:
                self._move_head(after)
                return self.adventure.nodes[after]
        with self._saved_head():
            return self.adventure.redo()

    def go_to(self, node_id: int | None) -> None:
        """Moves to any turn of the tree, or to the opening (None)."""
        self._head_before_edit.clear()
        self._move_head(node_id)

    def step_take(self, step: int) -> Node | None:
        """Moves to the take before (-1) or after (1) the head's; None where there is none on that side."""
        head = self.adventure.head
        if head is None:
            return None
        takes = self.adventure.takes(head)
        place = self.adventure.take_number(head) - 1 + step
        if not 0 <= place < len(takes):
            return None
        self.go_to(takes[place].id)
        return takes[place]

    def abandon_turn(self, node_id: int, return_to: int | None) -> None:
        """Moves to `return_to`, as if the turn `node_id`, which got no text, had not been entered."""
        self.adventure.abandon(node_id, return_to)
        self.shelf.save_head(self.adventure)

    def _move_head(self, node_id: int | None) -> None:
        with self._saved_head():
            self.adventure.move(node_id)

    @contextmanager
    def _saved_head(self) -> Iterator[None]:
        """Saves where the block moves the head; a move that a full disk does not take has not been made."""
        before = self.adventure.head
        try:
            yield
            self.shelf.save_head(self.adventure)
        except DungeonError:
            self.adventure.move(before)
            raise

    # ---- changing the tree -----------------------------------------------------------------------------------

    def edit(self, node_id: int, *, words: str | None = None, prose: str | None = None) -> Node:
        """An edited copy of the turn beside it: with other words of the player's, other prose, or both.

        See `edit_all`; the turn itself if nothing has changed.
        """
        old = self.adventure.nodes[node_id]
        change = Change(node_id, old.input if words is None else words, old.prose if prose is None else prose)
        return next(iter(self.edit_all([change])), old)

    def edit_all(self, changes: Iterable[Change]) -> list[Node]:
        """Edited copies of turns on one timeline, beside the first of them, and copies of all that follow it there.

        So the player goes on from the same place, and redo still leads on. The old turns stay where they were. Returns
        the copies; none where no text has changed.

        Raises:
            DungeonError: nothing would be left of a turn.
        """
        changed: dict[int, Node] = {}
        for change in changes:
            old = self.adventure.nodes[change.node_id]
            new = edited_turn(old, change)
            if new != old:
                changed[old.id] = new
        if not changed:
            return []
        timeline = self.adventure.timeline(max(changed))  # on one timeline the ids grow
        assert changed.keys() <= {node.id for node in timeline}, "the turns are on different timelines"
        first = next(place for place, node in enumerate(timeline) if node.id in changed)
        before = self.adventure.head
        copies = self.shelf.add_edit(self.adventure, [changed.get(node.id, node) for node in timeline[first:]])
        if before is not None and self.adventure.head is not None and self.adventure.head != before:
            self._head_before_edit[self.adventure.head] = before
        lore = self.adventure.lore
        for node in copies:
            if lore.summary and node.edit_of == lore.summary_through:  # the player's summary goes over to the copies
                self.set_lore(replace(lore, summary_through=node.id))
        return copies

    def _forget_edits_before(self, head: int | None) -> None:
        """Playing on from where an edit was taken back: redo no longer leads to the edit."""
        self._head_before_edit = {after: before for after, before in self._head_before_edit.items() if before != head}

    def purge_turn(self, node_id: int) -> None:
        """Deletes the turn and all that follow it from the disk, for good. The player has confirmed it."""
        self._open(self.shelf.purge_turn(self.adventure, node_id))

    def label_turn(
        self, node_id: int, *, name: str | None = None, bookmarked: bool | None = None, folded: bool | None = None
    ) -> Node:
        """Names, bookmarks or folds a turn; None leaves a label as it is."""
        node = self.adventure.nodes[node_id]
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
        """Replaces memory, note, cards and summary; earlier versions stay on the shelf."""
        if lore != self.adventure.lore:
            before, self.adventure.lore = self.adventure.lore, lore
            try:
                self.shelf.save_lore(self.adventure)
            except DungeonError:
                self.adventure.lore = before
                raise

    def replace_story(self, story: Story) -> None:
        """Goes on in another version of the authored story; what was played stays as it was.

        If the passage where the player is exists no more, they are at the opening again.
        """
        self.shelf.replace_story(self.adventure, story)
        if passage_at(self.adventure, self.adventure.head) is None and self.adventure.head is not None:
            left = any(node.leaves_author for node in self.adventure.path())
            self.go_to(self.adventure.head if left else None)
