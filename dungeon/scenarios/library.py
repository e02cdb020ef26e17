"""The scenarios that come with the game: the TOML files in `dungeon/scenarios/data/`."""

from functools import cache
from importlib import resources

import msgspec

from corpus.turns import clean_prose
from dungeon.scenarios.model import Scenario


@cache
def builtin_scenarios() -> tuple[Scenario, ...]:
    """Return every scenario of the game, sorted by genre and title."""
    folder = resources.files("dungeon.scenarios") / "data"
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    scenarios = [_decode(file.name.removesuffix(".toml"), file.read_bytes()) for file in files]
    return tuple(sorted(scenarios, key=lambda scenario: (scenario.genre, scenario.title)))


def _decode(name: str, data: bytes) -> Scenario:
    # Half the time of `read_scenario`, whose checks a test makes on these files.
    scenario = msgspec.toml.decode(data, type=Scenario)
    return msgspec.structs.replace(scenario, name=name, opening=clean_prose(scenario.opening).strip())
