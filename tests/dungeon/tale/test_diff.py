"""The difference between two texts: it has every word of both and no other, and shows the changes."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.diff import (
    Op,
    Piece,
    diff,
    difference_lines,
    leading_turns,
    plain_diff,
    render_turns,
    similarity,
    split_paths,
)

WORDS = st.lists(st.sampled_from(["the", "door", "opens", "and", "a", "wind", "\n\n", "comes", "\n"]), max_size=40)


def words_of(pieces: tuple[Piece, ...], *ops: Op) -> list[str]:
    return [word for piece in pieces if piece.op in ops for word in piece.text.split()]


@given(WORDS.map(" ".join), WORDS.map(" ".join))
def test_the_difference_has_all_words_of_both_texts_in_order(old: str, new: str) -> None:
    pieces = diff(old, new)
    assert words_of(pieces, Op.EQUAL, Op.DELETED) == old.split()
    assert words_of(pieces, Op.EQUAL, Op.INSERTED) == new.split()
    assert all(piece.text for piece in pieces)
    assert all(one.op is not other.op for one, other in pairwise(pieces))


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(old: str, new: str) -> None:
    pieces = diff(old, new)
    assert words_of(pieces, Op.EQUAL, Op.DELETED) == old.split()
    assert words_of(pieces, Op.EQUAL, Op.INSERTED) == new.split()


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("You open the door.", "You close the door.", "You [-open-] {+close+} the door."),
        ("You open the door.", "You open the door.", "You open the door."),
        ("You wait.", "You wait. Nobody comes.", "You wait. {+Nobody comes.+}"),
        ("You wait. Nobody comes.", "Nobody comes.", "[-You wait.-] Nobody comes."),
        ("It is dark.\n\nYou wait.", "It is dark. You wait.", "It is dark.[- ¶ -]You wait."),
        ("It is dark. You wait.", "It is dark.\n\nYou wait.", "It is dark.{+ ¶\n\n+}You wait."),
        ("", "You wait.", "{+You wait.+}"),
        ("You  wait.", "You wait.", "You wait."),
        ("", "", ""),
    ],
)
def test_plain_diff(old: str, new: str, shown: str) -> None:
    assert plain_diff(diff(old, new)) == shown


def test_a_word_that_two_rewritten_sentences_share_by_chance_is_not_shown_as_kept() -> None:
    old = "The hinges scream, and a cold wind comes out of the dark."
    new = "Without a sound it swings wide, and warm lamplight falls on your boots."
    assert plain_diff(diff(old, new)) == f"[-{old}-] {{+{new}+}}"


def test_rewritten_paragraphs_are_shown_after_the_old_ones() -> None:
    pieces = diff("One thing happens.\n\nThen another.", "Nothing.")
    assert plain_diff(pieces) == "[-One thing happens.\n\nThen another.-]\n\n{+Nothing.+}"


def test_a_difference_can_be_read_aloud() -> None:
    old = "You open the door. A cold wind comes out of the dark, and Hessa pulls up her collar."
    new = "You open the door. A warm wind comes out of the dark, and Hessa pulls up her collar. She smiles."
    assert difference_lines(diff(old, new), "turn 4", "this one") == [
        "Both: You open the door. A",
        "Only turn 4: cold",
        "Only this one: warm",
        "Both: wind comes out of the … Hessa pulls up her collar.",
        "Only this one: She smiles.",
    ]
    assert difference_lines(diff("It is dark.\n\nYou wait.", "It is dark. You wait."), "there", "here") == [
        "Both: It is dark.",
        "Both: You wait.",
    ]
    assert difference_lines(diff("", ""), "there", "here") == []


def test_similarity_is_the_share_of_equal_words() -> None:
    assert similarity(diff("a b c d", "a b c d")) == 1.0
    assert similarity(diff("a b c d", "e f g h")) == 0.0
    assert similarity(diff("a b c d e f", "a b c d x y")) == pytest.approx(4 / 6)
    assert similarity(diff("", "")) == 1.0


def test_changes_in_long_texts_are_found() -> None:
    chance = random.Random(1)
    words = [chance.choice(["the", "door", "opens", "and", "a", "wind", "comes", f"word{n}"]) for n in range(10_000)]
    changed = [*words]
    for at in range(50, 10_000, 100):
        changed[at] = "CHANGED"
    pieces = diff(" ".join(words), " ".join(changed))
    assert words_of(pieces, Op.INSERTED) == ["CHANGED"] * 100
    assert words_of(pieces, Op.DELETED) == words[50::100]


def test_a_text_of_one_repeated_word_is_compared_quickly() -> None:
    loop, other = "the " * 5000, "the door " * 2500
    pieces = diff(loop, other)  # takes minutes without the limit on equal pairs
    assert words_of(pieces, Op.EQUAL, Op.INSERTED) == other.split()
    assert plain_diff(diff(loop + "end", loop + "start")) == f"{loop}[-end-] {{+start+}}"


# ---- branches ------------------------------------------------------------------------------------------------


def branching() -> Adventure:
    """1 - 2 - 3, and 4 - 5 beside 2."""
    adventure = Adventure(1, "The door", "You stand before a door.")
    for node_id, parent in ((1, None), (2, 1), (3, 2), (4, 1), (5, 4)):
        adventure.add(Node(node_id, parent, Kind.DO, "wait", "You wait.", f"Prose {node_id}.", State.DONE))
    return adventure


def test_two_paths_split_after_their_last_common_turn() -> None:
    adventure = branching()

    def split(one: int | None, other: int | None) -> tuple[int | None, list[int], list[int]]:
        at, first, second = split_paths(adventure, one, other)
        return at, [node.id for node in first], [node.id for node in second]

    assert split(3, 5) == (1, [2, 3], [4, 5])
    assert split(1, 3) == (1, [], [2, 3])
    assert split(3, 3) == (3, [], [])
    assert split(None, 2) == (None, [], [1, 2])


def test_a_branch_is_rendered_up_to_the_limit() -> None:
    path = branching().path(3)
    assert render_turns(path[:2], 1000) == "> You wait.\n\nProse 1.\n\n> You wait.\n\nProse 2."
    assert render_turns(path, 20) == "> You wait.\n\nProse 1…"
    length = len("waitProse 1.")
    assert [node.id for node in leading_turns(path, 2 * length)] == [1, 2]
    assert [node.id for node in leading_turns(path, 1)] == [1]
    assert leading_turns([], 10) == []
