"""An answer that ends without its protocol's end mark was cut off: the turn is stopped, and what came is kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from corpus.turns import Kind
from dungeon.errors import StorytellerError
from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import State
from tests.dungeon.storyteller.fake_servers import (
    PIECES,
    Answered,
    Body,
    FakeChatService,
    FakeKoboldCpp,
    FakeLlamaCpp,
    FakeLmStudio,
    FakeOllama,
    FakeServer,
    FakeVllm,
    Streamed,
    chat_events,
    completion_events,
    sse,
    without_end,
)
from tests.dungeon.storyteller.playing import Play

KINDS = (FakeLlamaCpp, FakeKoboldCpp, FakeOllama, FakeLmStudio, FakeVllm, FakeChatService)
Post = Callable[[str, Any], Answered | Streamed]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    """A server of each kind."""
    with request.param() as running:
        yield running


def answering(server: FakeServer, change: Callable[[Answered | Streamed], Answered | Streamed]) -> None:
    """Has the server change the answers that are streams."""
    taken: Post = server.post

    def post(path: str, body: Any) -> Answered | Streamed:
        answer = taken(path, body)
        return change(answer) if isinstance(answer, Streamed) else answer

    server.post = post


@pytest.mark.parametrize("body", Body)
async def test_a_turn_whose_stream_is_cut_off_is_stopped_and_the_player_is_told(
    server: FakeServer, play: Play, body: Body
) -> None:
    answering(server, lambda answer: without_end(answer, body))
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, play(server).storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        with pytest.raises(StorytellerError, match=f"storyteller at {server.url} broke off"):
            await session.play_turn(Kind.DO, "wait", lambda node: None)
        (node,) = shelf.open(session.adventure.id).path()
        assert (node.prose, node.state) == ("It is dark.", State.STOPPED)


async def test_a_whole_stream_is_a_turn_that_is_done(server: FakeServer, play: Play) -> None:
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, play(server).storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        node = await session.play_turn(Kind.DO, "wait", lambda node: None)
        assert (node.prose, node.state) == ("It is dark.", State.DONE)


@pytest.mark.parametrize("body", Body)
async def test_a_stream_without_done_is_whole_if_its_last_event_says_why_it_finished(play: Play, body: Body) -> None:
    with FakeVllm() as server:
        lines = ["data: " + json.dumps(event) for event in completion_events(PIECES)]
        answering(server, lambda _: Streamed(lines, body))
        assert await play(server).text() == "".join(PIECES)


async def test_a_stream_that_gives_no_reason_to_finish_is_whole_if_it_says_done(play: Play) -> None:
    with FakeChatService() as server:
        answering(server, lambda _: sse(chat_events([{"content": "It is dark."}])))
        assert await play(server).text() == "It is dark."


@pytest.mark.parametrize("reason", ["abort", "error", "insufficient_system_resource"])
async def test_an_answer_that_the_server_gave_up_is_cut_off(play: Play, reason: str) -> None:
    with FakeVllm() as server:
        events = completion_events(PIECES)
        events[-1] = {"choices": [{"index": 0, "text": "", "finish_reason": reason}]}
        answering(server, lambda _: sse(events))
        with pytest.raises(StorytellerError, match=f"broke off: it says '{reason}'"):
            await play(server).text()


@pytest.mark.parametrize("line", ["[" * 100_000, "{" * 100_000], ids=["list", "object"])
async def test_an_event_that_is_nested_too_deeply_is_an_error(play: Play, line: str) -> None:
    for kind, prefix in ((FakeVllm, "data: "), (FakeOllama, "")):
        with kind() as server:
            answering(server, lambda _, prefix=prefix: Streamed([prefix + line]))  # type: ignore[misc]
            with pytest.raises(StorytellerError, match="not a completion"):
                await play(server).text()
