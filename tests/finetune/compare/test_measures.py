"""The measures of turns, on texts whose values can be counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.compare.measures import (
    MEASURES,
    GeneratedTurn,
    content_words,
    cut_off,
    distinct,
    measure,
    repetition,
    speaks_for_player,
    uses_action,
)


def test_repetition_is_the_share_of_repeated_four_word_runs() -> None:
    # a b c d, b c d a, c d a b, d a b c, a b c d: five runs, four different.
    assert repetition("a b c d a b c d".split(), 4) == pytest.approx(1 / 5)
    assert repetition("a b c d e".split(), 4) == 0
    assert repetition(["a"] * 13, 4) == pytest.approx(9 / 10)


def test_distinct_counts_over_all_turns_but_not_across_them() -> None:
    turns = ["a b a b".split(), "b a".split()]
    assert distinct(turns, 1) == pytest.approx(2 / 6)
    assert distinct(turns, 2) == pytest.approx(2 / 6)  # ab, ba
    assert distinct(turns, 3) == pytest.approx(2 / 6)  # aba, bab
    assert distinct([[]], 1) is None


@pytest.mark.parametrize(
    ("prose", "cut"),
    [
        ("The door opens.", False),
        ("Who is there?", False),
        ("It waits…", False),
        ("“Come in,” says the ghost. “Now.”", False),
        ("She says 'Run!'", False),
        ('On the wall is written "Turn back"', False),
        ("The door", True),
        ("He whispers, “The key is", True),
        ('He asks "', True),
        ("You see a lamp,", True),
        ("", False),
    ],
)
def test_a_turn_is_cut_off_if_its_last_sentence_has_no_end(prose: str, cut: bool) -> None:
    assert cut_off(prose) is cut


@pytest.mark.parametrize(
    ("prose", "speaks"),
    [
        ("The door opens, and you step in.", False),
        ('"Who goes there?" asks the guard.', False),
        ('You say "Who is there?" Nobody answers.', False),  # the action itself
        ('"Who is there?" you ask.', False),
        ("> You run away.\n\nYou run.", True),
        ('You say, "I surrender."', True),
        ("“Please,” you whisper.", True),
        ('You quietly tell the guard: "Let us pass."', True),
        ("You decide to go home.", True),
        ("I open the door.", True),
        ('"You decide," says the guard.', False),
    ],
)
def test_a_turn_that_speaks_for_the_player(prose: str, speaks: bool) -> None:
    assert speaks_for_player(GeneratedTurn('You say "Who is there?"', prose)) is speaks


@pytest.mark.parametrize(
    ("action", "prose", "used"),
    [
        ("You open the iron door.", "Its hinges scream as the door swings.", True),
        ("You open the iron door.", "You are opening it.", True),
        ("You carry the lanterns.", "She carried one lantern too.", True),
        ("You stop the goblins.", "The goblin's knife falls; you stopped it.", True),
        ("You open the iron door.", "You go on into the dark.", False),
        ("You say “Torches!”", "A torches' glow.", True),
    ],
)
def test_uses_action_finds_a_word_of_the_action_in_any_regular_form(action: str, prose: str, used: bool) -> None:
    assert uses_action(action, prose) is used


def test_small_words_are_not_content_words() -> None:
    assert content_words('You say "Who are you, and what do you want from me?"') == {"want"}
    assert content_words("You go on.") == set()


def test_measures_of_a_list_of_turns() -> None:
    found = measure(
        [
            GeneratedTurn("You open the door.", "The door opens. You see a lamp."),
            GeneratedTurn("You go on.", ""),  # an action without a content word is not asked for one
            GeneratedTurn("You take the lamp.", "> You run.\n\nYou"),
            GeneratedTurn("You call.", "I hear a voice and"),
        ]
    )
    assert (found.turns, found.is_empty) == (4, 0.5)
    assert found.words_per_turn == (7 + 5) / 4
    assert (found.cut_off, found.second_person, found.speaks_for_player) == (0.25, 0.25, 0.5)
    assert found.uses_action == pytest.approx(1 / 3)
    # Words and marks: The door opens . You see a lamp . / I hear a voice and; "a" and "." are there twice.
    assert found.distinct_1 == pytest.approx(12 / 14)
    assert found.seq_rep_4 == 0


def test_turns_without_words_have_no_repetition() -> None:
    found = measure([GeneratedTurn("You go on.", "")])
    assert found.seq_rep_4 is found.distinct_1 is found.uses_action is None


@given(
    st.lists(
        st.builds(GeneratedTurn, st.text(), st.text() | st.sampled_from(["> You", "You say \"I'", "'\n'", "I\x1b[2J"]))
    )
)
def test_every_share_is_between_0_and_1(turns: list[GeneratedTurn]) -> None:
    found = measure([*turns, GeneratedTurn("You open it.", "Yes.")])
    for entry in MEASURES:
        value = getattr(found, entry.key, None)
        assert value is None or 0 <= value <= 1 or entry.key == "words_per_turn"
