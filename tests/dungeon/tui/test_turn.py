"""What stands in the margin of a turn, and the same in words."""

from pathlib import Path

from dungeon.tale.adventure import State
from dungeon.tui.widgets.turn import TurnSigns, turn_signs
from tests.dungeon.host import add_turn, new_session


def test_signs_show_bookmark_take_and_state(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    adventure = session.adventure
    first = add_turn(session, "knock", "Nothing.")
    assert turn_signs(adventure, first.id) == TurnSigns()
    session.undo()
    second = add_turn(session, "knock", "A voi")
    adventure.set_prose(second.id, "A voice", State.STOPPED)
    session.label_turn(second.id, name="the voice", bookmarked=True)
    assert turn_signs(adventure, second.id) == TurnSigns("★\n2/2\n■", "bookmarked · take 2 of 2 · stopped")
    edited = session.edit(second.id, prose="A voice answers.")
    assert turn_signs(adventure, edited.id) == TurnSigns("★\n3/3\n✎", "bookmarked · take 3 of 3 · edited")
    assert turn_signs(adventure, first.id) == TurnSigns("1/3", "take 1 of 3")
