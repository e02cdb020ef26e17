"""Thirty turns in a row in every genre: how far a voice comes before it breaks. Prints, asserts nothing.

    python -m tests.benchmarks.coherence [--voices smollm2,lantern] [--turns 30] [--genres 12] [--seed 0]
                                         [--set temperature=0.6 …] [--keep FILE.json | --read FILE.json …]

A scripted player plays one scenario of each of twelve genres, with inputs that fit anywhere, odd and rude ones among
them (`voice_prompts.LATER`). What the player sees is judged by `output_policy.py` and `voice.py`: a break is a
turn that speaks for the player, loops, repeats a sentence, turns to chat, is empty, or is told in the past. Whether a
turn contradicts what was told only a reader can say; `--keep` writes all of it down to be read. `--read` judges again
what several runs kept together: other voices, or other genres, as `--genres 6` and `--genres 6 --skip 6` play.

"worn phrases" is the share of a turn's runs of four words that stood in the ten turns before it: what a voice with
little to say falls back on. "names somebody known" and "a stranger" are those of `voice.py`.
"""

import argparse
import asyncio
import json
import re
import statistics
from dataclasses import asdict
from pathlib import Path

import msgspec

from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from tests.benchmarks.output_policy import FAULTS, PlayedTurn, play
from tests.benchmarks.voice import keeps_names, past, share, strange_name
from tests.benchmarks.voice_prompts import LATER, OPENINGS

_BREAKS = ("speaks for the player", "repeats a sentence", "loops", "chat, list or heading", "empty")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--voices", default=f"smollm2,{DEFAULT_VOICE}", help="names or folders, separated by commas")
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--genres", type=int, default=len(OPENINGS), help="how many of the genres")
    parser.add_argument("--skip", type=int, default=0, help="so many genres before the first that is played")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a value of the sampling")
    parser.add_argument("--keep", type=Path, help="write every turn into this file")
    parser.add_argument("--read", type=Path, nargs="+", help="judge what --keep wrote; ask no voice")
    arguments = parser.parse_args()
    names = arguments.voices.split(",")
    told: dict[str, list[PlayedTurn]] = {}
    if arguments.read:
        for path in arguments.read:
            for name, turns in json.loads(path.read_text()).items():
                told.setdefault(name, []).extend(PlayedTurn(**turn) for turn in turns)
    else:
        changes = {name: json.loads(value) for name, _, value in (item.partition("=") for item in arguments.set)}
        sampling = msgspec.convert(msgspec.structs.asdict(find_voice(names[-1]).sampling) | changes, Sampling)
        genres = list(enumerate(OPENINGS.values()))[arguments.skip : arguments.skip + arguments.genres]
        scripts = {
            next(iter(openings)): [LATER[(7 * genre + turn) % len(LATER)] for turn in range(arguments.turns)]
            for genre, openings in genres
        }
        print(f"{len(scripts)} adventures of {arguments.turns} turns; {sampling}")
        seed = arguments.seed + 1000 * arguments.skip
        told = {name: asyncio.run(play(find_voice(name), sampling, seed, scripts, to_the_end=False)) for name in names}
    if arguments.keep:
        kept = {name: [asdict(turn) for turn in turns] for name, turns in told.items()}
        arguments.keep.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    print(f"{'':44}" + "".join(f"{name[-18:]:>20}" for name in told))
    figures = [measured(turns, arguments.turns) for turns in told.values()]
    for label in figures[0]:
        print(f"{label:44}" + "".join(f"{of[label]:>20}" for of in figures))


def measured(turns: list[PlayedTurn], length: int) -> dict[str, str]:
    """The rows of the table."""
    broken = [breaks(turn) for turn in turns]
    firsts = []
    for start in range(0, len(turns), length):
        adventure = broken[start : start + length]
        firsts.append(next((number for number, what in enumerate(adventure) if what), length))
    before = f"{statistics.mean(firsts):.1f} ({min(firsts)} to {max(firsts)})"
    rows = {f"turns before the first break, of {length}": before}
    rows["  as a share"] = f"{statistics.mean(firsts) / length:.1%}"
    rows["turns with a break"] = f"{statistics.mean(map(bool, broken)):.1%}"
    for what in (*_BREAKS, "past tense"):
        rows[f"  {what}"] = f"{statistics.mean(what in each for each in broken):.1%}"
    rows["worn phrases"] = f"{statistics.mean(worn(turn) for turn in turns):.1%}"
    rows["names somebody of the last four turns"] = (
        f"{share([keeps_names(turn, turn.seen) for turn in turns]) or 0:.1%}"
    )
    rows["names a stranger"] = f"{statistics.mean(strange_name(turn, turn.seen) for turn in turns):.1%}"
    return rows


def breaks(turn: PlayedTurn) -> list[str]:
    found = [what for what in _BREAKS if FAULTS[what](turn, turn.seen)]
    return [*found, "past tense"] if past(turn.seen) else found


def worn(turn: PlayedTurn) -> float:
    """The share of its runs of four words that stood in the ten turns before."""
    known = {gram for text in turn.before[-20:] for gram in grams(text)}
    own = grams(turn.seen)
    return statistics.mean(gram in known for gram in own) if own else 0.0


def grams(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return list(zip(*(words[first:] for first in range(4)), strict=False))


if __name__ == "__main__":
    main()
