"""Plain text: the paragraphs, however its lines are broken."""

import random
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers.document import PAGE_BREAK
from corpus.readers.plain_text import blocks
from tests.corpus.readers.documents import novel

WORDS = ("the", "lamp", "well-known", "river,", "house", "old", "ferryman", "it", "going", "a", "bread")


def written(seed: int, count: int, least: int) -> list[str]:
    """Return paragraphs of at least `least` words."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(least, 90))) + " end." for _ in range(count)]


def paragraphs(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


@given(st.integers(0, 1 << 32), st.integers(50, 100), st.booleans(), st.integers(0, 8))
@settings(max_examples=50)
def test_wrapped_lines_are_joined(seed: int, width: int, indented: bool, margin: int) -> None:
    tale = written(seed, 15, least=25)
    lines = [textwrap.fill(text, width, initial_indent="   " if indented else "") for text in tale]
    assert paragraphs(textwrap.indent(("\n" if indented else "\n\n").join(lines), " " * margin)) == tale


@given(st.integers(0, 1 << 32), st.booleans())
@settings(max_examples=20)
def test_each_unwrapped_line_is_a_paragraph(seed: int, blank_lines: bool) -> None:
    tale = written(seed, 5, least=50)
    assert paragraphs(("\n\n" if blank_lines else "\n").join(tale)) == tale


def wrapped(text: str) -> str:
    """Return `text` between enough wrapped paragraphs to recognise the layout."""
    around = "\n\n".join(textwrap.fill(paragraph, 66) for paragraph in novel(chapters=1, paragraphs=12).paragraphs())
    return f"{around}\n\n{text}\n\n{around}"


def among_wrapped(text: str) -> list[str]:
    count = len(novel(chapters=1, paragraphs=12).paragraphs())
    return paragraphs(wrapped(text))[count:-count]


VERSE = "The lamp is lit,\nThe night is long,\nAnd who will sit\nAnd sing my song?"


def test_verse_and_letters_keep_their_lines() -> None:
    assert among_wrapped(VERSE) == [VERSE]
    assert among_wrapped(textwrap.indent(VERSE, "        ")) == [VERSE]
    letter = "14 Mill Lane\nHarrow\nDear Ada,"
    assert among_wrapped(letter) == [letter]
    assert paragraphs(f"{'He wrote. ' * 30}\n\n{letter}\n\n{VERSE}\n\n{'She read. ' * 30}")[1:3] == [letter, VERSE]


def test_verse_keeps_the_dashes_at_its_line_ends() -> None:
    assert among_wrapped("The lamp went out—\nAnd nobody\nSang.") == ["The lamp went out—\nAnd nobody\nSang."]


def test_hyphen_of_a_word_stays() -> None:
    text = "She looked for a very long time at the little half-\nopen window and at the river’s well-\nknown bend."
    (joined,) = among_wrapped(text)
    assert "half-open" in joined
    assert "well-known" in joined


def test_hyphen_of_a_line_end_is_removed() -> None:
    text = (
        "Nobody in that house would ever have asked the old fer-\nryman for the lantern, or the window of the ba-\nker."
    )
    (joined,) = among_wrapped(text)
    assert "ferryman" in joined
    assert "baker." in joined


def test_dash_at_a_line_end_is_not_a_hyphen() -> None:
    text = "He had never been there in the whole of his life--\nnot once—\nand it was — as he put it, often —\nso."
    assert "life--not once—and it" in among_wrapped(text)[0]
    assert "often — so." in among_wrapped(text)[0]


def test_lines_of_only_a_number_are_paragraphs() -> None:
    text = "You go in, and the lamp goes out. Turn to 2.\n2\nYou wait.\n\n[3]\nYou run.\n\nSection 4\n\n- 5 -"
    assert among_wrapped(text) == [
        "You go in, and the lamp goes out. Turn to 2.",
        "2",
        "You wait.",
        "[3]",
        "You run.",
        "Section 4",
        "- 5 -",
    ]


def test_number_at_the_end_of_a_paragraph() -> None:
    text = "She had come to the house on the hill in the cold spring of the year\n1912."
    assert among_wrapped(text) == [text.replace("\n", " ")]


def test_dialogue_without_blank_lines() -> None:
    lines = ["Chapter One", "“Who is it?”", "“Me,” said Ada.", "“Come in.”", "She did."]
    assert paragraphs("\n".join(lines)) == lines


def test_form_feeds_are_page_breaks() -> None:
    found = blocks("One.\n\f\nTwo.\fThree.")
    assert [block.text for block in found] == ["One.", "", "Two.", "", "Three."]
    assert [n for n, block in enumerate(found) if block.level == PAGE_BREAK] == [1, 3]


@pytest.mark.parametrize("text", ["", "\n", " \t\n ", "\x00\x07", "\ufeff"])
def test_blank_text_has_no_blocks(text: str) -> None:
    assert paragraphs(text) == []


@pytest.mark.parametrize("space", ["\xa0", "\u2028", "\u3000", "\x85", "\x1c"])
def test_unusual_spaces(space: str) -> None:
    assert (
        "".join(paragraphs(f"One\n{space}\nTwo{space}\n\n{space}\nThree\n{space}{space}")).replace("\n", "")
        == "OneTwoThree"
    )


@given(st.text(st.sampled_from("ab1 \n\t\f-—.,“[]#_*\xa0\u2028é"), max_size=300))
@settings(max_examples=150)
def test_no_letter_is_lost(text: str) -> None:
    found = "".join(paragraphs(text))
    assert [letter for letter in found if letter.isalnum()] == [letter for letter in text if letter.isalnum()]


def test_a_line_for_each_speaker_stays() -> None:
    wrapped = "\n".join(textwrap.wrap("You walk on and on along the road between the fields and the river. " * 20, 70))
    talk = '"I have walked along this road since the morning," says the old man.\n"And where to?"\n"Home."'
    spoken = next(block.text for block in blocks(f"{wrapped}\n\n{talk}\n\n{wrapped}\n") if block.text.startswith('"'))
    assert spoken.endswith('"And where to?"\n"Home."')
