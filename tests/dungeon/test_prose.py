"""What a voice wrote, made fit to show: a whole last sentence, no second action, and nothing taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.tale.prose import at_sentence_end, cut, sentence_end, tidy

written = st.text(st.sampled_from("ab I.!?…\"'”’) >\n\r\t*\x1b🐉"), max_size=60) | st.text(max_size=60)


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
        ("\nFive > four, he says.", "Five > four, he says."),
        ("\nA \x1b[31mred\x1b[0m\x07 [bold]door[/].", "A [31mred[0m [bold]door[/]."),
        ("\nשלום 🐉.", "שלום 🐉."),
        ("\nA\r\nB\r\n> You run.", "A\nB"),
    ],
)
def test_only_prose_is_left(raw: str, prose: str) -> None:
    assert tidy(raw) == prose


@given(written)
def test_tidy_prose_has_no_action_and_no_control_characters(raw: str) -> None:
    prose = tidy(raw)
    assert prose == tidy(prose)
    assert not any(line.lstrip().startswith(">") for line in prose.split("\n"))
    assert "\x1b" not in prose
    assert prose == prose.rstrip()


@given(written, st.integers(0, 60))
def test_prose_that_was_shown_is_never_taken_back(raw: str, length: int) -> None:
    assert tidy(raw).startswith(tidy(raw[:length]))


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
        ("Mr. Marrow and Dr. Finch meet Mrs.", "Mr. Marrow and Dr. Finch meet Mrs."),  # no end at all: nothing to cut
        ("It rains. Mr. Marrow and St. Elm", "It rains."),
        ("It rains. J. R. Finch", "It rains."),
        ("So do I. Then the", "So do I."),
        ("It costs 3.50 coins", "It costs 3.50 coins"),
        ("You leave. It costs 3.50 coins", "You leave."),
        ('"Run." She', '"Run."'),
        ('He says, "Run.', 'He says, "Run.'),  # the quote is open
        ('It rains. He says, "Run. Now.', "It rains."),
        ('It rains. He says, "Run. Now." And', 'It rains. He says, "Run. Now."'),
        ("“Run.” She", "“Run.”"),
        ("(It rains.) She", "(It rains.)"),
        ("*It rains.* She", "*It rains.*"),
        (
            'One "quote is open here.\n\nThe next paragraph is fine. And',
            'One "quote is open here.\n\nThe next paragraph is fine.',
        ),
        ("no end at all", "no end at all"),
        ("", ""),
        ("Done.\n\nThen", "Done."),
        ("🐉🐉🐉", "🐉🐉🐉"),
        ("🐉. 🐉", "🐉."),
    ],
)
def test_a_broken_last_sentence_goes(text: str, kept: str) -> None:
    assert cut(text) == kept


@given(written)
def test_a_cut_is_a_beginning_and_cutting_twice_is_cutting_once(text: str) -> None:
    once = cut(text)
    assert text.startswith(once)
    assert cut(once) == once
    assert bool(once) == bool(text)
    assert 0 <= sentence_end(text) <= len(text)
    assert at_sentence_end(text[: sentence_end(text)]) == bool(sentence_end(text))
