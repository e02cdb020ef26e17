"""Which cards the last turns trigger, by which key and from how far back; and cards as a player types them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.tale.lore import (
    MAX_DEPTH,
    Card,
    TriggeredCard,
    card_from_text,
    card_to_text,
    clean_keys,
    clean_text,
    triggered_cards,
)

BERRIN = Card(("Berrin", "old man"), "Berrin lights the lamps.")


def triggered(card: Card, *turns: str) -> TriggeredCard | None:
    found = triggered_cards((card,), turns)
    return found[0] if found else None


# ---- which cards enter the context ---------------------------------------------------------------------------


def test_a_triggered_card_has_the_key_and_how_many_turns_back() -> None:
    assert triggered(BERRIN, "Berrin nods.", "It rains.", "You wait.") == TriggeredCard(BERRIN, "Berrin", 2)
    assert triggered(BERRIN, "It rains.", "You ask the old man.") == TriggeredCard(BERRIN, "old man", 0)
    assert triggered(BERRIN, "It rains.", "You wait.") is None
    assert triggered(BERRIN) is None


def test_the_latest_turn_with_a_key_counts() -> None:
    assert triggered(BERRIN, "Berrin nods.", "The old man nods.", "You wait.") == TriggeredCard(BERRIN, "old man", 1)


@pytest.mark.parametrize("depth", [0, 1, 4, MAX_DEPTH])
def test_a_key_is_searched_in_the_action_and_depth_turns_before_it(depth: int) -> None:
    card = Card(("Berrin",), "x", depth=depth)
    quiet = ["It rains."] * depth
    assert triggered(card, "Berrin nods.", *quiet) == TriggeredCard(card, "Berrin", depth)
    assert triggered(card, "Berrin nods.", *quiet, "You wait.") is None


@pytest.mark.parametrize(
    "text", ["Berrin.", "BERRIN!", "berrin's lamp", "Berrin’s lamp", "two Berrins", "the Berrins' lamp", '"Berrin"']
)
def test_a_key_matches_a_whole_word_in_any_case_plural_or_possessive(text: str) -> None:
    assert triggered(BERRIN, text)


@pytest.mark.parametrize("text", ["Berrington", "Überrin", "aBerrin", "Berrin_", "the old mane"])
def test_a_key_matches_a_part_of_a_word_only_without_whole_word(text: str) -> None:
    assert triggered(BERRIN, text) is None
    assert triggered(Card(("berrin", "old man"), "x", whole_word=False), text)


def test_a_key_matches_capitals_only_with_case() -> None:
    rose = Card(("Rose",), "Rose is the cook.", case=True)
    assert triggered(rose, "Rose laughs.")
    assert triggered(rose, "A rose blooms.") is None
    assert triggered(Card(("Rose",), "x"), "A rose blooms.")


def test_a_card_with_always_needs_no_key() -> None:
    always = Card((), "The sea is salt.", always=True)
    assert triggered_cards((BERRIN, always), ["It rains."]) == [TriggeredCard(always)]
    assert triggered(Card((), "It has no key."), "It rains.") is None
    assert triggered(Card(("",), "An empty key names nothing."), "It rains.") is None


def test_triggered_cards_keep_their_order() -> None:
    cards = tuple(Card((key,), key) for key in ("sea", "rain", "lamp"))
    assert [found.key for found in triggered_cards(cards, ["The lamp.", "The rain on the sea."])] == [
        "sea",
        "rain",
        "lamp",
    ]


@given(st.text(max_size=20), st.text(max_size=60))
def test_a_key_is_never_read_as_a_regular_expression(key: str, text: str) -> None:
    found = triggered(Card((key,), "x", whole_word=False, case=True), text)
    assert (found is not None) == (key != "" and key in text)


# ---- cards as a player writes them ---------------------------------------------------------------------------


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
def test_a_card_from_a_line(text: str, card: Card) -> None:
    assert card_from_text(text) == card


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "A card is its keys, a colon and its text"),
        ("Berrin lights the lamps", "A card is its keys, a colon and its text"),
        ("Berrin:", "This card has no text."),
        (": Berrin lights the lamps.", "This card has no key, so it would never be used."),
        (" , : x", "This card has no key"),
        ("Berrin [sometimes]: x", "'sometimes' is not an option of a card."),
        ("Berrin [depth]: x", "'depth' is not an option of a card."),
        ("Berrin [depth 100]: x", "'depth 100' is not an option of a card."),
        ("Berrin [case: x", "A card is its keys, a colon and its text"),
    ],
)
def test_an_invalid_card_is_an_error_that_names_the_fault(text: str, message: str) -> None:
    with pytest.raises(DungeonError) as caught:
        card_from_text(text)
    assert str(caught.value).startswith(message)


keys = st.lists(st.text(st.characters(codec="utf-8", exclude_characters=":,[]"), max_size=12), max_size=4)


@given(keys, st.text(max_size=80), st.booleans(), st.booleans(), st.booleans(), st.integers(0, MAX_DEPTH))
def test_a_written_card_is_read_back_unchanged(
    keys: list[str], text: str, always: bool, case: bool, whole_word: bool, depth: int
) -> None:
    card = Card(clean_keys(",".join(keys)), clean_text(text), always, case, whole_word, depth)
    if card.text and (card.keys or card.always):
        assert card_from_text(card_to_text(card)) == card


@given(st.text())
def test_cleaned_lore_has_no_line_that_reads_as_an_action(text: str) -> None:
    assert not [line for line in clean_text(text).split("\n") if line.startswith(">")]
    assert "\n" not in one_line(text)
    assert all(key == key.strip() != "" and "," not in key for key in clean_keys(text))
