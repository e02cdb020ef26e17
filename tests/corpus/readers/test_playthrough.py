"""Making a story of a play: turns, retries, sentences that go on, and what the labels say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.graph import make_graph
from corpus.labels import label_action
from corpus.readers.playthrough import ROOT, Play
from corpus.readers.source import Source
from corpus.story import UNFINISHED, Choice, Story, StoryError

SOURCE = Source("door.json", b"")


def texts(story: Story) -> list[str]:
    return [passage.text for passage in story.passages.values()]


def ways(story: Story, text: str) -> list[tuple[str, str]]:
    """The label of each choice under the passage with this text, and the text that it leads to."""
    [passage] = [passage for passage in story.passages.values() if passage.text == text]
    return [(choice.label, story.passages[choice.target].text) for choice in passage.choices]


def test_every_turn_is_a_choice_that_leads_to_its_answer() -> None:
    play = Play(SOURCE)
    at = play.tell(ROOT, "You stand before the iron door.")
    at = play.act(at, "> You open the door.")
    at = play.tell(at, "The hinges scream.")
    play.tell(at, "Something wakes.")
    story = play.story(" The\x1b[31m Door\n")
    assert (story.title, story.start, story.source) == ("The[31m Door", "Opening", "door.json")
    assert texts(story) == ["You stand before the iron door.", "The hinges scream.", "Something wakes."]
    assert story.passages["Opening"].choices == (Choice("You open the door.", "Turn 1"),)
    assert story.passages["Turn 1"].choices == (Choice("Continue", "Turn 2"),)
    assert story.notes == ()


def test_a_turn_that_was_tried_again_is_a_sibling_and_the_same_answer_is_kept_once() -> None:
    play = Play(SOURCE)
    at = play.act(play.tell(ROOT, "A door."), "knock")
    first = play.tell(at, "Nobody comes.")
    assert play.tell(at, "A dog barks.") != first
    assert play.tell(at, "Nobody comes.") == first
    play.tell(play.act(first, "knock again"), "Steps.")
    story = play.story("")
    assert ways(story, "A door.") == [("knock", "Nobody comes."), ("knock", "A dog barks.")]
    assert ways(story, "Nobody comes.") == [("knock again", "Steps.")]
    assert story.title == "door"


def test_where_nobody_played_on_the_tale_breaks_off_and_does_not_end() -> None:
    play = Play(SOURCE)
    at = play.tell(ROOT, "A door.")
    play.tell(play.act(at, "open"), "A hall.")
    play.end(play.tell(play.act(at, "leave"), "You are home. The end."))
    story = play.story("")
    assert [UNFINISHED in passage.tags for passage in story.passages.values()] == [False, True, False]


def test_text_that_goes_on_in_a_sentence_moves_the_sentence_into_its_turn() -> None:
    play = Play(SOURCE)
    at = play.go_on(ROOT, 'She looked at Mr. Voss. "Go," he said. Then he took the')
    play.go_on(play.go_on(at, " lamp. It was out. It was"), " cold, too.")
    play.go_on(at, " knife.")
    story = play.story("")
    assert texts(story) == [
        'She looked at Mr. Voss. "Go," he said.',
        "Then he took the lamp. It was out.",
        "It was cold, too.",
        "Then he took the knife.",
    ]
    assert {choice.label for _, choice in story.edges()} == {"Continue"}


def test_text_that_goes_on_after_a_sentence_or_a_line_break_is_a_turn() -> None:
    play = Play(SOURCE)
    at = play.go_on(ROOT, "He left.")
    at = play.go_on(at, " She stayed\n\n")
    at = play.go_on(at, "Night came")
    play.go_on(at, "\nand went.")
    assert texts(play.story("")) == ["He left.", "She stayed", "Night came", "and went."]


def test_a_sentence_without_a_beginning_in_sight_is_not_carried_along() -> None:
    play = Play(SOURCE)
    at = ROOT
    for _ in range(2000):
        at = play.go_on(at, "and on ")
    longest = max(map(len, texts(play.story(""))))
    assert longest < 1000


def test_lines_with_a_mark_are_the_players() -> None:
    play = Play(SOURCE)
    play.go_on(ROOT, 'A cave.\n\n> You light a torch.\r\n\r\nBats!\n>> say "Who\'s there?"\n \nNo answer.\n> run\n')
    story = play.story("")
    assert texts(story) == ["A cave.", "Bats!", "No answer."]
    assert [choice.label for _, choice in story.edges()] == ["You light a torch.", 'say "Who\'s there?"']
    assert story.notes == ("Left out: 1 unanswered action.",)


def test_of_several_actions_in_a_row_the_one_that_was_answered_counts() -> None:
    play = Play(SOURCE)
    at = play.tell(ROOT, "A cave.")
    play.tell(play.act(play.act(at, "look"), "look around"), "Bats.")
    story = play.story("")
    assert ways(story, "A cave.") == [("look around", "Bats.")]
    assert story.notes == ("Left out: 1 unanswered action.",)


def test_a_play_that_begins_with_an_action_has_an_empty_opening() -> None:
    play = Play(SOURCE)
    play.tell(play.act(ROOT, "wake up"), "Rain.")
    play.tell(play.act(ROOT, "sleep on"), "Dreams.")
    story = play.story("")
    assert ways(story, "") == [("wake up", "Rain."), ("sleep on", "Dreams.")]


def test_other_openings_are_left_out_and_counted() -> None:
    play = Play(SOURCE)
    play.tell(play.act(play.tell(ROOT, "Day."), "wait"), "Noon.")
    play.tell(play.act(play.tell(ROOT, "Night."), "wait"), "Midnight.")
    story = play.story("")
    assert texts(story) == ["Day.", "Noon."]
    assert story.notes == ("Left out: 1 other opening.",)


def test_a_long_turn_is_cut_where_paragraphs_end() -> None:
    play = Play(SOURCE)
    paragraph = " ".join(["word"] * 99) + "."
    at = play.tell(ROOT, "\n".join([paragraph] * 20))
    play.tell(play.act(at, "go"), "Gone.")
    story = play.story("")
    *openings, _ = texts(story)
    assert len(openings) > 3
    assert "\n\n".join(openings).split("\n\n") == [paragraph] * 20
    assert ways(story, openings[-1]) == [("go", "Gone.")]
    assert not story.dangling()


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("One.\nTwo.", "One.\n\nTwo."),
        ("Roses\nare red.\n\nTwo.", "Roses\nare red.\n\nTwo."),
        ("\r\n One.\r\nTwo. ", "One.\n\nTwo."),
    ],
)
def test_a_line_is_a_paragraph_where_no_line_is_blank(text: str, prose: str) -> None:
    play = Play(SOURCE)
    play.tell(ROOT, text)
    assert texts(play.story("")) == [prose]


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
def test_a_label_gives_the_action_that_was_meant(action: str) -> None:
    assert label_action(action) == action


def test_long_messages_are_narration() -> None:
    play = Play(SOURCE)
    at = play.tell(ROOT, "A room.")
    at = play.message(at, "I sit down.")
    at = play.tell(at, "She nods.")
    at = play.message(at, "The lamp goes out.\n\nNobody moves.")
    at = play.tell(at, "A scream.")
    play.act(at, "> " + "You run and run. " * 100)
    story = play.story("")
    assert ways(story, "She nods.") == [("Continue", "The lamp goes out.\n\nNobody moves.")]
    assert [label for label, _ in ways(story, "A scream.")] == ["Continue"]


def test_a_play_without_a_word_is_an_error() -> None:
    play = Play(SOURCE)
    assert not play.told
    play.act(ROOT, "hello?")
    with pytest.raises(StoryError, match=r"In door\.json, nothing was told yet"):
        play.story("")


@pytest.mark.usefixtures("untraced")
def test_more_than_anybody_played_is_an_error() -> None:
    play = Play(SOURCE)
    with pytest.raises(StoryError, match=r"door\.json holds more than 200,000 turns"):
        for n in range(300_000):
            play.tell(ROOT, f"{n}")
    with pytest.raises(StoryError, match=r"door\.json holds more than 16,777,216 characters"):
        play.go_on(ROOT, "word " * 4_000_000)


WORDS = st.text(st.sampled_from(' \n>."Aab…'), max_size=12)
PIECES = st.lists(
    st.tuples(st.sampled_from(["act", "tell", "go_on", "message"]), st.integers(0, 30), WORDS), max_size=25
)


@given(PIECES)
def test_whatever_is_played_the_story_is_whole_and_loses_no_word(pieces: list[tuple[str, int, str]]) -> None:
    play = Play(SOURCE)
    at = [ROOT]
    for method, where, words in pieces:
        at.append(getattr(play, method)(at[where % len(at)], words))
    if not play.told:
        return
    story = play.story("")
    assert not story.dangling()
    assert story.reachable() == story.passages.keys()
    assert all(passage.name == name for name, passage in story.passages.items())
    assert all(passage.text.strip() for name, passage in story.passages.items() if name != story.start)
    assert set(make_graph(story).nodes) <= set(story.passages)
    if not any("opening" in note for note in story.notes):
        told = "".join(texts(story))
        assert all(word in told for method, _, words in pieces if method == "tell" for word in words.split())
