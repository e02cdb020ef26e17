"""Numbered sections ("turn to 42") as a graph, in every file format, and the labels of their choices."""

import io
import re
from pathlib import Path

import docx as docx_library
import pytest

from corpus.labels import label_action
from corpus.readers.document import Block
from corpus.readers.gamebook import read_gamebook
from corpus.readers.gamebook_labels import choice_label
from corpus.story import Story
from tests.corpus.readers import documents
from tests.corpus.readers.documents import novel, read

TEXT = (Path(__file__).parent / "gamebook" / "ferry.txt").read_text(encoding="utf-8")
SECTIONS = {
    "1": [("Ring the bell", "2"), ("Knock at the hut", "3"), ("Take the boat without asking", "4")],
    "2": [("Continue", "5")],
    "3": [("Take the oar", "6"), ("Take the rope", "7"), ("Thank her and go", "1")],
    "4": [("Roll 1-3", "8"), ("Roll 4-6", "9")],
    "5": [("You have the letter", "10"), ("You do not have the letter", "11")],
    "6": [("Row hard", "12"), ("Let the boat drift", "13")],
    "7": [("Tie the boat to the post and look round", "14"), ("Leave at once", "4")],
    "8": [],
    "9": [("You have the rope", "15"), ("You do not have the rope", "16")],
    "10": [("Continue", "17")],
    "11": [],
    "12": [("Swim", "18"), ("Decide otherwise", "8")],
    "13": [("Continue", "17")],
    "14": [("Take the small boat", "17"), ("Stay with the ferry", "4")],
    "15": [("Continue", "17")],
    "16": [("You cannot swim", "8"), ("You can swim", "18")],
    "17": [("Call to the dog", "19"), ("Land without a sound", "20"), ("Decide otherwise", "1")],
    "18": [("You roll 7 or more", "20"), ("You roll less", "8")],
    "19": [("Continue", "21")],
    "20": [("You still have the rope", "22"), ("You do not have the rope", "23")],
    "21": [("Continue", "20"), ("Continue", "24")],
    "22": [("Continue", "24")],
    "23": [],
    "24": [("Knock", "25")],
    "25": [],
}


def choices(story: Story) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [(choice.label, choice.target) for choice in passage.choices]
        for name, passage in story.passages.items()
        if name in SECTIONS
    }


def section(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return prose and choices of a section with this text."""
    book = read_gamebook([Block(part) for part in ("1", text, "2", "Turn to 3.", "3", "Go back to 2.")])
    assert book is not None
    return book.passages["1"].text, [(choice.label, choice.target) for choice in book.passages["1"].choices]


def paragraphs() -> list[tuple[str, bool]]:
    """Return the paragraphs of the gamebook after its title, each with whether it is a section's number."""
    blocks = [" ".join(block.split()) if block[:4] != "Take" else block for block in TEXT.split("\n\n")[1:]]
    return [(block, block.isdecimal()) for block in blocks if block]


def as_docx(headings: bool) -> bytes:
    word = docx_library.Document()
    word.core_properties.title, word.core_properties.author = "The Ferry at Night", "Anna Holt"
    for text, is_number in paragraphs():
        if is_number and headings:
            word.add_heading(f"{text}. On the river", 2)
        else:
            word.add_paragraph(text)
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def as_html() -> bytes:
    lines = [f"<h3>{text}</h3>" if is_number else f"<p>{text}</p>" for text, is_number in paragraphs()]
    return documents.page(
        "\n".join(lines), "<title>The Ferry at Night</title><meta name=author content='Anna Holt'>"
    ).encode()


FILES = {
    "ferry.txt": TEXT.encode(),
    "dos.txt": TEXT.replace("\n", "\r\n").encode("cp1252"),
    "unwrapped.txt": "\n\n".join(["The Ferry at Night\nby Anna Holt", *(text for text, _ in paragraphs())]).encode(),
    "tight.txt": re.sub(r"\n\n(\d+)\n\n", r"\n\1\n", TEXT).encode(),
    "headings.docx": as_docx(headings=True),
    "plain.docx": as_docx(headings=False),
    "ferry.html": as_html(),
    "ferry.md": re.sub(r"^(\d+)$", r"## \1", TEXT, flags=re.MULTILINE).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_same_graph_in_every_format(name: str) -> None:
    story = read(FILES[name], name)
    assert choices(story) == SECTIONS
    assert story.start == "Introduction"
    assert story.passages["Introduction"].choices[0].target == "1"
    assert story.reachable() == set(story.passages)
    assert {passage.name for passage in story.endings()} == {"8", "11", "23", "25"}


def test_prose_of_sections() -> None:
    story = read(FILES["ferry.txt"], "ferry.txt")
    assert (story.title, story.author, story.notes) == ("THE FERRY AT NIGHT", "Anna Holt", ())
    texts = {name: passage.text for name, passage in story.passages.items()}
    assert texts["Introduction"].startswith("You have come down to the river with a letter")
    assert texts["1"] == "The boat knocks against the landing. There is a bell on a post, and a hut with a light in it."
    assert texts["2"] == "The bell is louder than you thought. A dog begins to bark on the far bank."
    assert texts["12"] == "The oar breaks at the third stroke. Will you swim?"
    assert texts["13"].endswith("look at the stars. The river does the work.")
    assert texts["14"] == "Under the landing you find a second boat, dry and small."
    assert texts["18"].endswith("Test your strength: roll two dice.")
    assert texts["25"].endswith("“You will want bread.”\n\nTHE END")


def test_only_instructions_are_removed() -> None:
    story = read(FILES["ferry.txt"], "ferry.txt")
    prose = " ".join(passage.text for passage in story.passages.values())
    for text, _ in paragraphs():
        for sentence in re.split(r"(?<=[.!?”])\s+", text):
            if not re.search(r"\d", sentence) and sentence not in (
                "Do you:",
                "Take the small boat?",
                "Stay with the ferry?",
            ):
                assert " ".join(sentence.split()).rstrip(".") in prose


def test_page_numbers_beside_section_numbers() -> None:
    lines = TEXT.split("\n")
    paged = [line for n, line in enumerate(lines) for line in ([line] if n % 25 else ["", str(n // 25), "", line])]
    story = read("\n".join(paged).encode(), "ferry.txt")
    assert choices(story) == SECTIONS
    assert any("page number" in note for note in story.notes)


def test_missing_sections_are_noted() -> None:
    story = read(TEXT.replace("turn to 19;", "turn to 77;").replace("turn to 3.", "turn to 5.").encode(), "ferry.txt")
    notes = " ".join(story.notes)
    assert "No choice leads to section 3" in notes
    assert "sections that do not exist: 77" in notes


def test_two_sections_with_the_same_number() -> None:
    story = read(f"{TEXT}\n\n7\n\nAnother seven.\n".encode(), "ferry.txt")
    assert story.passages["7 (2)"].text == "Another seven."
    assert "Numbers of two sections, of which the first is used: 7." in story.notes


def test_novel_with_numbered_chapters_is_not_a_gamebook() -> None:
    tale = novel(chapters=6)
    chapters = [part for n, chapter in enumerate(tale.chapters, 1) for part in (str(n), *chapter.scenes[0])]
    sent = "“Go to 5 Mill Lane,” he said, “or go to 3, and turn to 4.”"
    assert read_gamebook([Block(text) for text in [*chapters, sent]]) is None
    assert read("\n\n".join([*chapters, sent]).encode(), "mill.txt").start == "1"


# ---- sentences -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "prose", "expected"),
    [
        ("It is dark. If you wait, turn to 2; otherwise turn to 3.", "It is dark.", "Wait 2, Decide otherwise 3"),
        (
            "It is dark. If the guard sleeps, turn to 2. Otherwise turn to 3.",
            "It is dark.",
            "The guard sleeps 2, Continue 3",
        ),
        ("You wait. You may go left (turn to 2) or right (turn to 3).", "You wait.", "Go left 2, Right 3"),
        ("Open the box: turn to 2\nLeave it: turn to 3", "", "Open the box 2, Leave it 3"),
        ("Look round? Turn to 2. Run? Turn to 3.", "Look round? Run?", "Look round 2, Run 3"),
        ("Who is there? Turn to 2. It is cold. Turn to 3.", "Who is there? It is cold.", "Continue 2, Continue 3"),
        ("Turn to 2 if you stay or 3 if you go.", "", "Stay 2, Go 3"),
        (
            "If you have met Ada, turn to 2; if you have not, turn to 3.",
            "",
            "You have met Ada 2, You have not met Ada 3",
        ),
        ("If you are ill, turn to no. 2; if not, go to § 3.", "", "You are ill 2, You are not ill 3"),
        ("If you run, turn to 2, but the dog follows. Turn to 3.", "But the dog follows.", "Run 2, Continue 3"),
        ("He turned to 5 men. You go to 2 o’clock mass, walk 3 miles, and read on.", None, ""),
        (
            'Stop. If you say "Halt! Mr. Cole, come here.", turn to 2. To shout “Now! Jump!”, turn to 3.',
            "Stop.",
            'Say "Halt! Mr. Cole, come here." 2, Shout “Now! Jump!” 3',
        ),
        ('He says "Come in. Sit down." Turn to 2.', 'He says "Come in. Sit down."', "Continue 2"),
        ("“Go to 10 Downing Street,” he says. Turn to 2.", "“Go to 10 Downing Street,” he says.", "Continue 2"),
    ],
)
def test_sentences_with_instructions(text: str, prose: str | None, expected: str) -> None:
    found, choices = section(text)
    assert ", ".join(f"{label} {target}" for label, target in choices) == expected
    assert found == (text if prose is None else prose)


def test_a_list_of_what_can_be_said_is_a_list_of_choices() -> None:
    parts = [
        "1",
        "A man.",
        "“Who are you?” Turn to 2.",
        '"Come in. Sit down." (turn to 3)',
        "2",
        "Turn to 3.",
        "3",
        "Rain.",
    ]
    book = read_gamebook([Block(part) for part in parts])
    assert book is not None
    assert book.passages["1"].text == "A man."
    assert [(choice.label, choice.target) for choice in book.passages["1"].choices] == [
        ("“Who are you?”", "2"),
        ('"Come in. Sit down."', "3"),
    ]
    assert section("“Come in.” Turn to 2.") == ("“Come in.”", [("Continue", "2")])


def test_section_of_one_question_keeps_it() -> None:
    text, _ = section("Will you fight (turn to 2) or run (turn to 3)?")
    assert text == "Will you fight or run?"


@pytest.mark.parametrize(
    ("clause", "expected", "action"),
    [
        ("If you open the door, ", "Open the door", "You open the door."),
        ("If you want to open it, ", "Open it", "You open it."),
        ("If you’d rather wait, ", "Wait", "You wait."),
        ("Should you wish to leave, ", "Leave", "You leave."),
        ("If you give him the coin, cross it off and ", "Give him the coin, cross it off", None),
        ("If you have the key, ", "You have the key", "You have the key."),
        ("Unless you have the key, ", "You do not have the key", "You do not have the key."),
        ("If you are lucky, ", "You are lucky", "You are lucky."),
        ("If you answer “No,” ", "Answer “No,”", None),
        ("On a roll of 5 or 6, ", "Roll 5 or 6", "You roll 5 or 6."),
        ("To go back, ", "Go back", "You go back."),
        ("Alternatively, you can climb the wall: ", "Climb the wall", "You climb the wall."),
        ("If the guard is asleep, ", "The guard is asleep", ""),
        ("Now ", "", None),
        ("You must ", "", None),
        ("It is time to ", "", None),
    ],
)
def test_labels_and_their_actions(clause: str, expected: str, action: str | None) -> None:
    assert choice_label(clause) == (expected, "")
    if action is not None:
        assert label_action(expected) == action


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("You have the rope", "You do not have the rope"),
        ("You do not have the rope", "You have the rope"),
        ("You still have 3 coins", "You do not have 3 coins"),
        ("You have seen it", "You have not seen it"),
        ("You have not seen it", "You have seen it"),
        ("You are not ill", "You are ill"),
        ("You win", "You do not win"),
        ("Open the door", "Decide otherwise"),
        ("The guard is asleep", ""),
        ("", ""),
    ],
)
def test_opposite_labels(last: str, expected: str) -> None:
    for clause in ("If not, ", "Otherwise ", "or if you don’t, "):
        assert choice_label(clause, last) == (expected, "")


def test_long_clause_is_prose() -> None:
    assert choice_label("If you " + "run and " * 100) == ("", ("If you " + "run and " * 100).strip())
