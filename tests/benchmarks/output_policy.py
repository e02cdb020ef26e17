"""What the output policy does to a voice: its raw output beside the prose that a player sees.

    python -m tests.benchmarks.output_policy [--voice NAME] [--scenarios 16] [--set temperature=0.6 …]
                                           [--keep FILE.json]

Plays five turns in each of 16 scenarios of 10 genres, with fixed seeds. Prints a table of faults (`faults.py`): "raw"
is the first output for a turn, cut only where the next action begins; "shown" is the turn that the game made of it,
after retries. Then how often the voice was asked, for how many tokens, and the notes to the player. A share of the 80
turns moves in steps of 1/80.

Downloads the bundled weights if they are missing. All scenarios take some minutes on two idle cores.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable
from itertools import islice

from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from tests.benchmarks.faults import FAULTS
from tests.benchmarks.figures import argument_parser
from tests.benchmarks.recorded_turns import (
    RecordedTurn,
    add_options,
    changed_sampling,
    play_scripts,
    save_turns,
)

_SCRIPTS: dict[str, tuple[str, ...]] = {
    "iron-door": ("open the iron door", '"Who is there?"', "hit it with my sword", "", "lick the door"),
    "dragons-tooth": ("look around", "kill everyone here", "fly to the moon", '"Give me the tooth."', ""),
    "hand-in-the-portrait": ("touch the painting", "", "scream", "burn the house down", '"I am not afraid of you."'),
    "voice-in-the-well": ('"Is anybody down there?"', "climb into the well", "", "asdf qwer zxcv", "pray"),
    "quiet-relay": ("check the instruments", "call Earth", "", "eject myself into space", "sing a song"),
    "unit-forty": ("ask who I am", "refuse", '"You are a toaster."', "run", ""),
    "he-says-he-shot-her": ("question him", '"You are lying, idiot."', "search the desk", "arrest him", ""),
    "the-wrong-trumpet": ("follow the man with the case", "", "steal the trumpet", "play it", '"Where is my money?"'),
    "dry-creek-mail": ("draw my gun", "shoot the sheriff", "", "drink whiskey", "ride into the sunset"),
    "the-price-of-herring": ("read the letter", '"What do you want?"', "", "turn into a fish and swim away", "hide"),
    "drowned-bell": ("ring the bell", "dive", "", '"Arr! Shut up, all of you!"', "marry the captain"),
    "last-orchard": ("pick an apple", "eat it", "plant the seeds", "", "wait a hundred years"),
    "ten-yards-of-rope": ("climb down", "cut the rope", "", "shout for help", "42"),
    "borrowed-shadow": ("talk to my shadow", "", '"Once upon a time I was a king."', "bite it", "sleep"),
    "the-hamster-inspection": ("feed the hamster", '"It is not my hamster."', "", "bribe the inspector", "dance naked"),
    "under-the-arena": ("look at the lions", "whisper to the guard", "", "break the chains", "give up"),
}
"""What the player types, by scenario. An empty line continues the story."""


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    parser.add_argument("--scenarios", type=int, default=len(_SCRIPTS), help="how many of the scenarios to play")
    parser.add_argument("--seed", type=int, default=0)
    add_options(parser)
    arguments = parser.parse_args()
    voice = find_voice(arguments.voice)
    sampling = changed_sampling(voice.sampling, arguments.set)
    scripts = dict(islice(_SCRIPTS.items(), arguments.scenarios))
    turns = asyncio.run(play_scripts(voice, sampling, arguments.seed, scripts, drain=True))
    if arguments.keep:
        save_turns(arguments.keep, {voice.name: turns})
    print(f"{voice.name}, {sampling}")
    print_table(turns, len(scripts))


def print_table(turns: list[RecordedTurn], scenarios: int) -> None:
    """Print a row for each fault, and what the turns cost."""
    print(f"{f'{len(turns)} turns of {scenarios} scenarios':48} {'raw':>7} {'shown':>6}")

    def row(label: str, value: Callable[[RecordedTurn, str], float], form: str = "6.1%") -> None:
        raw = statistics.mean(value(turn, turn.raw) for turn in turns)
        shown = statistics.mean(value(turn, turn.shown) for turn in turns)
        print(f"{label:48} {format(raw, form):>7} {format(shown, form):>6}")

    for label, has_fault in FAULTS.items():
        row(label, has_fault)
    row("any of these", lambda turn, text: any(has_fault(turn, text) for has_fault in FAULTS.values()))
    row("words a turn", lambda _, text: len(text.split()), ".1f")
    for label, figure in (
        (
            "turns with more than one request",
            f"{statistics.mean(len(turn.outputs) > 1 for turn in turns):.1%}",
        ),
        ("requests a turn", f"{statistics.mean(len(turn.outputs) for turn in turns):.2f}"),
        ("tokens a turn", f"{statistics.mean(turn.tokens for turn in turns):.1f}"),
        ("tokens a turn that a player waits for", f"{statistics.mean(turn.awaited_tokens for turn in turns):.1f}"),
    ):
        print(f"{label:48} {figure:>14}")
    for note, count in Counter(note for turn in turns for note in turn.notes).items():
        print(f"  note to the player, {count} times: {note}")


if __name__ == "__main__":
    main()
