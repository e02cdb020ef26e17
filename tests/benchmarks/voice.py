"""How well a voice answers 120 prompts, beside other voices: the bundled one beside its untuned base.

    python -m tests.benchmarks.voice [--voices smollm2,lantern] [--seeds 5] [--set temperature=0.6 …] [--samples 24]
                                     [--keep FILE.json | --read FILE.json …]

Each voice answers each prompt (`voice_prompts.py`) once a seed, with the same sampling: the last voice's own, changed
by `--set`. Prints two columns a voice: "raw", its first output up to where the next action begins, and "shown", what
the game's output policy makes of it. The rows are measures of `dungeon evaluate` and rules of `faults.py`. Two standard
errors of a share of n turns are at most 1 / sqrt(n).

`--samples N` also prints N prompts, evenly spaced, with the answers of all voices side by side. `--keep` writes all
answers; `--read` prints the table of kept answers, of several files together (with `--seeds` as it was): other voices,
or other prompts of the same voice, as `--every 2` and `--every 2 --skip 1` take them.

Downloads the bundled weights if they are missing. Five seeds and two voices take 50 minutes on two idle cores.
"""

import asyncio
import statistics
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from corpus.turns import Turn, write
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from finetune.compare.measures import GeneratedTurn, measure
from tests.benchmarks.faults import (
    FAULTS,
    misspells_name,
    names_someone_known,
    names_stranger,
    past_tense,
    share,
)
from tests.benchmarks.figures import argument_parser
from tests.benchmarks.recorded_turns import (
    RecordedTurn,
    RecordingStoryteller,
    add_options,
    changed_sampling,
    generation_params,
    load_turns,
    record_turn,
    save_turns,
)
from tests.benchmarks.voice_prompts import VoicePrompt, prompts


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--voices", default=f"smollm2,{DEFAULT_VOICE}", help="names or folders, separated by commas")
    parser.add_argument("--seeds", type=int, default=5, help="answers to each prompt")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth prompt only")
    parser.add_argument("--skip", type=int, default=0, help="prompts to leave out before the first")
    parser.add_argument("--samples", type=int, default=0, help="prompts to print with their answers")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE.json", help="print the table of kept turns")
    add_options(parser)
    arguments = parser.parse_args()
    chosen = list(prompts())[arguments.skip :: arguments.every]
    if arguments.read:
        turns = load_turns(arguments.read)
        place = {(prompt.source, prompt.node.action): number for number, prompt in enumerate(chosen)}
        for of_voice in turns.values():
            of_voice.sort(key=lambda turn: place[turn.source, turn.action])
        print(f"{len(chosen)} prompts, {arguments.seeds} seeds")
    else:
        names = arguments.voices.split(",")
        sampling = changed_sampling(find_voice(names[-1]).sampling, arguments.set)
        print(f"{len(chosen)} prompts, {arguments.seeds} seeds; {sampling}", flush=True)
        turns = {name: asyncio.run(answers(name, chosen, sampling, arguments.seeds)) for name in names}
    if arguments.keep:
        save_turns(arguments.keep, turns)
    print_table(turns)
    if arguments.samples:
        print_samples(chosen, turns, arguments.seeds, arguments.samples)


async def answers(name: str, chosen: list[VoicePrompt], sampling: Sampling, seeds: int) -> list[RecordedTurn]:
    """Return a voice's answers, prompt by prompt, `seeds` of each."""
    voice = find_voice(name)
    storyteller = RecordingStoryteller(voice)
    turns = []
    for number, prompt in enumerate(chosen, 1):
        for seed in range(seeds):
            params = generation_params(voice, sampling, seed, drain=True)
            turns.append(await record_turn(storyteller, prompt.adventure, prompt.node, params, prompt.source))
        print(f"{name}: {number} of {len(chosen)}", end="\r", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    await storyteller.close()
    return turns


def print_table(turns: dict[str, list[RecordedTurn]]) -> None:
    """Print a row for each measure, two columns for each voice."""
    print(f"{'':40}" + "".join(f"{name[-18:]:>20}" for name in turns))
    print(f"{'':40}" + f"{'raw':>12}{'shown':>8}" * len(turns))
    columns = []
    for of_voice in turns.values():
        columns.append([(turn, turn.raw) for turn in of_voice])
        columns.append([(turn, turn.shown) for turn in of_voice])

    def row(label: str, values: list[float | None], form: str) -> None:
        cells = ["–" if value is None else format(value, form) for value in values]
        print(f"{label:40}" + "".join(f"{cell:>{8 if n % 2 else 12}}" for n, cell in enumerate(cells)))

    def share_row(label: str, rule: Callable[[RecordedTurn, str], bool | None]) -> None:
        row(label, [share(rule(turn, text) for turn, text in column) for column in columns], ".1%")

    measured = [measure([GeneratedTurn(turn.action, text) for turn, text in column]) for column in columns]
    row("seq-rep-4 (at most 0.02)", [each.seq_rep_4 for each in measured], ".3f")
    row("distinct-3", [each.distinct_3 for each in measured], ".3f")
    row("answers the action", [each.uses_action for each in measured], ".1%")
    row("second person (at least 95%)", [each.second_person for each in measured], ".1%")
    row("words a turn", [each.words_per_turn for each in measured], ".1f")
    for label, has_fault in FAULTS.items():
        share_row(label, has_fault)
    share_row("past tense", lambda _, text: past_tense(text))
    share_row("names someone of the last four turns", names_someone_known)
    share_row("names a stranger", names_stranger)
    share_row("misspells a name", misspells_name)
    requests = [statistics.mean(len(turn.outputs) for turn in of_voice) for of_voice in turns.values()]
    row("requests a turn", [value for each in requests for value in (None, each)], ".2f")


def print_samples(chosen: list[VoicePrompt], turns: dict[str, list[RecordedTurn]], seeds: int, count: int) -> None:
    """Print `count` prompts, evenly spaced, with the answers of the first seed."""
    count = min(count, len(chosen))
    for number in range(count):
        place = (2 * number + 1) * len(chosen) // (2 * count)
        prompt = chosen[place]
        print(f"\n{prompt.genre} · {prompt.source}")
        last_turn = [node.turn() for node in prompt.adventure.path()[:-1][-1:]]
        before = write(last_turn or [Turn("", prompt.adventure.opening)])
        print(textwrap.indent(textwrap.shorten(before[-400:], 400), "    … "))
        print(f"    > {prompt.node.action or '(continue)'}")
        for name, of_voice in turns.items():
            print(f"  {name}: {of_voice[place * seeds].shown.replace(chr(10) * 2, ' / ')}")


if __name__ == "__main__":
    main()
