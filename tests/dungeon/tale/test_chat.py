"""What a model writes as a chat assistant or as the host of a game: found in narration, and left to characters."""

import pytest

from dungeon.tale.chat_habits import asks_player, find_chat, is_assistant_speech, moralises, without_echo
from tests.dungeon.tale.test_output_policy import kept, policy, stop_reason

ACTION = "You open the door."


# ---- the echo of the action --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        "You open the door. It creaks.",
        "> You open the door.\nIt creaks.",
        "> open the door\n\nIt creaks.",
        '"You open the door. It creaks."',
    ],
)
def test_the_action_at_the_start_of_a_turn_is_left_out(sent: str) -> None:
    assert kept(sent, action=ACTION) == "It creaks."
    assert stop_reason(sent, action=ACTION) is None


def test_the_players_words_in_the_past_tense_are_left_out() -> None:
    assert kept('You said "Open the red door!" It creaks.', action='You say "Open the red door!"') == "It creaks."


@pytest.mark.parametrize(
    "sent",
    [
        "You open the door, and it creaks.",
        '"You open the door too fast," Hessa says.',
        "It creaks. You open the door.",
        "You wait.",
    ],
)
def test_a_sentence_that_is_not_an_echo_is_kept(sent: str) -> None:
    assert kept(sent, action=ACTION) == sent


def test_another_action_still_ends_the_turn() -> None:
    assert kept("> You run.\nIt creaks.", action=ACTION) == ""


def test_nothing_is_shown_while_a_line_may_be_an_echo() -> None:
    grown = ["> You open", "> You open the door.", "> You open the door.\nIt"]
    texts = [without_echo(raw, "you open the door", growing=True) for raw in grown]
    assert texts == ["", "", "It"]


# ---- sentences -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "What do you do?",
        "What will you do next?",
        "What would you like to do now?",
        "How do you respond?",
        "Where do you go?",
        "Do you go in, or do you run?",
        "What is your next move?",
        "What happens next?",
        "It's up to you.",
        "The choice is yours.",
        "You have two options.",
        "Do you like it?",
    ],
)
def test_a_question_to_the_player_is_left_out(question: str) -> None:
    assert kept(f"It creaks. {question}", action=ACTION) == "It creaks."


@pytest.mark.parametrize(
    "sent",
    [
        'It creaks. "What do you do now?" she asks.',
        "It creaks. 'What will you do next?' he asks.",
        "What you see is a long hall.",
        "Do you like it? She laughs.",
        "It creaks. Who could it be?",
    ],
)
def test_questions_of_characters_and_in_the_middle_of_a_turn_are_kept(sent: str) -> None:
    assert kept(sent, action=ACTION) == sent


@pytest.mark.parametrize(
    "sentence",
    [
        "Remember, violence is never the answer.",
        "It is important to respect others.",
        "It's never okay to hit people.",
        "The moral of the story is clear.",
    ],
)
def test_a_lesson_is_left_out(sentence: str) -> None:
    assert moralises(sentence)
    assert kept(f"It creaks. {sentence} A cat runs out.", action=ACTION) == "It creaks. A cat runs out."
    spoken = f'It creaks. "{sentence[:-1]}," she says.'
    assert kept(spoken, action=ACTION) == spoken


@pytest.mark.parametrize(
    "sentence",
    [
        "Let me know if you want more.",
        "Please let me know what comes next.",
        "Feel free to ask.",
        "I hope this helps!",
        "Would you like to continue?",
        "How can I help you today?",
        "Great choice!",
        "The story continues.",
    ],
)
def test_a_turn_ends_before_it_talks_as_an_assistant(sentence: str) -> None:
    assert is_assistant_speech(sentence)
    assert kept(f"It creaks. {sentence} A cat runs out.", action=ACTION) == "It creaks."
    assert not is_assistant_speech(f'"{sentence}" she says.')


@pytest.mark.parametrize("sentence", ["It is important.", "You remember the way.", "Please stay.", "The story is old."])
def test_ordinary_sentences_are_neither(sentence: str) -> None:
    assert not moralises(sentence)
    assert not is_assistant_speech(sentence)
    assert not asks_player(sentence)


@pytest.mark.parametrize("line", ["A) Go in", "b) Run", "Options:", "Choices:", "Option A: run", "Option 1: run"])
def test_options_are_a_list(line: str) -> None:
    assert find_chat(f"It opens.\n\n{line}") == len("It opens.\n\n")


def test_a_turn_of_nothing_but_an_echo_is_empty_and_not_a_loop() -> None:
    assert kept("You wait.", action="You wait.") == ""
    assert stop_reason("You wait.", action="You wait.") is None
    assert policy(action="You wait.").action_words == "you wait"
