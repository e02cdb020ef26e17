"""What a server is found to be, by GETs alone: its kind, its models, their context; and what runs on this machine."""

import asyncio
import socket

import pytest

from dungeon.errors import StorytellerError
from dungeon.storyteller.servers.detect import LOCAL_SECONDS, Kind, find_local_servers
from tests.dungeon.storyteller.fake_servers import (
    PIECES,
    Answered,
    FakeKoboldCpp,
    FakeLlamaCpp,
    FakeLlamaRouter,
    FakeLmStudio,
    FakeOllama,
    FakeServer,
    FakeVllm,
    FakeWeb,
    completion_events,
    sse,
)
from tests.dungeon.storyteller.playing import Play

_BUSY_MACHINE_SECONDS = 10


# ---- what it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "model", "found", "name", "context"),
    [
        (FakeLlamaCpp, None, Kind.LLAMA_CPP, "Wayfarer-2-12B-Q4_K_M", 2048),
        (FakeLlamaCpp, "mine", Kind.LLAMA_CPP, "mine", 2048),
        (FakeLlamaRouter, None, Kind.LLAMA_CPP, "b", 4096),
        (FakeLlamaRouter, "c", Kind.LLAMA_CPP, "c", 4096),
        (FakeKoboldCpp, None, Kind.KOBOLDCPP, "Muse-12B", 12288),
        (FakeOllama, "muse", Kind.OLLAMA, "muse", 8192),
        (FakeOllama, "qwen3:4b", Kind.OLLAMA, "qwen3:4b", 8192),
        (FakeLmStudio, "ministral-3-8b", Kind.LM_STUDIO, "ministral-3-8b", 4096),
        (FakeVllm, None, Kind.VLLM, "LatitudeGames/Harbinger-24B", 16384),
    ],
)
async def test_a_server_is_recognised_with_its_model_and_context(
    play: Play, kind: type[FakeServer], model: str | None, found: Kind, name: str, context: int
) -> None:
    with kind() as server:
        storyteller = play(server, model).storyteller
        await storyteller.identify()
        assert (storyteller.kind, storyteller.name, storyteller.context_size) == (found, name, context)
        assert storyteller.capabilities.raw_text
        await storyteller.identify()
        posts = [path for path in server.paths if not path.startswith("GET")]
        assert posts == (["POST /api/show"] if kind is FakeOllama else []), "nothing is generated to find out"


# ---- which model -------------------------------------------------------------------------------------------------


async def test_of_several_models_the_loaded_one_is_taken(play: Play) -> None:
    with FakeOllama() as ollama, FakeLmStudio() as studio:
        ollama.loaded = {"qwen3:4b": 32768}
        studio.loaded = {"ministral-3-8b": 9000}
        for server, name, context in ((ollama, "qwen3:4b", 32768), (studio, "ministral-3-8b", 9000)):
            storyteller = play(server, None).storyteller
            await storyteller.start()
            assert (storyteller.name, storyteller.context_size) == (name, context)


async def test_without_a_name_a_server_with_several_models_lists_them(play: Play) -> None:
    with FakeOllama() as server:
        with pytest.raises(StorytellerError, match=r"several models\. Choose one: --model NAME") as caught:
            await play(server, None).storyteller.start()
        assert "  muse:latest\n  qwen3:4b" in str(caught.value)


async def test_a_model_that_the_server_does_not_have_is_an_error_that_lists_them(play: Play) -> None:
    with FakeOllama() as ollama, FakeVllm() as vllm:
        with pytest.raises(StorytellerError, match=r"has no model 'qwen3:4'. Did you mean qwen3:4b\?") as caught:
            await play(ollama, "qwen3:4").storyteller.start()
        assert "(Ollama)" in str(caught.value)
        with pytest.raises(StorytellerError, match="  LatitudeGames/Harbinger-24B"):
            await play(vllm, "gpt2").storyteller.start()


async def test_a_server_that_lists_no_models_needs_a_name(play: Play) -> None:
    with FakeServer() as server:
        with pytest.raises(StorytellerError, match=r"lists no models\. Name one: --model NAME"):
            await play(server).storyteller.start()
        server.post = lambda path, body: sse(completion_events(PIECES))
        storyteller = play(server, "gpt2").storyteller
        await storyteller.start()
        assert (storyteller.kind, storyteller.name, storyteller.context_size) == (Kind.OTHER, "gpt2", 4096)


# ---- servers on this machine -------------------------------------------------------------------------------------


async def test_what_answers_on_this_machine_is_found_by_gets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame")
    with FakeOllama() as ollama, FakeKoboldCpp() as kobold, FakeLlamaCpp() as locked, FakeWeb() as web:
        locked.key = "other"
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            ports = [ollama.port, kobold.port, locked.port, web.port, closed.getsockname()[1]]
            found = await find_local_servers(ports, seconds=20)
        assert [(server.url, server.kind) for server in found] == [
            (ollama.url, Kind.OLLAMA),
            (kobold.url, Kind.KOBOLDCPP),
            (locked.url, Kind.OTHER),
        ]
        assert [model.name for model in found[0].models] == ["muse:latest", "qwen3:4b"]
        assert [server.needs_key for server in found] == [False, False, True]
        for server in (ollama, kobold, locked, web):
            assert all(asked.method == "GET" and asked.key is None for asked in server.asked)


async def test_a_port_that_is_silent_does_not_hold_up_the_search() -> None:
    assert 2 * LOCAL_SECONDS < 1.5
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with asyncio.timeout(_BUSY_MACHINE_SECONDS):
            assert await find_local_servers([silent.getsockname()[1]], seconds=0.1) == []


async def test_a_servers_answers_of_any_shape_are_no_crash(play: Play) -> None:
    shapes: list[object] = [None, 5, [], [1], {}, {"data": 5}, {"data": [5]}, {"models": [None]}, {"result": []}]
    for shape in shapes:
        with FakeServer() as server:
            server.get = lambda path, shape=shape: Answered(shape)
            storyteller = play(server, "m").storyteller
            await storyteller.identify()
            assert storyteller.kind is Kind.OTHER


async def test_a_web_page_is_not_a_storyteller(play: Play) -> None:
    message = r"not in JSON\. Is it a storyteller's server\?"
    with FakeWeb() as server, pytest.raises(StorytellerError, match=message):
        await play(server, "m").storyteller.start()
