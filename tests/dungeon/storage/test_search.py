"""Searching the shelf: which adventures hold the words, and the sentence that is shown for it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import NO_VOICE
from dungeon.storage.search import Found
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Card, Lore


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "shelf.db")
    yield shelf
    shelf.close()


@pytest.fixture
def adventure(shelf: Shelf) -> Adventure:
    """Three turns, tags, and lore."""
    adventure = shelf.add_adventure(scenario_from_opening("You walk at dusk. A dog barks.", "The Lamp Road"), "v")
    play(shelf, adventure, "Berrin nods. A heron lands on the lamp! It rains.")
    play(shelf, adventure, "The heron flies off.", "look for the heron", "You look for the heron.")
    play(shelf, adventure, "The brass key is gone. So is the door.\n\nNobody has seen the iron door since.")
    adventure.tags = ("grim", "100%_true")
    shelf.save_adventure_labels(adventure)
    adventure.lore = Lore("Berrin is ill.", "Slow and gentle.", (Card(("Osk", "old man"), "Osk keeps bees."),))
    shelf.save_lore(adventure)
    return adventure


def play(shelf: Shelf, adventure: Adventure, prose: str, words: str = "wait", action: str = "You wait.") -> None:
    node = shelf.add_turn(adventure, Kind.DO, words, action, NO_VOICE)
    shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))


def shown(shelf: Shelf, search: str) -> tuple[str, str]:
    """Where the words were found in the only adventure, and the sentence with the words in brackets."""
    (entry,) = shelf.list_adventures(search)
    found = shelf.find_words(entry.id, search)
    assert found is not None
    return found.place, marked(found)


def marked(found: Found) -> str:
    text = found.text
    for begin, end in reversed(found.marks):
        text = f"{text[:begin]}[{text[begin:end]}]{text[end:]}"
    return text


@pytest.mark.usefixtures("adventure")
@pytest.mark.parametrize(
    ("search", "place", "sentence"),
    [
        ("heron", "turn 1", "A [heron] lands on the lamp!"),
        ("LAMP heron", "turn 1", "A [heron] lands on the [lamp]!"),
        ("heron look", "turn 2", "You [look] for the [heron]."),
        ("look heron lamp", "turn 1", "A [heron] lands on the [lamp]!"),
        ("door", "turn 3", "So is the [door]."),
        ("iron door", "turn 3", "Nobody has seen the [iron] [door] since."),
        ("barks", "opening", "A dog [barks]."),
        ("road", "title", "The Lamp [Road]"),
        ("0%_t", "tag", "10[0%_t]rue"),
        ("ill", "memory", "Berrin is [ill]."),
        ("gentle", "author's note", "Slow and [gentle]."),
        ("bees osk", "card", "[Osk], old man: [Osk] keeps [bees]."),
        ("berrin dusk", "turn 1", "[Berrin] nods."),
    ],
)
def test_the_sentence_with_most_of_the_words_is_found(shelf: Shelf, search: str, place: str, sentence: str) -> None:
    assert shown(shelf, search) == (place, sentence)


@pytest.mark.usefixtures("adventure")
@pytest.mark.parametrize(
    "search", ["herons", "%%", "h_ron", "memory", "keys", '","', "'; DROP TABLE turn; --", "heron x"]
)
def test_what_is_not_in_a_text_is_not_found(shelf: Shelf, search: str) -> None:
    assert shelf.list_adventures(search) == []


def test_a_word_of_its_own_comes_before_a_part_of_another(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "A monkey laughs. The key turns. The keys fall.")
    assert shown(shelf, "key") == ("turn 1", "The [key] turns.")


def test_words_as_they_were_typed_come_before_the_same_words_apart(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "The door is of iron. You see an iron door.")
    assert shown(shelf, "iron door") == ("turn 1", "You see an [iron] [door].")


def test_lore_that_was_replaced_is_not_searched(shelf: Shelf, adventure: Adventure) -> None:
    adventure.lore = replace(adventure.lore, memory="Berrin is well.")
    shelf.save_lore(adventure)
    assert shelf.list_adventures("berrin ill") == []
    assert shown(shelf, "well") == ("memory", "Berrin is [well].")


@pytest.mark.parametrize("search", ["öffne", "Öffne", "москва", "МОСКВА", "Москва"])
def test_capitals_do_not_count_in_other_scripts_either(shelf: Shelf, search: str) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "Öffne die Tür! Das ist Москва, москва.")
    assert shelf.list_adventures(search)
    assert "[Öffne]" in shown(shelf, search)[1] or "[Москва], [москва]" in shown(shelf, search)[1]


def test_a_long_sentence_is_cut_around_the_words(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "and so on " * 500 + "until a heron lands " + "and so on " * 500)
    place, sentence = shown(shelf, "heron")
    assert (place, sentence.count("[heron]")) == ("turn 1", 1)
    assert re.fullmatch(r"…(and so on )+until a \[heron\] lands .* (and|so|on)…", sentence)
    assert len(sentence) < 260
    play(shelf, adventure, "x" * 1000 + "wren" + "x" * 1000)
    assert "xxx[wren]xxx" in shown(shelf, "wren")[1]


def test_it_can_be_shortened_further(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "The lamp is out when a heron lands on the roof, and the lamp is lit again by nobody.")
    found = shelf.find_words(adventure.id, "heron lamp")
    assert found is not None
    for length in range(12, len(found.text) + 5):
        short = found.shortened(length)
        assert len(short.text) <= length
        assert all(short.text[begin:end] in ("heron", "lamp") for begin, end in short.marks)
        assert short.marks
    assert marked(found.shortened(40)) == "The [lamp] is out when a [heron] lands on…"


def test_hostile_text_is_found_as_text_on_one_line(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    play(shelf, adventure, "[bold]x[/] \x1b[31m a (red) *lamp*\t+ burns")
    assert shown(shelf, "(red) *lamp*") == ("turn 1", "[bold]x[/] [31m a [(red)] [*lamp*] + burns")


def test_a_search_of_very_many_words_is_no_error(shelf: Shelf, adventure: Adventure) -> None:
    many = " ".join(f"word{number}" for number in range(3000))
    assert shelf.list_adventures(many) == []
    assert shelf.find_words(adventure.id, many) is None
    assert shelf.find_words(99, "heron") is None


def test_the_number_is_the_one_that_the_player_types(shelf: Shelf) -> None:
    """Turns of other adventures and branches do not shift it."""
    other = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    adventure = shelf.add_adventure(scenario_from_opening("You wait."), "v")
    for number in range(3):
        play(shelf, other, "Nothing happens.")
        play(shelf, adventure, f"Take {number}. A bell rings." if number == 2 else "Nothing happens.")
        adventure.undo()
        shelf.save_head(adventure)
    assert shown(shelf, "bell") == ("turn 3", "A [bell] rings.")
