"""Scenarios: how an adventure begins. One TOML file each, named by its stem, under `dungeon/scenarios/`.

    title = "The Lamp Road"
    genre = "high fantasy"
    opening = "You are ${name}, a lamp lighter …"
    memory = "${name} lights the lamps of the Long Road."
    note = "Plain words, a little humour."
    actions = ["Light the first lamp", "Ask Berrin about the road", "\"Who put this lamp out?\""]
    [[placeholders]]
    name = "name"
    ask = "What is your name?"
    default = "Jorun"
    [[cards]]
    keys = ["Berrin"]
    text = "Berrin is the old lamp lighter. He has not spoken since the storm."

`filled(scenario, {"name": "Ada"})` puts the player's answers in.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from corpus.turns import clean_prose, printable
from dungeon.errors import DungeonError
from dungeon.tale.lore import Card, Lore

_ANSWER_LENGTH = 60
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Placeholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the player is asked before the story begins."""

    name: str
    """What stands between `${` and `}`."""
    ask: str
    default: str
    """The answer of a player who gives none."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An opening, what the voice is to know beside it, and what the player might do first."""

    title: str
    opening: str
    genre: str = ""
    memory: str = ""
    note: str = ""
    cards: tuple[Card, ...] = ()
    actions: tuple[str, ...] = ()
    """Suggested first actions, as a player would type them."""
    placeholders: tuple[Placeholder, ...] = ()
    name: str = ""
    """The file's stem; "" for an opening that the player wrote."""

    @property
    def lore(self) -> Lore:
        """What the voice is to know beside the opening."""
        return Lore(self.memory, self.note, self.cards)


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
    near = difflib.get_close_matches(wanted[:60], [scenario.name for scenario in all_scenarios()], 3)
    guess = f" Did you mean {' or '.join(near)}?" if near else ""
    raise DungeonError(f"There is no scenario '{name[:60]}'.{guess} `dungeon scenarios` lists them.")


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


def filled(scenario: Scenario, answers: Mapping[str, str]) -> Scenario:
    """The scenario with the player's answers, by placeholder, in every text of it; a default for each that is empty."""
    words = {}
    for placeholder in scenario.placeholders:
        answer = " ".join(printable(answers.get(placeholder.name, "")).split())
        words[placeholder.name] = answer[:_ANSWER_LENGTH] or placeholder.default

    def put(value: Any) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), value)
        if isinstance(value, tuple):
            return tuple(put(item) for item in value)
        if isinstance(value, Card):
            return dataclasses.replace(value, keys=put(value.keys), text=put(value.text))
        return value

    fields = ("title", "opening", "memory", "note", "cards", "actions")
    return msgspec.structs.replace(
        scenario, placeholders=(), **{field: put(getattr(scenario, field)) for field in fields}
    )


def unknown_placeholders(scenario: Scenario) -> set[str]:
    """The names that its texts use and nobody is asked for, and the other way round."""
    texts = [scenario.title, scenario.opening, scenario.memory, scenario.note, *scenario.actions]
    texts += [text for card in scenario.cards for text in (*card.keys, card.text)]
    used = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    return used ^ {placeholder.name for placeholder in scenario.placeholders}


def _read(name: str, data: bytes) -> Scenario:
    scenario = msgspec.toml.decode(data, type=Scenario)
    return msgspec.structs.replace(scenario, name=name, opening=clean_prose(scenario.opening).strip())
