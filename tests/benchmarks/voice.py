"""The bundled voice beside the untuned base, on 120 prompts. Prints, asserts nothing.

    python -m tests.benchmarks.voice [--voices smollm2,lantern] [--seeds 5] [--set temperature=0.6 …]
                                     [--keep FILE.json | --read FILE.json …] [--samples 24]

Every voice answers every prompt (`voice_prompts.py`) once a seed, with the same sampling: the last voice's own, or
what `--set` says. "sent" is the voice's first answer, up to where the next action begins; "seen" is what the game's
output policy made of it. Both are judged by the same rules: those of `dungeon evaluate`, those of
`output_policy.py`, and four of this file. Of a share over n turns, two standard errors are at most 1 / sqrt(n).

`--samples` shows as many prompts with the answers of every voice side by side, evenly spaced, none picked by hand;
`--keep` writes all that was said, and `--read` judges that again, what several runs kept together (say --seeds as it
was): other voices, or of one voice other prompts, as `--every 2` and `--every 2 --skip 1` take.
Needs the bundled weights (fetched if missing). Fifty minutes for five seeds and two voices, on two cores that do
nothing else.
"""

import argparse
import asyncio
import difflib
import json
import re
import statistics
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

import msgspec

from corpus.check.passage import tense
from corpus.story import Passage, Story
from corpus.turns import Turn, write
from dungeon.generation.generate import GenerationParams, tell
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from dungeon.tale.prose import OVERRUN_TOKENS
from finetune.compare.measures import GeneratedTurn, measure
from tests.benchmarks.output_policy import FAULTS, PlayedTurn, RecordingStoryteller
from tests.benchmarks.voice_prompts import Asked, prompts

_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--voices", default=f"smollm2,{DEFAULT_VOICE}", help="names or folders, separated by commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="take every so manieth prompt")
    parser.add_argument("--skip", type=int, default=0, help="so many prompts before the first that is taken")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a value of the sampling")
    parser.add_argument("--keep", type=Path, help="write every turn, as sent and as seen, into this file")
    parser.add_argument("--read", type=Path, nargs="+", help="judge what --keep wrote; ask no voice")
    parser.add_argument("--samples", type=int, default=0)
    arguments = parser.parse_args()
    names = arguments.voices.split(",")
    changes = {name: json.loads(value) for name, _, value in (item.partition("=") for item in arguments.set)}
    sampling = msgspec.convert(msgspec.structs.asdict(find_voice(names[-1]).sampling) | changes, Sampling)
    asked = list(prompts())[arguments.skip :: arguments.every]
    if arguments.read:
        place = {(prompt.source, prompt.node.action): n for n, prompt in enumerate(asked)}
        said: dict[str, list[PlayedTurn]] = {}
        for path in arguments.read:
            for name, turns in json.loads(path.read_text()).items():
                said.setdefault(name, []).extend(PlayedTurn(**turn) for turn in turns)
        for played in said.values():
            played.sort(key=lambda turn: place[turn.scenario, turn.action])
    else:
        said = {name: asyncio.run(answers(name, asked, sampling, arguments.seeds)) for name in names}
    if arguments.keep:
        kept = {name: [asdict(turn) for turn in turns] for name, turns in said.items()}
        arguments.keep.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    print(f"{len(asked)} prompts, {arguments.seeds} seeds; {'as it was kept' if arguments.read else sampling}")
    table(said)
    if arguments.samples:
        show(asked, said, arguments.seeds, arguments.samples)


async def answers(name: str, asked: list[Asked], sampling: Sampling, seeds: int) -> list[PlayedTurn]:
    """What a voice says to every prompt, seed by seed for each."""
    voice = find_voice(name)
    storyteller = RecordingStoryteller(voice)
    budget = voice.context_size - sampling.length - OVERRUN_TOKENS - 16
    turns = []
    for number, prompt in enumerate(asked, 1):
        before = [prompt.adventure.opening]
        for node in prompt.adventure.path()[:-1]:
            before += [node.action, node.prose]
        for seed in range(seeds):
            storyteller.outputs, storyteller.tokens = [], 0
            how = GenerationParams(sampling, seed, budget, to_the_end=True)
            answer = await tell(storyteller, prompt.adventure, prompt.node, how, lambda *_: None)
            sent, tokens = storyteller.outputs, storyteller.tokens
            notes = [*answer.notes]
            turns.append(PlayedTurn(prompt.source, prompt.node.action, before, sent, answer.prose, notes, tokens, 0))
        print(f"{name}: {number} of {len(asked)}", end="\r", file=sys.stderr, flush=True)
    await storyteller.close()
    return turns


# ---- judging -----------------------------------------------------------------------------------------------------


def past(prose: str) -> bool:
    """Whether it is told in the past, by the rule that the library is checked with."""
    story = Story("", "", {"": Passage("", prose)})
    return any(tense(story))


def names_of(texts: list[str]) -> set[str]:
    return {name for text in texts for name in _NAME.findall(text)}


def keeps_names(turn: PlayedTurn, prose: str) -> bool | None:
    """Whether somebody of the last four turns is named; None where they name nobody."""
    known = names_of(turn.before[-8:])
    return any(name in prose for name in known) if known else None


def strange_name(turn: PlayedTurn, prose: str) -> bool:
    """Whether somebody is named of whom nothing was told."""
    return any(name not in " ".join(turn.before) for name in names_of([prose]))


def miswrites(turn: PlayedTurn, prose: str) -> bool:
    """Whether a name is nearly one that was told, and not it: Vinn for Venn."""
    told = " ".join(turn.before)
    known = names_of([told])
    new = {name for name in names_of([prose]) if name not in told and name.lower() not in told.lower()}
    return any(difflib.get_close_matches(name, known - {name}, 1, 0.75) for name in new)


def table(said: dict[str, list[PlayedTurn]]) -> None:
    """A row a measure, two columns a voice."""
    print(f"{'':44}" + "".join(f"{name[-18:]:>20}" for name in said))
    print(f"{'':44}" + f"{'sent':>12}{'seen':>8}" * len(said))
    columns = {
        (name, way): [(turn, turn.sent[0] if way == "sent" else turn.seen) for turn in turns]
        for name, turns in said.items()
        for way in ("sent", "seen")
    }

    def row(label: str, values: list[float | None], form: str) -> None:
        cells = ["–" if value is None else format(value, form) for value in values]
        print(f"{label:44}" + "".join(f"{cell:>{8 if n % 2 else 12}}" for n, cell in enumerate(cells)))

    manners = [measure([GeneratedTurn(turn.action, text) for turn, text in column]) for column in columns.values()]
    for label, key, form in (
        ("seq-rep-4 (at most 0.02)", "seq_rep_4", ".3f"),
        ("distinct-3", "distinct_3", ".3f"),
        ("answers the action", "uses_action", ".1%"),
        ("second person (at least 95%)", "second_person", ".1%"),
        ("words a turn", "words_per_turn", ".1f"),
    ):
        row(label, [getattr(manner, key) for manner in manners], form)
    for label, has_fault in (*FAULTS.items(), ("past tense", lambda _, prose: past(prose))):
        row(label, [statistics.mean(has_fault(*cell) for cell in column) for column in columns.values()], ".1%")
    kept = [[keeps_names(*cell) for cell in column] for column in columns.values()]
    row("names somebody of the last four turns", [share(values) for values in kept], ".1%")
    row("names a stranger", [share([strange_name(*cell) for cell in column]) for column in columns.values()], ".1%")
    row("miswrites a name", [share([miswrites(*cell) for cell in column]) for column in columns.values()], ".1%")
    asked = [statistics.mean(len(turn.sent) for turn in turns) for turns in said.values()]
    row("times the voice was asked, a turn", [value for each in asked for value in (None, each)], ".2f")


def share(values: list[bool | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.mean(known) if known else None


def show(asked: list[Asked], said: dict[str, list[PlayedTurn]], seeds: int, count: int) -> None:
    """Prompts with the answers of the first seed, evenly spaced."""
    for n in range(min(count, len(asked))):
        place = (2 * n + 1) * len(asked) // (2 * count)
        prompt = asked[place]
        print(f"\n{prompt.genre} · {prompt.source}")
        last = prompt.adventure.path()[:-1][-1:]
        tale = write([node.turn() for node in last] or [Turn("", prompt.adventure.opening)])
        print(textwrap.indent(textwrap.shorten(tale[-400:], 400), "    … "))
        print(f"    > {prompt.node.action or '(go on)'}")
        for name, turns in said.items():
            print(f"  {name}: {' / '.join(turns[place * seeds].seen.split(chr(10) * 2))}")


if __name__ == "__main__":
    main()
