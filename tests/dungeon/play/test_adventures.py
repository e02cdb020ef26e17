"""Finding, listing, labelling and exporting adventures."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.authored.books import find_books
from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.play.adventures import (
    adventure_lines,
    default_export_path,
    delete_unplayed,
    export_adventure,
    find_adventure,
    plural,
    relabel,
    scenario_lines,
    time_ago,
)
from dungeon.scenarios.model import Scenario, scenario_from_opening
from dungeon.scenarios.user import find_scenario, save_scenario
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import State


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Three adventures, and a working folder for this test alone."""
    monkeypatch.chdir(tmp_path)
    shelf = Shelf(tmp_path / "shelf.db")
    for title in ("The Lamp Road", "The Door", "The Door in the Hill"):
        shelf.add_adventure(scenario_from_opening("You stand there.", title), "v")
    yield shelf
    shelf.close()


def play_one_turn(shelf: Shelf) -> int:
    adventure = shelf.open(2)
    node = shelf.add_turn(adventure, Kind.DO, "knock", "You knock.", NO_VOICE)
    shelf.save_turn(adventure.set_prose(node.id, "Nobody answers.", State.DONE))
    return adventure.id


@pytest.mark.parametrize(
    ("name", "adventure_id"), [("2", 2), ("the door", 2), ("lamp", 1), ("HILL", 3), ("  The  Lamp Road ", 1)]
)
def test_an_adventure_is_found_by_number_title_or_part_of_its_title(shelf: Shelf, name: str, adventure_id: int) -> None:
    assert find_adventure(shelf, name) == adventure_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("99", "no adventure '99'"),
        ("", "no adventure ''"),
        ("\x1b[31m", r"no adventure '\[31m'.*`dungeon adventures` lists"),
        ("the", r"3 \(The Door in the Hill\), 2 \(The Door\), 1 \(The Lamp Road\)\. Say which by its number"),
    ],
)
def test_a_name_that_matches_none_or_several_is_an_error(shelf: Shelf, name: str, message: str) -> None:
    with pytest.raises(DungeonError, match=message):
        find_adventure(shelf, name)


def test_a_line_of_the_list_has_tabs_only_between_its_fields(shelf: Shelf) -> None:
    adventure = shelf.open(play_one_turn(shelf))
    adventure.title = "The\tDoor\x1b[31m\n"
    shelf.save_adventure_labels(adventure)
    line = adventure_lines(shelf.list_adventures("knock"))[0].split("\t")
    assert line[:5] == ["2", "The Door[31m", "1", "2", "1"]
    assert datetime.fromisoformat(line[5]).tzinfo is not None


def test_user_scenarios_are_labelled_and_come_first() -> None:
    save_scenario(scenario_from_opening("You wait for ${name}.", "Waiting for ${name}"))
    (scenarios_folder() / "broken.toml").write_text("title =")
    lines, errors = scenario_lines()
    assert lines[0] == "waiting-for-name\tWaiting for Robin\t\tyours"
    assert len(lines) == 61
    assert "iron-door\tThe Iron Door\thigh fantasy" in lines
    assert len(errors) == 1


def test_titles_and_tags_are_single_lines_and_a_title_is_never_empty(shelf: Shelf) -> None:
    adventure = shelf.open(1)
    relabel(shelf, adventure, title=" A\n new\x1b \t title " + "x" * 100, tags=[" grim ", "", "grim", "a\nb"])
    relabel(shelf, adventure, title="\x1b")
    saved = shelf.open(1)
    assert saved.title == "A new title " + "x" * 48
    assert saved.tags == ("grim", "a b")


def test_unplayed_adventures_of_earlier_versions_are_deleted(shelf: Shelf) -> None:
    save_scenario(Scenario("The Ship", "You are a cook."))
    (book,) = find_books("the-ten-forty")
    for name in ("iron-door", "the-ship"):
        shelf.add_adventure(find_scenario(name), "v")
    shelf.add_adventure(scenario_from_opening("It is October.", book.title), "v", story=book.story, book=book.key)
    renamed = shelf.add_adventure(find_scenario("iron-door"), "v")
    relabel(shelf, renamed, title="My Door")
    play_one_turn(shelf)
    delete_unplayed(shelf)
    titles = [listed.title for listed in shelf.list_adventures()]
    assert titles == ["The Door", "My Door", "The Door in the Hill", "The Lamp Road"], "the player's own openings stay"


# ---- export ------------------------------------------------------------------------------------------------------


def test_the_file_extension_chooses_the_format(shelf: Shelf, tmp_path: Path) -> None:
    adventure = shelf.open(play_one_turn(shelf))
    assert export_adventure(adventure, default_export_path(adventure)) == Path("the-door.md")
    assert "**> You knock.**" in (tmp_path / "the-door.md").read_text()
    assert default_export_path(adventure) == Path("the-door-2.md"), "a story that has grown needs no other name"
    export_adventure(adventure, " story.TXT ", whole=True)
    assert "\n> You knock.\n" in (tmp_path / "story.TXT").read_text()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".new"] == []


def test_a_file_is_overwritten_only_on_request(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("mine")
    adventure = shelf.open(1)
    with pytest.raises(DungeonError, match=r"a file a\.md already"):
        export_adventure(adventure, "a.md")
    assert (tmp_path / "a.md").read_text() == "mine"
    export_adventure(adventure, "a.md", over=True)
    assert (tmp_path / "a.md").read_text().startswith("# The Lamp Road")


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("story", "ends in none of"),
        ("", "ends in none of"),
        ("nowhere/story.md", "no folder nowhere"),
        ("a\0b.md", "can't be written"),
        ("x" * 5000 + ".md", "can't be written"),
        ("folder.md", "a file folder.md already"),
    ],
    ids=range(6),
)
def test_a_path_that_can_t_be_written_is_an_error(shelf: Shelf, tmp_path: Path, to: str, message: str) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(DungeonError, match=message):
        export_adventure(shelf.open(1), to)


def test_a_folder_is_never_overwritten(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(DungeonError, match="can't be written"):
        export_adventure(shelf.open(1), "folder.md", over=True)
    assert list((tmp_path / "folder.md").iterdir()) == []


# ---- times and counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (datetime(2025, 5, 12, 9, 5), "today 09:05"),
        (datetime(2025, 5, 11, 23, 59), "yesterday 23:59"),
        (datetime(2025, 5, 9), "3 days ago"),
        (datetime(2025, 5, 6, 23), "6 days ago"),
        (datetime(2025, 5, 5), "5 May"),
        (datetime(2024, 12, 31), "31 Dec 2024"),
        (datetime(2025, 5, 13), "13 May"),
        (datetime(2031, 1, 2), "2 Jan 2031"),
    ],
)
def test_the_time_of_play_is_shown_relative_to_today(then: datetime, text: str) -> None:
    noon = datetime(2025, 5, 12, 12).astimezone()
    assert time_ago(then.astimezone(UTC).isoformat(), noon) == text


@pytest.mark.parametrize("played", ["", "yesterday", "9999-99-99", "\x1b[31m"])
def test_an_invalid_time_is_shown_as_nothing(played: str) -> None:
    assert time_ago(played) == ""


def test_counts_have_singular_and_plural() -> None:
    assert [plural(1, "turn"), plural(1200, "word"), plural(2, "branch")] == ["1 turn", "1,200 words", "2 branches"]
