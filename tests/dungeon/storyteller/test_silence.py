"""A server that takes a request and then sends nothing: the player is told, it is waited for, and it can be left."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from corpus.turns import Kind
from dungeon.errors import StorytellerError
from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.servers import http
from dungeon.storyteller.voices.find import Voice
from dungeon.tale.adventure import State
from tests.dungeon.completions import completion, llama_cpp
from tests.dungeon.storyteller.fake_servers import Answered, FakeVllm, Streamed
from tests.dungeon.storyteller.playing import Play

SHORT_SECONDS = 0.05
TIME_LIMIT = 30


class SilentServer(FakeVllm):
    """Waits, before the answer or behind its first line, until `go_on` is set or the client has left."""

    def __init__(self, before_the_answer: bool) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.before_the_answer = before_the_answer

    def post(self, path: str, body: Any) -> Answered | Streamed:
        answer = super().post(path, body)
        if not isinstance(answer, Streamed):
            return answer
        if self.before_the_answer:
            self.go_on.wait(TIME_LIMIT)
            return answer
        return Streamed(self.lines([line or "" for line in answer.lines]))

    def lines(self, lines: list[str]) -> Iterator[str]:
        for number, line in enumerate(lines):
            if number == 1:
                # The client's leaving shows when something is written, so something harmless is.
                while not self.go_on.wait(0.02):
                    if self.probes:
                        yield ": still here"
            yield line

    probes = False


@dataclass
class Game:
    """A session with a silent server."""

    session: Session
    shelf: Shelf
    server: SilentServer
    notices: asyncio.Queue[str]
    grown: asyncio.Event

    def wait(self) -> asyncio.Task[Any]:
        return asyncio.create_task(self.session.play_turn(Kind.DO, "wait", self._update))

    def _update(self, node: Any) -> None:
        if node.prose:
            self.grown.set()

    def stored(self) -> tuple[str, State]:
        (node,) = self.shelf.open(self.session.adventure.id).path()
        return node.prose, node.state


@pytest.fixture(params=[True, False], ids=["before the answer", "in the middle"])
async def game(request: pytest.FixtureRequest, play: Play, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Game]:
    monkeypatch.setattr(http, "SILENCE_SECONDS", SHORT_SECONDS)
    with SilentServer(request.param) as server, closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, play(server).storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        notices: asyncio.Queue[str] = asyncio.Queue()
        session.on_notice = notices.put_nowait
        async with asyncio.timeout(TIME_LIMIT):
            yield Game(session, shelf, server, notices, asyncio.Event())
        server.go_on.set()


async def test_the_player_is_told_and_the_turn_goes_on_when_the_server_does(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = game.wait()
    notice = await game.notices.get()
    monkeypatch.setattr(http, "SILENCE_SECONDS", TIME_LIMIT)  # a busy machine is silent, too
    assert notice == f"The server at {game.server.url} has not answered for 20 seconds."
    assert not turn.done()
    game.server.go_on.set()
    node = await turn
    assert (node.prose, node.state) == ("It is dark.", State.DONE)


async def test_a_silent_server_can_be_left_at_once_and_what_came_is_kept(game: Game) -> None:
    turn = game.wait()
    if not game.server.before_the_answer:
        await game.grown.wait()
    await game.notices.get()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(turn, 5)
    assert game.stored() == ("" if game.server.before_the_answer else "It", State.STOPPED)
    if not game.server.before_the_answer:
        game.server.probes = True
        assert await asyncio.to_thread(game.server.left.wait, 10), "its connection is closed"


async def test_a_server_that_stays_silent_is_given_up_in_the_end(game: Game, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIMIT_SECONDS", 4 * SHORT_SECONDS)
    monkeypatch.setattr(http, "SILENCE_SECONDS", TIME_LIMIT)
    with pytest.raises(StorytellerError, match=r"has not answered for .* minutes, and is waited for no longer"):
        await game.wait()
    assert game.stored()[1] is State.STOPPED
    assert not game.session.storyteller.is_ready


async def test_leaving_a_server_that_never_answers_closes_the_connection_at_once() -> None:
    """A connection that is taken, and whose request is not even read."""
    left = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()
        writer.close()

    listening = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    async with listening, asyncio.timeout(TIME_LIMIT):
        client = llama_cpp(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", "m")
        told = asyncio.Event()
        client.connection.on_silence = told.set
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(http, "SILENCE_SECONDS", SHORT_SECONDS)
            asking = asyncio.create_task(anext(client.stream(completion("x\n"))))
            await told.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await left.wait()
        await client.close()


@pytest.mark.real
async def test_a_voice_of_this_machine_that_hangs_is_told_by_its_name(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storyteller = LocalStoryteller(Voice("smollm2", weights))
    await storyteller.start()
    monkeypatch.setattr(http, "SILENCE_SECONDS", SHORT_SECONDS)
    notices: asyncio.Queue[str] = asyncio.Queue()
    storyteller.on_notice = notices.put_nowait
    assert storyteller.pid
    os.kill(storyteller.pid, signal.SIGSTOP)

    async def text() -> str:
        return "".join([piece async for piece in storyteller.stream(completion("You walk.\n", max_tokens=4))])

    asking = asyncio.create_task(text())
    async with asyncio.timeout(TIME_LIMIT):
        assert (await notices.get()).startswith("The voice 'smollm2' has not answered for ")
        os.kill(storyteller.pid, signal.SIGCONT)
        assert await asking
    await storyteller.close()
