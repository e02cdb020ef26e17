"""Turns that a local voice generates, recorded: the raw output of every request, and the prose that the game shows.

storyteller = RecordingStoryteller(find_voice("lantern"))
turn = await record_turn(storyteller, adventure, node, params, "iron-door")
turn.raw, turn.shown
"""

import argparse
import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from corpus.actions import action_line, read_input
from dungeon.generation.generate import StreamStats, generate, turn_policy, turn_request
from dungeon.scenarios.model import fill_placeholders
from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import Voice
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.prose import OVERRUN_TOKENS

_MARGIN = 16
"""Tokens that the session, too, keeps free for errors of its estimate."""


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn, and the text before it."""

    source: str
    """The scenario, or the story and the place in it."""
    action: str
    before: list[str]
    """The opening, then the action and the prose of each earlier turn."""
    outputs: list[str]
    """What the voice generated, for each time that the game asked."""
    shown: str
    """The prose that the game makes of the outputs."""
    notes: list[str]
    """What the game says to the player about the turn."""
    tokens: int
    """Of all outputs."""
    awaited_tokens: int
    """Up to the end of the turn: what a player waits for. With `drain`, the voice generates more."""

    @property
    def raw(self) -> str:
        """The first output, up to where the next action begins."""
        return self.outputs[0]


class RecordingStoryteller(LocalStoryteller):
    """A local storyteller that keeps what it generates."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        self.outputs: list[str] = []
        self.tokens = 0

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `LocalStoryteller.stream`."""
        self.outputs.append("")
        async with aclosing(super().stream(request)) as pieces:
            async for piece in pieces:
                self.outputs[-1] += piece
                self.tokens += 1
                yield piece


async def record_turn(
    storyteller: RecordingStoryteller, adventure: Adventure, node: Node, params: GenerationParams, source: str
) -> RecordedTurn:
    """Generate the prose of `node`, the head of `adventure`, as the game does."""
    before = [adventure.opening]
    for earlier in adventure.path()[:-1]:
        before += [earlier.action, earlier.prose]
    storyteller.outputs, storyteller.tokens = [], 0
    stats = StreamStats()

    def on_prose(_: str, latest: StreamStats) -> None:
        nonlocal stats
        stats = latest

    await storyteller.start()
    params = replace(params, prompt_format=storyteller.prompt_format)
    request = turn_request(adventure, node, params)
    answer = await generate(storyteller, request, turn_policy(adventure, node, params), on_prose)
    return RecordedTurn(
        source,
        node.action,
        before,
        storyteller.outputs,
        answer.prose,
        list(answer.notes),
        storyteller.tokens,
        stats.tokens or storyteller.tokens,
    )


def generation_params(voice: Voice, sampling: Sampling, seed: int, *, drain: bool) -> GenerationParams:
    """Return the parameters with which the game would generate a turn of this voice."""
    budget = voice.context - sampling.length - OVERRUN_TOKENS - _MARGIN
    return GenerationParams(sampling, seed, budget, drain=drain)


async def play_scripts(
    voice: Voice, sampling: Sampling, seed: int, scripts: Mapping[str, Sequence[str]], *, drain: bool
) -> list[RecordedTurn]:
    """Play the lines of each script in the scenario of its name."""
    storyteller = RecordingStoryteller(voice)
    turns = []
    for number, (name, script) in enumerate(scripts.items()):
        scenario = fill_placeholders(find_scenario(name), {})
        adventure = Adventure(number, scenario.title, scenario.opening, lore=scenario.lore)
        for turn, line in enumerate(script, 1):
            node = add_turn(adventure, turn, line)
            params = generation_params(voice, sampling, seed + 1000 * number + turn, drain=drain)
            turns.append(await record_turn(storyteller, adventure, node, params, name))
            adventure.set_prose(turn, turns[-1].shown, State.DONE)
        print(f"{voice.name}, {name}: {number + 1} of {len(scripts)}", file=sys.stderr, flush=True)
    await storyteller.close()
    return turns


def add_turn(adventure: Adventure, node_id: int, line: str) -> Node:
    """Add a turn without prose below the head, for a line that the player typed; "" continues the story."""
    kind, words = read_input(line)
    node = Node(node_id, adventure.head, kind, words, action_line(kind, words))
    adventure.add(node)
    return node


# ---- options and files -------------------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--set` and `--keep`."""
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a sampling parameter")
    parser.add_argument("--keep", type=Path, metavar="FILE.json", help="write every turn to this file")


def changed_sampling(sampling: Sampling, changes: Sequence[str]) -> Sampling:
    """Return `sampling` with the changes of `--set`."""
    values = {name: json.loads(value) for name, _, value in (change.partition("=") for change in changes)}
    return msgspec.convert(msgspec.structs.asdict(sampling) | values, Sampling)


def save_turns(path: Path, turns: Mapping[str, Sequence[RecordedTurn]]) -> None:
    """Write turns, by voice, as JSON."""
    kept = {name: [asdict(turn) for turn in of_voice] for name, of_voice in turns.items()}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")


def load_turns(paths: Sequence[Path]) -> dict[str, list[RecordedTurn]]:
    """Return the turns of several files of `save_turns`, by voice."""
    turns: dict[str, list[RecordedTurn]] = {}
    for path in paths:
        for name, kept in json.loads(path.read_text(encoding="utf-8")).items():
            turns.setdefault(name, []).extend(RecordedTurn(**turn) for turn in kept)
    return turns
