"""The output policy on the bundled voice: what the voice sent beside what the player saw. Prints, asserts nothing.

    python -m tests.benchmarks.output_policy [--voice NAME] [--set temperature=0.6 ...] [--keep FILE.json]

Plays 16 scenarios of 10 genres for five turns each: 80 turns with 0 to 4 turns before them, with fixed seeds. "sent"
is the voice's first answer to a turn, cut only where the next action begins; "seen" is the turn that the game made of
it, retries and all. Both are measured by the definitions below, which share no code with the game (two of them are
`dungeon evaluate`'s: "speaks for the player" and "ends in a cut sentence"). A share moves in steps of 1/80.

Needs the bundled weights (fetched if missing). Takes some minutes on two cores that do nothing else.
"""

import argparse
import asyncio
import difflib
import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from corpus.actions import action_line, read_input
from dungeon.generation.generate import GenerationParams, StreamStats, tell
from dungeon.scenarios.model import fill_placeholders
from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import DEFAULT_VOICE, Voice, find_voice
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.prose import OVERRUN_TOKENS
from finetune.compare.measures import GeneratedTurn, cut_off, repetition, speaks_for_player

# What the player types, by scenario. An empty line continues the story.
SCRIPTS: dict[str, tuple[str, ...]] = {
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a value of the sampling")
    parser.add_argument("--keep", type=Path, help="write every turn, as sent and as seen, into this file")
    arguments = parser.parse_args()
    voice = find_voice(arguments.voice)
    changes = {name: json.loads(value) for name, _, value in (item.partition("=") for item in arguments.set)}
    sampling = msgspec.convert(msgspec.structs.asdict(voice.sampling) | changes, Sampling)
    turns = asyncio.run(play(voice, sampling, arguments.seed))
    if arguments.keep:
        arguments.keep.write_text(json.dumps([asdict(turn) for turn in turns], indent=1, ensure_ascii=False))
    print_table(turns)


# ---- playing -------------------------------------------------------------------------------------------------


@dataclass
class PlayedTurn:
    """One turn, and the text before it."""

    scenario: str
    action: str
    before: list[str]
    """The opening, actions and prose of the turns before."""
    sent: list[str]
    """What the voice sent: a text for each time it was asked."""
    seen: str
    notes: list[str]
    tokens: int
    waited: int
    """The tokens up to the end of the turn, which a player waits for; the rest only `to_the_end` asks for."""


class RecordingStoryteller(LocalStoryteller):
    """A storyteller that keeps what it sends."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        self.outputs: list[str] = []
        self.tokens = 0

    async def stream(self, prompt: str, sampling: Sampling, *, max_tokens: int, seed: int) -> AsyncGenerator[str]:
        self.outputs.append("")
        async with aclosing(super().stream(prompt, sampling, max_tokens=max_tokens, seed=seed)) as pieces:
            async for piece in pieces:
                self.outputs[-1] += piece
                self.tokens += 1
                yield piece


async def play(
    voice: Voice,
    sampling: Sampling,
    seed: int,
    scripts: Mapping[str, Sequence[str]] = SCRIPTS,
    *,
    to_the_end: bool = True,
) -> list[PlayedTurn]:
    """Play each script in its scenario. With `to_the_end`, `sent` also has what the voice writes after a turn's end."""
    storyteller = RecordingStoryteller(voice)
    budget = voice.context_size - sampling.length - OVERRUN_TOKENS - 16
    turns = []
    for number, (name, script) in enumerate(scripts.items()):
        scenario = fill_placeholders(find_scenario(name), {})
        adventure = Adventure(number, scenario.title, scenario.opening, lore=scenario.lore)
        before = [adventure.opening]
        for turn, line in enumerate(script, 1):
            kind, words = read_input(line)
            node = Node(turn, adventure.head, kind, words, action_line(kind, words))
            adventure.add(node)
            storyteller.outputs, storyteller.tokens = [], 0
            how = GenerationParams(sampling, seed + 1000 * number + turn, budget, to_the_end=to_the_end)
            paces: list[StreamStats] = []
            answer = await tell(storyteller, adventure, node, how, lambda _, pace, paces=paces: paces.append(pace))
            adventure.set_prose(turn, answer.prose, State.DONE)
            outputs, notes = storyteller.outputs, list(answer.notes)
            waited = paces[-1].pieces if paces else storyteller.tokens
            tokens = storyteller.tokens
            turns.append(PlayedTurn(name, node.action, list(before), outputs, answer.prose, notes, tokens, waited))
            before += [node.action, answer.prose]
        print(f"{name}: {number + 1} of {len(scripts)}", file=sys.stderr, flush=True)
    await storyteller.close()
    return turns


# ---- faults --------------------------------------------------------------------------------------------------

_TURNS = 6
_CHAT = re.compile(
    r"""(?mix) ^ \s* (?:
        \#{1,6}\s | [-*•–]\s | \d{1,2}[.):]\s | \*\*[^*\n]+\*\* | ``` | -{3,} | \[
        | (?:chapter|scene|act|part|step|option)\s+(?:\d|[ivx]+\b)
        | (?:assistant|user|system|human|ai|narrator|prompt|title|note|author's\ note|q|a)\s*:
        | sure[,!.] | certainly[,!.] | of\ course[,!] | as\ an\ ai\b | i'm\ sorry,\ but\b
        | i\ (?:can't|cannot)\ (?:help|assist)
        | here(?:'s|\ is|\ are)\ (?:a|an|the|some|your)\b [^.\n]* :
    ) | <\| | \|> | \blanguage\ model\b | \bauthor's\ note\b"""
)


def sentences(text: str) -> list[str]:
    """Text up to . ! ? or the end of a line, as bare words; fewer than five are left out."""
    parts = re.split(r"""(?<=[.!?…])["'”’)]*\s+|\n""", text)
    words = (re.findall(r"\w+", part.lower()) for part in parts)
    return [" ".join(found) for found in words if len(found) >= 5]


def recent(turn: PlayedTurn) -> list[str]:
    """The opening, actions and prose of the last turns."""
    return turn.before[-2 * _TURNS :]


def repeats(turn: PlayedTurn, prose: str) -> bool:
    """Whether a sentence of five words or more is in the recent turns, or twice in this one, word for word."""
    known = {sentence for text in recent(turn) for sentence in sentences(text)}
    in_turn = sentences(prose)
    return len(set(in_turn)) < len(in_turn) or not known.isdisjoint(in_turn)


def loops(turn: PlayedTurn, prose: str) -> bool:
    """Whether four words appear three times, 30% of the words are repetition, or the turn is nearly an earlier one."""
    words = re.findall(r"\w+", prose.lower())
    grams = list(zip(*(words[first:] for first in range(4)), strict=False))
    thrice = any(grams.count(gram) >= 3 for gram in set(grams))
    again = any(difflib.SequenceMatcher(None, prose, text).ratio() > 0.9 for text in recent(turn) if len(text) > 40)
    return thrice or (len(grams) > 0 and repetition(words, 4) > 0.3) or again


FAULTS: dict[str, Callable[[PlayedTurn, str], bool]] = {
    "speaks for the player": lambda turn, prose: speaks_for_player(GeneratedTurn(turn.action, prose)),
    "leaks >": lambda _, prose: ">" in prose,
    "ends in a cut sentence": lambda _, prose: cut_off(prose),
    "half quote": lambda _, prose: any(len(re.findall('["“”]', line)) % 2 for line in prose.split("\n")),
    "repeats a sentence": repeats,
    "loops": loops,
    "chat, list or heading": lambda _, prose: bool(_CHAT.search(prose)),
    "empty": lambda _, prose: not prose.strip(),
}


def print_table(turns: list[PlayedTurn]) -> None:
    columns = [(turn, turn.sent[0]) for turn in turns], [(turn, turn.seen) for turn in turns]
    print(f"{len(turns)} turns of {len(SCRIPTS)} scenarios{'':24}    sent   seen")

    def row(label: str, has_fault: Callable[[PlayedTurn, str], bool]) -> None:
        shares = [statistics.mean(has_fault(turn, text) for turn, text in column) for column in columns]
        print(f"{label:48} {shares[0]:7.1%} {shares[1]:6.1%}")

    for label, has_fault in FAULTS.items():
        row(label, has_fault)
    row("any of these", lambda turn, prose: any(has_fault(turn, prose) for has_fault in FAULTS.values()))
    words = [statistics.mean(len(text.split()) for _, text in column) for column in columns]
    print(f"{'words a turn':48} {words[0]:7.1f} {words[1]:6.1f}")
    share = statistics.mean(len(turn.sent) > 1 for turn in turns)
    print(f"{'turns in which the voice was asked again':48} {share:14.1%}")
    print(f"{'times the voice was asked, a turn':48} {statistics.mean(len(turn.sent) for turn in turns):14.2f}")
    print(f"{'tokens a turn':48} {statistics.mean(turn.tokens for turn in turns):14.1f}")
    print(f"{'tokens a turn that a player waits for':48} {statistics.mean(turn.waited for turn in turns):14.1f}")
    for note, count in Counter(note for turn in turns for note in turn.notes).items():
        print(f"  note to the player, {count} times: {note}")


if __name__ == "__main__":
    main()
