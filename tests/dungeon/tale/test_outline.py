"""The tree as rows: every turn is in a row, the path is at the left, and a long story has a short overview."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.outline import Row, RowKind, bookmarked_turns, find_turn, outline, outline_lines, search, turn_number


def tree(*turns: tuple[int, int | None], head: int | None = None) -> Adventure:
    """Turns as (id, parent), each with its own action; the head is the last one or `head`."""
    adventure = Adventure(1, "The door", "You stand before a door.")
    for n, parent in turns:
        adventure.add(Node(n, parent, Kind.DO, f"do {n}", f"You do {n}.", f"Prose {n}.", State.DONE))
    if head is not None:
        adventure.move(head)
    return adventure


def chain(first: int, count: int, parent: int | None) -> list[tuple[int, int | None]]:
    return [(first + n, first + n - 1 if n else parent) for n in range(count)]


def take(adventure: Adventure, node_id: int, of: int) -> None:
    """Adds another answer to the action of that turn; the head stays."""
    head = adventure.head
    adventure.add(replace(adventure.nodes[of], id=node_id, prose=f"Prose {node_id}."))
    adventure.move(head)


def drawn(rows: tuple[Row, ...]) -> list[str]:
    """The rows as `  12`, indented, with the number of hidden turns."""
    hidden = {RowKind.TURN: "", RowKind.RUN: "…{0}", RowKind.TAKES: "+{0}"}
    return [f"{'  ' * row.depth}{row.node_id}{hidden[row.kind].format(row.hidden_turns)}" for row in rows]


def test_the_path_to_the_head_is_at_the_left_and_branches_come_above_the_turn_played_instead() -> None:
    adventure = tree(*chain(1, 3, None), *chain(4, 2, 1), head=3)
    assert drawn(outline(adventure).rows) == ["None", "1", "  4", "  5", "2", "3"]
    adventure.move(5)
    assert drawn(outline(adventure).rows) == ["None", "1", "  2", "  3", "4", "5"]


def test_the_outline_of_an_adventure_without_turns() -> None:
    (row,) = outline(Adventure(1, "The door", "You stand before a door.")).rows
    assert (row.node_id, row.number, row.is_head) == (None, 0, True)


def test_off_the_path_the_longest_branch_stays_in_line() -> None:
    adventure = tree((1, None), (2, 1), (3, 1), (4, 3), (5, 3), (6, 5), (7, 6), head=2)
    assert drawn(outline(adventure).rows) == ["None", "1", "  3", "    4", "  5", "  6", "  7", "2"]


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(0, 10**6))
def test_every_turn_has_a_row_under_its_parent_and_no_tree_is_deep_on_the_screen(parents: list[int], at: int) -> None:
    ids = [3 * n + 2 for n in range(len(parents))]  # ids need not be contiguous
    adventure = tree(*((node_id, [None, *ids[:n]][parents[n] % (n + 1)]) for n, node_id in enumerate(ids)))
    adventure.move([None, *ids][at % (len(ids) + 1)])
    expanded = outline(adventure, expanded=True)
    assert sorted(row.node_id for row in expanded.rows if row.node_id is not None) == ids
    place = {row.node_id: n for n, row in enumerate(expanded.rows)}
    for row in expanded.rows[1:]:
        assert row.node_id is not None
        assert place[adventure.nodes[row.node_id].parent] < place[row.node_id]
        assert row.on_path == (adventure.nodes[row.node_id] in adventure.path())
        assert not row.on_path or row.depth == 0
    assert max(row.depth for row in expanded.rows) <= math.log2(len(ids) + 1) + 1
    assert expanded.row_index == place

    overview = outline(adventure)
    assert set(overview.row_index) == {None, *ids}  # each hidden turn is hidden in a row
    assert sum(row.is_head for row in overview.rows) == 1
    assert sum(row.hidden_turns + row.hidden_takes or 1 for row in overview.rows) == len(ids) + 1


def test_the_overview_of_a_long_path_shows_forks_ends_and_the_head() -> None:
    adventure = tree(*chain(1, 100, None), *chain(101, 10, 50), head=100)
    overview = outline(adventure)
    assert drawn(overview.rows) == ["None", "1…49", "50", "  101", "  102…8", "  110", "51", "52…46", "98", "99", "100"]
    assert overview.rows[overview.row_index[20]].node_id == 1
    assert len(outline(adventure, open_runs={52}).rows) == len(overview.rows) + 45
    assert {row.open_run for row in outline(adventure, open_runs={52}).rows} == {None, 52}
    assert len(outline(adventure, expanded=True).rows) == 111


def test_names_and_bookmarks_are_shown_on_a_long_path() -> None:
    adventure = tree(*chain(1, 100, None))
    adventure.replace(replace(adventure.nodes[20], name="The hall"))
    adventure.replace(replace(adventure.nodes[40], bookmarked=True))
    assert drawn(outline(adventure).rows)[1:6] == ["1…19", "20", "21…19", "40", "41…57"]
    assert [node.id for node in bookmarked_turns(adventure)] == [40]


def test_a_thousand_turns_with_forty_branches_and_many_takes_have_a_short_overview() -> None:
    branches = [turn for n in range(40) for turn in chain(1001 + 10 * n, 10, 20 * n + 5)]
    adventure = tree(*chain(1, 1000, None), *branches, head=1000)
    for n in range(200):
        take(adventure, 2000 + n, 5 * n + 2)
    assert len(adventure.nodes) == 1600
    assert len(outline(adventure).rows) < 300


def test_takes_that_nothing_follows_are_one_row() -> None:
    adventure = tree((1, None), (2, 1))
    for node_id in (3, 4, 5):
        take(adventure, node_id, 2)
    overview = outline(adventure)
    assert drawn(overview.rows) == ["None", "1", "  3+3", "2"]
    assert overview.row_index[4] == 2
    assert (overview.rows[3].take, overview.rows[3].take_count) == (1, 4)
    opened = outline(adventure, open_runs={3}).rows
    assert drawn(opened) == ["None", "1", "  3", "  4", "  5", "2"]
    assert [row.action for row in opened[2:5]] == ["", "", ""]  # the same as of the turn beside them


def test_a_folded_turn_says_how_many_turns_it_hides_and_whether_the_head_is_among_them() -> None:
    adventure = tree(*chain(1, 3, None), *chain(4, 2, 1), head=3)
    adventure.replace(replace(adventure.nodes[4], folded=True))
    assert drawn(outline(adventure).rows) == ["None", "1", "  4", "2", "3"]
    adventure.replace(replace(adventure.nodes[1], folded=True))
    overview = outline(adventure)
    assert drawn(overview.rows) == ["None", "1"]
    assert (overview.rows[1].hidden_turns, overview.rows[1].hides_head) == (4, True)
    assert overview.rows[overview.row_index[5]].node_id == 1
    adventure.replace(replace(adventure.nodes[3], folded=True))  # nothing follows it
    adventure.replace(replace(adventure.nodes[1], folded=False))
    assert not outline(adventure).rows[-1].folded


def test_a_turn_without_text_has_no_row() -> None:
    adventure = tree((1, None))
    adventure.add(Node(2, 1, Kind.CONTINUE, "", "", "", State.STOPPED))
    adventure.move(1)
    assert drawn(outline(adventure).rows) == ["None", "1"]
    adventure.move(2)
    assert drawn(outline(adventure).rows) == ["None", "1", "2"]


def test_after_an_edit_the_old_text_is_a_branch_and_the_copied_turns_are_one_row() -> None:
    adventure = tree(*chain(1, 10, None))
    adventure.add(replace(adventure.nodes[3], id=11, prose="Other.", edit_of=3))
    for n in range(4, 11):
        adventure.add(replace(adventure.nodes[n], id=n + 8, parent=n + 7 if n > 4 else 11, edit_of=n))
    overview = outline(adventure).rows
    assert drawn(overview) == ["None", "1", "2", "  3", "  4…7", "11", "12…4", "16", "17", "18"]
    assert [row.node_id for row in overview if row.is_edit] == [11]
    assert [row.node_id for row in overview if row.has_edit] == [3]
    assert [row.node_id for row in overview if row.same_on_path] == [4]
    assert "7 turns, as on your path" in outline_lines(overview)[4]

    adventure.move(10)  # back to the old text: now the copies are the same as on the path
    assert drawn(outline(adventure).rows) == ["None", "1", "2", "  11", "  12…7", "3", "4…4", "8", "9", "10"]
    adventure.move(18)
    adventure.add(replace(adventure.nodes[11], id=30, prose="Another.", edit_of=11))
    for n in range(12, 19):
        adventure.add(replace(adventure.nodes[n], id=n + 19, parent=n + 18, edit_of=n))
    rows = drawn(outline(adventure).rows)
    assert rows == ["None", "1", "2", "  3", "  4…7", "  11", "  12…7", "30", "31…4", "35", "36", "37"]


# ---- numbers, search, lines ----------------------------------------------------------------------------------


def test_turns_are_numbered_in_the_order_of_playing() -> None:
    adventure = tree((5, None), (9, 5), (70, 5))
    assert [find_turn(adventure, number) for number in range(4)] == [None, 5, 9, 70]
    assert [turn_number(adventure, node_id) for node_id in (None, 5, 9, 70)] == [0, 1, 2, 3]
    assert {row.node_id: row.number for row in outline(adventure).rows} == {None: 0, 5: 1, 9: 2, 70: 3}


@pytest.mark.parametrize("number", [-1, 4, 10**9])
def test_an_unknown_number_is_an_error_that_names_the_range(number: int) -> None:
    with pytest.raises(DungeonError, match=r"no turn .* to 3"):
        find_turn(tree(*chain(1, 3, None)), number)
    with pytest.raises(DungeonError, match="only 0"):
        find_turn(Adventure(1, "", ""), 4)


def test_search_finds_turns_with_all_words_folded_or_not() -> None:
    adventure = tree(*chain(1, 30, None))
    adventure.replace(replace(adventure.nodes[7], prose="And far away " * 20 + "a BELL rings."))
    adventure.replace(replace(adventure.nodes[9], name="The bell tower"))
    adventure.replace(replace(adventure.nodes[1], folded=True))
    found = search(adventure, "bell")
    assert [row.node_id for row in found.rows] == [7, 9]
    assert "a BELL rings" in found.rows[0].preview
    assert [row.node_id for row in search(adventure, "rings bell").rows] == [7]
    assert [row.node_id for row in search(adventure, "do 29.").rows] == [29]
    assert search(adventure, "dragon").rows == ()


def test_rows_as_plain_lines() -> None:
    adventure = tree(*chain(1, 3, None), *chain(4, 2, 1), head=3)
    adventure.replace(replace(adventure.nodes[4], name="The hall", bookmarked=True, folded=True, state=State.STOPPED))
    assert outline_lines(outline(adventure).rows) == [
        "0 The opening",
        "1 > You do 1. Prose 1.",
        '4   "The hall" > You do 4. Prose 4. (after 1; bookmarked; take 2 of 2; stopped; 1 turn folded)',
        "2 > You do 2. Prose 2. (take 1 of 2)",
        "3 > You do 3. Prose 3. (you are here)",
    ]
    assert outline_lines(search(adventure, "prose 5").rows) == ["5 You do 5. Prose 5."]
    assert outline_lines(()) == []


def test_a_row_of_any_text_is_one_line() -> None:
    adventure = Adventure(1, "", "")
    long = "A line.\n\nAnother\x1b[31m line.\t" * 100_000
    adventure.add(Node(1, None, Kind.STORY, long, "", long, State.DONE, name="[bold]x"))
    adventure.add(Node(2, 1, Kind.DO, long, long, "", State.DONE))
    for line in outline_lines(outline(adventure).rows, width=60):
        assert line.isprintable()
        assert len(line) <= 250


def test_a_plain_line_has_the_whole_action_and_as_many_words_of_the_prose_as_fit() -> None:
    adventure = Adventure(1, "", "")
    action = f"You ask Hessa {'and then ' * 14}about the door."
    adventure.add(Node(1, None, Kind.DO, "", action, "Nobody answers for a while, and the rain goes on.", State.DONE))
    (_, line) = outline_lines(outline(adventure).rows)
    assert line == f"1 > {action} Nobody answers for a while,… (you are here)"
