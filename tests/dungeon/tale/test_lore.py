"""Which cards the last turns call for, by which key and from how far back; and cards as a player writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.tale.lore import (
    DEEPEST,
    Card,
    TriggeredCard,
    card_from_text,
    card_to_text,
    clean_keys,
    clean_text,
    triggered_cards,
)

BERRIN = Card(("Berrin", "old man"), "Berrin lights the lamps.")


def named(card: Card, *turns: str) -> TriggeredCard | None:
    found = triggered_cards((card,), turns)
    return found[0] if found else None


# ---- which cards are called for ----------------------------------------------------------------------------------


def test_a_card_tells_which_of_its_keys_was_named_and_how_many_turns_back() -> None:
    assert named(BERRIN, "Berrin nods.", "It rains.", "You wait.") == TriggeredCard(BERRIN, "Berrin", 2)
    assert named(BERRIN, "It rains.", "You ask the old man.") == TriggeredCard(BERRIN, "old man", 0)
    assert named(BERRIN, "It rains.", "You wait.") is None
    assert named(BERRIN) is None


def test_the_latest_turn_that_names_it_counts() -> None:
    assert named(BERRIN, "Berrin nods.", "The old man nods.", "You wait.") == TriggeredCard(BERRIN, "old man", 1)


@pytest.mark.parametrize("depth", [0, 1, 4, DEEPEST])
def test_a_key_is_looked_for_in_the_action_and_so_many_turns_before_it(depth: int) -> None:
    card = Card(("Berrin",), "x", depth=depth)
    quiet = ["It rains."] * depth
    assert named(card, "Berrin nods.", *quiet) == TriggeredCard(card, "Berrin", depth)
    assert named(card, "Berrin nods.", *quiet, "You wait.") is None


@pytest.mark.parametrize(
    "text", ["Berrin.", "BERRIN!", "berrin's lamp", "Berrin’s lamp", "two Berrins", "the Berrins' lamp", '"Berrin"']
)
def test_a_whole_word_counts_in_any_case_in_the_plural_and_the_possessive(text: str) -> None:
    assert named(BERRIN, text)


@pytest.mark.parametrize("text", ["Berrington", "Überrin", "aBerrin", "Berrin_", "the old mane"])
def test_a_part_of_a_word_does_not_count_unless_the_card_says_so(text: str) -> None:
    assert named(BERRIN, text) is None
    assert named(Card(("berrin", "old man"), "x", whole_word=False), text)


def test_capitals_count_where_the_card_says_so() -> None:
    rose = Card(("Rose",), "Rose is the cook.", case=True)
    assert named(rose, "Rose laughs.")
    assert named(rose, "A rose blooms.") is None
    assert named(Card(("Rose",), "x"), "A rose blooms.")


def test_a_card_that_is_always_in_needs_no_key() -> None:
    always = Card((), "The sea is salt.", always=True)
    assert triggered_cards((BERRIN, always), ["It rains."]) == [TriggeredCard(always)]
    assert named(Card((), "Nobody calls for it."), "It rains.") is None
    assert named(Card(("",), "An empty key names nothing."), "It rains.") is None


def test_cards_keep_their_own_order() -> None:
    cards = tuple(Card((key,), key) for key in ("sea", "rain", "lamp"))
    assert [hit.key for hit in triggered_cards(cards, ["The lamp.", "The rain on the sea."])] == ["sea", "rain", "lamp"]


@given(st.text(max_size=20), st.text(max_size=60))
def test_any_key_in_any_text_is_looked_for_and_never_read_as_an_expression(key: str, text: str) -> None:
    hit = named(Card((key,), "x", whole_word=False, case=True), text)
    assert (hit is not None) == (key != "" and key in text)


# ---- as a player writes it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("Berrin, old man: Berrin lights the lamps.", BERRIN),
        ("  Berrin ,old man,, Berrin:Berrin lights the lamps.", BERRIN),
        ("sea [always]: It is salt: very.", Card(("sea",), "It is salt: very.", always=True)),
        ("[always]: It is salt.", Card((), "It is salt.", always=True)),
        (
            "Rose [case, part, depth 9]: The cook.",
            Card(("Rose",), "The cook.", case=True, whole_word=False, depth=9),
        ),
        ("Rose: > You die.\n\n\n\nShe cooks.\x1b[31m", Card(("Rose",), "You die.\n\nShe cooks.[31m")),
    ],
)
def test_a_card_in_a_line(text: str, card: Card) -> None:
    assert card_from_text(text) == card


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "A card is its keys, a colon and its text"),
        ("Berrin lights the lamps", "A card is its keys, a colon and its text"),
        ("Berrin:", "This card says nothing."),
        (": Berrin lights the lamps.", "This card has no key, so it would never be called for."),
        (" , : x", "This card has no key"),
        ("Berrin [sometimes]: x", "'sometimes' is nothing that a card can be."),
        ("Berrin [depth]: x", "'depth' is nothing that a card can be."),
        ("Berrin [depth 100]: x", "'depth 100' is nothing that a card can be."),
        ("Berrin [case: x", "A card is its keys, a colon and its text"),
    ],
)
def test_what_is_no_card_is_told_with_what_to_do(text: str, said: str) -> None:
    with pytest.raises(DungeonError) as caught:
        card_from_text(text)
    assert str(caught.value).startswith(said)


keys = st.lists(st.text(st.characters(codec="utf-8", exclude_characters=":,[]"), max_size=12), max_size=4)


@given(keys, st.text(max_size=80), st.booleans(), st.booleans(), st.booleans(), st.integers(0, DEEPEST))
def test_every_card_that_can_be_is_read_again_as_it_is_written(
    keys: list[str], text: str, always: bool, case: bool, whole_word: bool, depth: int
) -> None:
    card = Card(clean_keys(",".join(keys)), clean_text(text), always, case, whole_word, depth)
    if card.text and (card.keys or card.always):
        assert card_from_text(card_to_text(card)) == card


@given(st.text())
def test_what_a_player_writes_can_stand_in_the_prompt(text: str) -> None:
    assert not [line for line in clean_text(text).split("\n") if line.startswith(">")]
    assert "\n" not in one_line(text)
    assert all(key == key.strip() != "" and "," not in key for key in clean_keys(text))
