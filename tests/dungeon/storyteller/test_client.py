"""Streaming from a server: the pieces in order, stopped when the player stops, and every failure in words."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from dungeon.errors import ContextOverflow, DungeonError, StorytellerError
from dungeon.storyteller.http_client import Client
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.storyteller.sampling import Sampling
from tests.dungeon.completions import completion
from tests.dungeon.scripted import Answer, Drop, Fail, Hold, Raw, ScriptedServer

SAMPLING = Sampling()


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[Client]:
    client = Client(server.url, "scripted")
    yield client
    await client.close()


async def told(client: Client, prompt: str = "You stand.\n") -> list[str]:
    return [piece async for piece in client.stream(completion(prompt, SAMPLING, max_tokens=100, seed=7))]


async def failure(client: Client) -> StorytellerError:
    with pytest.raises(StorytellerError) as caught:
        await told(client)
    return caught.value


# ---- asking and listening ----------------------------------------------------------------------------------------


async def test_pieces_come_in_order_as_they_are_told(server: ScriptedServer, client: Client) -> None:
    server.answers = [["\nThe", " door", "", " opens", " 🐉\n", "\n[bold]שלום\x1b[0m\u2028."]]
    assert await told(client) == ["\nThe", " door", " opens", " 🐉\n", "\n[bold]שלום\x1b[0m\u2028."]


async def test_a_piece_is_there_before_the_next_one_is_made(server: ScriptedServer, client: Client) -> None:
    server.answers = [["\nThe", Hold(), " door"]]
    async with aclosing(client.stream(completion("x\n", SAMPLING, max_tokens=100, seed=7))) as pieces:
        assert await anext(pieces) == "\nThe"
        server.release()
        assert await anext(pieces) == " door"


async def test_what_the_server_is_asked(server: ScriptedServer, client: Client) -> None:
    prompt = "You stand 🐉.\n\n> You [bold]wait[/] שלום.\n"
    await told(client, prompt)
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
            "xtc_probability": SAMPLING.xtc_probability,
            "xtc_threshold": SAMPLING.xtc_threshold,
        }
    ]


async def test_a_hundred_thousand_characters_go_through(server: ScriptedServer, client: Client) -> None:
    server.answers = [["🐉" * 50_000, "x" * 50_000]]
    assert await told(client, "x" * 100_000) == ["🐉" * 50_000, "x" * 50_000]
    assert server.requests[0]["prompt"] == "x" * 100_000


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "//"])
async def test_the_address_may_end_as_people_write_it(server: ScriptedServer, end: str) -> None:
    client = Client(server.url + end, "scripted")
    assert "".join(await told(client)) == "\nIt is dark."
    assert server.paths == ["/v1/completions"]
    await client.close()


async def test_the_key_of_the_environment_is_sent(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame")
    storyteller = RemoteStoryteller(server.url, "scripted")
    async for _ in storyteller.stream(completion("x\n", SAMPLING, max_tokens=9, seed=1)):
        pass
    await storyteller.close()
    assert server.keys == ["Bearer sesame"]


async def test_a_proxy_of_the_environment_does_not_see_what_is_told_on_this_machine(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = Client(server.url, "scripted")
    assert "".join(await told(client)) == "\nIt is dark."
    await client.close()


# ---- stopping ----------------------------------------------------------------------------------------------------


async def test_leaving_the_loop_tells_the_server_to_stop(server: ScriptedServer, client: Client) -> None:
    server.answers = [["\nThe", " door", Hold(), "never"], "\nNext."]
    async with aclosing(client.stream(completion("x\n", SAMPLING, max_tokens=100, seed=7))) as pieces:
        async for piece in pieces:
            if piece == " door":
                break
    assert await asyncio.to_thread(server.aborted.wait, 10)
    assert "".join(await told(client)) == "\nNext."


async def test_cancelling_the_task_tells_the_server_to_stop(server: ScriptedServer, client: Client) -> None:
    server.answers = [[Hold(), "never"], "\nNext."]
    task = asyncio.create_task(told(client))
    assert await asyncio.to_thread(server.holding.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.aborted.wait, 10)
    assert "".join(await told(client)) == "\nNext."


# ---- servers that know less --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_refuses_extensions_is_asked_for_less_and_never_again(
    server: ScriptedServer, client: Client, status: int
) -> None:
    server.answers = [Fail(status, {"error": {"message": "Unrecognized request argument: top_k"}}), "\nOne.", "\nTwo."]
    assert "".join(await told(client)) == "\nOne."
    assert "".join(await told(client)) == "\nTwo."
    standard = {"model", "prompt", "max_tokens", "seed", "stop", "stream", "temperature", "top_p"}
    assert [set(request) == standard for request in server.requests] == [False, True, True]


async def test_a_server_that_refuses_both_ways_is_told(server: ScriptedServer, client: Client) -> None:
    server.answers = [Fail(400, {"error": {"message": "temperature must be 1"}})]
    assert str(await failure(client)) == f"The storyteller at {server.url} answered 400: temperature must be 1"
    assert len(server.requests) == 2


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
    ],
    ids=["llama.cpp", "OpenAI", "older vLLM"],
)
async def test_a_prompt_that_is_too_long_is_an_error_of_its_own(
    server: ScriptedServer, client: Client, body: object
) -> None:
    server.answers = [Fail(400, body)]
    assert isinstance(await failure(client), ContextOverflow)
    assert len(server.requests) == 1, "asking with fewer fields would not make it shorter"


# ---- failures in words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": {"message": "Invalid API Key"}}, "answered 401: Invalid API Key Set DUNGEON_API_KEY"),
        (403, "no", "answered 403: no Set DUNGEON_API_KEY to the server's key."),
        (
            404,
            {"detail": "Not Found"},
            "answered 404: Not Found Does this server offer /v1/completions, and this model?",
        ),
        (500, "<html>" + "x" * 5000, "answered 500: <html>xxx"),
        (503, {"error": "loading"}, "answered 503: loading"),
        (500, "", "answered 500: "),
        (500, {}, "answered 500: {}"),
        (500, [1], "answered 500: [1]"),
        (307, "", "answered 307: "),
    ],
)
async def test_a_refusal_is_told_with_what_the_server_said_and_what_to_do(
    server: ScriptedServer, client: Client, status: int, body: object, said: str
) -> None:
    server.answers = [Fail(status, body)]
    message = str(await failure(client))
    assert message.startswith(f"The storyteller at {server.url} {said}")
    assert len(message) < 500


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
async def test_what_is_not_a_completion_is_told(server: ScriptedServer, client: Client, line: str) -> None:
    server.answers = [["\nOne", Raw(line)]]
    assert str(await failure(client)).startswith(f"{server.url} sent what is not a completion: ")


async def test_an_error_in_mid_stream_is_told(server: ScriptedServer, client: Client) -> None:
    server.answers = [["\nOne", Raw('data: {"error": {"code": 500, "message": "out of memory"}}')]]
    assert str(await failure(client)) == f"The storyteller at {server.url} failed: out of memory"


async def test_comments_and_other_fields_of_a_stream_are_passed_over(server: ScriptedServer, client: Client) -> None:
    ignored = [Raw(": keep-alive"), Raw("event: message"), Raw('data:{"choices": []}'), Raw("")]
    server.answers = [["\nOne", *ignored, " two."]]
    assert await told(client) == ["\nOne", " two."]


async def test_a_page_instead_of_a_stream_is_told(server: ScriptedServer, client: Client) -> None:
    server.answers = [Fail(200, "<html>Welcome</html>")]
    assert "not with a stream of completions" in str(await failure(client))


@pytest.mark.parametrize("answer", [Drop(), ["\nThe door", Drop()]], ids=["at once", "in the middle"])
async def test_a_connection_that_breaks_is_told_and_the_next_turn_works(
    server: ScriptedServer, client: Client, answer: Answer
) -> None:
    server.answers = [answer, "\nNext."]
    assert str(await failure(client)).startswith(f"The storyteller at {server.url} broke off: ")
    assert "".join(await told(client)) == "\nNext."


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = Client(url, "m")
        assert str(await failure(client)) == f"No storyteller answers at {url}. Is the server running?"
        await client.close()


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "localhost:8000",
        "127.0.0.1:8000",
        "ftp://x",
        "http://",
        "",
        "http://[::1",
        "/v1",
        "http://a\0b",
        "[x]",
    ],
)
def test_what_is_no_address_is_told_before_the_game_begins(url: str) -> None:
    with pytest.raises(DungeonError, match="is not the address of a server"):
        RemoteStoryteller(url, "m")


@pytest.mark.parametrize("key", ["kéy", "two\nlines", "\x1b[0m"])
def test_a_key_that_can_t_be_one_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", key)
    with pytest.raises(DungeonError, match="DUNGEON_API_KEY holds characters") as caught:
        RemoteStoryteller("http://127.0.0.1:8000", "m")
    assert key not in str(caught.value)
