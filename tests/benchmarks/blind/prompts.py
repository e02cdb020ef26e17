"""The prompts that readers judge: the 120 of `voice_prompts.py`, and 24 long histories that test memory.

    for prompt in blind_prompts("build"):
        prompt.name, prompt.kind, prompt.prompt.adventure, prompt.fact

In a long history (`long_histories.toml`) something of five to twelve turns ago decides what a sensible answer is. Each
kind of prompt is in two halves. The answers to the half "held-out" are read only to compare finished voices: nobody who
chooses instructions, sampling or training may have read them.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from corpus.actions import read_input
from dungeon.tale.adventure import Adventure, Node, State
from tests.benchmarks.recorded_turns import add_turn
from tests.benchmarks.voice_prompts import VoicePrompt, prompts

Half = Literal["build", "held-out"]
HALVES: tuple[Half, ...] = ("build", "held-out")
_HISTORIES = Path(__file__).with_name("long_histories.toml")


class _History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An adventure up to an action without an answer."""

    genre: str
    title: str
    opening: str
    turns: list[tuple[str, str]]
    """The action, as the game writes it, and the prose of each turn."""
    action: str
    """The last, as a player types it."""
    fact: str
    """What decides the answer, and where it was told."""
    turns_back: int
    kind: Literal["name", "object", "promise", "person", "rule", "place"]


@dataclass(frozen=True, slots=True)
class BlindPrompt:
    """A prompt, with what a reader may need to know to judge the answer."""

    name: str
    """Unique; the same in every run."""
    kind: Literal["opening", "later", "history"]
    """The first turn of a scenario; a place in a story of the library; a long history."""
    prompt: VoicePrompt
    fact: str = ""
    """What decides the answer of a long history."""


def blind_prompts(half: Half) -> Iterator[BlindPrompt]:
    """Yield the prompts of one half, the same at every call."""
    for number, prompt in enumerate(prompts()):
        kind: Literal["opening", "later"] = "later" if prompt.source.endswith(" turns") else "opening"
        # Ten of a genre: five openings, then five later places. Both halves get some of each, turn about.
        if HALVES[(number + number // 10) % 2] == half:
            yield BlindPrompt(f"{prompt.genre}: {prompt.source}", kind, prompt)
    histories = tomllib.loads(_HISTORIES.read_text(encoding="utf-8"))["history"]
    for number, history in enumerate(msgspec.convert(histories, list[_History])):
        if HALVES[number % 2] == half:
            yield BlindPrompt(f"{history.genre}: {history.title}", "history", _prompt(history), history.fact)


def _prompt(history: _History) -> VoicePrompt:
    adventure = Adventure(1, history.title, history.opening.strip())
    for node_id, (action, prose) in enumerate(history.turns, 1):
        kind, words = read_input(action)
        adventure.add(Node(node_id, adventure.head, kind, words, action))
        adventure.set_prose(node_id, prose.strip(), State.DONE)
    return VoicePrompt(history.genre, history.title, adventure, add_turn(adventure, 1000, history.action))
