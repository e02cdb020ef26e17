"""Streaming from a server: the pieces in order, stopping, what the server has cached, and failures as messages."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.completions import LlamaCpp
from tests.dungeon.completions import completion, llama_cpp
from tests.dungeon.scripted import Answer, Drop, Fail, Hold, Raw, ScriptedServer

SAMPLING = Sampling()


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[LlamaCpp]:
    client = llama_cpp(server.url, "scripted")
    yield client
    await client.close()


async def all_pieces(client: LlamaCpp, prompt: str = "You stand.\n") -> list[str]:
    return [piece async for piece in client.stream(completion(prompt, SAMPLING, max_tokens=100, seed=7))]


async def text(client: LlamaCpp, prompt: str) -> str:
    return "".join(await all_pieces(client, prompt))


async def failure(client: LlamaCpp) -> StorytellerError:
    with pytest.raises(StorytellerError) as caught:
        await all_pieces(client)
    return caught.value


# ---- requests and answers ----------------------------------------------------------------------------------------


async def test_pieces_come_in_order(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [["\nThe", " door", "", " opens", " 🐉\n", "\n[bold]שלום\x1b[0m\u2028."]]
    assert await all_pieces(client) == ["\nThe", " door", " opens", " 🐉\n", "\n[bold]שלום\x1b[0m\u2028."]


async def test_a_piece_comes_before_the_next_one_is_generated(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [["\nThe", Hold(), " door"]]
    async with aclosing(client.stream(completion("x\n", SAMPLING, max_tokens=100, seed=7))) as pieces:
        assert await anext(pieces) == "\nThe"
        server.release()
        assert await anext(pieces) == " door"


async def test_the_body_of_a_request(server: ScriptedServer, client: LlamaCpp) -> None:
    prompt = "You stand 🐉.\n\n> You [bold]wait[/] שלום.\n"
    await all_pieces(client, prompt)
    assert server.requests == [
        {
            "model": "scripted",
            "prompt": prompt,
            "max_tokens": 100,
            "seed": 7,
            "stop": ["\n>"],
            "stream": True,
            "cache_prompt": True,
            "return_progress": True,
            "temperature": SAMPLING.temperature,
            "top_p": SAMPLING.top_p,
            "top_k": SAMPLING.top_k,
            "min_p": SAMPLING.min_p,
            "repeat_penalty": SAMPLING.repeat_penalty,
            "repeat_last_n": SAMPLING.repeat_last_n,
            "dry_multiplier": SAMPLING.dry_multiplier,
            "dry_base": SAMPLING.dry_base,
            "dry_allowed_length": SAMPLING.dry_allowed_length,
            "dry_penalty_last_n": SAMPLING.dry_penalty_last_n,
            "dry_sequence_breakers": list(SAMPLING.dry_sequence_breakers),
            "xtc_probability": SAMPLING.xtc_probability,
            "xtc_threshold": SAMPLING.xtc_threshold,
        }
    ]


async def test_a_prompt_and_answer_of_a_hundred_thousand_characters(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [["🐉" * 50_000, "x" * 50_000]]
    assert await all_pieces(client, "x" * 100_000) == ["🐉" * 50_000, "x" * 50_000]
    assert server.requests[0]["prompt"] == "x" * 100_000


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "//"])
async def test_the_address_may_end_with_a_slash_or_v1(server: ScriptedServer, end: str) -> None:
    client = llama_cpp(server.url + end, "scripted")
    assert "".join(await all_pieces(client)) == "\nIt is dark."
    assert server.paths == ["/v1/completions"]
    await client.close()


async def test_a_server_on_this_machine_is_reached_without_the_proxy_of_the_environment(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = llama_cpp(server.url, "scripted")
    assert "".join(await all_pieces(client)) == "\nIt is dark."
    await client.close()


# ---- stopping ----------------------------------------------------------------------------------------------------


async def test_leaving_the_loop_stops_the_server(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [["\nThe", " door", Hold(), "never"], "\nNext."]
    async with aclosing(client.stream(completion("x\n", SAMPLING, max_tokens=100, seed=7))) as pieces:
        async for piece in pieces:
            if piece == " door":
                break
    assert await asyncio.to_thread(server.aborted.wait, 10)
    assert "".join(await all_pieces(client)) == "\nNext."


async def test_cancelling_the_task_stops_the_server(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [[Hold(), "never"], "\nNext."]
    task = asyncio.create_task(all_pieces(client))
    assert await asyncio.to_thread(server.holding.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.aborted.wait, 10)
    assert "".join(await all_pieces(client)) == "\nNext."


# ---- servers that refuse extensions ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_refuses_extensions_one_by_one_gets_standard_requests_from_then_on(
    server: ScriptedServer, client: LlamaCpp, status: int
) -> None:
    refusals = [
        Fail(status, {"error": {"message": f"Unrecognized request argument: {name}"}}) for name in ("top_k", "min_p")
    ]
    server.answers = [*refusals, "\nOne.", "\nTwo."]
    assert "".join(await all_pieces(client)) == "\nOne."
    assert "".join(await all_pieces(client)) == "\nTwo."
    standard = {"model", "prompt", "max_tokens", "seed", "stop", "stream", "temperature", "top_p"}
    assert [set(request) == standard for request in server.requests] == [False, False, True, True]


async def test_a_server_that_refuses_the_standard_request_is_an_error(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [Fail(400, {"error": {"message": "temperature must be 1"}})]
    assert str(await failure(client)).endswith("answered 400: temperature must be 1")
    assert len(server.requests) <= 4


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {
                "code": 400,
                "message": "request (9000 tokens) exceeds the available context size (2048 tokens), try increasing it",
                "type": "exceed_context_size_error",
            }
        },
        {
            "error": {
                "message": "This model's maximum context length is 2048 tokens. However, you requested 9000 tokens.",
                "code": "context_length_exceeded",
            }
        },
        {"message": "This model's maximum context length is 2048 tokens.", "object": "error"},
        {"error": {"message": "prompt is too long: 9000 tokens > 2048 maximum", "type": "invalid_request_error"}},
    ],
    ids=["llama.cpp", "OpenAI", "older vLLM", "Anthropic"],
)
async def test_a_prompt_that_is_too_long_raises_context_overflow(
    server: ScriptedServer, client: LlamaCpp, body: object
) -> None:
    server.answers = [Fail(400, body)]
    assert isinstance(await failure(client), ContextOverflow)
    assert len(server.requests) == 1, "a request with fewer fields would not be shorter"


# ---- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, {"error": {"message": "Invalid API Key"}}, "answered 401: Invalid API Key. Set DUNGEON_API_KEY"),
        (403, "no", "answered 403: no. Set DUNGEON_API_KEY to the server's key."),
        (
            404,
            {"detail": "Not Found"},
            "answered 404: Not Found. Does this server offer /v1/completions, and this model?",
        ),
        (500, "<html>" + "x" * 5000, "answered 500: <html>xxx"),
        (503, {"error": "loading"}, "answered 503: loading"),
        (500, "", "answered 500: "),
        (500, {}, "answered 500: {}"),
        (500, [1], "answered 500: [1]"),
        (307, "", "answered 307: "),
    ],
)
async def test_an_error_status_is_reported_with_the_servers_message_and_what_to_do(
    server: ScriptedServer, client: LlamaCpp, status: int, body: object, message: str
) -> None:
    server.answers = [Fail(status, body)]
    error = str(await failure(client))
    assert error.startswith(f"The storyteller at {server.url} {message}")
    assert len(error) < 500


@pytest.mark.parametrize(
    "line",
    [
        "data: {broken",
        "data: []",
        "data: 5",
        "data: null",
        'data: {"choices": 5}',
        'data: {"choices": [5]}',
        'data: {"choices": {"text": "x"}}',
    ],
)
async def test_an_invalid_event_is_an_error(server: ScriptedServer, client: LlamaCpp, line: str) -> None:
    server.answers = [["\nOne", Raw(line)]]
    assert "not a completion" in str(await failure(client))


async def test_an_error_event_in_mid_stream_is_reported(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [["\nOne", Raw('data: {"error": {"code": 500, "message": "out of memory"}}')]]
    assert str(await failure(client)).endswith("failed: out of memory")


async def test_comments_and_other_fields_of_a_stream_are_ignored(server: ScriptedServer, client: LlamaCpp) -> None:
    ignored = [Raw(": keep-alive"), Raw("event: message"), Raw('data:{"choices": []}'), Raw("")]
    server.answers = [["\nOne", *ignored, " two."]]
    assert await all_pieces(client) == ["\nOne", " two."]


async def test_an_html_page_instead_of_a_stream_is_an_error(server: ScriptedServer, client: LlamaCpp) -> None:
    server.answers = [Fail(200, "<html>Welcome</html>")]
    assert "not with a stream of completions" in str(await failure(client))


@pytest.mark.parametrize("answer", [Drop(), ["\nThe door", Drop()]], ids=["at once", "in the middle"])
async def test_a_broken_connection_is_an_error_and_the_next_request_works(
    server: ScriptedServer, client: LlamaCpp, answer: Answer
) -> None:
    server.answers = [answer, "\nNext."]
    assert "broke off" in str(await failure(client))
    assert "".join(await all_pieces(client)) == "\nNext."


async def test_an_address_without_a_server_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: no other program gets the port
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = llama_cpp(url, "m")
        assert f"No storyteller answers at {url}" in str(await failure(client))
        await client.close()


# ---- cached tokens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [], "prompt_progress": {"total": 427, "cache": 422, "processed": 422, "time_ms": 0}},
        {"choices": [], "usage": {"prompt_tokens": 427, "prompt_tokens_details": {"cached_tokens": 422}}},
    ],
    ids=["llama.cpp, first event", "as OpenAI, last event"],
)
async def test_the_cached_tokens_that_the_server_reports(server: ScriptedServer, event: object) -> None:
    client = llama_cpp(server.url, "scripted")
    assert client.cached_tokens is None
    server.answers = [[Raw("data: " + json.dumps(event)), "\nIt is", " dark."]]
    assert await text(client, "You stand.\n") == "\nIt is dark."
    assert client.cached_tokens == 422
    await client.close()


@pytest.mark.parametrize("usage", [None, 5, [], {}, {"prompt_tokens_details": None}, {"prompt_tokens_details": 7}])
async def test_cached_tokens_are_unknown_if_the_server_does_not_report_them(
    server: ScriptedServer, usage: object
) -> None:
    client = llama_cpp(server.url, "scripted")
    server.answers = [["\nIt is", Raw("data: " + json.dumps({"choices": [], "usage": usage})), " dark."]]
    assert await text(client, "You stand.\n") == "\nIt is dark."
    assert client.cached_tokens is None
    await client.close()


async def test_cached_text_is_the_prompt_and_the_answer(server: ScriptedServer) -> None:
    client = llama_cpp(server.url, "scripted")
    assert client.cached_text == ""
    server.answers = [["\nIt is", " dark."], [""], Fail(500, "no")]
    await text(client, "You stand.\n")
    assert client.cached_text == "You stand.\n\nIt is dark."
    await text(client, "You wait.\n")
    assert client.cached_text == "You wait.\n"
    with pytest.raises(StorytellerError):
        await text(client, "You fall.\n")
    assert client.cached_text == "You wait.\n"
    await client.close()
