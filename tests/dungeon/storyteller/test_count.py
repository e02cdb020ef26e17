"""How many tokens a text has, and how much of a prompt the server had read before, as far as servers tell."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dungeon.errors import StorytellerError
from dungeon.storyteller.http_client import Client
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from tests.dungeon.completions import completion
from tests.dungeon.scripted import Fail, Raw, ScriptedServer

SAMPLING = Sampling()


async def listen(client: Client, prompt: str) -> str:
    return "".join([piece async for piece in client.stream(completion(prompt, SAMPLING, max_tokens=10, seed=1))])


# ---- what is cached ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [], "prompt_progress": {"total": 427, "cache": 422, "processed": 422, "time_ms": 0}},
        {"choices": [], "usage": {"prompt_tokens": 427, "prompt_tokens_details": {"cached_tokens": 422}}},
    ],
    ids=["llama.cpp, first event", "as OpenAI, last event"],
)
async def test_what_the_server_tells_of_its_cache_is_known(server: ScriptedServer, event: object) -> None:
    client = Client(server.url, "scripted")
    assert client.cached_tokens is None
    server.answers = [[Raw("data: " + json.dumps(event)), "\nIt is", " dark."]]
    assert await listen(client, "You stand.\n") == "\nIt is dark."
    assert client.cached_tokens == 422
    await client.close()


@pytest.mark.parametrize("usage", [None, 5, [], {}, {"prompt_tokens_details": None}, {"prompt_tokens_details": 7}])
async def test_a_server_that_tells_nothing_of_its_cache_is_no_trouble(server: ScriptedServer, usage: object) -> None:
    client = Client(server.url, "scripted")
    server.answers = [["\nIt is", Raw("data: " + json.dumps({"choices": [], "usage": usage})), " dark."]]
    assert await listen(client, "You stand.\n") == "\nIt is dark."
    assert client.cached_tokens is None
    await client.close()


async def test_what_the_server_holds_is_the_prompt_and_what_followed_it(server: ScriptedServer) -> None:
    client = Client(server.url, "scripted")
    assert client.cached_text == ""
    server.answers = [["\nIt is", " dark."], [""], Fail(500, "no")]
    await listen(client, "You stand.\n")
    assert client.cached_text == "You stand.\n\nIt is dark."
    await listen(client, "You wait.\n")
    assert client.cached_text == "You wait.\n"
    with pytest.raises(StorytellerError):
        await listen(client, "You fall.\n")
    assert client.cached_text == "You wait.\n"
    await client.close()


# ---- tokens ------------------------------------------------------------------------------------------------------


class _Tokenizer(BaseHTTPRequestHandler):
    """llama.cpp's `/tokenize`, for which a word is a token."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/tokenize"
        data = json.dumps({"tokens": list(range(len(body["content"].split())))}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """A test's output is no place for an access log."""


@pytest.fixture
def tokenizer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokenizer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_the_server_counts_the_tokens_of_each_text(tokenizer: str) -> None:
    storyteller = RemoteStoryteller(tokenizer + "/v1", "words")
    assert await storyteller.count_tokens(["one", "", "two [bold]words", "🐉 שלום\n\n> You wait."]) == [1, 0, 2, 5]
    assert await storyteller.count_tokens([]) == []
    await storyteller.close()


async def test_a_server_without_a_tokenizer_and_none_at_all_give_none(server: ScriptedServer) -> None:
    for url in (server.url, "http://127.0.0.1:1"):
        storyteller = RemoteStoryteller(url, "scripted")
        assert await storyteller.count_tokens(["one"]) is None
        await storyteller.close()


async def test_a_voice_that_has_not_started_gives_none_and_does_not_start() -> None:
    storyteller = LocalStoryteller(find_voice(DEFAULT_VOICE))
    assert await storyteller.count_tokens(["one"]) is None
    assert (storyteller.cached_tokens, storyteller.cached_text, storyteller.pid) == (None, "", None)


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
async def test_the_bundled_voice_counts_its_tokens_and_tells_what_it_had_read() -> None:
    storyteller = LocalStoryteller(find_voice(DEFAULT_VOICE))
    tale = "You stand before the iron door. Rain falls on the hills.\n\n> You wait.\n"
    try:
        for prompt in (tale, tale + "\nNobody comes.\n\n> You knock.\n"):
            async for _ in storyteller.stream(completion(prompt, SAMPLING, max_tokens=1, seed=1)):
                pass
            assert storyteller.cached_text.startswith(prompt)
        counts = await storyteller.count_tokens([tale, "You wait.", ""])
        assert counts is not None
        assert counts[1:] == [3, 0]
        assert storyteller.cached_tokens is not None
        assert counts[0] - 2 <= storyteller.cached_tokens <= counts[0] + 2
    finally:
        await storyteller.close()
    assert await storyteller.count_tokens(["one"]) is None
    assert storyteller.cached_text == ""
