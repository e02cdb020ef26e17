"""The tree of turns: nothing that was played is ever lost, and the way back and forward is where the player left it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from corpus.turns import Kind, Turn
from dungeon.tale.adventure import Adventure, Node, State


def adventure_of(*prose: str) -> Adventure:
    """One turn below the other, ids from 1."""
    adventure = Adventure(1, "The door", "You stand before a door.")
    for number, text in enumerate(prose, 1):
        parent = number - 1 or None
        adventure.add(Node(number, parent, Kind.DO, "wait", "You wait.", text, State.DONE))
    return adventure


def told(adventure: Adventure) -> list[str]:
    return [node.prose for node in adventure.path()]


def test_undo_goes_back_to_the_opening_and_redo_all_the_way_forward() -> None:
    adventure = adventure_of("One.", "Two.")
    assert [left.prose for _ in range(2) if (left := adventure.undo())] == ["Two.", "One."]
    assert (adventure.path(), adventure.undo()) == ([], None)
    assert [entered.prose for _ in range(2) if (entered := adventure.redo())] == ["One.", "Two."]
    assert adventure.redo() is None
    assert told(adventure) == ["One.", "Two."]


def test_a_retry_is_a_sibling_and_both_answers_stay() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.undo()
    adventure.add(Node(3, 1, Kind.DO, "wait", "You wait.", "Two again.", State.DONE))
    assert told(adventure) == ["One.", "Two again."]
    assert sorted(node.prose for node in adventure.nodes.values()) == ["One.", "Two again.", "Two."]


def test_redo_takes_the_branch_that_was_visited_last() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.undo()
    adventure.add(Node(3, 1, Kind.DO, "wait", "You wait.", "Other.", State.DONE))
    adventure.move(2)
    adventure.move(None)
    adventure.redo()
    adventure.redo()
    assert told(adventure) == ["One.", "Two."]


def test_growing_a_turn_changes_that_turn_alone() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.set_prose(1, "One more.", State.STOPPED)
    assert told(adventure) == ["One more.", "Two."]
    assert adventure.nodes[1].state is State.STOPPED
    assert adventure.head == 2


def branching() -> Adventure:
    """1 - 2 - 3, and 4 - 5 beside 2; the head on 5."""
    adventure = adventure_of("One.", "Two.", "Three.")
    for id_, parent in ((4, 1), (5, 4)):
        adventure.add(Node(id_, parent, Kind.DO, "wait", "You wait.", "Other.", State.DONE))
    return adventure


def ids(nodes: list[Node]) -> list[int]:
    return [node.id for node in nodes]


def test_every_turn_knows_what_follows_it() -> None:
    adventure = branching()
    assert ids(adventure.children(None)) == [1]
    assert ids(adventure.children(1)) == [2, 4]
    assert adventure.children(5) == []
    assert ids(adventure.below(None)) == [1, 2, 3, 4, 5]
    assert ids(adventure.below(4)) == [5]


def test_what_follows_is_found_in_a_tale_deeper_than_the_stack() -> None:
    adventure = adventure_of(*["x"] * 5000)
    assert len(adventure.below(None)) == 5000
    assert len(adventure.path()) == 5000
    assert len(adventure.timeline(1)) == 5000


def test_takes_are_all_answers_but_those_of_which_nothing_came() -> None:
    adventure = branching()
    adventure.add(Node(6, 1, Kind.CONTINUE, "", ""))
    assert ids(adventure.takes(2)) == [2, 4]
    assert ids(adventure.takes(6)) == [2, 4, 6]
    assert ids(adventure.takes(1)) == [1]


def test_a_turn_is_replaced_in_its_place() -> None:
    adventure = branching()
    adventure.replace(Node(4, 1, Kind.DO, "wait", "You wait.", "Other.", State.DONE, name="The hall"))
    assert [node.name for node in adventure.children(1)] == ["", "The hall"]
    assert adventure.head == 5


def test_the_way_through_a_turn_goes_on_where_redo_would() -> None:
    adventure = branching()
    assert ids(adventure.timeline(1)) == [1, 4, 5]
    assert ids(adventure.timeline(2)) == [1, 2, 3]
    adventure.undo()
    assert ids(adventure.timeline(1)) == [1, 4, 5]
    adventure.move(3)
    assert ids(adventure.timeline(1)) == [1, 2, 3]
    assert ids(adventure.path(4)) == [1, 4]


def test_the_player_s_narration_is_prose_like_any_other() -> None:
    node = Node(1, None, Kind.STORY, "A bell rings.", "", "It is midnight.")
    assert node.turn() == Turn("", "A bell rings.\n\nIt is midnight.")
    assert Node(1, None, Kind.STORY, "A bell rings.", "").turn() == Turn("", "A bell rings.")
    assert Node(1, None, Kind.DO, "wait", "You wait.", "Dusk.").turn() == Turn("You wait.", "Dusk.")


class Played(RuleBasedStateMachine):
    """Any sequence of turns, retries, undo and redo, against a model that keeps every line ever played."""

    def __init__(self) -> None:
        super().__init__()
        self.adventure = Adventure(1, "", "")
        self.ever: dict[int, Node] = {}
        self.way = list[int]()  # the turns on the page
        self.ahead = list[int]()  # what redo brings back, the nearest last

    @rule(prose=st.text(max_size=5))
    def turn(self, prose: str) -> None:
        node = Node(len(self.ever) + 1, self.way[-1] if self.way else None, Kind.DO, "x", "You x.", prose)
        self.adventure.add(node)
        self.ever[node.id] = node
        self.way.append(node.id)
        self.ahead.clear()

    @rule()
    def undo(self) -> None:
        left = self.adventure.undo()
        assert (left.id if left else None) == (self.way[-1] if self.way else None)
        if self.way:
            self.ahead.append(self.way.pop())

    @precondition(lambda self: self.ahead)
    @rule()
    def redo(self) -> None:
        entered = self.adventure.redo()
        assert entered is not None
        assert entered.id == self.ahead[-1]
        self.way.append(self.ahead.pop())

    @precondition(lambda self: self.way)
    @rule(prose=st.text(max_size=5))
    def retry(self, prose: str) -> None:
        self.undo()
        self.turn(prose)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.adventure.nodes == self.ever
        assert [node.id for node in self.adventure.path()] == self.way


test_nothing_is_lost_whatever_is_played = Played.TestCase
