"""Reading a story: the walk, the map, what is remembered, and the stories there are."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.story import Choice, Passage, Story
from dungeon.errors import DungeonError
from dungeon.reading.bookmark import STEPS_KEPT, bookmark_file, opened, progress, save
from dungeon.reading.books import Book, books_named, library
from dungeon.reading.walk import back, begin, endings_line, map_lines, restart, resume, take
from tests.dungeon.test_imports import HEAVY, loaded_by


def story(**choices: str) -> Story:
    """`Gate="Hall Cave"`: passages, and where they lead; the first is the start."""
    passages = {
        name: Passage(name, f"You are at the {name}.", tuple(Choice(f"Go to {to}", to) for to in targets.split()))
        for name, targets in choices.items()
    }
    return Story("The Gate", next(iter(choices)), passages)


GATE = story(Gate="Hall Cave", Hall="Home Gate", Cave="Home Nowhere Pit", Home="", Pit="", Island="")


# ---- the walk --------------------------------------------------------------------------------------------------


def test_a_walk_through_a_story() -> None:
    walk = begin(GATE)
    assert [choice.label for choice in walk.choices] == ["Go to Hall", "Go to Cave"]
    walk = take(walk, 2)
    assert walk.here.name == "Cave"
    assert walk.steps[-1].label == "Go to Cave"
    assert [choice.target for choice in walk.choices] == ["Home", "Pit"]  # nobody is sent to Nowhere
    walk = take(walk, 2)
    assert walk.choices == ()
    assert (walk.found, walk.endings) == (("Pit",), ("Home", "Pit"))
    assert endings_line(walk) == "Endings found: 1 of 2"


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_choice_that_is_not_there(number: int) -> None:
    with pytest.raises(IndexError):
        take(begin(GATE), number)


def test_back_and_restart_forget_nothing() -> None:
    end = take(take(begin(GATE), 1), 1)
    assert back(end).here.name == "Hall"
    assert back(end).found == ("Home",)
    again = restart(end)
    assert again.here.name == "Gate"
    assert back(again) == end
    assert back(begin(GATE)) == begin(GATE)
    assert restart(begin(GATE)) == begin(GATE)


def test_the_map_shows_where_one_has_been() -> None:
    walk = back(take(take(begin(GATE), 2), 1))
    assert map_lines(walk) == [
        "Gate (1 not tried)",
        "  Cave (you are here, 1 not tried)",
        "    Home (an ending)",
        "",
        "Endings found: 1 of 2: Home",
    ]


@given(st.lists(st.sampled_from(["1", "2", "3", "back", "restart"]), max_size=30))
def test_the_map_has_every_visited_passage_once_whatever_the_walk(moves: list[str]) -> None:
    walk = begin(GATE)
    for move in moves:
        if move == "back":
            walk = back(walk)
        elif move == "restart":
            walk = restart(walk)
        elif int(move) <= len(walk.choices):
            walk = take(walk, int(move))
    lines = [line.split(" (")[0].strip() for line in map_lines(walk)[:-2]]
    assert sorted(lines) == sorted(walk.visited)
    assert sum("you are here" in line for line in map_lines(walk)) == 1


def test_a_story_that_was_edited_is_read_on_as_far_as_it_goes() -> None:
    old = take(take(begin(GATE), 2), 2)
    new = story(Gate="Cave", Cave="Home", Home="")
    walk = resume(new, old.steps, old.visited)
    assert walk.here.name == "Cave"
    assert walk.visited == {"Gate", "Cave"}
    assert resume(story(Door=""), old.steps, old.visited).here.name == "Door"


# ---- the bookmark ----------------------------------------------------------------------------------------------

BOOK = Book("gate", "library/gate", GATE)


def test_a_reader_comes_back_to_the_same_page() -> None:
    assert opened(BOOK) == begin(GATE)
    assert progress(BOOK) == ""
    walk = take(take(begin(GATE), 2), 2)
    save(BOOK, walk)
    assert opened(BOOK) == walk
    assert progress(BOOK) == "1 of 2 endings"
    assert opened(Book("gate", "another/gate", GATE)) == begin(GATE)
    assert [file.name for file in bookmark_file(BOOK).parent.iterdir()] == [bookmark_file(BOOK).name]


def test_a_long_way_is_kept_short() -> None:
    walk = begin(GATE)
    for _ in range(STEPS_KEPT):
        walk = take(walk, 1) if walk.here.name == "Gate" else take(walk, 2)
    save(BOOK, walk)
    assert opened(BOOK).steps == walk.steps[-STEPS_KEPT:]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"title": "x", "steps": 3, "visited": []}', b"\xff\x00"])
def test_a_damaged_bookmark_is_told_and_kept(content: bytes) -> None:
    save(BOOK, begin(GATE))
    bookmark_file(BOOK).write_bytes(content)
    with pytest.raises(DungeonError, match=r"The bookmark in The Gate can't be read: .*Move .* away to begin anew"):
        opened(BOOK)
    assert bookmark_file(BOOK).read_bytes() == content


def test_a_bookmark_that_cannot_be_written_leaves_nothing_behind(home: Path) -> None:
    bookmark_file(BOOK).mkdir(parents=True)
    with pytest.raises(DungeonError, match="can't be written"):
        save(BOOK, begin(GATE))
    assert list(bookmark_file(BOOK).parent.iterdir()) == [bookmark_file(BOOK)]


# ---- the stories -----------------------------------------------------------------------------------------------


def test_the_library_is_by_genre() -> None:
    books = library()
    assert len(books) >= 6
    assert [book.genre for book in books] == sorted(book.genre for book in books)
    assert len({book.key for book in books}) == len(books)


def test_a_story_is_found_by_name_title_and_path(tmp_path: Path) -> None:
    assert [book.title for book in books_named("salt-stair")] == ["The Salt Stair"]
    assert [book.name for book in books_named("the salt stair")] == ["salt-stair"]
    file = tmp_path / "mine.twee"
    file.write_text(":: Start\nYou wait.\n")
    [mine] = books_named(str(file))
    assert (mine.title, mine.genre) == ("mine", "other")
    (tmp_path / "other.twee").write_text(":: StoryTitle\nA tale\n\n:: Start\nYou go.\n")
    assert [book.title for book in books_named(str(tmp_path))] == ["A tale", "mine"]


def test_a_story_that_is_not_there_or_no_story(tmp_path: Path) -> None:
    with pytest.raises(DungeonError, match=r"There is no story or file 'salt-stare'\. Did you mean salt-stair\?"):
        books_named("salt-stare")
    (tmp_path / "broken.twee").write_text(":: Start [tag\n")
    with pytest.raises(DungeonError, match=r"broken\.twee:1"):
        books_named(str(tmp_path))


# ---- as a process ----------------------------------------------------------------------------------------------


def read_plain(lines: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dungeon", "read", "--plain", *arguments]
    return subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", timeout=60, check=False)


@pytest.fixture
def tale(tmp_path: Path) -> str:
    file = tmp_path / "tale.twee"
    file.write_text(
        ":: StoryTitle\nThe [bold]Gate[/]\n\n:: Start\nYou stand at the \x1b[31mgate[/b].\n\n"
        '[[Open the gate->Hall]]\n[["Who is there?"->End]]\n\n:: Hall\nThe gate opens.\n\n[[Continue->End]]\n\n'
        ":: End [ending]\nNobody answers.\n"
    )
    return str(file)


def test_a_story_read_as_lines(tale: str) -> None:
    result = read_plain("1\n1\n/back\n/back\n2\n/map\n/restart\n/quit\n", tale)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "The [bold]Gate[/]\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n\n'
        "> You open the gate.\n\nThe gate opens.\n\n1. Continue\n\n"
        "Nobody answers.\n\nThe end: End. Endings found: 1 of 1. /back, /restart, /stories or /quit.\n\n"
        "> You open the gate.\n\nThe gate opens.\n\n1. Continue\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n\n'
        '> You say "Who is there?"\n\nNobody answers.\n\n'
        "The end: End. Endings found: 1 of 1. /back, /restart, /stories or /quit.\n"
        "Start\n  Hall\n  End (you are here, an ending)\n\nEndings found: 1 of 1: End\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n'
    )


def test_what_is_no_choice_is_told_on_stderr(tale: str) -> None:
    result = read_plain("7\nopen the gate\n/back\n٣\n", tale)
    assert result.returncode == 0
    assert result.stdout.count("You stand") == 1
    assert result.stderr.count("Type the number of a choice, or one of /back, /map,") == 2
    assert "There is no choice 7 here." in result.stderr
    assert "This is where you began." in result.stderr


def test_the_next_session_goes_on(tale: str) -> None:
    read_plain("1\n", tale)
    result = read_plain("", tale)
    assert "> You open the gate.\n\nThe gate opens." in result.stdout
    assert "You read on where you were." in result.stderr


def test_without_a_story_one_is_chosen(tale: str) -> None:
    result = read_plain("0\n1\n/stories\n/quit\n")
    assert result.returncode == 0
    assert "Type a number from 1 to" in result.stderr
    first = library()[0]
    assert result.stdout.startswith(f"{first.genre.capitalize()}\n  1. {first.title}\n")
    assert first.story.passages[first.story.start].text in result.stdout
    assert result.stdout.count(f"  1. {first.title}\n") == 2


@pytest.mark.parametrize("arguments", [["nonsense"], ["--plain", "nonsense"]])
def test_a_mistake_is_one_message(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "dungeon", "read", *arguments]
    result = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, encoding="utf-8", timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_reading_loads_nothing_heavy_and_lines_no_screen() -> None:
    loaded = loaded_by("dungeon.plain.reader", "dungeon.reading.books")
    assert not loaded & (HEAVY | {"textual", "rich", "bs4", "lxml", "docx", "xllamacpp"})
    assert not loaded_by("dungeon.tui.reader.app", "dungeon.tui.reader.story") & (HEAVY | {"bs4", "lxml", "xllamacpp"})
