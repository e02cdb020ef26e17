"""A server is ready when it can be asked: one that is dead, locked or broken never is; one that came back is again."""

import asyncio
import socket
from typing import Any

import pytest

from dungeon.errors import StorytellerError
from dungeon.storyteller.servers import remote
from dungeon.storyteller.servers.detect import Kind
from dungeon.storyteller.servers.remote import RemoteStoryteller
from tests.dungeon.storyteller.fake_servers import (
    PIECES,
    Answered,
    FakeChatService,
    FakeKoboldCpp,
    FakeLlamaCpp,
    FakeServer,
    FakeVllm,
    Streamed,
)
from tests.dungeon.storyteller.playing import Play

TEXT = "".join(PIECES)
LOADING = Answered({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, 503)


async def refusal(storyteller: RemoteStoryteller) -> str:
    """Why it does not start."""
    with pytest.raises(StorytellerError) as caught:
        await storyteller.start()
    assert not storyteller.is_ready
    await storyteller.close()
    return str(caught.value)


# ---- servers that can't be asked ---------------------------------------------------------------------------------


async def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: no other program gets the port
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        message = await refusal(RemoteStoryteller(url, "m"))
    assert message == f"No storyteller answers at {url}. Is the server running? Start it, or check the address."


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    message = await refusal(RemoteStoryteller("http://stories.invalid:8000", "m"))
    assert "No machine is known by the name in http://stories.invalid:8000" in message
    assert "Check the address, and the network." in message


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "asks for a key. Set the variable DUNGEON_API_KEY"),
        (403, "asks for a key. Set the variable DUNGEON_API_KEY"),
        (404, "answered 404: no. Does this server offer /v1/completions, and this model?"),
        (500, "answered 500: no"),
        (503, "answered 503: no"),
    ],
)
async def test_a_server_that_refuses_everything(play: Play, status: int, expected: str) -> None:
    with FakeServer() as server:
        server.get = lambda path: Answered("no", status)
        server.post = lambda path, body: Answered("no", status)
        assert expected in await refusal(play(server, "m").storyteller)


async def test_a_server_whose_list_of_models_fails_is_not_asked_for_stories(play: Play) -> None:
    with FakeServer() as server:
        server.get = lambda path: Answered("out of order", 500) if path == "/v1/models" else server.unknown(path)
        assert "answered 500: out of order" in await refusal(play(server, "m").storyteller)
        assert not server.bodies("/v1/completions")


async def test_a_server_that_shows_nothing_is_asked_for_a_word(play: Play) -> None:
    with FakeVllm() as text, FakeChatService() as chat:
        for server in (text, chat):
            server.get = server.unknown
            storyteller = play(server, "m").storyteller
            await storyteller.start()
            assert storyteller.is_ready
        assert [body["max_tokens"] for body in text.bodies("/v1/completions")] == [2]
        assert storyteller.kind is Kind.CHAT, "its route for text does not exist"


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_llama_cpp_which_lists_its_models_for_all_but_asks_for_a_key(
    play: Play, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv("DUNGEON_API_KEY", key)
    with FakeLlamaCpp() as server:
        listed = server.get
        server.get = lambda path: (
            listed(path) if path == "/v1/models" else Answered({"error": {"message": "Invalid API Key"}}, 401)
        )
        message = await refusal(play(server).storyteller)
    assert ("answered 401: Invalid API Key" if key else "asks for a key") in message
    assert "DUNGEON_API_KEY" in message


async def test_koboldcpp_with_a_password_asks_for_a_key(play: Play) -> None:
    with FakeKoboldCpp() as server:
        answers = server.get
        locked = Answered({"result": "KoboldCpp", "version": "1.117.1", "protected": True})
        server.get = lambda path: locked if path == "/api/extra/version" else answers(path)
        assert "asks for a key" in await refusal(play(server).storyteller)


async def test_a_server_that_ended_after_it_was_found(play: Play) -> None:
    with FakeLlamaCpp() as server:
        storyteller = play(server).storyteller
        await storyteller.identify()
    assert f"No storyteller answers at {server.url}" in await refusal(storyteller)


# ---- servers that fail and come back ------------------------------------------------------------------------------


class Restarted(FakeLlamaCpp):
    """The server after it was started again, with another model."""

    model = "/models/Muse-12B.gguf"
    context = 4096


async def test_a_server_that_was_started_again_with_another_model_is_ready_again(play: Play) -> None:
    with FakeLlamaCpp() as server:
        playing = play(server)
        storyteller = playing.storyteller
        await storyteller.start()
        assert await playing.text() == TEXT
        assert storyteller.is_ready
    with pytest.raises(StorytellerError, match="No storyteller answers"):
        await playing.text()
    assert not storyteller.is_ready
    with pytest.raises(StorytellerError, match="No storyteller answers"):
        await storyteller.start()
    with Restarted(server.port):
        await storyteller.start()
        assert (storyteller.is_ready, storyteller.name, storyteller.context_size) == (True, "Muse-12B", 4096)
        assert await playing.text() == TEXT


async def test_what_was_learned_of_a_server_that_failed_for_a_moment_is_kept(play: Play) -> None:
    with FakeVllm() as server:
        taken, failing = server.post, [False]

        def post(path: str, body: dict[str, Any]) -> Answered | Streamed:
            if failing[0]:
                return Answered({"message": "out of memory"}, 500)
            return Answered({"message": "no min_p here"}, 400) if "min_p" in body else taken(path, body)

        server.post = post
        playing = play(server)
        await playing.storyteller.start()
        assert await playing.text() == TEXT
        failing[0] = True
        with pytest.raises(StorytellerError, match="answered 500: out of memory"):
            await playing.text()
        assert not playing.storyteller.is_ready
        failing[0] = False
        await playing.storyteller.start()
        assert playing.storyteller.is_ready
        asked = len(server.bodies("/v1/completions"))
        assert await playing.text() == TEXT
        assert len(server.bodies("/v1/completions")) == asked + 1, "without the field that it refuses"


async def test_an_answer_makes_a_server_that_failed_ready_again(play: Play) -> None:
    with FakeVllm() as server:
        taken = server.post
        playing = play(server)
        await playing.storyteller.start()
        server.post = lambda path, body: Answered("no", 500)
        with pytest.raises(StorytellerError):
            await playing.text()
        server.post = taken
        assert await playing.text() == TEXT
        assert playing.storyteller.is_ready


async def test_a_request_that_is_refused_for_what_it_asks_says_nothing_of_the_server(play: Play) -> None:
    with FakeVllm() as server:
        playing = play(server)
        await playing.storyteller.start()
        for status in (400, 429):
            server.post = lambda path, body, status=status: Answered({"message": "not this"}, status)
            with pytest.raises(StorytellerError):
                await playing.text()
            assert playing.storyteller.is_ready


async def test_a_server_that_loads_its_model_is_waited_for(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_POLL_SECONDS", 0.01)
    with FakeLlamaCpp() as server:
        answers, left = server.get, [20]

        def get(path: str) -> Answered:
            left[0] -= 1
            return LOADING if left[0] > 0 else answers(path)

        server.get = get
        storyteller = play(server).storyteller
        notices: list[str] = []
        storyteller.on_notice = notices.append
        await storyteller.start()
        assert storyteller.is_ready
        assert notices == [f"The server at {server.url} is still loading its model."]


async def test_a_turn_waits_for_a_server_that_was_started_again_and_loads(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_POLL_SECONDS", 0.01)
    with FakeLlamaCpp() as server:
        playing = play(server)
        await playing.storyteller.start()
        get, post, left = server.get, server.post, [20]

        def still_loads() -> bool:
            left[0] -= 1
            return left[0] > 0

        server.get = lambda path: LOADING if still_loads() else get(path)
        server.post = lambda path, body: LOADING if still_loads() else post(path, body)
        assert await playing.text() == TEXT
        assert playing.storyteller.is_ready


async def test_loading_has_a_limit(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LOADING_SECONDS", 0.0)
    monkeypatch.setattr(remote, "_POLL_SECONDS", 0.01)
    with FakeLlamaCpp() as server:
        server.get = lambda path: LOADING
        assert "is still loading its model. Try again in a moment." in await refusal(play(server).storyteller)
