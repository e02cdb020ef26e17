"""What free play knows of an authored story once the player has left the author."""

from corpus.turns import Kind
from dungeon.authored.cast import lore_for_leaving
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Card, Lore
from tests.dungeon.stories import GATE

OPENING = "You are the keeper of the gate. Old Hessa sits by the fire. Hessa is blind. It is winter."


def adventure(lore: Lore = Lore()) -> Adventure:  # noqa: B008 - frozen
    return Adventure(1, "The Gate", OPENING, lore=lore, story=GATE, book="x")


def test_the_opening_becomes_memory_and_each_person_a_card() -> None:
    lore = lore_for_leaving(adventure())
    assert lore.memory == "You are the keeper of the gate. Old Hessa sits by the fire. Hessa is blind."
    assert lore.cards == (Card(("Hessa",), "Old Hessa sits by the fire. Hessa is blind."),)


def test_people_whom_the_player_has_met_only_later_have_cards() -> None:
    played = adventure()
    prose = "Tobin comes in with the wood. Tobin laughs."
    played.add(Node(1, None, Kind.DO, "wait", "You wait.", prose, State.DONE, passage="Hall"))
    assert [card.keys for card in lore_for_leaving(played).cards] == [("Hessa",), ("Tobin",)]


def test_what_the_player_wrote_stays() -> None:
    written = Lore(memory="It is night.", cards=(Card(("hessa",), "She lies."),))
    assert lore_for_leaving(adventure(written)) == written
