"""Where the player is in an authored story: the open passage, the choices, endings and the map."""

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.authored import (
    AT_THE_END,
    choices_at,
    endings,
    endings_line,
    has_ended,
    is_improvised,
    last_choice,
    map_lines,
    passage_at,
    ways_on,
)
from tests.dungeon.stories import GATE


def adventure() -> Adventure:
    return Adventure(1, "The Gate", GATE.passages["Gate"].text, story=GATE, book="library/gate")


def add(adventure: Adventure, passage: str | None = None, *, leaves_author: bool = False) -> Node:
    """A turn below the head, of the author's passage, or of the storyteller."""
    node = Node(
        len(adventure.nodes) + 1,
        adventure.head,
        Kind.DO,
        "go on",
        "You go on.",
        GATE.passages[passage].text if passage else "You look around.",
        State.DONE,
        passage=passage,
        leaves_author=leaves_author,
    )
    adventure.add(node)
    return node


def test_an_improvised_turn_leaves_the_passage_open() -> None:
    played = adventure()
    assert ways_on(played) == ("Go to Hall", "Go to Cave")
    hall = add(played, "Hall")
    look = add(played)
    passage = passage_at(played, played.head)
    assert passage is not None and passage.name == "Hall"
    assert ways_on(played) == ("Go to Home", "Go to Gate")
    assert (is_improvised(played, hall), is_improvised(played, look)) == (False, True)


def test_below_a_turn_that_leaves_the_author_play_is_free() -> None:
    played = adventure()
    left = add(played, leaves_author=True)
    after = add(played)
    assert passage_at(played, played.head) is None
    assert (ways_on(played), is_improvised(played, left), is_improvised(played, after)) == ((), False, False)
    played.move(left.parent)
    assert ways_on(played) == ("Go to Hall", "Go to Cave"), "undo leads back to the author"


def test_a_choice_that_leads_nowhere_is_not_offered() -> None:
    played = adventure()
    add(played, "Cave")
    assert [choice.target for choice in choices_at(played, played.head)] == ["Home", "Pit"]


def test_an_ending_offers_the_way_back_to_the_last_choice() -> None:
    played = adventure()
    cave = add(played, "Cave")
    add(played)
    add(played, "Pit")
    assert has_ended(played)
    assert ways_on(played) == AT_THE_END
    assert last_choice(played) == cave.id
    played.move(cave.id)
    assert last_choice(played) is None, "the opening is a choice, too"


def test_endings_are_those_that_can_be_reached() -> None:
    assert endings(GATE) == ("Home", "Pit")
    assert endings_line(GATE, {"Gate", "Pit", "Island"}) == "Endings found: 1 of 2"


def test_the_map_shows_what_was_seen_and_names_nothing_else() -> None:
    assert map_lines(GATE, {"Gate", "Cave", "Home"}, "Cave") == [
        "The beginning (1 not tried)",
        "  Go to Cave (you are here, 1 not tried)",
        "    Go to Home (an ending)",
        "",
        "Endings found: 1 of 2",
    ]


def test_without_a_story_play_is_free() -> None:
    free = Adventure(1, "The Gate", "You are at the gate.")
    add(free)
    assert passage_at(free, free.head) is None
    assert ways_on(free) == ()
    assert not has_ended(free)
