"""Names that are nearly those of the tale, and what is not one of them."""

import pytest

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Card, Lore
from dungeon.tale.names import TaleNames, find_near_name, initials, names_of_adventure, names_of_tale
from dungeon.tale.ordinary_words import is_ordinary
from dungeon.tale.output_policy import StopReason
from tests.dungeon.tale.test_output_policy import finished, kept

OPENING = "Old Hessa drives the salt wagon. Berrin and Valentin sit on the sacks."
NAMES = names_of_tale([OPENING], [])


def adventure(*prose: str, edited: bool = False) -> Adventure:
    """An adventure whose turns have this prose; `edited`: by the player."""
    tale = Adventure(1, "", OPENING, lore=Lore(cards=(Card(("Osric",), "Osric keeps the toll in Dunmore."),)))
    for number, text in enumerate(prose, 1):
        of = number + 100 if edited else None
        tale.add(Node(number, tale.head, Kind.DO, "wait", "You wait.", text, State.DONE, edit_of=of))
    return tale


def names(tale: Adventure, action: str = "You wait.") -> TaleNames:
    return names_of_adventure(tale, Node(99, tale.head, Kind.DO, "", action))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hester looks up.", "Hester"),
        ("You see Hosea.", "Hosea"),
        ('"I know," says Hoose.', "Hoose"),
        ("Hess's lamp is out.", "Hess"),
        ("You follow Berring and Valentina.", "Berring"),
        ("Tell Balentin.", "Balentin"),
    ],
)
def test_a_near_name_is_found(text: str, name: str) -> None:
    assert find_near_name(text, NAMES) == name


@pytest.mark.parametrize(
    "text",
    [
        "Hessa looks up. Hessa's lamp is out. The Hessas come.",
        "Val looks up.",
        "Agatha looks up. You see Tom.",
        "Here is the salt. Horses stamp. Hens cluck. Houses burn. Berries grow. Heroes die.",
        "HESSA! Hes-so goes on.",
        "hester",
    ],
)
def test_known_names_strangers_and_ordinary_words_are_not_near_names(text: str) -> None:
    assert find_near_name(text, NAMES) is None


def test_an_ordinary_word_with_a_capital_inside_a_sentence_is_a_name() -> None:
    known = names_of_tale(["Miss Thackwell feeds the hamster, Nibbles. Rain falls."], [])
    assert find_near_name("Nibles runs.", known) == "Nibles"
    assert "Rain" not in known.names


def test_only_the_initials_of_the_most_frequent_names_are_sent() -> None:
    known = names_of_tale([" ".join(f"and {letter}orvic" * 2 for letter in "ABCDEFGHJKLM") + " and Zorvic"], [])
    assert len(initials(known)) == 8


def test_words_of_the_tale_are_not_names() -> None:
    known = names_of_tale([f"{OPENING} A hesser is a kind of cart."], [])
    assert find_near_name("Hesser after hesser goes by.", known) is None


def test_names_come_from_the_opening_the_lore_and_what_the_player_typed() -> None:
    known = names(adventure(), "You call Mirela.")
    assert set(known.by_people) == {"Hessa", "Berrin", "Valentin", "Osric", "Dunmore", "Mirela"}
    assert initials(known) == ("B", "D", "H", "M", "O", "V")


def test_a_stranger_of_the_voice_is_known_from_the_next_turn_on_and_a_near_name_is_not() -> None:
    known = names(adventure("Tobias nods to Hester.", "It rains."))
    assert "Tobias" in known.names
    assert "Hester" not in known.names
    assert find_near_name("Tobiah nods.", known) == "Tobiah"
    assert find_near_name("Hester nods.", known) == "Hester"


def test_what_the_player_wrote_into_a_turn_is_right() -> None:
    assert "Hester" in names(adventure("Hester nods.", edited=True)).names


def test_a_tale_in_another_language_has_no_near_names() -> None:
    assert names_of_tale(["Hessa fährt den Wagen. Der Regen hört auf."], []).names == frozenset()


@pytest.mark.parametrize("word", ["lantern", "lanterns", "carried", "hoping", "stopped", "wolves", "at", "monday"])
def test_forms_of_ordinary_words_are_ordinary(word: str) -> None:
    assert is_ordinary(word)


# ---- in a turn -----------------------------------------------------------------------------------------------


def test_a_turn_ends_before_a_near_name_to_be_drawn_again() -> None:
    output = finished("It rains. Hester looks up. You wait.", opening=OPENING)
    assert (output.shown, output.keep) == ("It rains.", "It rains.")
    assert output.stop_reason is StopReason.NEAR_NAME


def test_a_name_in_a_text_that_streams_is_judged_when_it_is_complete() -> None:
    assert finished("It rains. You wait for Hess", opening="Hessa and the cat.").stop_reason is StopReason.NEAR_NAME
    assert kept("It rains. You wait for Hessa.", opening=OPENING) == "It rains. You wait for Hessa."
