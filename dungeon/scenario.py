"""Scenarios: how an adventure begins. One TOML file each, named by its stem, under `dungeon/scenarios/`."""

from functools import cache
from importlib import resources

import msgspec

from corpus.turns import clean_prose, printable
from dungeon.errors import DungeonError


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An opening and what the player might do first."""

    title: str
    opening: str
    genre: str = ""
    actions: tuple[str, ...] = ()
    """Suggested first actions, as a player would type them."""
    name: str = ""
    """The file's stem; "" for an opening that the player wrote."""


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario that comes with the game, by genre and title."""
    folder = resources.files("dungeon") / "scenarios"
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    read = [_read(file.name.removesuffix(".toml"), file.read_bytes()) for file in files]
    return tuple(sorted(read, key=lambda scenario: (scenario.genre, scenario.title)))


def find_scenario(name: str) -> Scenario:
    """The scenario of that name or title, however its case."""
    wanted = name.strip().casefold()
    for scenario in all_scenarios():
        if wanted in (scenario.name, scenario.title.casefold()):
            return scenario
    names = ", ".join(scenario.name for scenario in all_scenarios())
    raise DungeonError(f"There is no scenario '{name[:60]}'. The scenarios are: {names}.")


def own_scenario(opening: str, title: str = "") -> Scenario:
    """A scenario of the player's own words; without a title, the first of them.

    Raises:
        DungeonError: there are no words.
    """
    opening = clean_prose(opening).strip()
    if not opening:
        raise DungeonError("An adventure needs an opening: write a few sentences about who you are and where.")
    title = " ".join(printable(title).split()) or " ".join(opening.split()[:6])
    return Scenario(title[:60], opening)


def _read(name: str, data: bytes) -> Scenario:
    scenario = msgspec.toml.decode(data, type=Scenario)
    return msgspec.structs.replace(scenario, name=name, opening=clean_prose(scenario.opening).strip())
