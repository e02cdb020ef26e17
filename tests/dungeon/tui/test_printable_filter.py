"""The last check of a line of the screen: nothing that hides, turns or commands goes out, and its width stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from corpus.text import visible
from dungeon.tui.printable_filter import PRINTABLE_ONLY
from tests.corpus.test_text import HIDING

BLACK = Color(0, 0, 0)
PIECES = st.text(st.sampled_from([*HIDING[:20], *"ab  \xad\u200c\u200d👩🚀\u0301世\x1b"]), max_size=12)
LINES = st.lists(PIECES.map(Segment), max_size=5)


def filtered(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in PRINTABLE_ONLY.apply(segments, BLACK))


def cells(segments: list[Segment]) -> int:
    return sum(segment.cell_length for segment in segments)


@given(LINES)
def test_no_line_lets_such_a_character_through_and_its_width_stays(segments: list[Segment]) -> None:
    shown = PRINTABLE_ONLY.apply(segments, BLACK)
    text = "".join(segment.text for segment in shown)
    assert not set(text) & {*HIDING, "\xad", "\x1b"}
    assert cells(shown) == cells(segments)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (["│ ", "an \u202eevil\u202c sign", "     ", "│"], "│ an ␦evil␦ sign   │"),
        (["│", "name\u200b    ", "second  ", "│"], "│name␦   second  │"),
        (["│", "no\u202eroom", "│"], "│noroom│"),
        (["│", "so\xadft", "   ", "│"], "│soft    │"),
        (["│", "👩\u200d🚀 می\u200cخواهم ", "│"], "│👩\u200d🚀 می\u200cخواهم │"),
    ],
)
def test_marks_take_the_place_of_spaces_and_borders_stay(line: list[str], shown: str) -> None:
    assert filtered([Segment(text) for text in line]) == shown


def test_the_mark_has_the_style_of_its_text() -> None:
    red, plain = Style(color="red"), Style()
    shown = PRINTABLE_ONLY.apply([Segment("a\u202eb", red), Segment("   ", plain)], BLACK)
    assert shown == [Segment("a␦b", red), Segment("  ", plain)]


def test_a_flood_takes_no_time() -> None:
    line = [Segment("\u0301\u202e" * 20_000 + " " * 100)]
    assert "\u202e" not in filtered(line)


def test_an_ordinary_line_is_not_touched() -> None:
    line = [Segment("│ “Who is there?” "), Segment("👩\u200d🚀\xa0│")]
    assert visible(line[1].text) == line[1].text
    assert PRINTABLE_ONLY.apply(line, BLACK) is line
