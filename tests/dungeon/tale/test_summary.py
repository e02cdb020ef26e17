"""What is told of the turns that have left the window: their own sentences, the ones that name most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import clean_prose
from dungeon.tale.summary import Chapter, summarise

FILLER = "The wind blows. It is cold and the road is long. You look around."


def summed(*turns: tuple[str, str], limit: int = 600) -> str:
    return summarise((turns,), limit)


def test_people_and_deeds_are_told_and_weather_is_not() -> None:
    told = summed(
        ("", FILLER),
        (
            "You take the brass key from Berrin.",
            "The wind blows on. Berrin tells you that the key opens the Drowned Gate.",
        ),
        ("You wait.", FILLER),
        ("You walk on.", "Hessa swears to follow you to the Drowned Gate. It begins to rain again."),
        limit=137,
    )
    assert told == (
        "You take the brass key from Berrin. Berrin tells you that the key opens the Drowned Gate. "
        "Hessa swears to follow you to the Drowned Gate."
    )


def test_what_is_said_already_is_not_said_again() -> None:
    turns = [("You go on.", f"The room is dark and wet. The door, number {n}, is dark.") for n in range(20)]
    told = summed(*turns, ("You give Berrin the lamp.", "Berrin lights it."), limit=10_000)
    assert told.count("The room is dark and wet.") == 1
    assert "You give Berrin the lamp." in told


@pytest.mark.parametrize(
    "sentence",
    [
        "He gives Berrin the brass key.",  # who does?
        '"Take the brass key, Berrin," says Hessa.',
        "Will Berrin take the brass key?",
        "Berrin goes.",
        "Berrin takes the brass key" + " and walks" * 40 + ".",
        'Berrin says "Take the key. And he goes.',
    ],
)
def test_what_does_not_speak_for_itself_is_left_out(sentence: str) -> None:
    assert summed(("", sentence)) == ""


def test_speech_of_the_player_changes_nothing_and_deeds_do() -> None:
    assert summed(('You say "Berrin, give me the brass key."', "")) == ""
    assert summed(("You give Berrin the brass key.", "")) == "You give Berrin the brass key."


def test_a_shortened_title_ends_no_sentence_and_a_quote_within_one_stays() -> None:
    text = 'Mr. Lorcan unties the bell. You show Mrs. Ash the "safe" rope. Then the bell rings over Sant Ilo.'
    assert summed(("", text)) == text


def test_the_end_of_a_tale_weighs_more_than_its_beginning() -> None:
    chapters = tuple(
        (("", f"Captain {name} sails the grey ship home."),)
        for name in ("Aden", "Brom", "Cole", "Dunn", "Eske", "Finn")
    )
    assert summarise(chapters, 45) == "Captain Finn sails the grey ship home."
    assert summarise(chapters[::-1], 45) == "Captain Aden sails the grey ship home."


words = st.sampled_from(["Berrin", "Hessa", "the key", "opens", "a door", "and", "gives", "you", "rain", '"', "?", "’"])
prose = st.lists(st.lists(words, max_size=9).map(" ".join), max_size=6).map(". ".join) | st.text(max_size=200)
turn = st.tuples(prose.map(lambda text: " ".join(text.split())), prose.map(lambda text: clean_prose(text).strip()))
tales = st.lists(st.lists(turn, min_size=1, max_size=4).map(tuple), max_size=20).map(tuple)


@given(tales, st.integers(-50, 900))
def test_it_keeps_to_its_limit_to_the_tale_s_own_words_and_to_their_order(
    chapters: tuple[Chapter, ...], limit: int
) -> None:
    told = summarise(chapters, limit)
    assert len(told.encode()) <= max(0, limit)
    assert "\n" not in told
    assert not told.startswith((">", " "))
    said = " ".join(" ".join(part for part in turn if part) for chapter in chapters for turn in chapter)
    tale, at = said.split(), 0
    for word in told.split():  # each word of it is found in the tale, behind the one before
        at = next((n + 1 for n in range(at, len(tale)) if tale[n].lstrip("> ") == word), -1)
        assert at > 0, word


def test_a_long_tale_fills_its_share_and_the_longer_it_is_the_less_of_it_is_told() -> None:
    people = ["Berrin", "Hessa", "Roke", "Lorcan", "Olomai", "Sefina", "Kasem", "Jamila", "Moussa", "Odda"]
    chapters: list[Chapter] = []
    for n in range(120):
        one, other = people[n % 10], people[n * 3 % 7]
        chapters.append((
            (f"You follow {one} to tower {n}.", f"{one} gives you lamp {n}. {FILLER}"),
            ("You wait.", f"{other} breaks the seal of gate {n} before {one} comes."),
        ))  # fmt: skip
        told = summarise(tuple(chapters), 600)
        assert len(told) > (480 if n > 5 else 50)
        assert "wind" not in told
    assert sum(name in told for name in people) >= 8


def test_nothing_to_tell_is_told_as_nothing() -> None:
    assert summarise((), 600) == ""
    assert summed(("", ""), ("", "...!? \n\n 🐉🐉")) == ""
