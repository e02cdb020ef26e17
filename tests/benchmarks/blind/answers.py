"""Voices answer the prompts, each driven in one way or more; the answers are kept as lines of JSON.

    asyncio.run(record("ember", drivings, prompts, Path("answers.jsonl")))
    answers = read_lines(Path("answers.jsonl"))

A driving is all that can be chosen about a voice without training it: the instructions, an author's note, the
sampling. Drivings come from a TOML file:

    [plain]                                  # the game's own
    [short-turns]
    sampling = { length = 70 }
    instructions = "You are …"

What is there already is not asked for again, so a run that was stopped goes on.
"""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import ClassVar
from unittest import mock

import msgspec

from dungeon.generation.generate import StreamStats, generate, turn_policy, turn_request
from dungeon.storyteller.request import GenerationParams
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.completions import LlamaCpp
from dungeon.storyteller.voices.find import find_voice
from dungeon.tale.prompt_format import with_instructions
from dungeon.tale.prose import OVERRUN_TOKENS
from tests.benchmarks.blind.prompts import BlindPrompt
from tests.benchmarks.recorded_turns import RecordingStoryteller

_MARGIN = 16


class Driving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a voice is driven, where it is not as the game does it."""

    instructions: str = ""
    note: str = ""
    """An author's note."""
    restate: bool = False
    """Whether the reply is begun with the action, which the game does not show."""
    sampling: dict[str, int | float] = {}
    draws: int = 1
    """Answers to each prompt, with a seed each."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the player would see."""

    teller: str
    """The voice and its driving."""
    prompt: str
    """The prompt's name."""
    draw: int
    text: str
    requests: int
    """How often the game had to ask."""
    raw: list[str] = field(default_factory=list)
    first_text: float = 0.0
    """Seconds, the prompt read before or not."""
    seconds: float = 0.0
    logprob: float = 0.0
    """The mean over all tokens that were generated, before temperature and truncation."""


class _ScoringClient(LlamaCpp):
    """Keeps how likely the model found each token."""

    extra = {**LlamaCpp.extra, "logprobs": 1}
    logprobs: ClassVar[list[float]] = []

    def _learn(self, event: Mapping[str, object], prompt: str) -> None:
        super()._learn(event, prompt)
        for choice in event.get("choices", []):
            content = (choice.get("logprobs") or {}).get("content") or []
            self.logprobs.extend(token["logprob"] for token in content)


def load_drivings(path: Path | None) -> dict[str, Driving]:
    """Return the drivings of a file, by name; without a file, the game's own."""
    if path is None:
        return {"plain": Driving()}
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, Driving])


async def record(voice_name: str, drivings: dict[str, Driving], chosen: Sequence[BlindPrompt], path: Path) -> None:
    """Append the answers that `path` lacks."""
    have = {(answer.teller, answer.prompt, answer.draw) for answer in read_lines(path)} if path.exists() else set()
    voice = find_voice(voice_name)
    storyteller = RecordingStoryteller(voice)
    try:
        with mock.patch("dungeon.storyteller.servers.completions.LlamaCpp", _ScoringClient):
            await storyteller.start()
        with path.open("a", encoding="utf-8") as file:
            for number, prompt in enumerate(chosen, 1):
                for name, driving in drivings.items():
                    for draw in range(driving.draws):
                        teller = f"{voice.name} {name}"
                        if (teller, prompt.name, draw) in have:
                            continue
                        answer = await _answer(storyteller, voice.sampling, driving, prompt, draw, teller)
                        file.write(msgspec.json.encode(answer).decode() + "\n")
                        file.flush()
                print(f"{voice.name}: {number} of {len(chosen)}", file=sys.stderr, flush=True)
    finally:
        await storyteller.close()


async def _answer(
    storyteller: RecordingStoryteller,
    sampling: Sampling,
    driving: Driving,
    prompt: BlindPrompt,
    draw: int,
    teller: str,
) -> Answer:
    sampling = msgspec.convert(msgspec.structs.asdict(sampling) | driving.sampling, Sampling)
    adventure, node = prompt.prompt.adventure, prompt.prompt.node
    own_lore = adventure.lore
    adventure.lore = replace(own_lore, note=driving.note or own_lore.note)
    budget = storyteller.context_size - sampling.length - OVERRUN_TOKENS - _MARGIN
    prompt_format = with_instructions(storyteller.prompt_format, driving.instructions)
    params = GenerationParams(sampling, 100 + draw, budget, prompt_format=prompt_format)
    storyteller.outputs, storyteller.tokens = [], 0
    _ScoringClient.logprobs.clear()
    latest = StreamStats()

    def on_prose(_: str, stats: StreamStats) -> None:
        nonlocal latest
        latest = stats

    prefix = prompt_format.prose_start + node.action if driving.restate and node.action else ""
    request = turn_request(adventure, node, params, prefix)
    turn = await generate(storyteller, request, turn_policy(adventure, node, params), on_prose)
    adventure.lore = own_lore
    return Answer(
        teller,
        prompt.name,
        draw,
        turn.prose.removeprefix(node.action).lstrip() if driving.restate else turn.prose,
        len(storyteller.outputs),
        storyteller.outputs,
        round(latest.first_text or 0.0, 2),
        round((latest.first_text or 0.0) + latest.seconds, 2),
        round(mean(_ScoringClient.logprobs), 3) if _ScoringClient.logprobs else 0.0,
    )


def read_lines(path: Path) -> list[Answer]:
    """Return the answers of one file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [msgspec.convert(json.loads(line), Answer) for line in lines if line]
