"""Authored stories as lines: `dungeon play --plain --story` and `dungeon read --plain`, as processes."""

import subprocess
from pathlib import Path

import pytest

from dungeon.authored.books import library
from tests.dungeon.plain.processes import dungeon
from tests.dungeon.playing import saved_adventure
from tests.dungeon.scripted import ScriptedServer
from tests.dungeon.test_imports import HEAVY, loaded_by


def run(lines: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return dungeon(*arguments, lines=lines)


@pytest.fixture
def tale(tmp_path: Path) -> str:
    file = tmp_path / "tale.twee"
    file.write_text(
        ":: StoryTitle\nThe [bold]Gate[/]\n\n:: Start\nYou stand at the \x1b[31mgate[/b].\n\n"
        '[[Open the gate->Hall]]\n[["Who is there?"->End]]\n\n:: Hall\nThe gate opens.\n\n[[Continue->End]]\n\n'
        ":: End [ending]\nNobody answers.\n"
    )
    return str(file)


def paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


GATE = ["The [bold]Gate[/]", "You stand at the [31mgate[/b].", '1. Open the gate\n2. "Who is there?"']
HALL = ["> You open the gate.", "The gate opens.", "1. Continue"]
END = [
    "Nobody answers.",
    "The end. Endings found: 1 of 1.\n1. Go back to the last choice\n2. Begin this story again\n"
    "3. Another story or scenario",
]


def test_a_story_is_read_to_its_ending_and_back(tale: str) -> None:
    result = run("1\n1\n1\n2\n/map\n/quit\n", "read", "--plain", tale)
    assert (result.returncode, result.stderr) == (0, "")
    story_map = 'The beginning\n  Open the gate\n  "Who is there?" (you are here, an ending)'
    asked = '> You say "Who is there?"'
    assert paragraphs(result.stdout) == [
        *(*GATE, *HALL, *END, *GATE, asked),
        *(END[0], f"{END[1]}\n{story_map}", "Endings found: 1 of 1"),
    ]


def test_a_line_that_is_not_a_choice_is_reported_on_stderr(tale: str) -> None:
    result = run("7\nopen the gate\n\n", "read", "--plain", tale)
    assert result.returncode == 0
    assert result.stdout.count("You stand") == 1
    assert result.stderr.count("Pick a number from 1 to 2") == 3


def test_reading_and_playing_go_on_from_the_same_place(server: ScriptedServer, tale: str) -> None:
    server.answers = ["\nThe hinge squeaks."]
    run("1\n", "read", "--plain", tale)
    voice = ("--endpoint", server.url, "--model", "scripted")
    result = run("kick the hinge\ngo on\n", "play", "--plain", "--story", tale, *voice)
    assert "> You open the gate.\n\nThe gate opens." in result.stdout
    assert "You go on where you were" in result.stderr
    assert "> You kick the hinge.\n\nThe hinge squeaks.\n\n1. Continue" in result.stdout
    assert [node.passage for node in saved_adventure().path()][:2] == ["Hall", None]
    again = run("", "play", "--plain", "--continue", *voice)
    assert "The hinge squeaks." in again.stdout


def test_a_story_plays_where_the_voice_can_not_be_fetched(tale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = run("1\n\nsing to the moon\n/quit\n", "play", "--plain", "--story", tale)
    assert result.returncode == 0
    assert "> You open the gate.\n\nThe gate opens." in result.stdout
    assert "The end. Endings found: 1 of 1." in result.stdout
    assert "Traceback" not in result.stderr


def test_an_improvised_turn_without_a_voice_is_one_message(tale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = run("sing to the moon\n1\n/quit\n", "play", "--plain", "--story", tale)
    assert result.returncode == 0
    assert "weights" in result.stderr
    assert "Traceback" not in result.stderr
    assert "The gate opens." in result.stdout, "the game goes on"


@pytest.mark.parametrize(
    "arguments", [["read", "nonsense"], ["read", "--plain", "nonsense"], ["play", "--plain", "--story", "nonsense"]]
)
def test_an_unknown_story_is_reported_without_a_traceback(arguments: list[str]) -> None:
    result = run("", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_the_stories_are_listed_for_scripts() -> None:
    lines = run("", "stories").stdout.splitlines()
    assert len(lines) == len(library())
    name, title, genre, words, endings = next(line for line in lines if line.startswith("the-ten-forty")).split("\t")
    assert (name, title, genre) == ("the-ten-forty", "The Ten-Forty", "western")
    assert int(words) > 5000
    assert int(endings) == 11


def test_what_a_file_has_that_can_not_be_played_is_said_before_play(tmp_path: Path) -> None:
    file = tmp_path / "game.html"
    file.write_text(
        '<tw-storydata name="Door" startnode="1" format="SugarCube"><tw-passagedata pid="1" name="Start">'
        "You wait. &lt;&lt;if $key&gt;&gt;It opens.&lt;&lt;/if&gt;&gt; [[Go on->End]]</tw-passagedata>"
        '<tw-passagedata pid="2" name="End">You sleep.</tw-passagedata></tw-storydata>'
    )
    result = run("1\n/quit\n", "read", "--plain", str(file))
    assert result.returncode == 0
    assert "You wait." in result.stdout
    assert "SugarCube macros are read, not executed" in result.stderr


def test_reading_imports_no_heavy_package_and_no_textual() -> None:
    loaded = loaded_by("dungeon.plain.game", "dungeon.authored.books", "dungeon.play.director")
    assert not loaded & (HEAVY | {"textual", "rich", "bs4", "lxml", "docx", "xllamacpp"})
