"""Which of many titles a few typed words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.plain.titles import find_titles, is_nearly, near_titles

TITLES = [
    ("The Iron Door", "iron-door"),
    ("The Ten-Forty", "the-ten-forty"),
    ("Ten Yards of Rope", "ten-yards-of-rope"),
    ("Grandfather's Teeth", "grandfathers-teeth"),
    ("The Wolf at the Door", "the-wolf-at-the-door"),
    ("One Night with the Grey Mare", "the-grey-mare"),
    ("No Such Person at This Address", "no-such-person"),
]


def found(text: str) -> list[str]:
    return [title for title, _ in find_titles(text, TITLES, tuple)]


def near(text: str) -> list[str]:
    return [title for title, _ in near_titles(text, TITLES, tuple)]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("iron", "The Iron Door"),
        ("THE IRON DOOR", "The Iron Door"),
        ("iron-door", "The Iron Door"),
        ("an iron do", "The Iron Door"),
        ("ten-forty", "The Ten-Forty"),
        ("The Ten-Forty", "The Ten-Forty"),
        ("forty", "The Ten-Forty"),
        ("grandfathers teeth", "Grandfather's Teeth"),
        ("Grandfather’s", "Grandfather's Teeth"),
        ("the grey mare", "One Night with the Grey Mare"),
        ("mare night", "One Night with the Grey Mare"),
        ("no such person at this address", "No Such Person at This Address"),
    ],
)
def test_a_title_its_beginning_or_words_of_it_are_enough(text: str, title: str) -> None:
    assert found(text) == [title]


def test_what_several_titles_have_names_all_of_them() -> None:
    assert found("ten") == ["The Ten-Forty", "Ten Yards of Rope"]
    assert found("door") == ["The Iron Door", "The Wolf at the Door"]


@pytest.mark.parametrize("text", ["nonsense", "iron nonsense", "", "?!", "  "])
def test_what_no_title_has_names_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "title"),
    [("irn dor", "The Iron Door"), ("teh ten fourty", "The Ten-Forty"), ("grandfater", "Grandfather's Teeth")],
)
def test_a_misspelt_title_is_near_the_right_one(text: str, title: str) -> None:
    assert near(text) == [title]


def test_other_words_are_near_none() -> None:
    assert near("bananas") == near("open the window") == near("") == []


def test_a_whole_title_with_a_slip_is_nearly_it_and_a_sentence_is_not() -> None:
    assert is_nearly("no such person at that address", "No Such Person at This Address")
    assert not is_nearly("You are a cook on a small grey ship.", "No Such Person at This Address")


@given(st.text(max_size=40))
def test_any_text_is_looked_for(text: str) -> None:
    assert set(found(text)) | set(near(text)) <= {title for title, _ in TITLES}
