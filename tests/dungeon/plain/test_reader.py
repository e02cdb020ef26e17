"""`dungeon read --plain` as a process."""

import subprocess
import sys
from pathlib import Path

import pytest

from dungeon.reading.books import library
from tests.dungeon.test_imports import HEAVY, loaded_by


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


def test_a_story_is_read_to_its_ending_and_back(tale: str) -> None:
    result = read_plain("1\n1\n/back\n/back\n2\n/map\n/restart\n/quit\n", tale)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "The [bold]Gate[/]\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n\n'
        "> You open the gate.\n\nThe gate opens.\n\n1. Continue\n\n"
        "Nobody answers.\n\nThe end. Endings found: 1 of 1. /back, /restart, /stories or /quit.\n\n"
        "> You open the gate.\n\nThe gate opens.\n\n1. Continue\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n\n'
        '> You say "Who is there?"\n\nNobody answers.\n\n'
        "The end. Endings found: 1 of 1. /back, /restart, /stories or /quit.\n"
        "Start\n  Hall\n  End (you are here, an ending)\n\nEndings found: 1 of 1\n\n"
        'You stand at the [31mgate[/b].\n\n1. Open the gate\n2. "Who is there?"\n'
    )


def test_a_line_that_is_not_a_choice_is_reported_on_stderr(tale: str) -> None:
    result = read_plain("7\nopen the gate\n/back\n٣\n", tale)
    assert result.returncode == 0
    assert result.stdout.count("You stand") == 1
    assert result.stderr.count("Type the number of a choice, or one of /back, /map,") == 2
    assert "There is no choice 7 here." in result.stderr
    assert "This is where you began." in result.stderr


def test_the_next_start_continues_at_the_same_passage(tale: str) -> None:
    read_plain("1\n", tale)
    result = read_plain("", tale)
    assert "> You open the gate.\n\nThe gate opens." in result.stdout
    assert "You read on where you were." in result.stderr


def test_without_a_story_the_reader_chooses_one() -> None:
    result = read_plain("0\n1\n/stories\n/quit\n")
    assert result.returncode == 0
    assert "Type a number from 1 to" in result.stderr
    first = library()[0]
    assert result.stdout.startswith(f"{first.genre.capitalize()}\n  1. {first.title}\n")
    assert first.story.passages[first.story.start].text in result.stdout
    assert result.stdout.count(f"  1. {first.title}\n") == 2


@pytest.mark.parametrize("arguments", [["nonsense"], ["--plain", "nonsense"]])
def test_an_unknown_story_is_reported_without_a_traceback(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "dungeon", "read", *arguments]
    result = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, encoding="utf-8", timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_reading_imports_no_heavy_package_and_plain_reading_no_textual() -> None:
    loaded = loaded_by("dungeon.plain.reader", "dungeon.reading.books")
    assert not loaded & (HEAVY | {"textual", "rich", "bs4", "lxml", "docx", "xllamacpp"})
    assert not loaded_by("dungeon.tui.reader.app", "dungeon.tui.reader.story") & (HEAVY | {"bs4", "lxml", "xllamacpp"})
