"""What the player's edit makes of a turn."""

from dataclasses import dataclass, replace

from corpus.actions import action_line
from corpus.text import printable
from corpus.turns import Kind, clean_prose
from dungeon.errors import DungeonError
from dungeon.tale.adventure import Node, State


@dataclass(frozen=True, slots=True)
class Change:
    """New texts for a turn."""

    node_id: int
    words: str
    """The player's."""
    prose: str
    """The storyteller's."""


def edited_turn(old: Node, change: Change) -> Node:
    """The turn with the new texts; the same node if nothing has changed.

    Raises:
        DungeonError: nothing would be left of the turn.
    """
    kind = old.kind
    words = clean_prose(change.words) if kind is Kind.STORY else printable(change.words).strip()
    prose = clean_prose(change.prose).strip()
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
