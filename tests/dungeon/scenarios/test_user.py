"""The player's own scenarios: kept as files to share, never written over, never lost."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text import printable
from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.model import Placeholder, Scenario, find_scenario, scenario_from_opening
from dungeon.scenarios.user import draft, save_draft, save_scenario, slug, trash_scenario, user_scenarios
from dungeon.storage.tomlfile import read_toml, toml
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
    assert not scenarios_folder().exists(), "looking makes nothing"


def test_what_was_kept_comes_back_whole_and_can_be_named() -> None:
    path = save_scenario(LAMP_ROAD)
    assert path == scenarios_folder() / "the-lamp-road.toml"
    (kept,), troubles = user_scenarios()
    assert (kept, troubles) == (msgspec.structs.replace(LAMP_ROAD, name="the-lamp-road"), [])
    assert find_scenario("The Lamp road") == find_scenario("the-lamp-road") == kept


def test_a_shared_file_is_the_same_scenario_elsewhere(tmp_path: Path) -> None:
    shared = tmp_path / "from a friend.toml"
    shared.write_bytes(save_scenario(LAMP_ROAD).read_bytes())
    assert find_scenario(str(shared)) == LAMP_ROAD


def test_another_of_the_same_title_gets_a_file_of_its_own() -> None:
    first = save_scenario(scenario_from_opening("One.", "The Door"))
    second = save_scenario(scenario_from_opening("Two.", "The Door!"))
    assert (first.stem, second.stem) == ("the-door", "the-door-2")
    assert save_scenario(scenario_from_opening("Two.", "The Door!")) == second, "the same is not kept twice"
    assert sorted(scenario.opening for scenario in user_scenarios()[0]) == ["One.", "Two."]


def test_none_takes_the_name_of_one_of_ours() -> None:
    assert save_scenario(scenario_from_opening("Mine.", "Iron door")).stem == "iron-door-2"
    assert find_scenario("iron-door").opening != "Mine."


def test_one_that_is_edited_takes_the_place_of_what_it_was() -> None:
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
def test_a_title_never_is_a_path(title: str, stem: str) -> None:
    assert slug(title, "scenario") == stem


def test_a_file_that_is_no_scenario_is_told_and_the_others_are_there() -> None:
    save_scenario(LAMP_ROAD)
    (scenarios_folder() / "broken.toml").write_text("title = ")
    (scenarios_folder() / "folder.toml").mkdir()
    (scenarios_folder() / ".hidden.toml").write_text("")
    (scenarios_folder() / "notes.txt").write_text("")
    (kept,), troubles = user_scenarios()
    assert kept.title == "The Lamp Road"
    assert [trouble.path.name for trouble in troubles] == ["broken.toml", "folder.toml"]
    with pytest.raises(DungeonError, match=r"broken\.toml is no TOML"):
        find_scenario("broken")


def test_one_that_is_thrown_away_lies_in_the_trash() -> None:
    for opening in ("One.", "Two."):
        save_scenario(scenario_from_opening(opening, "The Door"))
        moved = trash_scenario("the-door")
        assert moved.parent == scenarios_folder() / "trash"
        assert opening in moved.read_text()
    assert len(list((scenarios_folder() / "trash").iterdir())) == 2
    assert names() == []


def test_one_that_is_too_long_is_refused_and_nothing_is_written() -> None:
    with pytest.raises(DungeonError, match="too long to keep"):
        save_scenario(scenario_from_opening("Long. " * 100_000))
    assert names() == []


def test_a_place_that_takes_nothing_is_told(home: Path) -> None:
    home.mkdir()
    (home / "data").write_text("in the way")
    with pytest.raises(DungeonError, match="can't be written"):
        save_scenario(LAMP_ROAD)
    with pytest.raises(DungeonError, match="can't be written"):
        save_draft("", {"opening": "You wait."})


def test_a_draft_comes_back_until_it_is_empty() -> None:
    save_draft("", {"title": "", "opening": "You \ud800wait. 🐉"})
    save_draft("new", {"title": "", "opening": "Another."})
    assert draft("") == {"title": "", "opening": "You ?wait. 🐉"}
    assert draft("new")["opening"] == "Another."
    save_draft("", {"title": "", "opening": ""})
    assert draft("") == {}
    (scenarios_folder() / "drafts" / "new.json").write_text("{")
    with pytest.raises(DungeonError, match=r"can't be read.*new\.json"):
        draft("new")


TEXT = st.text().map(printable)


@given(TEXT, st.text(st.sampled_from("\"\\\n 'a")), st.lists(TEXT), st.booleans(), st.integers(0, 99))
def test_any_text_survives_the_file(title: str, opening: str, keys: list[str], flag: bool, depth: int) -> None:
    cards = (Card(tuple(keys), opening, always=flag, whole_word=flag, depth=depth),)
    scenario = Scenario(title, opening, cards=cards, actions=(title, opening))
    assert read_toml(toml(scenario).encode(), Scenario, "x") == scenario
