"""Raw text becomes prose: complete sentences, paired quotation marks, no second action; shown prose stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.tale.prose import (
    clean_turn,
    close_quotes,
    sentence_end,
    split_sentences,
    split_speech,
    trim_broken_end,
    turn_end,
)

raw_texts = st.text(st.sampled_from("ab I.!?…\"'”’) >\n\r\t*\x1b🐉"), max_size=60) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("raw", "prose"),
    [
        ("\nThe door opens.\n\n> You run.\n\nNever.", "The door opens."),
        ("\nThe door opens.\n>", "The door opens."),
        ("\nThe door opens.\n", "The door opens."),
        ("> You run.", ""),
        ("\n\n  > You run.", ""),
        ("", ""),
        ("  \n ", ""),
        ("\nOne.\n\n\n\n\nTwo.", "One.\n\nTwo."),
        ("\nThe door opens. > You run.", "The door opens."),
        ("\nThe door opens.\n\n   > You run.", "The door opens."),
        ("\nThe door opens.\n\n\t>You run.", "The door opens."),
        ("\nA \x1b[31mred\x1b[0m\x07 [bold]door[/].", "A [31mred[0m [bold]door[/]."),
        ("\nשלום 🐉.", "שלום 🐉."),
        ("\nA\r\nB\r\n> You run.", "A\nB"),
    ],
)
def test_a_clean_turn_is_only_prose(raw: str, prose: str) -> None:
    assert clean_turn(raw) == prose


@given(raw_texts)
def test_a_clean_turn_has_no_action_and_no_control_characters(raw: str) -> None:
    prose = clean_turn(raw)
    assert prose == clean_turn(prose)
    assert not any(line.lstrip().startswith(">") for line in prose.split("\n"))
    assert "\x1b" not in prose
    assert prose == prose.rstrip()


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        ("\nThe door opens.", None),
        ("\nThe door opens.\nTHE END\nor so", 16),
        ("\nThe door opens. ### More", 16),
        ("\n### More\n> You run.", 0),
        ("\nThe door opens. > You run. ###", 16),
    ],
)
def test_a_turn_ends_at_an_action_or_a_stop_string(raw: str, end: int | None) -> None:
    assert turn_end(raw, ("###", "THE END", "")) == end
    assert clean_turn(raw, ("###", "THE END", "")) == raw.strip()[:end].strip()


@given(raw_texts, st.integers(0, 60))
def test_the_clean_turn_of_a_longer_text_starts_with_that_of_its_prefix(raw: str, length: int) -> None:
    assert clean_turn(raw).startswith(clean_turn(raw[:length]))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The door opens. Behind it", "The door opens."),
        ("The door opens.", "The door opens."),
        ("Who is there? You", "Who is there?"),
        ("Run! Now", "Run!"),
        ("What?! You", "What?!"),
        ("You wait… and then", "You wait…"),
        ("You wait... and then", "You wait..."),
        ("You wait.... and then", "You wait...."),
        ("It rains. Mr. Marrow and St. Elm", "It rains."),
        ("It rains. J. R. Finch", "It rains."),
        ("So do I. Then the", "So do I."),
        ("You leave. It costs 3.50 coins", "You leave."),
        ('"Run." She', '"Run."'),
        ('It rains. He says, "Run. Now." And', 'It rains. He says, "Run. Now."'),
        ('It rains. "Who is there?" she asks. And', 'It rains. "Who is there?" she asks.'),
        ("“Run.” She", "“Run.”"),
        ("(It rains.) She", "(It rains.)"),
        ("*It rains.* She", "*It rains.*"),
        ("雨が降る。彼は", "雨が降る。"),
        (
            'One "quote is open here.\n\nThe next paragraph is fine. And',
            'One "quote is open here.\n\nThe next paragraph is fine.',
        ),
        ("", ""),
        ("Done.\n\nThen", "Done."),
        ("🐉. 🐉", "🐉."),
        ('The sign says "NO ENTRY"', 'The sign says "NO ENTRY"'),  # counts as a full stop
        ('It rains. He says "Run"', 'It rains. He says "Run"'),
    ],
)
def test_a_broken_last_sentence_is_dropped(text: str, kept: str) -> None:
    assert trim_broken_end(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('He says, "Run.', 'He says, "Run."'),
        ('It rains. He says, "Run. Now. The', 'It rains. He says, "Run. Now."'),
        ("It rains. He says, “Run. Now. The", "It rains. He says, “Run. Now.”"),
        ('It rains. He says, "Run and', "It rains."),  # no complete sentence is spoken
        ('It rains. "', "It rains."),
        ('He says, "Run and never', 'He says, "Run and…"'),
    ],
)
def test_speech_that_breaks_off_is_closed_or_dropped(text: str, kept: str) -> None:
    assert trim_broken_end(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Behind the door a stair goes down into the da", "Behind the door a stair goes down into the…"),
        ("Mr. Marrow and Dr. Finch meet Mrs.", "Mr. Marrow and Dr. Finch meet…"),
        ("It costs 3.50 coins, but", "It costs 3.50 coins…"),
        ("Yes", "Yes…"),
        ("🐉🐉🐉", "🐉🐉🐉…"),
        ('"Who is there?" she asks and', '"Who is there?" she asks…'),
        ('"', ""),
    ],
)
def test_without_a_complete_sentence_an_ellipsis_stands_for_the_rest(text: str, kept: str) -> None:
    assert trim_broken_end(text) == kept


def without_added_marks(text: str) -> str:
    """The text without the marks that trimming may add or drop."""
    return re.sub('[…"“”]', "", text).rstrip()


@given(raw_texts)
def test_trimmed_text_is_a_prefix_of_the_text_and_trimming_is_idempotent(text: str) -> None:
    once = trim_broken_end(text)
    assert without_added_marks(text).startswith(without_added_marks(once))
    assert trim_broken_end(once) == once
    assert len(once) <= len(text) + 2
    assert 0 <= sentence_end(text) <= len(text)
    assert sentence_end(text[: sentence_end(text)]) == sentence_end(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It rains. You wait.", ["It rains.", "You wait."]),
        ('"Who is there?" she asks. "It is I." Nobody', ['"Who is there?" she asks.', '"It is I."', "Nobody"]),
        ('He says, "Run. Now. Never', ['He says, "Run. Now. Never']),
        ("A rose\nis a rose\n\nIt rains.", ["A rose", "is a rose", "It rains."]),
        ('Run now." She leaves.', ['Run now."', "She leaves."]),
    ],
)
def test_a_text_is_split_into_sentences(text: str, found: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text)] == found


@given(raw_texts)
def test_the_sentences_together_are_the_text(text: str) -> None:
    found = list(split_sentences(text))
    assert "".join(sentence.leading_space + sentence.text for sentence in found).strip() == text.strip()
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in found)


@pytest.mark.parametrize(
    ("line", "closed"),
    [
        ('"Run." She leaves.', '"Run." She leaves.'),
        ('She says, "Run', 'She says, "Run"'),
        ("She says, “Run.", "She says, “Run.”"),
        ('She says, "', "She says,"),
        ('Run now." She leaves.', "Run now. She leaves."),
        ("Run now.” She leaves.", "Run now. She leaves."),
        ('She says,"Run."', 'She says,"Run."'),
        ("It rains.", "It rains."),
    ],
)
def test_close_quotes_leaves_no_unpaired_quotation_mark(line: str, closed: str) -> None:
    assert close_quotes(line) == closed


@given(raw_texts.map(lambda text: text.replace("\n", " ")))
def test_a_closed_line_has_an_even_number_of_quotation_marks(line: str) -> None:
    closed = close_quotes(line)
    assert sum(closed.count(mark) for mark in '"“”') % 2 == 0
    assert close_quotes(closed) == closed


def test_a_line_is_split_into_speech_and_narration() -> None:
    assert split_speech('He nods. "Run," he says, "or') == [
        (False, "He nods. "),
        (True, "Run,"),
        (False, " he says, "),
        (True, "or"),
    ]
