"""The scenario: how an adventure begins. One TOML file each; to share a scenario is to send its file.

    title = "The Lamp Road"
    genre = "high fantasy"
    opening = "You are ${name}, a lamp lighter …"
    memory = "${name} lights the lamps of the Long Road."
    note = "Plain words, a little humour."
    instructions = "You narrate …"    # for chat models; without it, the game's own
    actions = ["Light the first lamp", "Ask Berrin about the road", "\"Who put this lamp out?\""]
    [[placeholders]]
    name = "name"
    ask = "What is your name?"
    default = "Jorun"
    [[cards]]
    keys = ["Berrin"]
    text = "Berrin is the old lamp lighter. He has not spoken since the storm."

    scenario = read_scenario(Path("lamp-road.toml"))
    scenario = fill_placeholders(scenario, {"name": "Ada"})

A placeholder may also be the question itself, as in AI Dungeon: `${What is your name?}`. The same text is asked for
once; with any difference it is another question.

The game's scenarios are in `dungeon.scenarios.library`, the player's own in `dungeon.scenarios.user`.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from corpus.text import one_line, printable
from corpus.turns import clean_prose
from dungeon.errors import DungeonError
from dungeon.scenarios.character_card import MAX_BYTES, is_card, read_card
from dungeon.storage.tomlfile import read_limited, read_toml
from dungeon.tale.lore import MAX_DEPTH, Card, Lore

TITLE_LENGTH = 60
ANSWER_LENGTH = 60
_MAX_QUESTIONS = 20
_PLACEHOLDER = re.compile(r"\$\{([ \t]*[^\s{}][^\n{}]{0,199})\}")
"""Longer texts, and those with a brace or a line break in them, are no questions: they stay as they are."""
_WORD = re.compile(rf"(?:{_PLACEHOLDER.pattern}|\S)+")
_UNANSWERED = "…"
"""Stands where a question without a default has no answer."""


class Placeholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that the player answers before the story begins."""

    name: str
    """What is between `${` and `}` in the scenario's texts: a word, or a question."""
    ask: str
    default: str = ""
    """Stands for an empty answer; "": the player has to answer."""

    def is_answered(self, answer: str) -> bool:
        """Whether the player may begin with this answer."""
        return bool(one_line(answer) or self.default)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An opening, the lore that the voice knows from the start, and a few first actions."""

    title: str
    opening: str
    genre: str = ""
    memory: str = ""
    note: str = ""
    cards: tuple[Card, ...] = ()
    actions: tuple[str, ...] = ()
    """Suggested first actions, as a player would type them."""
    instructions: str = ""
    """What a chat model is asked to do; "" takes the player's or the game's own."""
    placeholders: tuple[Placeholder, ...] = ()
    name: str = ""
    """The file's stem; "" unless it is one of the game's or of the player's own."""

    @property
    def lore(self) -> Lore:
        """Memory, author's note, cards and instructions as an adventure keeps them."""
        return Lore(self.memory, self.note, self.cards, instructions=self.instructions)


# ---- making and reading --------------------------------------------------------------------------------------


def scenario_from_opening(opening: str, title: str = "") -> Scenario:
    """Return a scenario with this opening, and the questions in it. Without a title, its first words are the title.

    Raises:
        DungeonError: the opening is empty, or asks more than 20 questions.
    """
    opening = clean_prose(opening).strip()
    if not opening:
        raise DungeonError("An adventure needs an opening: write a few sentences about who you are and where.")
    title = _title(title) or _title(" ".join(match[0] for match in islice(_WORD.finditer(opening), 6)))
    return ask_for_placeholders(Scenario(title, opening), "The opening")


def _title(text: str) -> str:
    """Return the text as a title: one line, which is cut before a placeholder rather than within."""
    text = one_line(text)
    for match in _PLACEHOLDER.finditer(text):
        if match.start() < TITLE_LENGTH < match.end():
            return text[: match.start()].rstrip() or match[0]
    return text[:TITLE_LENGTH]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario, or a character card of another program, from any file. Its `name` is empty.

    Raises:
        DungeonError: the file can't be read or is not a valid scenario or card; names the file and the key.
    """
    place = printable(str(path))[-200:]
    try:
        if not path.is_file():
            raise DungeonError(f"There is no scenario file {place}.")
        data = read_limited(path)
        if is_card(data):
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise DungeonError(f"The scenario {place} can't be read: {getattr(error, 'strerror', error)}.") from error
    read = Scenario(**read_card(data, place)) if is_card(data) else read_toml(data, Scenario, place)
    scenario = clean_scenario(read)
    if problem := next(_problems(scenario), ""):
        raise DungeonError(f"{place}: {problem}.")
    return ask_for_placeholders(scenario, place)


def _problems(scenario: Scenario) -> Iterator[str]:
    """Yield what makes a scenario unplayable, each with its key; list items count from 1."""
    if not scenario.title:
        yield "title must have words in it"
    if not scenario.opening:
        yield "opening must have words in it"
    for number, card in enumerate(scenario.cards, 1):
        if not card.text:
            yield f"cards[{number}] must have a text with words in it"
        if not (card.keys or card.always):
            yield f"cards[{number}] must have keys with words in them"
        if any(sign in key for key in card.keys for sign in ",:["):
            yield f"cards[{number}].keys may hold no comma, colon or bracket"
        if not 0 <= card.depth <= MAX_DEPTH:
            yield f"cards[{number}].depth must be from 0 to {MAX_DEPTH}"
    for number, placeholder in enumerate(scenario.placeholders, 1):
        if not _PLACEHOLDER.fullmatch(f"${{{placeholder.name}}}"):
            yield f"placeholders[{number}].name must be what is between ${{ and }}: a word, or a question of one line"


def clean_scenario(scenario: Scenario) -> Scenario:
    """Return the scenario with every text fit to be shown and read by a model, and cut to the lengths allowed."""

    def lines(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for line in map(one_line, texts) if line)

    return msgspec.structs.replace(
        scenario,
        title=_title(scenario.title),
        opening=clean_prose(scenario.opening).strip(),
        genre=one_line(scenario.genre)[:TITLE_LENGTH],
        memory=clean_prose(scenario.memory).strip(),
        note=clean_prose(scenario.note).strip(),
        cards=tuple(
            dataclasses.replace(card, keys=lines(card.keys), text=clean_prose(card.text).strip())
            for card in scenario.cards
        ),
        actions=lines(scenario.actions),
        instructions=clean_prose(scenario.instructions).strip(),
        placeholders=tuple(
            Placeholder(asked.name, one_line(asked.ask), one_line(asked.default)[:ANSWER_LENGTH])
            for asked in scenario.placeholders
        ),
    )


# ---- placeholders --------------------------------------------------------------------------------------------


def fill_placeholders(scenario: Scenario, answers: Mapping[str, str]) -> Scenario:
    """Put the player's answers, by placeholder name, into every text; an empty answer is the default, or else "…"."""
    words = {}
    for placeholder in scenario.placeholders:
        answer = one_line(clean_prose(answers.get(placeholder.name, "")))[:ANSWER_LENGTH]
        words[placeholder.name] = answer or placeholder.default or _UNANSWERED

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), value)
        if isinstance(value, tuple):
            return tuple(fill(item) for item in value)
        if isinstance(value, Card):
            return dataclasses.replace(value, keys=fill(value.keys), text=fill(value.text))
        return value

    fields = ("title", "opening", "memory", "note", "cards", "actions", "instructions")
    filled = {field: fill(getattr(scenario, field)) for field in fields}
    return msgspec.structs.replace(scenario, placeholders=(), **filled)


def ask_for_placeholders(scenario: Scenario, place: str = "The scenario") -> Scenario:
    """Add a question for each `${name}` and `${question}` in the texts that has no placeholder of its own.

    Raises:
        DungeonError: there are more than 20 questions; `place` names the scenario.
    """
    asked = {placeholder.name for placeholder in scenario.placeholders}
    missing = (name for name in placeholder_names(scenario) if name not in asked)
    questions = (*scenario.placeholders, *map(_default_question, missing))
    if len(questions) > _MAX_QUESTIONS:
        raise DungeonError(f"{place} asks {len(questions)} questions; {_MAX_QUESTIONS} is the most.")
    return msgspec.structs.replace(scenario, placeholders=questions)


def _default_question(name: str) -> Placeholder:
    if name == "name":
        return Placeholder(name, "What is your name?", "Robin")
    if not re.fullmatch(r"\w+", name):
        return Placeholder(name, one_line(name))
    words = " ".join(name.split("_")).strip() or name
    return Placeholder(name, f"What is the {words}?", words[:ANSWER_LENGTH])


def placeholder_names(scenario: Scenario) -> list[str]:
    """Return what is between `${` and `}` in the scenario's texts, each once, in order."""
    texts = [scenario.title, scenario.opening, scenario.memory, scenario.note, *scenario.actions, scenario.instructions]
    for card in scenario.cards:
        texts += [*card.keys, card.text]
    return list(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))
