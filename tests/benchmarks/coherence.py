"""How long a voice plays before a turn breaks the story: thirty turns in a row, in every genre.

    python -m tests.benchmarks.coherence [--voices smollm2,lantern] [--turns 30] [--genres 12] [--seed 0]
                                         [--set temperature=0.6 …] [--keep FILE.json | --read FILE.json …]

Plays one scenario of each of twelve genres, with inputs that fit anywhere, odd and rude ones among them
(`voice_prompts.LATER`), and applies the rules of `faults.py` to what the player sees. A turn is broken if it speaks for
the player, loops, repeats a sentence, turns to chat, is empty or is in the past tense. Whether it contradicts an
earlier turn only a reader can say: `--keep` writes all turns, to be read. `--read` prints the table of turns kept
before, of several files together: other voices, or other genres, as `--genres 6` and `--genres 6 --skip 6` play them.

Prints a column for each voice: the turns before the first broken one, the share of broken turns by fault, repeated
phrases (the share of four-word phrases that also occur in the ten turns before) and the names of people.

Downloads the bundled weights if they are missing. A turn takes some seconds on two idle cores.
"""

import asyncio
import statistics
from itertools import islice
from pathlib import Path

from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from tests.benchmarks.faults import (
    FAULTS,
    names_someone_known,
    names_stranger,
    past_tense,
    repeated_phrases,
    share,
)
from tests.benchmarks.figures import argument_parser
from tests.benchmarks.recorded_turns import (
    RecordedTurn,
    add_options,
    changed_sampling,
    load_turns,
    play_scripts,
    save_turns,
)
from tests.benchmarks.voice_prompts import LATER, OPENINGS

_PAST = "past tense"
_BREAKS = ("speaks for the player", "repeats a sentence", "loops", "chat, list or heading", "empty", _PAST)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--voices", default=f"smollm2,{DEFAULT_VOICE}", help="names or folders, separated by commas")
    parser.add_argument("--turns", type=int, default=30, help="turns in each adventure")
    parser.add_argument("--genres", type=int, default=len(OPENINGS), help="how many of the genres to play")
    parser.add_argument("--skip", type=int, default=0, help="genres to leave out before the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE.json", help="print the table of kept turns")
    add_options(parser)
    arguments = parser.parse_args()
    if arguments.read:
        turns = load_turns(arguments.read)
    else:
        names = arguments.voices.split(",")
        sampling = changed_sampling(find_voice(names[-1]).sampling, arguments.set)
        seed = arguments.seed + 1000 * arguments.skip
        scripts = _scripts(arguments.skip, arguments.genres, arguments.turns)
        print(f"{len(scripts)} adventures of {arguments.turns} turns; {sampling}", flush=True)
        turns = {
            name: asyncio.run(play_scripts(find_voice(name), sampling, seed, scripts, drain=False)) for name in names
        }
    if arguments.keep:
        save_turns(arguments.keep, turns)
    columns = [figures(of_voice, arguments.turns) for of_voice in turns.values()]
    print(f"{'':44}" + "".join(f"{name[-18:]:>20}" for name in turns))
    for label in columns[0]:
        print(f"{label:44}" + "".join(f"{column[label]:>20}" for column in columns))


def _scripts(skip: int, genres: int, turns: int) -> dict[str, list[str]]:
    """Return the player's lines in the first scenario of each genre."""
    return {
        next(iter(openings)): [LATER[(7 * genre + turn) % len(LATER)] for turn in range(turns)]
        for genre, openings in islice(enumerate(OPENINGS.values()), skip, skip + genres)
    }


def figures(turns: list[RecordedTurn], length: int) -> dict[str, str]:
    """Return a voice's column of the table, by row, for adventures of `length` turns."""
    breaks = [_breaks(turn) for turn in turns]
    adventures = [breaks[start : start + length] for start in range(0, len(breaks), length)]
    firsts = [next((number for number, found in enumerate(of_one) if found), length) for of_one in adventures]
    first = statistics.mean(firsts)
    known = share(names_someone_known(turn, turn.shown) for turn in turns)
    return {
        f"turns before the first broken one, of {length}": f"{first:.1f} ({min(firsts)} to {max(firsts)})",
        "  as a share": f"{first / length:.1%}",
        "broken turns": f"{statistics.mean(map(bool, breaks)):.1%}",
        **{f"  {fault}": f"{statistics.mean(fault in found for found in breaks):.1%}" for fault in _BREAKS},
        "repeated phrases": f"{statistics.mean(repeated_phrases(turn, turn.shown) for turn in turns):.1%}",
        "names someone of the last four turns": "–" if known is None else f"{known:.1%}",
        "names a stranger": f"{statistics.mean(names_stranger(turn, turn.shown) for turn in turns):.1%}",
    }


def _breaks(turn: RecordedTurn) -> list[str]:
    """Return the faults that break the story."""
    return [
        fault for fault in _BREAKS if (past_tense(turn.shown) if fault is _PAST else FAULTS[fault](turn, turn.shown))
    ]


if __name__ == "__main__":
    main()
