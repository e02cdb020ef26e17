"""How fast the game is, as a player meets it: start, first screen, first word, decoding; and how fast the voice drops
what it works on ahead when the player wants something else. Prints, asserts nothing.

    python tests/benchmarks/play_speed.py [--runs 5]

Needs a Unix terminal and the bundled weights (fetched if missing). Each figure is the median of the runs, with the
smallest and the largest. Compare ratios, not seconds, between machines. Nothing else should run meanwhile. Long games
are in play_long.py.
"""

import argparse
import asyncio
import fcntl
import json
import os
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import httpx2

from corpus.turns import Kind
from dungeon.generation.prefetch import Prefetcher
from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from tests.dungeon.completions import completion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    arguments = parser.parse_args()
    start_up(arguments.runs)
    asyncio.run(playing(arguments.runs, arguments.voice))
    asyncio.run(interrupting(4 * arguments.runs, arguments.voice))
    asyncio.run(adapter_cost(4 * arguments.runs, arguments.voice))


def show(what: str, values: list[float], unit: str, scale: float = 1.0) -> None:
    low, mid, high = (scale * f(values) for f in (min, statistics.median, max))
    p95 = scale * sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
    of_many = f", p95 {p95:.2f}" if len(values) >= 20 else ""
    print(f"{what:58} {mid:8.2f} {unit}   ({low:.2f} to {high:.2f}{of_many}, {len(values)} runs)", flush=True)


# ---- start-up ------------------------------------------------------------------------------------------------


def start_up(runs: int) -> None:
    python = sys.executable
    pairs = []
    for _ in range(runs):
        click = timed(lambda: subprocess.run([python, "-c", "import click"], check=True))
        listed = timed(lambda: subprocess.run([python, "-m", "dungeon", "--help"], check=True, capture_output=True))
        pairs.append((click, listed))
    show("python -c 'import click'", [a for a, _ in pairs], "ms", 1e3)
    show("dungeon --help", [b for _, b in pairs], "ms", 1e3)
    show("dungeon --help / import click (at most 3)", [b / a for a, b in pairs], "x ")
    show("first screen after start (at most 0.5)", [first_paint() for _ in range(runs)], "s ")


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def first_paint() -> float:
    """Seconds until the list of scenarios is on a real pseudo-terminal."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "dungeon"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    seen = b""
    while b"Write your own" not in seen:
        seen += os.read(terminal, 65536)
    took = time.perf_counter() - began
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return took


# ---- playing -------------------------------------------------------------------------------------------------


async def playing(runs: int, voice: str) -> None:
    first_ever, later, ratios, rates = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            storyteller = LocalStoryteller(find_voice(voice))
            session = Session(Shelf(Path(folder) / f"{run}.db"), storyteller, seed=run)
            began = time.perf_counter()
            loading = asyncio.create_task(storyteller.start())
            session.begin(find_scenario("iron-door"))
            first: list[float] = []
            await session.play_turn(
                Kind.DO, "open the iron door", lambda _, first=first: first.append(time.perf_counter())
            )
            await loading
            first_ever.append(first[0] - began)
            for words in ("ask Hessa what she sees", "light the lamp", "step inside", "call out"):
                await session.play_turn(Kind.DO, words, lambda _: None)
            tokens = await count_tokens(storyteller, session)
            await session.play_turn(Kind.DO, "listen for an answer", lambda _: None)
            later.append(session.stats.first_text or 0.0)
            for _ in range(3):
                ours = await decode_ours(storyteller)
                bare = await decode_bare(storyteller)
                ratios.append(ours / bare)
                rates.append(ours)
            await storyteller.close()
    show("scenario chosen to first story token, cold engine (<= 3)", first_ever, "s ")
    show(f"Enter to first token, {tokens} tokens of history (<= 0.3)", later, "s ")
    show("decoding, through the game's client", rates, "tokens/s")
    show("the same over bare HTTP: ours / bare (at least 0.95)", ratios, "x ")


async def interrupting(runs: int, voice: str) -> None:
    """The same turn again and again, the voice at rest or at any moment of working ahead."""
    resting, working = [], []
    with tempfile.TemporaryDirectory() as folder:
        storyteller = LocalStoryteller(find_voice(voice))
        session = Session(Shelf(Path(folder) / "shelf.db"), storyteller)
        session.begin(find_scenario("iron-door"))
        for words in ("open the iron door", "ask Hessa what she sees", "light the lamp", "step inside"):
            await session.play_turn(Kind.DO, words, lambda _: None)
        for run in range(runs):
            for times, seconds in ((resting, None), (working, 0.1 + 6.0 * run / runs)):
                await session.prefill()
                session.ahead = Prefetcher(storyteller)
                if seconds:
                    reading = asyncio.create_task(session.prefetch(lambda: None))
                    await asyncio.wait([reading], timeout=seconds)
                first: list[float] = []
                began = time.perf_counter()
                await session.play_turn(Kind.DO, "sing", lambda _, first=first: first.append(time.perf_counter()))
                if first:
                    times.append(first[0] - began)
                session.undo()
        await storyteller.close()
    show("Enter to first token, the voice at rest (<= 300)", resting, "ms", 1e3)
    show("  the same while the voice works ahead", working, "ms", 1e3)


async def adapter_cost(runs: int, voice: str) -> None:
    """The voice beside the untuned weights: the same requests, one after the other, in turns."""
    storytellers = [LocalStoryteller(find_voice(name)) for name in (SMOLLM2.name, voice)]
    for storyteller in storytellers:
        await storyteller.start()
    firsts: list[list[float]] = [[], []]
    rates: list[list[float]] = [[], []]
    for run in range(runs):
        for at, storyteller in enumerate(storytellers):
            began = time.perf_counter()
            # Read from the first token on: the engine has never seen the number.
            stream = storyteller.stream(completion(f"{run}. {_LONG}", storyteller.sampling, max_tokens=1, seed=1))
            async with aclosing(stream) as pieces:
                _ = [piece async for piece in pieces]  # none, if the token is that of the end
            firsts[at].append(time.perf_counter() - began)
            rates[at].append(await decode_ours(storyteller))
    for storyteller in storytellers:
        await storyteller.close()
    show(f"first token of {len(_LONG.split())} unread words, with / without the adapter", ratios(firsts), "x ")
    show("tokens a second, without / with the adapter (at most 1.1)", ratios(rates[::-1]), "x ")


def ratios(both: list[list[float]]) -> list[float]:
    return [tuned / bare for bare, tuned in zip(*both, strict=True)]


_PROMPT = "You stand before the iron door.\n\n> You open the iron door.\n"
_LONG = _PROMPT + " ".join(f"Behind door number {n} you hear {n + 2} people walk about." for n in range(40)) + "\n"
_TOKENS = 100


async def count_tokens(storyteller: LocalStoryteller, session: Session) -> int:
    adventure = session.adventure
    text = adventure.opening + "".join(f"\n\n> {node.action}\n\n{node.prose}" for node in adventure.path())
    client = storyteller._client
    assert client is not None
    answer = await client._http.post(f"{client.url}/tokenize", json={"content": text})
    return len(answer.json()["tokens"])


async def decode_ours(storyteller: LocalStoryteller) -> float:
    stream = storyteller.stream(completion(_PROMPT, storyteller.sampling, max_tokens=_TOKENS, seed=1))
    async with aclosing(stream) as pieces:
        times = [time.perf_counter() async for _ in pieces]
    return (len(times) - 1) / (times[-1] - times[0])


async def decode_bare(storyteller: LocalStoryteller) -> float:
    """The same request, written and read by hand."""
    client = storyteller._client
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


if __name__ == "__main__":
    main()
