"""Names that mutate and phrases that come back, over scripted adventures of the bundled voice.

    python -m tests.benchmarks.names [--half tune|report|both] [--seeds 2] [--turns 8] [--set temperature=0.6 …]
                                     [--keep FILE.json | --read FILE.json …]

Plays the first turns of 16 scenarios with fixed seeds: the scenario's own ideas, then lines that fit anywhere. Half of
the scenarios are for tuning, the other half is for figures to report. Prints shares of turns, "raw" (the first output)
and "shown" (the turn that the game made of it):

- a near name: a name that is not in the opening, the lore or what the player typed, and nearly one that is: "Hester" or
  "Hoose" for "Hessa". A near name counts in every turn that has it.
- a stranger: any other name that is not there.
- a stock phrase: five words or more that two earlier turns of the adventure have, in which nobody known is named.
- the faults and shares of `faults.py`, and seq-rep-4, the share of four-word phrases that a turn repeats of itself.

Limits: English. A word is a name if it has a capital and the library never writes it in lower case. Whether a near name
is wrong, or somebody new whose name begins alike, only a reader can say; such a name counts.

Downloads the bundled weights if they are missing. A half takes about six minutes on two idle cores.
"""

import asyncio
import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from dungeon.authored.books import library
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders
from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from finetune.compare.measures import repetition
from tests.benchmarks.faults import loops, repeated_phrases, repeats_sentence
from tests.benchmarks.figures import argument_parser
from tests.benchmarks.recorded_turns import (
    RecordedTurn,
    add_options,
    changed_sampling,
    load_turns,
    play_scripts,
    save_turns,
)

SCENARIOS = (
    *("iron-door", "dragons-tooth", "hand-in-the-portrait", "voice-in-the-well", "quiet-relay", "unit-forty"),
    *("he-says-he-shot-her", "the-wrong-trumpet", "dry-creek-mail", "the-price-of-herring", "drowned-bell"),
    *("last-orchard", "ten-yards-of-rope", "borrowed-shadow", "the-hamster-inspection", "under-the-arena"),
)
HALVES = {"tune": SCENARIOS[::2], "report": SCENARIOS[1::2], "both": SCENARIOS}
_LINES = (
    *('"Who is there?"', "", "look around", '"What do you want from me?"', "ask what happened here", ""),
    *("go on carefully", '"Tell me the truth."', "wait and listen", "ask for help", ""),
)
"""What the player types after the scenario's own ideas."""
_PHRASE = 5
"""Words of a stock phrase."""
_CAPITALISED = re.compile(r"(?<![\w'’])[A-Z][a-zà-ÿ]{2,}")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    parser.add_argument("--half", choices=HALVES, default="report", help="which scenarios")
    parser.add_argument("--only", metavar="NAME,NAME", help="these scenarios, whatever the half")
    parser.add_argument("--seeds", type=int, default=2, help="adventures in each scenario")
    parser.add_argument("--turns", type=int, default=8, help="of each adventure")
    parser.add_argument("--list", action="store_true", help="print every near name and every stock phrase")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE.json", help="print the table of kept turns")
    add_options(parser)
    arguments = parser.parse_args()
    if arguments.read:
        turns = [turn for of_voice in load_turns(arguments.read).values() for turn in of_voice]
    else:
        voice = find_voice(arguments.voice)
        sampling = changed_sampling(voice.sampling, arguments.set)
        chosen = arguments.only.split(",") if arguments.only else HALVES[arguments.half]
        print(f"{voice.name}, {sampling}")
        turns = []
        for seed in range(arguments.seeds):
            for name in chosen:
                first_seed = 100 * seed + 1000 * SCENARIOS.index(name)
                scripts = {name: script(name, arguments.turns)}
                turns += asyncio.run(play_scripts(voice, sampling, first_seed, scripts, drain=False))
                if arguments.keep:
                    save_turns(arguments.keep, {voice.name: turns})
    print_table(turns)
    if arguments.list:
        print_findings(turns)


def script(name: str, turns: int) -> tuple[str, ...]:
    """Return what the player types in a scenario."""
    return tuple(islice([*find_scenario(name).actions, *islice(cycle(_LINES), turns)], turns))


def print_table(turns: Sequence[RecordedTurn]) -> None:
    """Print a row for each measure."""
    print(f"{f'{len(turns)} turns of {len({turn.source for turn in turns})} scenarios':48} {'raw':>7} {'shown':>6}")

    def row(label: str, value: Callable[[RecordedTurn, str], float], form: str = ".1%") -> None:
        raw = statistics.mean(value(turn, turn.raw) for turn in turns)
        shown = statistics.mean(value(turn, turn.shown) for turn in turns)
        print(f"{label:48} {format(raw, form):>7} {format(shown, form):>6}")

    row("a near name", lambda turn, text: bool(near_names(turn, text)))
    row("a stranger", lambda turn, text: bool(strangers(turn, text)))
    row("somebody known", lambda turn, text: any(name in text for name in names_by_people(turn)))
    row("a stock phrase", lambda turn, text: bool(stock_phrases(turn, text)))
    row("loops", loops)
    row("repeats a sentence", repeats_sentence)
    row("four-word phrases of the ten turns before", repeated_phrases)
    row("seq-rep-4", lambda _, text: repetition(re.findall(r"\w+", text.lower()) + [""] * 4, 4), ".4f")
    row("words a turn", lambda _, text: len(text.split()), ".1f")
    row("empty", lambda _, text: not text.strip())
    print(f"{'requests a turn':48} {statistics.mean(len(turn.outputs) for turn in turns):14.2f}")
    print(f"{'tokens a turn':48} {statistics.mean(turn.tokens for turn in turns):14.1f}")
    for message, count in Counter(message for turn in turns for message in turn.notes).items():
        print(f"  note to the player, {count} times: {message}")


def print_findings(turns: Sequence[RecordedTurn]) -> None:
    """Print which near names, strangers and stock phrases the shown turns have, by scenario."""
    for source in dict.fromkeys(turn.source for turn in turns):
        of_scenario = [turn for turn in turns if turn.source == source]
        print(f"\n{source}: {', '.join(sorted(names_by_people(of_scenario[0])))}")
        for label, find in (("near", near_names), ("strangers", strangers), ("phrases", stock_phrases)):
            found = Counter(item for turn in of_scenario for item in find(turn, turn.shown))
            print(f"  {label}: {', '.join(f'{item} {count}' for item, count in found.most_common())}")


# ---- names -------------------------------------------------------------------------------------------------------


def near_names(turn: RecordedTurn, text: str) -> list[str]:
    """Return the names in `text` that are nearly those of the tale."""
    known = names_by_people(turn)
    return [name for name in _unknown_names(turn, text) if any(is_near(name, other) for other in known)]


def strangers(turn: RecordedTurn, text: str) -> list[str]:
    """Return the other names in `text` that are not in the tale."""
    near = near_names(turn, text)
    return [name for name in _unknown_names(turn, text) if name not in near]


def names_by_people(turn: RecordedTurn) -> frozenset[str]:
    """Return the names in the opening, the lore and the player's actions up to that turn."""
    return frozenset(name for name in _capitalised(_text_by_people(turn)) if name.lower() not in lower_case_words())


def is_near(name: str, known: str) -> bool:
    """Return whether a name is nearly a known one. With another first letter, it must be nearer."""
    size = min(len(name), len(known))
    allowed = (0, 0, 0, 1, 2)[size] if size < 5 else 3
    if name[0] != known[0]:
        allowed = 0 if size < 4 else 1 if size < 7 else 2
    return 0 < edit_distance(name, known) <= allowed


def edit_distance(a: str, b: str) -> int:
    """Return the Levenshtein distance, regardless of case."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a.lower(), 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b.lower(), 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def _unknown_names(turn: RecordedTurn, text: str) -> list[str]:
    known = {word for name in _capitalised(_text_by_people(turn)) for word in (name, f"{name}s")}
    ordinary = lower_case_words() | set(re.findall(r"[a-zà-ÿ]+", _text_by_people(turn)))
    return [name for name in _capitalised(text) if name not in known and name.lower() not in ordinary]


def _capitalised(text: str) -> list[str]:
    return _CAPITALISED.findall(text)


def _text_by_people(turn: RecordedTurn) -> str:
    lore = _scenario(turn.source).lore
    cards = (text for card in lore.cards for text in (*card.keys, card.text))
    return "\n".join([turn.before[0], lore.memory, lore.note, *cards, *turn.before[1::2], turn.action])


@cache
def _scenario(name: str) -> Scenario:
    return fill_placeholders(find_scenario(name), {})


@cache
def lower_case_words() -> frozenset[str]:
    """Return the words that the library or a scenario writes in lower case."""
    texts = [passage.text for book in library() for passage in book.story.passages.values()]
    texts += [scenario.opening for scenario in builtin_scenarios()]
    return frozenset(word for text in texts for word in re.findall(r"(?<![\w'’-])[a-z]+(?!\w)", text))


# ---- phrases -----------------------------------------------------------------------------------------------------


def stock_phrases(turn: RecordedTurn, text: str) -> list[str]:
    """Return the runs of five words or more in `text` that two earlier turns have."""
    earlier = [_phrases(prose) for prose in turn.before[2::2]]
    names = {name.lower() for name in names_by_people(turn)}
    typed = _phrases("\n".join([turn.action, *turn.before[1::2]]))
    return [
        " ".join(phrase)
        for phrase in _phrases(text)
        if names.isdisjoint(phrase) and phrase not in typed and sum(phrase in known for known in earlier) >= 2
    ]


def _phrases(text: str) -> dict[tuple[str, ...], None]:
    words = re.findall(r"[\w'’]+", text.lower())
    return dict.fromkeys(zip(*(words[first:] for first in range(_PHRASE)), strict=False))


if __name__ == "__main__":
    main()
