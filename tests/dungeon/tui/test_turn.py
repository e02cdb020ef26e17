"""The line of labels below a turn."""

from pathlib import Path

from dungeon.tale.adventure import State
from dungeon.tui.widgets.turn import turn_labels
from tests.dungeon.host import add_turn, new_session


def test_labels_show_name_bookmark_take_and_state(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    adventure = session.adventure
    first = add_turn(session, "knock", "Nothing.")
    assert turn_labels(adventure, first.id) == ""
    session.undo()
    second = add_turn(session, "knock", "A voi")
    adventure.set_prose(second.id, "A voice", State.STOPPED)
    session.label_turn(second.id, name="the voice", bookmarked=True)
    assert turn_labels(adventure, second.id) == "★ the voice · take 2 of 2 · stopped"
    edited = session.edit(second.id, prose="A voice answers.")
    assert turn_labels(adventure, edited.id) == "★ the voice · take 3 of 3 · edited"
    assert turn_labels(adventure, first.id) == "take 1 of 3"
