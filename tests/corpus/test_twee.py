"""Twee 3 files and folders: stories, notes and error messages."""

import codecs
from pathlib import Path

import pytest

from corpus.readers import read
from corpus.readers.twee import looks_like, read_twee
from corpus.story import Choice, Skipped, StoryError

STORY = """:: StoryTitle
The Bell

:: StoryAuthor
Ada

:: StoryData
{
  "ifid": "11111111-2222-4333-8444-555555555555",
  "format": "Twine",
  "start": "Gate",
  "rights": "Apache-2.0"
}

:: Gate [outdoors cold] {"position":"600,400"}
A gate.

You see a [[bell->Bell]] here.

[[Ring it->Bell]]
[[Bell<-Kick it]]  [[Hit it|Bell]]
[[Bell]]

:: Bell
It rings.


:: Code [script]
:: Looks [stylesheet]
"""


def passage_choices(line: str) -> tuple[Choice, ...]:
    return read_twee(f":: Start\n{line}", "a.twee").passages["Start"].choices


def test_story_with_all_parts() -> None:
    story = read_twee(STORY, "bell.twee")
    assert (story.title, story.author, story.start, story.rights) == ("The Bell", "Ada", "Gate", "Apache-2.0")
    assert story.source == "bell.twee"
    assert list(story.passages) == ["Gate", "Bell"]
    assert story.passages["Gate"].text == "A gate.\n\nYou see a bell here."
    assert [choice.label for choice in story.passages["Gate"].choices] == [
        "bell",
        "Ring it",
        "Kick it",
        "Hit it",
        "Bell",
    ]
    assert {choice.target for choice in story.passages["Gate"].choices} == {"Bell"}
    assert story.passages["Bell"].text == "It rings."
    assert story.notes == ()


def test_default_metadata() -> None:
    story = read_twee("::Start\nHello.", "tales/old mill.twee")
    assert (story.title, story.author, story.start, story.rights) == ("old mill", "", "Start", "unknown")


@pytest.mark.parametrize(
    ("line", "label", "target"),
    [
        ("[[Go->A->B]]", "Go->A", "B"),  # the rightmost arrow to the right
        ("[[B<-Go<-there]]", "Go<-there", "B"),  # the leftmost to the left
        ("[[this|that|B]]", "this|that", "B"),
        ("[[ Go -> B ]]", "Go", "B"),
        ("[[Go->B][$lamp to true]]", "Go", "B"),
        ("[[->B]]", "B", "B"),
        ('[["Run," you tell Ito->B]]', '"Run," you tell Ito', "B"),
    ],
)
def test_link_forms(line: str, label: str, target: str) -> None:
    assert passage_choices(line) == (Choice(label, target),)


def test_link_to_a_web_address_is_not_a_choice() -> None:
    story = read_twee(":: Start\nSee [[my page->https://example.org]] or [[mail me->mailto:a@example.org]].", "a.twee")
    assert story.passages["Start"].choices == ()
    assert story.passages["Start"].text == "See my page or mail me."


@pytest.mark.parametrize("line", ["[[A]]", "  [[A]] [[B]]", "* [[A]]", "> [[A]]", "[[A]] | [[B]]", '"[[A]]"'])
def test_line_of_only_links_is_not_prose(line: str) -> None:
    assert read_twee(f":: Start\nOne.\n\n{line}\n\nTwo.", "a.twee").passages["Start"].text == "One.\n\nTwo."


def test_escapes_in_headers() -> None:
    story = read_twee(
        ':: Start\n[[Go->The [old] {mill} \\]]\n:: The \\[old\\] \\{mill\\} \\\\ [a\\]b] {"size":"1,1"}\nCreak.\n',
        "a.twee",
    )
    assert list(story.passages) == ["Start", "The [old] {mill} \\"]
    assert not story.dangling()


@pytest.mark.parametrize(
    "text", ["[bold]Hi[/bold]", "A 🐉👩‍🚀 roars", "שלום \u202eabc\u202c", "\x1b[31mred", "# one\n* two", "a :: b\n ::c"]
)
def test_passage_text_is_not_changed(text: str) -> None:
    assert read_twee(f":: Start\n{text}\n", "a.twee").passages["Start"].text == text


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (":: Start\na\n:: B\nb\n:: B\nc", 5, "already a passage 'B', in line 3"),
        (":: Begin\na", 1, "'Start', but there is no such passage"),
        (':: A\na\n:: StoryData\n{"start": "B"}', 3, "'B', but there is no such passage"),
        (':: A\na\n:: StoryData\n{\n"start": \n}', 6, "not valid JSON"),
        (":: A\na\n:: StoryData\n[1]", 3, "must be a JSON object"),
        (':: A\na\n:: StoryData\n{"start": 1}', 1, "'Start', but there is no such passage"),
        (':: A\na\n:: StoryData\n{"rights": null}', 3, '"rights" in StoryData must be a string'),
        (":: A\na\n:: StoryData\n" + "[" * 100_000, 3, "too deep a nesting"),
        (":: StoryTitle\nEmpty", 1, "no passage"),
        (":: Code [script]\nx()", 1, "no passage"),
        (":: Start\na\n:: The [old] mill\n", 3, "header can't be read"),
        (":: Start\na\n::\n", 3, "header can't be read"),
        (":: Start\na\n:: [tag]\n", 3, "header can't be read"),
    ],
)
def test_error_for_a_broken_story_names_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(StoryError) as error:
        read_twee(text, "a.twee")
    assert str(error.value).startswith(f"a.twee:{line}: ")
    assert message in str(error.value)


def test_start_that_is_a_number_says_nothing() -> None:
    story = read_twee(':: A\na\n:: Start\nHello.\n:: StoryData\n{"start": 1}', "a.twee")
    assert story.start == "Start"


def test_notes_on_left_out_parts() -> None:
    lost = "".join(f"[[{n}]]" for n in range(5))
    story = read_twee(f"My draft.\n:: Start\n<<set $lamp to 1>>\n{lost}", "a.twee")
    assert len(story.notes) == 3
    assert "before the first passage" in story.notes[0]
    assert "'0' (in 'Start'), '1' (in 'Start'), '2' (in 'Start') and 2 more" in story.notes[2]
    assert "macros are read, not executed" in story.notes[1]
    assert len(story.passages["Start"].choices) == 5


@pytest.mark.parametrize(
    ("text", "twee"),
    [
        ("\n\n:: Start\n", True),
        ("::Start [a]", True),
        ("", False),
        ("::\n", False),
        ("Once upon a time\n:: Start", False),
        ("A paragraph::\n\n  code", False),
    ],
)
def test_twee_is_recognised_by_its_first_line(text: str, twee: bool) -> None:
    assert looks_like(text) is twee


# ---- files and folders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        STORY.encode(),
        STORY.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + STORY.encode(),
        STORY.encode("utf-16"),
        codecs.BOM_UTF16_BE + STORY.encode("utf-16-be"),
        STORY.encode("utf-32"),
    ],
    ids=["utf-8", "crlf", "utf-8-mark", "utf-16", "utf-16-be", "utf-32"],
)
def test_file_of_any_name_with_a_byte_order_mark(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "story.txt"
    file.write_bytes(content)
    [story] = read(file)
    assert story.title == "The Bell"
    assert story.passages["Gate"].text == "A gate.\n\nYou see a bell here."
    assert story.source == str(file)


def test_file_with_a_twee_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.TW").write_text("A draft.\n:: Start\nHello.")
    [story] = read(tmp_path / "a.TW")
    assert story.notes


def test_long_file_is_read_completely(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(":: Start\n" + "ä" * 200_000, encoding="utf-8")
    [story] = read(tmp_path / "a.txt")
    assert len(story.passages["Start"].text) == 200_000


def test_folder_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("b/two.twee", "a.twee", "c.txt", ".git/x.twee"):
        (tmp_path / name).write_text(f":: StoryTitle\n{name}\n:: Start\nHello.")
    (tmp_path / "notes.md").write_text("# Notes")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\x00" * 50_000)
    (tmp_path / "empty.txt").touch()
    others: list[Skipped] = []
    assert [story.title for story in read(tmp_path, others)] == ["a.twee", "b/two.twee", "c.txt"]
    assert [Path(each.source).name for each in others] == ["empty.txt", "notes.md", "photo.jpg"]
    assert all(each.without_story for each in others)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.md", b"# A story", "There is no prose in"),
        ("a.bin", bytes(range(256)), "is in no known format. Story formats: Twee 3 (.twee, .tw)"),
        ("a.txt", b"", "is empty"),
        ("a.twee", b"", "is empty"),
        ("a.twee", b":: Start\n\nCaf\xe9", "a.twee:3: this is not UTF-8 text"),
        ("a.txt", b":: Start\n\nCaf\xe9", "a.txt:3: this is not UTF-8 text"),
    ],
)
def test_error_for_other_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(StoryError) as error:
        list(read(file))
    assert str(file) in str(error.value)
    assert message in str(error.value)


def test_error_for_a_broken_story_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "good.twee").write_text(":: Start\nHello.")
    (tmp_path / "old.twee").write_bytes(b":: Start\nCaf\xe9")
    with pytest.raises(StoryError, match=r"old\.twee:2: this is not UTF-8"):
        list(read(tmp_path))


def test_error_for_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"none\.twee can't be read: No such file"):
        list(read(tmp_path / "none.twee"))


def test_error_for_a_folder_without_stories(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    with pytest.raises(StoryError, match=r"no story in the folder .*skipped: 1\. Story formats"):
        list(read(tmp_path))
