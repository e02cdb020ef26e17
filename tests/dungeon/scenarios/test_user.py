"""The player's scenarios: saved as files to share, never overwritten, never lost; and scenarios found by name."""

from pathlib import Path

import msgspec
import pytest

from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.model import Placeholder, Scenario, scenario_from_opening
from dungeon.scenarios.user import file_stem, find_scenario, save_scenario, trash_scenario, user_scenarios
from dungeon.tale.lore import Card

LAMP_ROAD = Scenario(
    "The Lamp Road",
    'You are ${name}.\n\n"Who?" asks \\Berrin\\.\n"""Quoted.""',
    genre="fantasy",
    memory="Lamps.\nMany.",
    note="Plain.",
    cards=(
        Card(("Berrin", "old man"), "He waits."),
        Card((), "It is night.", always=True),
        Card(("x",), "Y.", case=True, whole_word=False, depth=9),
    ),
    actions=("Light it", '"Who?"'),
    placeholders=(Placeholder("name", "Your name?", "Ada"),),
)


def names() -> list[str]:
    return [scenario.name for scenario in user_scenarios()[0]]


def test_there_are_none_at_first() -> None:
    assert user_scenarios() == ([], [])
    assert not scenarios_folder().exists(), "reading makes no folder"


def test_a_saved_scenario_is_listed_and_found_whole() -> None:
    path = save_scenario(LAMP_ROAD)
    assert path == scenarios_folder() / "the-lamp-road.toml"
    (saved,), broken = user_scenarios()
    assert (saved, broken) == (msgspec.structs.replace(LAMP_ROAD, name="the-lamp-road"), [])
    assert find_scenario("The Lamp road") == find_scenario("the-lamp-road") == saved


def test_a_shared_file_is_read_as_the_same_scenario(tmp_path: Path) -> None:
    shared = tmp_path / "from a friend.toml"
    shared.write_bytes(save_scenario(LAMP_ROAD).read_bytes())
    assert find_scenario(f"  {shared} ") == LAMP_ROAD


def test_another_scenario_with_the_same_title_gets_another_file() -> None:
    first = save_scenario(scenario_from_opening("One.", "The Door"))
    second = save_scenario(scenario_from_opening("Two.", "The Door!"))
    assert (first.stem, second.stem) == ("the-door", "the-door-2")
    assert save_scenario(scenario_from_opening("Two.", "The Door!")) == second, "the same text is saved once"
    assert sorted(scenario.opening for scenario in user_scenarios()[0]) == ["One.", "Two."]


def test_a_file_never_gets_the_name_of_a_builtin_scenario() -> None:
    assert save_scenario(scenario_from_opening("Mine.", "Iron door")).stem == "iron-door-2"
    assert find_scenario("iron-door").opening != "Mine."


def test_an_edited_scenario_replaces_the_old_one() -> None:
    save_scenario(scenario_from_opening("One.", "The Door"))
    assert save_scenario(scenario_from_opening("Two.", "Another title"), "the-door").stem == "the-door"
    assert [(scenario.name, scenario.opening) for scenario in user_scenarios()[0]] == [("the-door", "Two.")]


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\windows\\nul", "c-windows-nul"),
        ("NUL", "nul-scenario"),
        ("…", "scenario"),
        (".hidden", "hidden"),
        ("\x1b[31mRed\x00", "31mred"),
        ("Дом у моря", "дом-у-моря"),
        ("x" * 500, "x" * 50),
        ("The Road to ${town}", "the-road-to-town"),
    ],
)
def test_a_title_is_never_a_path(title: str, stem: str) -> None:
    assert file_stem(title, "scenario") == stem


def test_a_broken_file_is_reported_and_the_others_are_listed() -> None:
    save_scenario(LAMP_ROAD)
    (scenarios_folder() / "broken.toml").write_text("title = ")
    (scenarios_folder() / "folder.toml").mkdir()
    (scenarios_folder() / ".hidden.toml").write_text("")
    (scenarios_folder() / "notes.txt").write_text("")
    (saved,), broken = user_scenarios()
    assert saved.title == "The Lamp Road"
    assert [file.path.name for file in broken] == ["broken.toml", "folder.toml"]
    with pytest.raises(DungeonError, match=r"broken\.toml is not valid TOML"):
        find_scenario("broken")


def test_a_trashed_scenario_is_in_the_trash_folder() -> None:
    for opening in ("One.", "Two."):
        save_scenario(scenario_from_opening(opening, "The Door"))
        moved = trash_scenario("the-door")
        assert moved.parent == scenarios_folder() / "trash"
        assert opening in moved.read_text()
    assert len(list((scenarios_folder() / "trash").iterdir())) == 2
    assert names() == []


def test_a_scenario_that_is_too_long_is_refused_and_nothing_is_written() -> None:
    with pytest.raises(DungeonError, match="too long to keep"):
        save_scenario(scenario_from_opening("Long. " * 100_000))
    assert names() == []


def test_a_folder_that_can_not_be_written_is_reported(home: Path) -> None:
    home.mkdir()
    (home / "data").write_text("a file in the folder's place")
    with pytest.raises(DungeonError, match="can't be written"):
        save_scenario(LAMP_ROAD)


# ---- finding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iron-door", "The Iron Door", "  the iron door ", "IRON-DOOR"])
def test_a_scenario_is_found_by_name_or_title(name: str) -> None:
    assert find_scenario(name).name == "iron-door"


@pytest.mark.parametrize("name", ["nope", "", "../iron-door", "iron dor", "x" * 100_000])
def test_an_unknown_name_is_reported_with_the_nearest(name: str) -> None:
    with pytest.raises(DungeonError) as caught:
        find_scenario(name)
    message = str(caught.value)
    assert message.startswith("There is no scenario '" + name[:20])
    assert message.endswith("`dungeon scenarios` lists them.")
    assert ("Did you mean iron-door" in message) == ("iron" in name)
    assert len(message) < 300


@pytest.mark.parametrize(
    "name", ["nowhere.toml", "~nobody/x.toml", "a\0b.toml", "x" * 5000 + ".toml", "\x1b[31m.toml"], ids=range(5)
)
def test_a_path_without_a_file_is_reported(name: str) -> None:
    with pytest.raises(DungeonError, match="scenario") as caught:
        find_scenario(name)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(DungeonError, match="no scenario file"):
        find_scenario(str(tmp_path / "x.toml"))
