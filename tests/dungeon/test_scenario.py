"""The openings: those that come with the game are fit to play, and a player's own becomes one."""

import pytest

from corpus.actions import action_line, read_input
from corpus.turns import Kind, clean_prose
from dungeon.errors import DungeonError
from dungeon.prompt import build_prompt
from dungeon.scenario import Scenario, all_scenarios, find_scenario, own_scenario
from dungeon.tale.adventure import Adventure, Node


def test_there_is_one_for_every_taste() -> None:
    scenarios = all_scenarios()
    assert len(scenarios) >= 8
    assert len({scenario.genre for scenario in scenarios}) == len(scenarios)
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert len({scenario.title for scenario in scenarios}) == len(scenarios)
    assert list(scenarios) == sorted(scenarios, key=lambda scenario: (scenario.genre, scenario.title))


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.name)
def test_each_is_fit_to_play(scenario: Scenario) -> None:
    assert scenario.title
    assert len(scenario.opening.split()) >= 60
    assert clean_prose(scenario.opening) == scenario.opening
    assert "you" in scenario.opening.lower().split()
    assert scenario.opening[-1] in '.!?"”'
    assert len(scenario.actions) >= 2
    for action in scenario.actions:
        assert action_line(*read_input(action)).startswith("You ")
    adventure = Adventure(1, scenario.title, scenario.opening)
    node = Node(1, None, Kind.CONTINUE, "", "")
    adventure.add(node)
    assert build_prompt(adventure, node, 2048 - 116) == scenario.opening + "\n", "the voice must see all of it"


@pytest.mark.parametrize("name", ["iron-door", "The Iron Door", "  the iron door ", "IRON-DOOR"])
def test_found_by_name_or_title(name: str) -> None:
    assert find_scenario(name).name == "iron-door"


@pytest.mark.parametrize("name", ["nope", "", "../iron-door", "iron-door.toml", "iron dor", "x" * 100_000])
def test_an_unknown_name_is_told_with_what_may_have_been_meant(name: str) -> None:
    with pytest.raises(DungeonError) as caught:
        find_scenario(name)
    message = str(caught.value)
    assert message.startswith("There is no scenario '" + name[:20])
    assert message.endswith("`dungeon scenarios` lists them.")
    assert ("Did you mean iron-door" in message) == ("iron" in name)
    assert len(message) < 300


def test_one_s_own_is_named_by_its_first_words() -> None:
    scenario = own_scenario("You wake up on a boat, alone. It is dark.")
    assert scenario == Scenario("You wake up on a boat,", "You wake up on a boat, alone. It is dark.")
    assert own_scenario("You wake.", "  The\n boat ").title == "The boat"


@pytest.mark.parametrize("opening", ["", "   \n\t ", "\x1b\x07", "> "])
def test_an_opening_needs_words(opening: str) -> None:
    with pytest.raises(DungeonError, match="needs an opening"):
        own_scenario(opening)


def test_one_s_own_may_hold_anything_but_control_characters() -> None:
    text = "[bold]You[/] \x1b[31mwake 🐉 שלום\ud800.\r\n\r\n> a trap"
    assert own_scenario(text).opening == "[bold]You[/] [31mwake 🐉 שלום.\n\na trap"
    assert own_scenario("You wake.", "\x1b[31m\ud800Red").title == "[31mRed"
    long = "You walk. " * 10_000
    assert own_scenario(long).opening == long.strip()
    assert len(own_scenario("x" * 100_000).title) == 60
