"""The summary of the turns that have left the window: their sentences that name most people and things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import clean_prose
from dungeon.tale.summary import Chapter, summarise

FILLER = "The wind blows. It is cold and the road is long. You look around."


def summary_of(*turns: tuple[str, str], limit: int = 600) -> str:
    return summarise((turns,), limit)


def test_people_and_deeds_are_summarised_and_weather_is_not() -> None:
    summary = summary_of(
        ("", FILLER),
        (
            "You take the brass key from Berrin.",
            "The wind blows on. Berrin tells you that the key opens the Drowned Gate.",
        ),
        ("You wait.", FILLER),
        ("You walk on.", "Hessa swears to follow you to the Drowned Gate. It begins to rain again."),
        limit=137,
    )
    assert summary == (
        "You take the brass key from Berrin. Berrin tells you that the key opens the Drowned Gate. "
        "Hessa swears to follow you to the Drowned Gate."
    )


def test_a_sentence_is_not_repeated() -> None:
    turns = [("You go on.", f"The room is dark and wet. The door, number {n}, is dark.") for n in range(20)]
    summary = summary_of(*turns, ("You give Berrin the lamp.", "Berrin lights it."), limit=10_000)
    assert summary.count("The room is dark and wet.") == 1
    assert "You give Berrin the lamp." in summary


@pytest.mark.parametrize(
    "sentence",
    [
        "He gives Berrin the brass key.",  # who?
        '"Take the brass key, Berrin," says Hessa.',
        "Will Berrin take the brass key?",
        "Berrin goes.",
        "Berrin takes the brass key" + " and walks" * 40 + ".",
        'Berrin says "Take the key. And he goes.',
    ],
)
def test_a_sentence_that_needs_the_one_before_it_is_left_out(sentence: str) -> None:
    assert summary_of(("", sentence)) == ""


def test_the_players_deeds_are_summarised_and_speech_is_not() -> None:
    assert summary_of(('You say "Berrin, give me the brass key."', "")) == ""
    assert summary_of(("You give Berrin the brass key.", "")) == "You give Berrin the brass key."


def test_an_abbreviated_title_ends_no_sentence_and_a_quotation_inside_one_stays() -> None:
    text = 'Mr. Lorcan unties the bell. You show Mrs. Ash the "safe" rope. Then the bell rings over Sant Ilo.'
    assert summary_of(("", text)) == text


def test_the_end_of_a_story_weighs_more_than_its_beginning() -> None:
    chapters = tuple(
        (("", f"Captain {name} sails the grey ship home."),)
        for name in ("Aden", "Brom", "Cole", "Dunn", "Eske", "Finn")
    )
    assert summarise(chapters, 45) == "Captain Finn sails the grey ship home."
    assert summarise(chapters[::-1], 45) == "Captain Aden sails the grey ship home."


words = st.sampled_from(["Berrin", "Hessa", "the key", "opens", "a door", "and", "gives", "you", "rain", '"', "?", "’"])
prose = st.lists(st.lists(words, max_size=9).map(" ".join), max_size=6).map(". ".join) | st.text(max_size=200)
turn = st.tuples(prose.map(lambda text: " ".join(text.split())), prose.map(lambda text: clean_prose(text).strip()))
stories = st.lists(st.lists(turn, min_size=1, max_size=4).map(tuple), max_size=20).map(tuple)


@given(stories, st.integers(-50, 900))
def test_a_summary_keeps_to_its_limit_and_to_the_words_of_the_story_in_order(
    chapters: tuple[Chapter, ...], limit: int
) -> None:
    summary = summarise(chapters, limit)
    assert len(summary.encode()) <= max(0, limit)
    assert "\n" not in summary
    assert not summary.startswith((">", " "))
    story = " ".join(" ".join(part for part in turn if part) for chapter in chapters for turn in chapter)
    words_of_story, at = story.split(), 0
    for word in summary.split():  # each word is in the story, after the word before it
        at = next((n + 1 for n in range(at, len(words_of_story)) if words_of_story[n].lstrip("> ") == word), -1)
        assert at > 0, word


def test_the_summary_of_a_long_story_fills_its_share_with_people_and_deeds() -> None:
    people = ["Berrin", "Hessa", "Roke", "Lorcan", "Olomai", "Sefina", "Kasem", "Jamila", "Moussa", "Odda"]
    chapters: list[Chapter] = []
    for n in range(120):
        one, other = people[n % 10], people[n * 3 % 7]
        chapters.append((
            (f"You follow {one} to tower {n}.", f"{one} gives you lamp {n}. {FILLER}"),
            ("You wait.", f"{other} breaks the seal of gate {n} before {one} comes."),
        ))  # fmt: skip
        summary = summarise(tuple(chapters), 600)
        assert len(summary) > (480 if n > 5 else 50)
        assert "wind" not in summary
    assert sum(name in summary for name in people) >= 8


def test_a_story_without_sentences_has_an_empty_summary() -> None:
    assert summarise((), 600) == ""
    assert summary_of(("", ""), ("", "...!? \n\n 🐉🐉")) == ""
