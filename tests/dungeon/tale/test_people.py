"""Who and what the tale knows: cards that were named, and names without a card."""

from pathlib import Path

from dungeon.tale.lore import Card, Lore
from dungeon.tale.people import Known, people_and_things
from tests.dungeon.host import add_turn, new_session


def test_named_cards_come_first_and_then_names_the_latest_first(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    session.set_lore(Lore(cards=(Card(("Hessa",), "She is old."), Card(("bell",), "It is cracked."))))
    assert people_and_things(session.adventure) == ()
    add_turn(session, "ride", "You ride from Marrow Ford to the Green Hills. Berrin's horse is lame.")
    add_turn(session, "wait", "Old Hessa nods. Marrow Ford is far.")
    known = people_and_things(session.adventure)
    assert known == (Known("Hessa", "She is old."), Known("Marrow Ford"), Known("Berrin"), Known("Green Hills"))


def test_a_name_is_listed_once_with_its_longest_form(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    add_turn(session, "wait", "Here Ada Karlin waits. Then Karlin smiles, and Ada Karlin's dog barks.")
    assert people_and_things(session.adventure) == (Known("Ada Karlin"),)


def test_who_was_named_long_ago_is_not_listed(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    add_turn(session, "wait", "Then Berrin comes.")
    for _ in range(12):
        add_turn(session, "wait", "You wait.")
    assert people_and_things(session.adventure) == ()
