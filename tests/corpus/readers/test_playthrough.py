"""Playthroughs as stories: turns, retries, continued sentences, and labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.graph import make_graph
from corpus.labels import label_action
from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.source import Source
from corpus.story import CONTEXT_ONLY, UNFINISHED, Choice, Story, StoryError

SOURCE = Source("door.json", b"")


def texts(story: Story) -> list[str]:
    return [passage.text for passage in story.passages.values()]


def choices(story: Story, text: str) -> list[tuple[str, str]]:
    """Return the label of each choice of the passage with this text, and the text that it leads to."""
    [passage] = [passage for passage in story.passages.values() if passage.text == text]
    return [(choice.label, story.passages[choice.target].text) for choice in passage.choices]


def test_each_turn_is_a_choice_that_leads_to_its_answer() -> None:
    play = Playthrough(SOURCE)
    at = play.add_prose(ROOT, "You stand before the iron door.")
    at = play.add_action(at, "> You open the door.")
    at = play.add_prose(at, "The hinges scream.")
    play.add_prose(at, "Something wakes.")
    story = play.to_story(" The\x1b[31m Door\n")
    assert (story.title, story.start, story.source) == ("The[31m Door", "Opening", "door.json")
    assert texts(story) == ["You stand before the iron door.", "The hinges scream.", "Something wakes."]
    assert story.passages["Opening"].choices == (Choice("You open the door.", "Turn 1"),)
    assert story.passages["Turn 1"].choices == (Choice("Continue", "Turn 2"),)
    assert story.notes == ()


def test_retries_are_siblings_and_equal_answers_are_merged() -> None:
    play = Playthrough(SOURCE)
    at = play.add_action(play.add_prose(ROOT, "A door."), "knock")
    first = play.add_prose(at, "Nobody comes.")
    assert play.add_prose(at, "A dog barks.") != first
    assert play.add_prose(at, "Nobody comes.") == first
    play.add_prose(play.add_action(first, "knock again"), "Steps.")
    story = play.to_story("")
    assert choices(story, "A door.") == [("knock", "Nobody comes."), ("knock", "A dog barks.")]
    assert choices(story, "Nobody comes.") == [("knock again", "Steps.")]
    assert story.title == "door"


def test_last_turn_of_a_branch_is_unfinished() -> None:
    play = Playthrough(SOURCE)
    at = play.add_prose(ROOT, "A door.")
    play.add_prose(play.add_action(at, "open"), "A hall.")
    play.mark_ending(play.add_prose(play.add_action(at, "leave"), "You are home. The end."))
    story = play.to_story("")
    assert [UNFINISHED in passage.tags for passage in story.passages.values()] == [False, True, False]


def test_author_is_context_only_and_stays_whole() -> None:
    play = Playthrough(SOURCE)
    at = play.add_prose(ROOT, "He said. Then he took the", context_only=True)
    play.append_text(at, " lamp. It was out.")
    story = play.to_story("")
    assert [(passage.text, CONTEXT_ONLY in passage.tags) for passage in story.passages.values()] == [
        ("He said. Then he took the", True),
        ("lamp. It was out.", False),
    ]
    assert play.add_prose(ROOT, "He said. Then he took the") != at


def test_continued_sentence_moves_into_the_next_turn() -> None:
    play = Playthrough(SOURCE)
    at = play.append_text(ROOT, 'She looked at Mr. Voss. "Go," he said. Then he took the')
    play.append_text(play.append_text(at, " lamp. It was out. It was"), " cold, too.")
    play.append_text(at, " knife.")
    play.append_text(play.append_text(at, " lamp from Mrs."), " Voss. It was warm.")
    story = play.to_story("")
    assert texts(story) == [
        'She looked at Mr. Voss. "Go," he said.',
        "Then he took the lamp. It was out.",
        "It was cold, too.",
        "Then he took the knife.",
        "Then he took the lamp from Mrs. Voss. It was warm.",
    ]
    assert {choice.label for _, choice in story.edges()} == {"Continue"}


@pytest.mark.parametrize(("opening", "closing"), ['""', "“”"])
def test_continued_speech_moves_into_the_next_turn(opening: str, closing: str) -> None:
    play = Playthrough(SOURCE)
    at = play.append_text(ROOT, f"{opening}Well?{closing} A man waits. He says: {opening}I sell rods. I am not dear.")
    at = play.append_text(at, f" Take me with you.{closing} He smiles.")
    at = play.append_text(at, "\n\nIt rains.")
    play.append_text(play.append_text(play.add_action(at, "wait"), f"{opening}Go. "), f"Now!{closing} He goes.")
    assert texts(play.to_story("")) == [
        f"{opening}Well?{closing} A man waits.",
        f"He says: {opening}I sell rods. I am not dear. Take me with you.{closing} He smiles.",
        "It rains.",
        f"{opening}Go. Now!{closing} He goes.",
    ]


def test_text_after_a_complete_sentence_is_a_turn() -> None:
    play = Playthrough(SOURCE)
    at = play.append_text(ROOT, "He left.")
    at = play.append_text(at, " She stayed\n\n")
    at = play.append_text(at, "Night came")
    play.append_text(at, "\nand went.")
    assert texts(play.to_story("")) == ["He left.", "She stayed", "Night came", "and went."]


def test_long_incomplete_sentence_is_not_moved() -> None:
    play = Playthrough(SOURCE)
    at = ROOT
    for _ in range(2000):
        at = play.append_text(at, "and on ")
    longest = max(map(len, texts(play.to_story(""))))
    assert longest < 1000


def test_lines_with_a_prompt_sign_are_actions() -> None:
    play = Playthrough(SOURCE)
    text = 'A cave.\n\n> You light a torch.\r\n\r\nBats!\n>> say "Who\'s there?"\n \nNo answer.\n> run\n'
    play.append_text(ROOT, text)
    story = play.to_story("")
    assert texts(story) == ["A cave.", "Bats!", "No answer."]
    assert [choice.label for _, choice in story.edges()] == ["You light a torch.", 'say "Who\'s there?"']
    assert story.notes == ("Left out: 1 unanswered action.",)


def test_only_the_answered_of_several_actions_counts() -> None:
    play = Playthrough(SOURCE)
    at = play.add_prose(ROOT, "A cave.")
    play.add_prose(play.add_action(play.add_action(at, "look"), "look around"), "Bats.")
    story = play.to_story("")
    assert choices(story, "A cave.") == [("look around", "Bats.")]
    assert story.notes == ("Left out: 1 unanswered action.",)


def test_empty_opening_before_a_first_action() -> None:
    play = Playthrough(SOURCE)
    play.add_prose(play.add_action(ROOT, "wake up"), "Rain.")
    play.add_prose(play.add_action(ROOT, "sleep on"), "Dreams.")
    story = play.to_story("")
    assert choices(story, "") == [("wake up", "Rain."), ("sleep on", "Dreams.")]


def test_other_openings_are_left_out_and_counted() -> None:
    play = Playthrough(SOURCE)
    play.add_prose(play.add_action(play.add_prose(ROOT, "Day."), "wait"), "Noon.")
    play.add_prose(play.add_action(play.add_prose(ROOT, "Night."), "wait"), "Midnight.")
    story = play.to_story("")
    assert texts(story) == ["Day.", "Noon."]
    assert story.notes == ("Left out: 1 other opening.",)


def test_long_turn_is_split_at_paragraphs() -> None:
    play = Playthrough(SOURCE)
    paragraph = " ".join(["word"] * 99) + "."
    at = play.add_prose(ROOT, "\n".join([paragraph] * 20))
    play.add_prose(play.add_action(at, "go"), "Gone.")
    story = play.to_story("")
    *openings, _ = texts(story)
    assert len(openings) > 3
    assert "\n\n".join(openings).split("\n\n") == [paragraph] * 20
    assert choices(story, openings[-1]) == [("go", "Gone.")]
    assert not story.dangling()


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("One.\nTwo.", "One.\n\nTwo."),
        ("Roses\nare red.\n\nTwo.", "Roses\nare red.\n\nTwo."),
        ("\r\n One.\r\nTwo. ", "One.\n\nTwo."),
    ],
)
def test_each_line_is_a_paragraph_without_blank_lines(text: str, prose: str) -> None:
    play = Playthrough(SOURCE)
    play.add_prose(ROOT, text)
    assert texts(play.to_story("")) == [prose]


@pytest.mark.parametrize(
    "action",
    [
        "You open the door.",
        'You say "Who are you?"',
        'You ask "Where is my brother?"',
        'You ask the butler "Where were you last night?"',
        'You whisper "Run."',
        "You wait, and he runs.",
        "You choose the cave.",
        "You look around and run!",
        'You ask, "May I sit with you?"',
    ],
)
def test_action_of_a_turn_is_kept_as_its_label(action: str) -> None:
    assert label_action(action) == action


def test_long_messages_are_narration() -> None:
    play = Playthrough(SOURCE)
    at = play.add_prose(ROOT, "A room.")
    at = play.add_message(at, "I sit down.")
    at = play.add_prose(at, "She nods.")
    at = play.add_message(at, "The lamp goes out.\n\nNobody moves.")
    at = play.add_prose(at, "A scream.")
    play.add_action(at, "> " + "You run and run. " * 100)
    story = play.to_story("")
    assert choices(story, "She nods.") == [("Continue", "The lamp goes out.\n\nNobody moves.")]
    assert [label for label, _ in choices(story, "A scream.")] == ["Continue"]


def test_error_for_an_empty_playthrough() -> None:
    play = Playthrough(SOURCE)
    assert not play.has_prose
    play.add_action(ROOT, "hello?")
    with pytest.raises(StoryError, match=r"door\.json has no story text yet"):
        play.to_story("")


@pytest.mark.usefixtures("untraced")
def test_error_for_too_large_playthroughs() -> None:
    play = Playthrough(SOURCE)
    with pytest.raises(StoryError, match=r"door\.json has more than 200,000 turns"):
        for n in range(300_000):
            play.add_prose(ROOT, f"{n}")
    with pytest.raises(StoryError, match=r"door\.json has more than 16,777,216 characters"):
        play.append_text(ROOT, "word " * 4_000_000)


WORDS = st.text(st.sampled_from(' \n>."Aab…'), max_size=12)
PIECES = st.lists(
    st.tuples(st.sampled_from(["add_action", "add_prose", "append_text", "add_message"]), st.integers(0, 30), WORDS),
    max_size=25,
)


@given(PIECES)
def test_any_playthrough_is_a_valid_story_and_loses_no_word(pieces: list[tuple[str, int, str]]) -> None:
    play = Playthrough(SOURCE)
    at = [ROOT]
    for method, where, words in pieces:
        at.append(getattr(play, method)(at[where % len(at)], words))
    if not play.has_prose:
        return
    story = play.to_story("")
    assert not story.dangling()
    assert story.reachable() == story.passages.keys()
    assert all(passage.name == name for name, passage in story.passages.items())
    assert all(passage.text.strip() for name, passage in story.passages.items() if name != story.start)
    assert set(make_graph(story).nodes) <= set(story.passages)
    if not any("opening" in note for note in story.notes):
        shown = "".join(texts(story))
        assert all(word in shown for method, _, words in pieces if method == "add_prose" for word in words.split())
