"""Adventures that a test makes turn by turn, without a storyteller."""

from corpus.actions import action_line
from corpus.turns import Kind, clean_prose
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import TOKENS_PER_BYTE, build_context

OPENING = "You stand before the iron door. Rain falls on the hills, and the mule lays its ears back."
BUDGET = 2048 - 80 - 20 - 16  # the tokens that the session leaves for a prompt with the bundled voice


def adventure_with(opening: str = OPENING) -> Adventure:
    return Adventure(1, "The door", opening)


def ask(adventure: Adventure, words: str, kind: Kind = Kind.DO) -> Node:
    """A new turn below the head, without prose yet."""
    words = clean_prose(words) if kind is Kind.STORY else words
    node = Node(len(adventure.nodes) + 1, adventure.head, kind, words, action_line(kind, words))
    adventure.add(node)
    return node


def answer(adventure: Adventure, prose: str) -> None:
    assert adventure.head is not None
    adventure.set_prose(adventure.head, prose, State.DONE)


def max_bytes(budget: int) -> int:
    return int(budget / TOKENS_PER_BYTE)


def prompt_for(adventure: Adventure, node: Node, budget: int) -> str:
    """The prompt for the node's prose."""
    return build_context(adventure, node, budget).text
