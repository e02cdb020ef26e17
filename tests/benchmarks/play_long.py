"""A game of a thousand turns beside a new one: opening, typing, first words, memory. Prints, asserts nothing.

    python -m tests.benchmarks.play_long [--quick] [--only open,echo,turns,memory] [--turns 1000]

- open: the real app on a pseudo-terminal, from its start until a letter that was typed at once is on the screen.
- echo: from a key to its letter on the screen, while nothing happens, a turn streams, or the voice works ahead.
- turns: from Enter to the first words, on turns 1 to 20 and on those after the thousandth. Before each the player reads
  for a quarter of a second a word, or until the voice has done all that it does meanwhile, if that is sooner. Beside
  ours, in the same run, the ancestors' layout: cards on top, the author's note in front of the last turns, and one turn
  dropped at a time; told by the same engine, which had, or had not, read its next prompt meanwhile.
- memory: of the game over a thousand turns by a server that says what stands in the library, and of the engine.

The thousand turns are walks through the library's stories, put on the shelf directly, each cut to the length of a turn
by the bundled voice, which is fetched if missing. Needs Linux. 45 minutes on two calm cores, --quick a third of it.
Nothing else should run meanwhile; compare ratios between machines, not seconds.
"""

import argparse
import asyncio
import os
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest import mock

from corpus.turns import Kind, Turn
from dungeon.generation.prefetch import Prefetcher
from dungeon.paths import shelf_file, weights_folder
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.download import ensure_weights
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Card, Lore
from dungeon.tale.prose import sentence_end
from tests.benchmarks.prompt_layout import ancestors, walked
from tests.dungeon.completions import completion
from tests.dungeon.scripted import Answer, ScriptedServer
from tests.terminal import Terminal

DUNGEON = [sys.executable, "-m", "dungeon"]
LONG = "The long walk"
WORDS = 65
"""Of a turn, as long as the bundled voice's are."""
LETTERS = "абвгдежзиклмнопрстуфхцчшэюя"
"""No story of ours has these, so that one on the screen has been typed."""
ACTIONS = (
    *("look around", "open the door", "ask who is there", "light the lamp", "go on carefully", "listen at the wall"),
    *("read the letter again", "call out a name", "sit down and wait", "search the floor", "follow the sound"),
    *("take what lies there", "climb up", "hide behind the barrel", "count the steps", "turn back", "draw the knife"),
    *("ring the bell", "drink from the flask", "lock the chest"),
)
READING = 4.0
"""Words a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs and turns")
    parser.add_argument("--only", default="open,echo,turns,memory")
    parser.add_argument("--turns", type=int, default=1000, help="of the long adventure")
    arguments = parser.parse_args()
    quick = arguments.quick
    random.seed(6)
    weights = ensure_weights(SMOLLM2)
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, DUNGEON_HOME=folder):
        weights_folder().mkdir(parents=True)
        (weights_folder() / SMOLLM2.file).symlink_to(weights)
        shelf_file().parent.mkdir(parents=True)
        tale = walked(arguments.turns + 1)
        for part in arguments.only.split(","):
            print(f"\n{part}")
            if part == "open":
                opening(tale, 5 if quick else 10)
            elif part == "echo":
                echo(tale, 3 if quick else 12)
            elif part == "turns":
                asyncio.run(turns(tale, 8 if quick else 20))
            else:
                memory(tale, 100 if quick else arguments.turns)


def show(what: str, values: list[float], unit: str = "ms", scale: float = 1e3) -> None:
    """The median, the 95th of a hundred, and the range."""
    if not values:
        print(f"  {what:62} none")
        return
    ranked = sorted(values)
    p95 = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    figures = [scale * value for value in (statistics.median(ranked), p95, ranked[0], ranked[-1])]
    print(
        f"  {what:62} p50 {figures[0]:8.1f}  p95 {figures[1]:8.1f} {unit}"
        f"   ({figures[2]:.1f} to {figures[3]:.1f}, {len(values)} times)",
        flush=True,
    )


# ---- the adventures ----------------------------------------------------------------------------------------------


def of_turns_length(prose: str) -> str:
    """The first sentences of it, as many words as a turn has."""
    cut = " ".join(prose.split(" ")[:WORDS])
    return cut[: sentence_end(cut)] or cut


def lore_for(tale: list[Turn]) -> Lore:
    """Memory, a note, and cards for names that the tale has, so that they come and go."""
    known = [*names(tale), "Mirela", "Okoro", "Tamsin", "Yusef"][:30]
    cards = tuple(
        Card((name,), f"{name} is somebody whom you have met before, and who owes you a favour.") for name in known
    )
    return Lore("You are a walker in all tales. You carry a lamp and a knife.", "Plain words, short sentences.", cards)


def names(tale: list[Turn]) -> list[str]:
    """Names in the tale: words with a capital in the middle of a sentence, and never without."""
    text = " ".join(turn.prose for turn in tale)
    small = set(re.findall(r"\b[a-z]+\b", text))
    return [name for name in dict.fromkeys(re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", text)) if name.lower() not in small]


def long_adventure(shelf: Shelf, tale: list[Turn], name: str = LONG) -> Adventure:
    """That many turns on the shelf, the latest adventure of all."""
    adventure = shelf.add_adventure(scenario_from_opening(tale[0].prose, name), SMOLLM2.name)
    adventure.lore = lore_for(tale)
    shelf.save_lore(adventure)
    told = GenerationRecord(SMOLLM2.name, "{}", 1)
    for turn in tale[1:]:
        kind = Kind.DO if turn.action else Kind.CONTINUE
        node = shelf.add_turn(adventure, kind, turn.action, turn.action, told)
        shelf.save_turn(adventure.set_prose(node.id, of_turns_length(turn.prose), State.DONE))
    return adventure


@contextmanager
def on_shelf(tale: list[Turn]) -> Iterator[None]:
    """A shelf with that adventure alone."""
    for file in shelf_file().parent.glob("shelf.db*"):
        file.unlink()
    with closing(Shelf(shelf_file())) as shelf:
        long_adventure(shelf, tale)
    yield


# ---- opening and typing ------------------------------------------------------------------------------------------


def opening(tale: list[Turn], runs: int) -> None:
    for count in (20, len(tale) - 1):
        with on_shelf(tale[: count + 1]):
            shown, typed = [], []
            for _ in range(runs):
                began = time.perf_counter()
                with Terminal([*DUNGEON, "--continue"]) as terminal:
                    terminal.send(LETTERS[0])
                    terminal.expect(tale[count].action.split()[-1])
                    shown.append(time.perf_counter() - began)
                    terminal.expect(LETTERS[0])
                    typed.append(time.perf_counter() - began)
            show(f"{count} turns: from start to the last turn on the screen", shown)
            show(f"{count} turns: to a typed letter on the screen (at most 1000)", typed)


def last_state() -> tuple[int, str, int]:
    """The number of turns, and of the last its state and the length of its prose; asked in the least costly way."""
    with closing(sqlite3.connect(f"file:{shelf_file()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT id, state, length(prose) FROM turn ORDER BY id DESC LIMIT 1").fetchone()
        return row or (0, "", 0)


def echo(tale: list[Turn], turns: int) -> None:
    with on_shelf(tale[:21]), Terminal([*DUNGEON, "--continue"]) as terminal:
        terminal.expect("What do you do?")
        streaming, ahead = [], []
        for turn in range(turns):
            number = last_state()[0]
            terminal.send(ACTIONS[turn % len(ACTIONS)] + "\r")
            terminal.until(lambda number=number: last_state()[0] > number and last_state()[2] > 0)
            typed = 0
            while last_state()[1] == State.STREAMING and typed < 24:
                streaming.append(key(terminal, LETTERS[typed % len(LETTERS)]))
                typed += 1
            terminal.until(lambda: last_state()[1] == State.DONE)
            ahead += [key(terminal, letter) for letter in LETTERS[:12]]
            terminal.send("\x7f" * (typed + 12))
            wait(terminal, 1.0)
        terminal.send("\x1b")
        wait(terminal, 30.0)  # until the voice has done all that it does meanwhile
        idle = [key(terminal, letter) for letter in LETTERS]
        show("nothing happens", idle)
        show("a turn streams (at most 50)", streaming)
        show("the voice works ahead", ahead)


def key(terminal: Terminal, letter: str) -> float:
    """Seconds from a key to its letter on the screen; a writer's pause before it."""
    wait(terminal, 0.08)
    terminal.seen = b""
    began = time.perf_counter()
    terminal.send(letter)
    terminal.expect(letter)
    return time.perf_counter() - began


def wait(terminal: Terminal, seconds: float) -> None:
    """Lets the game draw for so long."""
    end = time.monotonic() + seconds
    terminal.until(lambda: time.monotonic() > end, seconds + 60)
    terminal.seen = b""


# ---- the first words ---------------------------------------------------------------------------------------------


async def turns(tale: list[Turn], count: int) -> None:
    for length in (0, len(tale) - 2):
        where = f"turns {length + 1} to {length + count}"
        typed, called, picked, shares = await ours(tale[: length + 2], count)
        show(f"{where}: Enter to first words (at most 300)", typed)
        show(f"{where}: the same where the action calls for a card", called)
        show(f"{where}: a picked suggestion that was ready (at most 50)", picked)
        print(f"  {where}: {shares}")
        for warmed in (True, False):
            old = await theirs(tale[: length + 2], count, warmed=warmed)
            show(f"{where}: the ancestors' layout, {'' if warmed else 'not '}read meanwhile", old)


async def seated(tale: list[Turn]) -> Session:
    """A session with the bundled voice, in an adventure of these turns."""
    with on_shelf(tale):
        session = Session(Shelf(shelf_file()), LocalStoryteller(find_voice(DEFAULT_VOICE)))
    session.resume()
    await session.storyteller.start()
    return session


async def leave(session: Session) -> None:
    await session.storyteller.close()
    session.shelf.close()


async def ours(tale: list[Turn], count: int) -> tuple[list[float], list[float], list[float], str]:
    """Seconds to the first words: typed actions, those that call for a card, what was ready; and how much was."""
    session = await seated(tale)
    typed, called, picked, pauses = [], [], [], []
    suggested = ready = 0
    rss = [resident(session)]
    for number in range(2 * count):
        began = time.monotonic()
        await read_meanwhile(session, asyncio.ensure_future(session.prefetch(lambda: None)))
        pauses.append(time.monotonic() - began)
        suggested += len(session.suggestions())
        begun = prepared(session.ahead, session.adventure)
        ready += len(begun)
        if number % 2 and begun:
            node = random.choice(begun)
            picked.append(await first_words(session, node.kind, node.input))
        elif number % 8 == 6:
            key = random.choice(session.adventure.lore.cards).keys[0]
            called.append(await first_words(session, Kind.DO, f"ask about {key}"))
        else:
            typed.append(await first_words(session, Kind.DO, ACTIONS[number % len(ACTIONS)]))
        rss.append(resident(session))
    await leave(session)
    shares = (
        f"read for {statistics.median(pauses):.1f} s (p50); {suggested / (2 * count):.1f} suggestions and "
        f"{ready / (2 * count):.1f} turns begun by then; engine {rss[1]:.0f} MB after a turn, {max(rss):.0f} at most"
    )
    return typed, called, picked, shares


def prepared(ahead: Prefetcher, adventure: Adventure) -> list[Node]:
    """What could be picked now and would start at once."""
    prospect = ahead._prospects.get((adventure.id, adventure.head))
    return [turn.node for turn in prospect.turns.values() if turn.begun] if prospect else []


async def theirs(tale: list[Turn], count: int, *, warmed: bool) -> list[float]:
    """Seconds to the first words with the ancestors' layout."""
    typed = []
    with mock.patch("dungeon.generation.generate.build_prompt", laid_out_as_before):
        session = await seated(tale)
        for number in range(count):
            if warmed:
                await read_meanwhile(session, asyncio.ensure_future(read_as_before(session)))
            typed.append(await first_words(session, Kind.DO, ACTIONS[number % len(ACTIONS)]))
        await leave(session)
    return typed


def laid_out_as_before(adventure: Adventure, answering: Node, budget: int) -> str:
    """As `build_prompt`, in the ancestors' layout."""
    head = adventure.head
    adventure.head = answering.parent
    try:
        return ancestors(adventure, answering.action)
    finally:
        adventure.head = head


async def read_as_before(session: Session) -> None:
    node = Node(-1, session.adventure.head, Kind.CONTINUE, "", "")
    prompt = laid_out_as_before(session.adventure, node, 0)
    async for _ in session.storyteller.stream(completion(prompt, session.sampling, max_tokens=1, seed=0)):
        pass


async def read_meanwhile(session: Session, working: "asyncio.Future[None]") -> None:
    """Until the player has read the last turn, or the voice is done."""
    path = session.adventure.path()
    words = len((path[-1].prose if path else session.adventure.opening).split())
    await asyncio.wait([working], timeout=words / READING)
    if not working.done() and not session._reading:
        working.cancel()


async def first_words(session: Session, kind: Kind, words: str) -> float:
    """Plays a turn; seconds from Enter to its first words."""
    heard: list[float] = []
    began = time.perf_counter()
    await session.play_turn(kind, words, lambda _: heard.append(time.perf_counter()))
    return (heard[0] if heard else time.perf_counter()) - began


# ---- memory ------------------------------------------------------------------------------------------------------


def memory(tale: list[Turn], count: int) -> None:
    """Of the game process on a pseudo-terminal, told by a server that is as fast as it can be."""

    class Library(ScriptedServer):
        def next_answer(self) -> Answer:
            asked = str(self.requests.pop()["prompt"])  # a thousand prompts are no part of what is measured
            self.keys.clear()
            self.paths.clear()
            return (
                f" {random.choice(ACTIONS)}."
                if asked.endswith("> You")
                else "\n" + of_turns_length(random.choice(tale).prose)
            )

    for file in shelf_file().parent.glob("shelf.db*"):
        file.unlink()
    with Library() as server:
        server._server.handle_error = lambda *_: None  # a game that left in the middle of asking is nothing to tell of
        options = ["--endpoint", server.url, "--model", "library", "--scenario", "iron-door"]
        with Terminal([*DUNGEON, *options]) as terminal:
            terminal.expect("What do you do?")
            began = time.monotonic()
            figures = {0: rss(terminal.pid)}
            for number in range(1, count + 1):
                terminal.send(f"{random.choice(ACTIONS)} {number}\r")
                terminal.until(lambda number=number: last_state()[0] == number and last_state()[1] == State.DONE)
                terminal.seen = b""
                if number in (1, 10, 50, 100, 200, 500, count):
                    figures[number] = rss(terminal.pid)
            took = time.monotonic() - began
    told = ", ".join(f"{size:.0f} MB at turn {number}" for number, size in figures.items())
    print(f"  the game: {told} ({took / count:.2f} s a turn)")


def resident(session: Session) -> float:
    """MB of the engine."""
    storyteller = session.storyteller
    assert isinstance(storyteller, LocalStoryteller)
    return rss(storyteller.pid) if storyteller.pid else 0.0


def rss(pid: int) -> float:
    """Resident MB of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
