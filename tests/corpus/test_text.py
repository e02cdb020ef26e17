"""Text as it is shown: what hides or turns it becomes visible, what is legitimate stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text import HIDDEN_MARK, printable, visible

HIDING = [
    *"\u061c\u200b\u200e\u200f\u2060\ufeff",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    *map(chr, range(0xFFF9, 0xFFFC)),
    *map(chr, range(0xE0000, 0xE0080)),
]
"""Overrides and isolates, marks of direction, spaces without width, annotations, tags."""
TEXTS = st.text(
    st.sampled_from([*HIDING, *"ab \n\t\x1b\x9b\xad\u200c\u200d👩🚀🏴\ufe0f\u0301می\u0915\u094d世\ud800"])
    | st.characters()
)


@given(TEXTS)
def test_nothing_that_is_shown_hides_turns_or_commands(text: str) -> None:
    shown = visible(text)
    assert not set(shown) & set(HIDING)
    assert not [
        character for character in shown if unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
    ]
    assert "\xad" not in shown
    assert visible(shown) == shown


@given(TEXTS)
def test_what_shows_by_itself_is_all_there_and_in_its_order(text: str) -> None:
    unshown = {*HIDING, HIDDEN_MARK, *"\xad\u200c\u200d"}
    rest = [character for character in printable(text) if character not in unshown and character not in OTHERS]
    assert [character for character in visible(text) if character not in unshown] == rest


OTHERS = {*map(chr, range(0x2061, 0x2070))}
"""Invisible operators, and what was once meant for digits and swapping: marked as well."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The sign says \u202eevil\u202c here.", "The sign says ␦evil␦ here."),
        ("\u2066one\u2069 \u200ftwo", "␦one␦ ␦two"),
        ("pass\u200bword in\u2060visible \ufeffBOM", "pass␦word in␦visible ␦BOM"),
        ("\U000e0001\U000e0041\U000e0042hidden", "␦hidden"),
        ("a\ufff9b\ufffac\ufffb", "a␦b␦c␦"),
        ("pay\u200dpal and pay\u200cpal", "pay␦pal and pay␦pal"),
        ("so\xadft hy\xadphens", "soft hyphens"),
        ("\x1b[31mred\x1b[0m\tand\x00\n", "[31mred[0m and\n"),
    ],
)
def test_marks(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d🚀 👨\u200d👩\u200d👧\u200d👦 🏴\u200d☠\ufe0f ❤\ufe0f\u200d🔥 👍🏽",
        "می\u200cخواهم نامه\u200cای",
        "क\u094d\u200dष क\u094d\u200cष",
        "שלום עולם",
        "café cafe\u0301 naïve",
        "世界 㐂 𠮷",
        "a\xa0b\u2009c — “d” … ♥\ufe0f",
    ],
    ids=["emoji", "Persian", "Hindi", "Hebrew", "accents", "Chinese", "spaces"],
)
def test_what_is_legitimate_stays(text: str) -> None:
    assert visible(text) == text
