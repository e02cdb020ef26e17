"""A walk through a story: steps, endings, the map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.reading.walk import endings_line, go_back, map_lines, restart, resume_walk, start_walk, take_choice
from tests.dungeon.stories import GATE, story


def test_choices_lead_to_an_ending() -> None:
    walk = start_walk(GATE)
    assert [choice.label for choice in walk.choices] == ["Go to Hall", "Go to Cave"]
    walk = take_choice(walk, 2)
    assert walk.passage.name == "Cave"
    assert walk.steps[-1].label == "Go to Cave"
    assert [choice.target for choice in walk.choices] == ["Home", "Pit"], "Nowhere does not exist"
    walk = take_choice(walk, 2)
    assert walk.choices == ()
    assert (walk.endings_found, walk.endings) == (("Pit",), ("Home", "Pit"))
    assert endings_line(walk) == "Endings found: 1 of 2"


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_choice_that_does_not_exist_is_an_error(number: int) -> None:
    with pytest.raises(IndexError):
        take_choice(start_walk(GATE), number)


def test_going_back_and_restarting_keep_the_endings_found() -> None:
    end = take_choice(take_choice(start_walk(GATE), 1), 1)
    assert go_back(end).passage.name == "Hall"
    assert go_back(end).endings_found == ("Home",)
    again = restart(end)
    assert again.passage.name == "Gate"
    assert go_back(again) == end
    assert go_back(start_walk(GATE)) == start_walk(GATE)
    assert restart(start_walk(GATE)) == start_walk(GATE)


def test_the_map_shows_the_visited_passages() -> None:
    walk = go_back(take_choice(take_choice(start_walk(GATE), 2), 1))
    assert map_lines(walk) == [
        "Gate (1 not tried)",
        "  Cave (you are here, 1 not tried)",
        "    Home (an ending)",
        "",
        "Endings found: 1 of 2",
    ]


@given(st.lists(st.sampled_from(["1", "2", "3", "back", "restart"]), max_size=30))
def test_the_map_lists_every_visited_passage_once(moves: list[str]) -> None:
    walk = start_walk(GATE)
    for move in moves:
        if move == "back":
            walk = go_back(walk)
        elif move == "restart":
            walk = restart(walk)
        elif int(move) <= len(walk.choices):
            walk = take_choice(walk, int(move))
    lines = [line.split(" (")[0].strip() for line in map_lines(walk)[:-2]]
    assert sorted(lines) == sorted(walk.visited)
    assert sum("you are here" in line for line in map_lines(walk)) == 1


def test_a_walk_in_an_edited_story_resumes_at_its_last_existing_passage() -> None:
    old = take_choice(take_choice(start_walk(GATE), 2), 2)
    new = story(Gate="Cave", Cave="Home", Home="")
    walk = resume_walk(new, old.steps, old.visited)
    assert walk.passage.name == "Cave"
    assert walk.visited == {"Gate", "Cave"}
    assert resume_walk(story(Door=""), old.steps, old.visited).passage.name == "Door"
