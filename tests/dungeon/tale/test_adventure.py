"""The tree of turns: no turn is ever lost, and undo and redo move the head along the path."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from corpus.turns import Kind, Turn
from dungeon.tale.adventure import Adventure, Node, State


def adventure_of(*prose: str) -> Adventure:
    """An adventure of turns one below the other, ids from 1."""
    adventure = Adventure(1, "The door", "You stand before a door.")
    for number, text in enumerate(prose, 1):
        parent = number - 1 or None
        adventure.add(Node(number, parent, Kind.DO, "wait", "You wait.", text, State.DONE))
    return adventure


def prose_on_path(adventure: Adventure) -> list[str]:
    return [node.prose for node in adventure.path()]


def test_undo_goes_back_to_the_opening_and_redo_to_the_last_turn() -> None:
    adventure = adventure_of("One.", "Two.")
    assert [undone.prose for _ in range(2) if (undone := adventure.undo())] == ["Two.", "One."]
    assert (adventure.path(), adventure.undo()) == ([], None)
    assert [redone.prose for _ in range(2) if (redone := adventure.redo())] == ["One.", "Two."]
    assert adventure.redo() is None
    assert prose_on_path(adventure) == ["One.", "Two."]


def test_a_retry_is_a_sibling_and_both_answers_stay() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.undo()
    adventure.add(Node(3, 1, Kind.DO, "wait", "You wait.", "Two again.", State.DONE))
    assert prose_on_path(adventure) == ["One.", "Two again."]
    assert sorted(node.prose for node in adventure.nodes.values()) == ["One.", "Two again.", "Two."]


def test_redo_takes_the_branch_that_was_visited_last() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.undo()
    adventure.add(Node(3, 1, Kind.DO, "wait", "You wait.", "Other.", State.DONE))
    adventure.move(2)
    adventure.move(None)
    adventure.redo()
    adventure.redo()
    assert prose_on_path(adventure) == ["One.", "Two."]


def test_set_prose_changes_only_that_turn() -> None:
    adventure = adventure_of("One.", "Two.")
    adventure.set_prose(1, "One more.", State.STOPPED)
    assert prose_on_path(adventure) == ["One more.", "Two."]
    assert adventure.nodes[1].state is State.STOPPED
    assert adventure.head == 2


def branching() -> Adventure:
    """1 - 2 - 3, and 4 - 5 beside 2; the head on 5."""
    adventure = adventure_of("One.", "Two.", "Three.")
    for node_id, parent in ((4, 1), (5, 4)):
        adventure.add(Node(node_id, parent, Kind.DO, "wait", "You wait.", "Other.", State.DONE))
    return adventure


def ids(nodes: list[Node]) -> list[int]:
    return [node.id for node in nodes]


def test_the_children_and_descendants_of_a_turn() -> None:
    adventure = branching()
    assert ids(adventure.children(None)) == [1]
    assert ids(adventure.children(1)) == [2, 4]
    assert adventure.children(5) == []
    assert ids(adventure.below(None)) == [1, 2, 3, 4, 5]
    assert ids(adventure.below(4)) == [5]


def test_descendants_are_found_in_a_tree_deeper_than_the_stack() -> None:
    adventure = adventure_of(*["x"] * 5000)
    assert len(adventure.below(None)) == 5000
    assert len(adventure.path()) == 5000
    assert len(adventure.timeline(1)) == 5000


def test_takes_are_all_siblings_but_those_without_text() -> None:
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


def test_the_timeline_of_a_turn_continues_as_redo_does() -> None:
    adventure = branching()
    assert ids(adventure.timeline(1)) == [1, 4, 5]
    assert ids(adventure.timeline(2)) == [1, 2, 3]
    adventure.undo()
    assert ids(adventure.timeline(1)) == [1, 4, 5]
    adventure.move(3)
    assert ids(adventure.timeline(1)) == [1, 2, 3]
    assert ids(adventure.path(4)) == [1, 4]


def test_the_players_narration_is_part_of_the_prose() -> None:
    node = Node(1, None, Kind.STORY, "A bell rings.", "", "It is midnight.")
    assert node.turn() == Turn("", "A bell rings.\n\nIt is midnight.")
    assert Node(1, None, Kind.STORY, "A bell rings.", "").turn() == Turn("", "A bell rings.")
    assert Node(1, None, Kind.DO, "wait", "You wait.", "Dusk.").turn() == Turn("You wait.", "Dusk.")


class AnySequence(RuleBasedStateMachine):
    """Any sequence of turns, retries, undo and redo, against a model that keeps every turn that was played."""

    def __init__(self) -> None:
        super().__init__()
        self.adventure = Adventure(1, "", "")
        self.every_turn: dict[int, Node] = {}
        self.path = list[int]()  # the turns up to the head
        self.undone_turns = list[int]()  # the turns that redo enters, the next one last

    @rule(prose=st.text(max_size=5))
    def turn(self, prose: str) -> None:
        node = Node(len(self.every_turn) + 1, self.path[-1] if self.path else None, Kind.DO, "x", "You x.", prose)
        self.adventure.add(node)
        self.every_turn[node.id] = node
        self.path.append(node.id)
        self.undone_turns.clear()

    @rule()
    def undo(self) -> None:
        undone = self.adventure.undo()
        assert (undone.id if undone else None) == (self.path[-1] if self.path else None)
        if self.path:
            self.undone_turns.append(self.path.pop())

    @precondition(lambda self: self.undone_turns)
    @rule()
    def redo(self) -> None:
        redone = self.adventure.redo()
        assert redone is not None
        assert redone.id == self.undone_turns[-1]
        self.path.append(self.undone_turns.pop())

    @precondition(lambda self: self.path)
    @rule(prose=st.text(max_size=5))
    def retry(self, prose: str) -> None:
        self.undo()
        self.turn(prose)

    @invariant()
    def no_turn_is_lost(self) -> None:
        assert self.adventure.nodes == self.every_turn
        assert [node.id for node in self.adventure.path()] == self.path


test_no_turn_is_lost_in_any_sequence = AnySequence.TestCase
