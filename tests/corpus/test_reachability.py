"""A story of which choices reach too little is warned about, in every format and by every command that reads it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpus.cli import main
from corpus.reachability import reachability_warning
from corpus.readers import read
from corpus.story import Passage, Story

FOUR_FIFTHS = "You walk along the wall and count the stones. " * 8
LOST = "Nobody ever comes here at all. " * 5


def tale(lost: str) -> Story:
    passages = {"Start": Passage("Start", FOUR_FIFTHS), "Cellar": Passage("Cellar", lost)}
    return Story("A tale", "Start", passages, source="tale.twee")


def test_more_than_a_fifth_is_warned_about() -> None:
    assert reachability_warning(tale("Nobody comes here. " * 6)) == ""
    assert reachability_warning(tale(LOST)).startswith("29% of the words (30 of 102) can't be reached")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.twee", f":: Start\n{FOUR_FIFTHS}\n\n:: Cellar\n{LOST}\n"),
        ("script.twee", f":: Start\n<<set $x to 1>>{FOUR_FIFTHS}\n\n:: Cellar\n{LOST}\n"),
        ("branch.twee", f":: Start\n<<set $x to 1>>{FOUR_FIFTHS}\n<<if $x is 2>>{LOST}<</if>>\n"),
        (
            "twine.html",
            '<tw-storydata name="T" startnode="1"><tw-passagedata pid="1" name="Start">'
            f'{FOUR_FIFTHS}</tw-passagedata><tw-passagedata pid="2" name="Cellar">{LOST}</tw-passagedata>'
            "</tw-storydata>",
        ),
        ("startup.txt", f"*title T\n{FOUR_FIFTHS}\n*finish\n*label cellar\n{LOST}\n*finish\n"),
    ],
)
def test_every_format_is_warned_about(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    [story] = read(tmp_path / name)
    assert "can't be reached by choices from the start" in reachability_warning(story)


@pytest.mark.parametrize("command", ["build", "convert", "check"])
def test_every_command_warns(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    for n in range(3):
        text = f":: StoryTitle\nTale {n}\n\n:: Start\nIt is day {n}. {FOUR_FIFTHS}"
        (folder / f"{n}.twee").write_text(text + (f"\n\n:: Cellar\n{LOST}\n" if n == 1 else "\n"))
    arguments = [str(folder), "--any-style"] if command == "check" else [str(folder), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [command, *arguments])
    warned = [line for line in result.output.splitlines() if "can't be reached by choices" in line]
    assert len(warned) == 1
    assert ("Tale 1" if command == "build" else "1.twee") in warned[0]
    if command == "build":
        warnings = json.loads((tmp_path / "out" / "report.json").read_text())["warnings"]
        assert sum(warning.startswith("Tale 1: 28%") for warning in warnings) == 1
