"""Authored stories on the shelf: the story is kept whole, and what was seen of it outlives its adventures."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, Node, State
from tests.dungeon.stories import GATE

OPENING = scenario_from_opening("You are at the Gate.", "The Gate")
RECORD = GenerationRecord("smollm2", "{}", 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shelf.db"


@pytest.fixture
def shelf(file: Path) -> Iterator[Shelf]:
    shelf = Shelf(file)
    yield shelf
    shelf.close()


def begin(shelf: Shelf, book: str = "library/gate") -> Adventure:
    return shelf.add_adventure(OPENING, "v", story=GATE, book=book)


def add_authored(shelf: Shelf, adventure: Adventure, passage: str) -> Node:
    text = GATE.passages[passage].text
    node = Node(0, None, Kind.DO, "go", "You go.", text, State.DONE, passage=passage)
    return shelf.add_authored_turn(adventure, node)


def stories(file: Path) -> int:
    with sqlite3.connect(file) as database:
        return int(database.execute("SELECT count(*) FROM story").fetchone()[0])


def test_a_played_story_is_read_back_whole(shelf: Shelf) -> None:
    adventure = begin(shelf)
    add_authored(shelf, adventure, "Hall")
    left = shelf.add_turn(adventure, Kind.DO, "run", "You run.", RECORD, leaves_author=True)
    again = shelf.open(adventure.id)
    assert (again.story, again.book) == (GATE, "library/gate")
    assert [(node.passage, node.leaves_author) for node in again.path()] == [("Hall", False), (None, True)]
    assert again.head == left.id
    assert shelf.generation_record(again.path()[0].id).voice == ""


def test_the_same_story_is_stored_once_and_another_version_beside_it(shelf: Shelf, file: Path) -> None:
    begin(shelf)
    begin(shelf)
    assert stories(file) == 1
    shelf.add_adventure(OPENING, "v", story=replace(GATE, title="The Gate, revised"), book="library/gate")
    assert stories(file) == 2


def test_the_latest_adventure_of_a_story_is_found(shelf: Shelf) -> None:
    first, second = begin(shelf), begin(shelf)
    begin(shelf, "another/gate")
    assert shelf.latest_of_book("library/gate") == second.id
    add_authored(shelf, first, "Hall")
    assert shelf.latest_of_book("library/gate") == first.id
    assert shelf.latest_of_book("nobody") is None


def test_what_was_seen_is_counted_over_all_adventures_and_outlives_them(shelf: Shelf, file: Path) -> None:
    first, second = begin(shelf), begin(shelf)
    add_authored(shelf, first, "Hall")
    add_authored(shelf, second, "Cave")
    shelf.purge(first.id)
    shelf.purge(second.id)
    assert shelf.seen_passages("library/gate") == {"Gate", "Hall", "Cave"}
    assert shelf.all_seen_passages() == {"library/gate": {"Gate", "Hall", "Cave"}}
    assert stories(file) == 0, "no adventure needs the story"


def test_an_edit_of_an_authored_turn_stays_at_its_passage(shelf: Shelf) -> None:
    adventure = begin(shelf)
    node = add_authored(shelf, adventure, "Hall")
    (copy,) = shelf.add_edit(adventure, [replace(node, prose="You stand in a hall of ice.")])
    assert shelf.open(adventure.id).nodes[copy.id].passage == "Hall"
