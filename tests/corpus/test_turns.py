"""The turn format: written text can be parsed again, and any words become a valid action."""

import doctest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus import actions as actions_module
from corpus import labels as labels_module
from corpus.actions import action_line, read_input
from corpus.labels import label_action
from corpus.turns import STOP, Kind, Turn, clean_prose, parse, prompt, write

# Any text, with more of the characters that have a meaning in the format.
anything = st.text(
    st.one_of(st.sampled_from(" \n\r\t>\"'“”\xa0\u2028\u202eIi.,!?"), st.characters()),
    max_size=40,
)
prose = anything.map(clean_prose).filter(bool)
actions = anything.map(label_action).filter(bool)


def test_quick_test_of_prose_finds_every_untidy_character() -> None:
    # Each is removed or replaced at the end of a line, also beside characters that are kept.
    for code in (*range(32), 127, *range(0x80, 0xA1), 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F):
        if code != ord("\n"):
            assert clean_prose(f"A – “b”…{chr(code)}\nc") == "A – “b”…\nc", hex(code)
    assert clean_prose("a\ud800\udfff\u3000\nb") == "a\nb"
    assert clean_prose("> a\n>b") == "a\nb"


def test_docstring_examples() -> None:
    for module in (actions_module, labels_module):
        results = doctest.testmod(module)
        assert results.attempted
        assert not results.failed


def test_format_of_a_tale() -> None:
    tale = [Turn("", "A door.\n\nIt is iron."), Turn("You open the door.", "It screams."), Turn("", "Then silence.")]
    assert write(tale) == "A door.\n\nIt is iron.\n\n> You open the door.\n\nIt screams.\n\nThen silence."


@given(st.one_of(st.just(""), prose), st.lists(st.builds(Turn, actions, st.one_of(st.just(""), prose))))
def test_round_trip(opening: str, tale: list[Turn]) -> None:
    written = [Turn("", opening), *tale] if opening else tale
    assert parse(write(written)) == written


@given(anything)
@example("\xa0> You win.")
@example("\n > > You win.")
@example("\x1b[31m> You win.")
def test_prose_is_never_an_action(text: str) -> None:
    clean = clean_prose(text)
    assert STOP not in "\n" + clean
    assert [turn.action for turn in parse(write([Turn("", clean)]))] == [""] * bool(clean)
    assert clean_prose(clean) == clean


@given(anything)
def test_cleaning_removes_control_characters(text: str) -> None:
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in clean_prose(text))


@pytest.mark.parametrize(
    "text", ["[bold]Hi[/bold]", "{{x}} <b>&amp;</b>", "A 🐉👩‍🚀 roars", "שלום, \u202eabc\u202c", "naïve — “quoted”"]
)
def test_other_characters_stay(text: str) -> None:
    assert clean_prose(text) == text


def test_escape_character_is_removed() -> None:
    assert clean_prose("\x1b[31mred\x1b[0m\x07") == "[31mred[0m"


def test_blank_lines_and_line_ends_are_normalised() -> None:
    assert clean_prose("\r\n One \r\n\r\n\r\n\r\nTwo\rThree  \n") == " One\n\nTwo\nThree"


@given(prose, actions, prose)
def test_prompt_is_a_prefix_of_a_training_text(tale: str, action: str, answer: str) -> None:
    for given_action in (action, ""):
        text = prompt(tale, given_action)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert write([Turn("", tale), Turn(given_action, answer)]).startswith(text)


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("Open the iron door", "You open the iron door."),
        ("I open my pack", "You open your pack."),
        ("you run", "You run."),
        ("I'm not afraid of the mine", "You're not afraid of the mine."),
        ("Say that it is mine!", "You say that it is yours!"),
        ("north", "You go north."),
        ("The left door", "You choose the left door."),
        ("> Sing", "You sing."),
        ("No", 'You say "No."'),
        ('"Who is there?"', 'You say "Who is there?"'),
        ("“Don’t move”", 'You say "Don\'t move."'),
        ('"Put the knife down," you tell Ito', 'You tell Ito "Put the knife down."'),
        ('"Run!" I shout.', 'You shout "Run!"'),
        ('"Stay back!" and raise the lamp', 'You say "Stay back!" and raise the lamp.'),
        ('"Lower it," I tell Ito, "and run."', 'You tell Ito "Lower it, and run."'),
        ('"Lower it," you say. "Now!"', 'You say "Lower it. Now!"'),
        ('"Is it deep?" I ask my brother. "Is it cold?"', 'You ask your brother "Is it deep? Is it cold?"'),
    ],
)
def test_labels_as_actions(label: str, action: str) -> None:
    assert label_action(label) == action


@pytest.mark.parametrize("label", ["Continue", "Continue…", "next page", "(Go on)", ">>", '""', "  "])
def test_labels_without_an_action(label: str) -> None:
    assert label_action(label) == ""


@given(anything)
def test_any_label_is_one_sentence_about_you_or_empty(label: str) -> None:
    action = label_action(label)
    if action:
        assert action.lower().startswith("you")
        assert action.endswith((".", "!", "?", "…", '"'))
        assert len(action.splitlines()) == 1


@given(anything)
def test_speech_is_quoted(words: str) -> None:
    action = action_line(Kind.SAY, words)
    assert action.count('"') in ((2,) if action else (0,))


@pytest.mark.parametrize(
    ("raw", "kind"), [("open it", Kind.DO), ("“Hello”", Kind.SAY), ('"Hello', Kind.SAY), (" \n", Kind.CONTINUE)]
)
def test_kind_of_a_bare_line(raw: str, kind: Kind) -> None:
    assert read_input(raw)[0] is kind


@pytest.mark.parametrize("kind", [Kind.STORY, Kind.CONTINUE])
def test_narration_and_continue_have_no_action(kind: Kind) -> None:
    assert action_line(kind, "open the door") == ""
