"""Scenarios: how an adventure begins. One TOML file each, named by its stem: those of the game under
`dungeon/scenarios/data/`, the player's own in `scenarios_folder()`. To share one is to send its file.

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

`fill_placeholders(scenario, {"name": "Ada"})` puts the player's answers in. A `${name}` of the player's own scenarios that no
placeholder asks for is asked for all the same. How they are kept is `dungeon.scenarios.user`.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from corpus.text import did_you_mean, one_line, printable
from corpus.turns import clean_prose
from dungeon.errors import DungeonError
from dungeon.storage.tomlfile import MAX_BYTES, read_toml
from dungeon.tale.lore import MAX_DEPTH, Card, Lore

TITLE_LENGTH = 60
ANSWER_LENGTH = 60
_MOST_QUESTIONS = 20
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
    """The file's stem; "" for an opening that is in no file of ours or of the player's."""

    @property
    def lore(self) -> Lore:
        """What the voice is to know beside the opening."""
        return Lore(self.memory, self.note, self.cards)


# ---- where they come from ------------------------------------------------------------------------------------


@cache
def builtin_scenarios() -> tuple[Scenario, ...]:
    """Every scenario that comes with the game, by genre and title."""
    folder = resources.files("dungeon.scenarios") / "data"
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    read = [_ours(file.name.removesuffix(".toml"), file.read_bytes()) for file in files]
    return tuple(sorted(read, key=lambda scenario: (scenario.genre, scenario.title)))


def _ours(name: str, data: bytes) -> Scenario:
    # In half the time that a file from elsewhere takes: the tests have read these.
    scenario = msgspec.toml.decode(data, type=Scenario)
    return msgspec.structs.replace(scenario, name=name, opening=clean_prose(scenario.opening).strip())


def find_scenario(name: str) -> Scenario:
    """The scenario of that name or title, however its case, the player's own first; or that of a file, `….toml`."""
    from dungeon.scenarios.user import user_scenarios  # which reads scenarios with this module

    own, troubles = user_scenarios()
    wanted = name.strip().casefold()
    for scenario in (*own, *builtin_scenarios()):
        if wanted in (scenario.name.casefold(), scenario.title.casefold()):
            return scenario
    if wanted.endswith(".toml"):
        return read_scenario(Path(name.strip()).expanduser())
    if broken := [trouble for trouble in troubles if Path(trouble.path).stem.casefold() == wanted]:
        raise DungeonError(broken[0].what)
    hint = did_you_mean(wanted, [scenario.name for scenario in (*own, *builtin_scenarios())], 3)
    raise DungeonError(f"There is no scenario '{printable(name[:60])}'.{hint} `dungeon scenarios` lists them.")


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file, wherever it lies; it has no name.

    Raises:
        DungeonError: there is none, or it is not as it must be; names the key.
    """
    shown = printable(str(path))[-200:]
    try:
        if not path.is_file():
            raise DungeonError(f"There is no scenario file {shown}.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero in it
        raise DungeonError(f"The scenario {shown} can't be read: {getattr(error, 'strerror', error)}.") from error
    return ask_for_placeholders(_read(data, shown), shown)


def scenario_from_opening(opening: str, title: str = "") -> Scenario:
    """A scenario of the player's own words; without a title, the first of them.

    Raises:
        DungeonError: there are no words.
    """
    opening = clean_prose(opening).strip()
    if not opening:
        raise DungeonError("An adventure needs an opening: write a few sentences about who you are and where.")
    return Scenario(one_line(title)[:TITLE_LENGTH] or " ".join(opening.split()[:6])[:TITLE_LENGTH], opening)


def _read(data: bytes, place: str) -> Scenario:
    scenario = clean_scenario(read_toml(data, Scenario, place))
    for key, missing in (("title", not scenario.title), ("opening", not scenario.opening)):
        if missing:
            raise DungeonError(f"{place}: {key} must have words in it.")
    for number, card in enumerate(scenario.cards, 1):
        if not card.text or not (card.keys or card.always):
            raise DungeonError(
                f"{place}: cards[{number}] must have {'keys' if card.text else 'a text'} with words in it."
            )
        if any(sign in key for key in card.keys for sign in ",:["):
            raise DungeonError(f"{place}: cards[{number}].keys may hold no comma, colon or bracket.")
        if not 0 <= card.depth <= MAX_DEPTH:
            raise DungeonError(f"{place}: cards[{number}].depth must be from 0 to {MAX_DEPTH}.")
    for number, placeholder in enumerate(scenario.placeholders, 1):
        if not _PLACEHOLDER.fullmatch(f"${{{placeholder.name}}}"):
            raise DungeonError(f"{place}: placeholders[{number}].name must be one word, as between ${{ and }}.")
    return scenario


def clean_scenario(scenario: Scenario) -> Scenario:
    """Each text as one that can be shown and told: whatever a file or a player brings along."""

    def lines(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for line in map(one_line, texts) if line)

    return msgspec.structs.replace(
        scenario,
        title=one_line(scenario.title)[:TITLE_LENGTH],
        opening=clean_prose(scenario.opening).strip(),
        genre=one_line(scenario.genre)[:TITLE_LENGTH],
        memory=clean_prose(scenario.memory).strip(),
        note=clean_prose(scenario.note).strip(),
        cards=tuple(
            dataclasses.replace(card, keys=lines(card.keys), text=clean_prose(card.text).strip())
            for card in scenario.cards
        ),
        actions=lines(scenario.actions),
        placeholders=tuple(
            Placeholder(asked.name, one_line(asked.ask), one_line(asked.default)[:ANSWER_LENGTH])
            for asked in scenario.placeholders
        ),
    )


# ---- what is asked at the start ------------------------------------------------------------------------------


def fill_placeholders(scenario: Scenario, answers: Mapping[str, str]) -> Scenario:
    """The scenario with the player's answers, by placeholder, in every text of it; a default for each that is empty."""
    words = {}
    for placeholder in scenario.placeholders:
        words[placeholder.name] = one_line(answers.get(placeholder.name, ""))[:ANSWER_LENGTH] or placeholder.default

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


def ask_for_placeholders(scenario: Scenario, place: str = "The scenario") -> Scenario:
    """The scenario with a plain question for each `${name}` that none of its placeholders asks for.

    Raises:
        DungeonError: it would ask too much.
    """
    asked = {placeholder.name for placeholder in scenario.placeholders}
    missing = (name for name in placeholders_in(scenario) if name not in asked)
    questions = (*scenario.placeholders, *map(_question, missing))
    if len(questions) > _MOST_QUESTIONS:
        raise DungeonError(f"{place} asks {len(questions)} questions; more than {_MOST_QUESTIONS} nobody answers.")
    return msgspec.structs.replace(scenario, placeholders=questions)


def _question(name: str) -> Placeholder:
    if name == "name":
        return Placeholder(name, "What is your name?", "Robin")
    words = " ".join(name.split("_")).strip() or name
    return Placeholder(name, f"What is the {words}?", words[:ANSWER_LENGTH])


def placeholders_in(scenario: Scenario) -> list[str]:
    """The names between `${` and `}` in its texts, in their order."""
    return list(dict.fromkeys(name for text in _texts(scenario) for name in _PLACEHOLDER.findall(text)))


def unknown_placeholders(scenario: Scenario) -> set[str]:
    """The names that its texts use and nobody is asked for, and the other way round."""
    return set(placeholders_in(scenario)) ^ {placeholder.name for placeholder in scenario.placeholders}


def _texts(scenario: Scenario) -> Iterator[str]:
    yield from (scenario.title, scenario.opening, scenario.memory, scenario.note, *scenario.actions)
    for card in scenario.cards:
        yield from (*card.keys, card.text)
