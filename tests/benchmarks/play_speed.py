"""How fast the game is: the first screen, the first words, generation, and how fast background work stops for a turn.

    python -m tests.benchmarks.play_speed [--runs 5] [--voice lantern] [--only start,turns,prefetch,adapter]

- start: `dungeon --help` beside the import of click alone, and the list of scenarios on a pseudo-terminal.
- turns: from Enter to the first words while the engine still has to start, and in a later turn; tokens a second
  through the game's client, beside the same request over a bare socket.
- prefetch: from Enter to the first words of a prefilled prompt, while the engine is idle and while it prefetches.
- adapter: the voice beside the untuned base, in first tokens and tokens a second.

Prints the median of the runs, with the range; the limits are those that the project set for a laptop. Needs Unix.
Downloads the bundled weights if they are missing. The machine should be idle; compare ratios between machines, not
seconds. Long adventures are in `play_long.py`.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

import httpx2

from corpus.turns import Kind
from dungeon.generation.prefetch import Prefetcher
from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from tests.benchmarks.figures import argument_parser, first_words, seconds, show, temporary_home
from tests.dungeon.completions import completion
from tests.terminal import Terminal

_PROMPT = "You stand before the iron door.\n\n> You open the iron door.\n"
_LONG = _PROMPT + " ".join(f"Behind door number {n} you hear {n + 2} people walk about." for n in range(40)) + "\n"
_TOKENS = 100
_INPUTS = ("open the iron door", "ask Hessa what she sees", "light the lamp", "step inside", "call out")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of start and turns; of the rest, four times as many")
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    parser.add_argument("--only", default="start,turns,prefetch,adapter", help="which measurements, with commas")
    arguments = parser.parse_args()
    runs, voice = arguments.runs, arguments.voice
    with temporary_home():
        for name in arguments.only.split(","):
            if name == "start":
                measure_start(runs)
            elif name == "turns":
                asyncio.run(measure_turns(runs, voice))
            elif name == "prefetch":
                asyncio.run(measure_prefetch(4 * runs, voice))
            elif name == "adapter":
                asyncio.run(measure_adapter(4 * runs, voice))
            else:
                parser.error(f"there is no measurement '{name}'")


# ---- start -------------------------------------------------------------------------------------------------------


def measure_start(runs: int) -> None:
    """Print how long the command line and the first screen take."""
    click = [sys.executable, "-c", "import click"]
    dungeon = [sys.executable, "-m", "dungeon"]
    imports, helps = [], []
    for _ in range(runs):
        imports.append(seconds(lambda: subprocess.run(click, check=True)))
        helps.append(seconds(lambda: subprocess.run([*dungeon, "--help"], check=True, capture_output=True)))
    show("python -c 'import click'", imports)
    show("dungeon --help", helps)
    show("dungeon --help / import click (at most 3)", [b / a for a, b in zip(imports, helps, strict=True)], "x", 1)
    show("start to first screen (at most 0.5)", [_first_screen(dungeon) for _ in range(runs)], "s", 1)


def _first_screen(dungeon: list[str]) -> float:
    """Return the seconds until the list of scenarios is on a pseudo-terminal."""
    began = time.perf_counter()
    with Terminal(dungeon) as terminal:
        terminal.expect("Write your own")
        return time.perf_counter() - began


# ---- turns -------------------------------------------------------------------------------------------------------


async def measure_turns(runs: int, voice: str) -> None:
    """Print how long the first words take, with a cold engine and later, and the speed of generation."""
    cold, later, client_speeds, ratios = [], [], [], []
    tokens = None
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            storyteller = LocalStoryteller(find_voice(voice))
            session = Session(Shelf(Path(folder) / f"{run}.db"), storyteller, seed=run)
            session.begin(find_scenario("iron-door"))
            cold.append(await first_words(session, Kind.DO, _INPUTS[0]))
            for words in _INPUTS[1:]:
                await first_words(session, Kind.DO, words)
            tokens = await storyteller.count_tokens([session.context().text])
            later.append(await first_words(session, Kind.DO, "listen for an answer"))
            for _ in range(3):
                client_speeds.append(await _client_speed(storyteller))
                ratios.append(client_speeds[-1] / await _socket_speed(storyteller))
            await storyteller.close()
            session.shelf.close()
    show("Enter to first words, engine not started (at most 3)", cold, "s", 1)
    show(f"Enter to first words, prompt of {tokens[0] if tokens else '?'} tokens, not prefilled", later, "s", 1)
    show("generation, through the game's client", client_speeds, "tokens/s", 1)
    show("  as a share of that over a bare socket (at least 0.95)", ratios, "x", 1)


async def _client_speed(storyteller: LocalStoryteller) -> float:
    """Return tokens a second, through the game's client."""
    stream = storyteller.stream(completion(_PROMPT, storyteller.sampling, max_tokens=_TOKENS, seed=1))
    async with aclosing(stream) as pieces:
        times = [time.perf_counter() async for _ in pieces]
    return (len(times) - 1) / (times[-1] - times[0])


async def _socket_speed(storyteller: LocalStoryteller) -> float:
    """Return tokens a second of the same request, written to a socket and read from it."""
    client = storyteller._client  # nothing public has the engine's address and key
    assert client is not None
    address = httpx2.URL(client.url)
    body = json.dumps(client.body(completion(_PROMPT, storyteller.sampling, max_tokens=_TOKENS, seed=1))).encode()
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {storyteller._key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    times = []
    while not (line := await reader.readline()).startswith(b"data: [DONE]"):
        assert line, "the engine closed the connection"
        if line.startswith(b"data: {") and b'"text":""' not in line:
            times.append(time.perf_counter())
    writer.close()
    return (len(times) - 1) / (times[-1] - times[0])


# ---- prefetching, and the adapter --------------------------------------------------------------------------------


async def measure_prefetch(runs: int, voice: str) -> None:
    """Print how long the first words of the same turn take: with an idle engine, and at any moment of prefetching."""
    idle: list[float] = []
    prefetching: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        storyteller = LocalStoryteller(find_voice(voice))
        session = Session(Shelf(Path(folder) / "shelf.db"), storyteller)
        session.begin(find_scenario("iron-door"))
        for words in _INPUTS[:4]:
            await first_words(session, Kind.DO, words)
        for run in range(runs):
            for times, wait in ((idle, 0.0), (prefetching, 0.1 + 6.0 * run / runs)):
                await session.prefill()
                session.prefetcher = Prefetcher(storyteller)  # without what it has generated already
                if wait:
                    await asyncio.wait([asyncio.create_task(session.prefetch(lambda: None))], timeout=wait)
                times.append(await first_words(session, Kind.DO, "sing"))
                session.undo()
        await storyteller.close()
        session.shelf.close()
    show("Enter to first words, idle engine (at most 300)", idle)
    show("  while it prefetches", prefetching)


async def measure_adapter(runs: int, voice: str) -> None:
    """Print what the voice's adapter costs: the same requests to the voice and to the untuned base, in turns."""
    base, tuned = (LocalStoryteller(find_voice(name)) for name in (SMOLLM2.name, voice))
    slower_first, slower_rest = [], []
    for storyteller in (base, tuned):
        await storyteller.start()
    for run in range(runs):
        # The number makes it a prompt that the engine has not cached.
        prompt = f"{run}. {_LONG}"
        slower_first.append(1 / await _first_token(base, prompt))
        slower_first[-1] *= await _first_token(tuned, prompt)
        slower_rest.append(await _client_speed(base) / await _client_speed(tuned))
    for storyteller in (base, tuned):
        await storyteller.close()
    words = len(_LONG.split())
    show(f"adapter: time to the first token of {words} new words, times base", slower_first, "x", 1)
    show("adapter: time for the tokens after it, times base (at most 1.1)", slower_rest, "x", 1)


async def _first_token(storyteller: LocalStoryteller, prompt: str) -> float:
    """Return the seconds that the engine takes to read a prompt and generate one token."""
    began = time.perf_counter()
    async with aclosing(storyteller.stream(completion(prompt, storyteller.sampling, max_tokens=1, seed=1))) as pieces:
        _ = [piece async for piece in pieces]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
