"""An adventure of a thousand turns beside a new one: opening it, typing, the first words of a turn, memory.

    python -m tests.benchmarks.play_long [--turns 1000] [--runs 20] [--only open,echo,turns,memory]

- open: the app on a pseudo-terminal, from its start until a letter that was typed at once is on the screen.
- echo: from a key to its letter on the screen, while the game is idle, streams a turn, or prefetches.
- turns: from Enter to the first words, in a new adventure and after the thousandth turn. Before each turn the player
  reads for a quarter of a second a word, or until the prefetch is complete. For comparison the same with the prompt
  layout of older games (`prompt_layout.py`), with and without a prefill of the next prompt.
- memory: of the game over a thousand turns from a server with ready answers; `turns` prints that of the engine.

Prints the median of the runs, with the range; the limits are those that the project set for a laptop. The turns are
walks through the library's stories, written to the shelf, each cut to the length of a turn. Needs Linux. Downloads the
bundled weights if they are missing. 45 minutes on two idle cores, a tenth of it with `--runs 2`; compare ratios between
machines, not seconds.
"""

import asyncio
import random
import re
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from unittest import mock

from corpus.actions import read_input
from corpus.turns import Kind, Turn
from dungeon.generation.prefetch import Phase, PrefetchedTurn, Prefetcher
from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.request import GenerationParams
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context
from dungeon.tale.lore import Card, Lore
from dungeon.tale.prose import sentence_end
from tests.benchmarks.figures import argument_parser, first_words, show, temporary_home
from tests.benchmarks.prompt_layout import cards_first_prompt
from tests.benchmarks.walks import long_walk
from tests.dungeon.completions import completion
from tests.dungeon.scripted import Answer, ScriptedServer
from tests.terminal import Terminal

_DUNGEON = [sys.executable, "-m", "dungeon"]
_WORDS = 65
"""Words of a turn, as many as the bundled voice's turns have."""
_READING = 4.0
"""Words a second."""
_LETTERS = "абвгдежзиклмнопрстуфхцчшэюя"
"""No story has these, so one on the screen has been typed."""
_ACTIONS = (
    *("look around", "open the door", "ask who is there", "light the lamp", "go on carefully", "listen at the wall"),
    *("read the letter again", "call out a name", "sit down and wait", "search the floor", "follow the sound"),
    *("take what lies there", "climb up", "hide behind the barrel", "count the steps", "turn back", "draw the knife"),
    *("ring the bell", "drink from the flask", "lock the chest"),
)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--turns", type=int, default=1000, help="of the long adventure")
    parser.add_argument("--runs", type=int, default=20, help="of each measurement")
    parser.add_argument("--only", default="open,echo,turns,memory", help="which measurements, with commas")
    arguments = parser.parse_args()
    walk = long_walk(arguments.turns, Random(6))
    with temporary_home():
        for name in arguments.only.split(","):
            print(f"\n{name}", flush=True)
            if name == "open":
                measure_opening(walk, arguments.runs)
            elif name == "echo":
                measure_echo(walk, arguments.runs)
            elif name == "turns":
                asyncio.run(measure_turns(walk, arguments.runs))
            elif name == "memory":
                measure_memory(walk, arguments.turns)
            else:
                parser.error(f"there is no measurement '{name}'")


# ---- the adventure -----------------------------------------------------------------------------------------------


@contextmanager
def on_shelf(walk: list[Turn]) -> Iterator[None]:
    """A shelf that has these turns as its only adventure."""
    empty_shelf()
    with closing(Shelf(shelf_file())) as shelf:
        adventure = shelf.add_adventure(scenario_from_opening(walk[0].prose, "The long walk"), SMOLLM2.name)
        adventure.lore = _lore(walk)
        shelf.save_lore(adventure)
        for turn in walk[1:]:
            kind = Kind.DO if turn.action else Kind.CONTINUE
            node = shelf.add_turn(adventure, kind, turn.action, turn.action, NO_VOICE)
            shelf.save_turn(adventure.set_prose(node.id, _shortened(turn.prose), State.DONE))
    yield


def empty_shelf() -> None:
    """Delete the shelf of the temporary home."""
    shelf_file().parent.mkdir(parents=True, exist_ok=True)
    for file in shelf_file().parent.glob("shelf.db*"):
        file.unlink()


def _shortened(prose: str) -> str:
    """Return the first sentences of `prose`, as many words as a turn has."""
    start = " ".join(prose.split(" ")[:_WORDS])
    return start[: sentence_end(start)] or start


def _lore(walk: list[Turn]) -> Lore:
    """Return memory, a note, and cards for names of the walk, which are triggered now and then."""
    text = " ".join(turn.prose for turn in walk)
    lower_case = set(re.findall(r"\b[a-z]+\b", text))
    capitalised = dict.fromkeys(re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", text))
    names = [name for name in capitalised if name.lower() not in lower_case]
    cards = tuple(
        Card((name,), f"{name} is someone whom you have met before, and who owes you a favour.")
        for name in [*names, "Mirela", "Okoro", "Tamsin", "Yusef"][:30]
    )
    return Lore("You are a walker in all tales. You carry a lamp and a knife.", "Plain words, short sentences.", cards)


def _last_turn() -> tuple[int, str, int]:
    """Return the id, the state and the length of the prose of the last turn on the shelf."""
    with closing(sqlite3.connect(f"file:{shelf_file()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT id, state, length(prose) FROM turn ORDER BY id DESC LIMIT 1").fetchone()
        return row or (0, "", 0)


# ---- opening and typing ------------------------------------------------------------------------------------------


def measure_opening(walk: list[Turn], runs: int) -> None:
    """Print how long a short and a long adventure take to be on the screen and to take input."""
    for turns in (min(20, len(walk) - 1), len(walk) - 1):
        with on_shelf(walk[: turns + 1]):
            shown, typed = [], []
            for _ in range(runs):
                began = time.perf_counter()
                with Terminal([*_DUNGEON, "--continue"]) as terminal:
                    terminal.send(_LETTERS[0])
                    terminal.expect(walk[turns].action.split()[-1])
                    shown.append(time.perf_counter() - began)
                    terminal.expect(_LETTERS[0])
                    typed.append(time.perf_counter() - began)
            show(f"{turns} turns: start to the last turn on the screen", shown)
            show(f"{turns} turns: start to a typed letter on the screen (at most 1000)", typed)


def measure_echo(walk: list[Turn], runs: int) -> None:
    """Print how long a typed letter takes to be on the screen, whatever else the game does."""
    with on_shelf(walk[:21]), Terminal([*_DUNGEON, "--continue"]) as terminal:
        terminal.expect("What do you do?")
        streaming, prefetching = [], []
        for number in range(runs):
            last_id = _last_turn()[0]
            terminal.send(_ACTIONS[number % len(_ACTIONS)] + "\r")
            _until_turn(terminal, last_id, lambda turn: turn[2] > 0)
            typed = 0
            while _last_turn()[1] == State.STREAMING and typed < 24:
                streaming.append(_echo(terminal, _LETTERS[typed % len(_LETTERS)]))
                typed += 1
            _until_turn(terminal, last_id, lambda turn: turn[1] == State.DONE)
            prefetching += [_echo(terminal, letter) for letter in _LETTERS[:12]]
            terminal.send("\x7f" * (typed + 12))
            _wait(terminal, 1.0)
        terminal.send("\x1b")
        _wait(terminal, 30.0)  # until the prefetch is complete
        show("a key to its letter on the screen: idle", [_echo(terminal, letter) for letter in _LETTERS])
        show("  while a turn streams (at most 50)", streaming)
        show("  while the game prefetches", prefetching)


def _until_turn(terminal: Terminal, last_id: int, reached: Callable[[tuple[int, str, int]], bool]) -> None:
    """Let the game run until a turn after `last_id` has reached a state."""

    def is_there() -> bool:
        turn = _last_turn()
        return turn[0] > last_id and reached(turn)

    terminal.until(is_there)


def _echo(terminal: Terminal, letter: str) -> float:
    """Type a letter after a pause; return the seconds until it is on the screen."""
    _wait(terminal, 0.08)
    began = time.perf_counter()
    terminal.send(letter)
    terminal.expect(letter)
    return time.perf_counter() - began


def _wait(terminal: Terminal, duration: float) -> None:
    """Let the game draw for some seconds."""
    end = time.monotonic() + duration
    terminal.until(lambda: time.monotonic() > end, duration + 60)
    terminal.seen = b""


# ---- the first words ---------------------------------------------------------------------------------------------


class PhaseRecorder(Prefetcher):
    """A prefetcher that remembers how far the turn was that the player picked."""

    had_started = False
    """Whether its first words were there."""

    def take(self, adventure: Adventure, kind: Kind, action: str, params: GenerationParams) -> PrefetchedTurn | None:
        """See `Prefetcher.take`."""
        turn = super().take(adventure, kind, action, params)
        self.had_started = turn is not None and turn.phase not in (Phase.QUEUED, Phase.STARTING)
        return turn


async def measure_turns(walk: list[Turn], runs: int) -> None:
    """Print how long the first words take at the start and at the end of a long adventure."""
    for turns in (1, len(walk) - 1):
        print(f"after {turns} turns:")
        await _measure_game(walk[: turns + 1], runs)
        for prefill in (True, False):
            times = await _measure_older_layout(walk[: turns + 1], runs, prefill=prefill)
            show(f"  older layout, {'' if prefill else 'not '}prefilled", times)


async def _resumed(walk: list[Turn]) -> Session:
    """Return a session in an adventure of these turns, with the bundled voice."""
    with on_shelf(walk):
        session = Session(Shelf(shelf_file()), LocalStoryteller(find_voice(DEFAULT_VOICE)))
    session.resume()
    await session.storyteller.start()
    return session


async def _measure_game(walk: list[Turn], runs: int) -> None:
    """Play twice `runs` turns: every second one a suggestion or "go on", every eighth one that names a card."""
    chance = Random(6)
    session = await _resumed(walk)
    prefetcher = session.prefetcher = PhaseRecorder(session.storyteller)
    typed, with_card, picked, pauses, suggested = [], [], [], [], []
    engine = [_engine_megabytes(session)]
    for number in range(2 * runs):
        began = time.monotonic()
        await _read(session, asyncio.create_task(session.prefetch(lambda: None)))
        pauses.append(time.monotonic() - began)
        suggested.append(len(session.suggestions()))
        if number % 2:
            time_taken = await first_words(session, *read_input(chance.choice(["", *session.suggestions()])))
            if prefetcher.had_started:
                picked.append(time_taken)
        elif number % 8 == 6:
            name = chance.choice(session.adventure.lore.cards).keys[0]
            with_card.append(await first_words(session, Kind.DO, f"ask about {name}"))
        else:
            typed.append(await first_words(session, Kind.DO, _ACTIONS[number % len(_ACTIONS)]))
        engine.append(_engine_megabytes(session))
    await session.storyteller.close()
    session.shelf.close()
    show("  Enter to first words (at most 300)", typed)
    show("  an action that names a card", with_card)
    show("  a prefetched turn (at most 50)", picked)
    print(
        f"  read for {statistics.median(pauses):.1f} s (median); {statistics.mean(suggested):.1f} suggestions by then; "
        f"{len(picked)} of {runs} picks had been prefetched; engine {engine[1]:.0f} MB after a turn, "
        f"{max(engine):.0f} at most"
    )


async def _measure_older_layout(walk: list[Turn], runs: int, *, prefill: bool) -> list[float]:
    """Return the seconds to the first words with the prompt layout of older games."""

    def context(adventure: Adventure, answering: Node, budget: int) -> Context:
        return completion(cards_first_prompt(adventure, answering)).context

    async def read_prompt(session: Session) -> None:
        node = Node(-1, session.adventure.head, Kind.CONTINUE, "", "")
        prompt = cards_first_prompt(session.adventure, node)
        async for _ in session.storyteller.stream(completion(prompt, session.sampling, max_tokens=1, seed=0)):
            pass

    times = []
    with mock.patch("dungeon.generation.generate.build_context", context):
        session = await _resumed(walk)
        for number in range(runs):
            if prefill:
                task = asyncio.create_task(read_prompt(session))
                await _read(session, task)
                task.cancel()
            times.append(await first_words(session, Kind.DO, _ACTIONS[number % len(_ACTIONS)]))
        await session.storyteller.close()
        session.shelf.close()
    return times


async def _read(session: Session, task: "asyncio.Task[None]") -> None:
    """Wait until the player has read the last turn, or the task is done."""
    path = session.adventure.path()
    words = len((path[-1].prose if path else session.adventure.opening).split())
    await asyncio.wait([task], timeout=words / _READING)


# ---- memory ------------------------------------------------------------------------------------------------------


class LibraryServer(ScriptedServer):
    """A server that answers at once with passages of the library, and keeps nothing of the requests."""

    def __init__(self, walk: list[Turn]) -> None:
        super().__init__()
        self._texts = [_shortened(turn.prose) for turn in walk]

    def next_answer(self) -> Answer:
        """Return an action where one is asked for, prose otherwise."""
        prompt = str(self.requests.pop()["prompt"])
        self.keys.clear()
        self.paths.clear()
        return f" {random.choice(_ACTIONS)}." if prompt.endswith("> You") else "\n" + random.choice(self._texts)


def measure_memory(walk: list[Turn], turns: int) -> None:
    """Print the memory of the game's process on a pseudo-terminal as an adventure grows."""
    empty_shelf()
    with LibraryServer(walk) as server:
        options = ["--endpoint", server.url, "--model", "library", "--scenario", "iron-door"]
        with Terminal([*_DUNGEON, *options]) as terminal:
            terminal.expect("What do you do?")
            began = time.monotonic()
            sizes = {0: _megabytes(terminal.pid)}
            for number in range(1, turns + 1):
                terminal.send(f"{random.choice(_ACTIONS)} {number}\r")
                _until_turn(terminal, number - 1, lambda turn: turn[1] == State.DONE)
                terminal.seen = b""
                if number in (1, 10, 50, 100, 200, 500, turns):
                    sizes[number] = _megabytes(terminal.pid)
            duration = time.monotonic() - began
    listed = ", ".join(f"{size:.0f} MB at turn {number}" for number, size in sizes.items())
    print(f"the game: {listed} ({duration / turns:.2f} s a turn)")


def _engine_megabytes(session: Session) -> float:
    storyteller = session.storyteller
    assert isinstance(storyteller, LocalStoryteller)
    return _megabytes(storyteller.pid) if storyteller.pid else 0.0


def _megabytes(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
