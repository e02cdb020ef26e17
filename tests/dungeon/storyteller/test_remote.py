"""A server elsewhere: its address and key, and what happens where none answers."""

import asyncio
import socket
import sys
from types import SimpleNamespace

import pytest

from dungeon.errors import DungeonError, StorytellerError
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.remote import RemoteStoryteller
from tests.dungeon.scripted import ScriptedServer
from tests.dungeon.storyteller.fake_servers import (
    PIECES,
    Answered,
    FakeLlamaCpp,
    FakeServer,
    FakeVllm,
    Streamed,
)
from tests.dungeon.storyteller.playing import Play

_BUSY_MACHINE_SECONDS = 10


# ---- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "root", "api"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000//", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        (" http://127.0.0.1:8000/v1/ ", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:5001/#", "http://127.0.0.1:5001", "http://127.0.0.1:5001/v1"),
        ("https://example.org/api/v1", "https://example.org/api", "https://example.org/api/v1"),
        (
            "https://example.org/v1beta/openai/",
            "https://example.org/v1beta/openai",
            "https://example.org/v1beta/openai",
        ),
        ("http://[::1]:8080/v1", "http://[::1]:8080", "http://[::1]:8080/v1"),
    ],
)
def test_addresses_as_people_write_them(url: str, root: str, api: str) -> None:
    address = parse_address(url)
    assert (address.root, address.api) == (root, api)


@pytest.mark.parametrize("url", ["http://me:sesame@127.0.0.1:8000", "http://127.0.0.1:8000/v1?key=sesame"])
def test_an_address_that_holds_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StorytellerError, match="DUNGEON_API_KEY") as caught:
        RemoteStoryteller(url, "m")
    assert "sesame" not in str(caught.value)


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
def test_an_invalid_address_is_an_error(url: str) -> None:
    with pytest.raises(DungeonError, match="is not the address of a server"):
        RemoteStoryteller(url, "m")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.0.0.2:8000", True),
        ("http://LocalHost:8000", True),
        ("http://localhost.:8000", True),
        ("http://games.localhost", True),
        ("http://0.0.0.0:8000", True),
        ("http://[::1]:8000", True),
        ("http://[0:0:0:0:0:0:0:1]:8000", True),
        ("http://[::ffff:127.0.0.1]:8000", True),
        ("http://192.168.1.7:8000", False),
        ("http://[fe80::1]:8000", False),
        ("https://localhost.example.org", False),
        ("https://127.0.0.1.example.org", False),
    ],
)
def test_what_is_on_this_machine(url: str, local: bool) -> None:
    assert parse_address(url).is_local is local


async def test_a_server_is_played_at_every_kind_of_loopback_address(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # which must not see what goes to this machine
    monkeypatch.delenv("NO_PROXY", raising=False)
    for host in [host for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost") if can_listen(host)]:
        with FakeLlamaCpp(host=host) as server:
            playing = play(server)
            await playing.storyteller.start()
            assert await playing.text() == "".join(PIECES), host


def can_listen(host: str) -> bool:
    """Whether this machine has the address: not every one speaks IPv6, or has more than one for itself."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as listener:
            listener.bind(address)
    except OSError:
        return False
    return True


# ---- keys ---------------------------------------------------------------------------------------------------------


async def test_the_key_of_the_environment_goes_with_every_request_and_into_no_message(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame-42")
    with FakeLlamaCpp() as server:
        server.key = "sesame-42"
        assert await play(server).text() == "".join(PIECES)
        assert {asked.key for asked in server.asked} == {"Bearer sesame-42"}
        server.key = "another"
        with pytest.raises(StorytellerError, match="answered 401") as caught:
            await play(server).storyteller.start()
        assert "sesame-42" not in str(caught.value)


async def test_the_key_of_the_environment_is_for_the_server_of_the_command_line_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame-42")
    with FakeLlamaCpp() as server:
        storyteller = RemoteStoryteller(server.url, use_environment_key=False)
        await storyteller.identify()
        await storyteller.close()
        assert {asked.key for asked in server.asked} == {None}


async def test_a_server_that_asks_for_a_key_says_how_to_give_one(play: Play) -> None:
    with FakeLlamaCpp() as server:
        server.key = "sesame"
        for model in (None, "m"):
            with pytest.raises(StorytellerError, match=r"asks for a key\. Set the variable DUNGEON_API_KEY") as caught:
                await play(server, model).storyteller.start()
            assert f"keyring set dungeon {server.url}" in str(caught.value)


async def test_the_key_of_the_keyring_is_the_one_for_this_server(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeLlamaCpp() as server:
        kept = {("dungeon", server.url): "sesame"}
        keyring = SimpleNamespace(get_password=lambda service, user: kept.get((service, user)), __spec__=object())
        monkeypatch.setitem(sys.modules, "keyring", keyring)
        server.key = "sesame"
        assert await play(server).text() == "".join(PIECES)


async def test_a_keyring_that_fails_is_as_good_as_none(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_password(service: str, user: str) -> str:
        raise RuntimeError("no backend")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password, __spec__=object()))
    with FakeLlamaCpp() as server:
        assert await play(server).text() == "".join(PIECES)


async def test_neither_key_nor_story_follows_a_redirect(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame")
    with FakeVllm() as elsewhere, FakeVllm() as server:
        moved = Answered("", 307, {"Location": f"{elsewhere.url}/v1/completions"})
        server.post = lambda path, body: moved
        with pytest.raises(StorytellerError, match=r"answered 307: .* not followed"):
            await play(server).text()
        assert elsewhere.asked == []


@pytest.mark.parametrize("key", ["kéy", "two\nlines", "\x1b[0m"])
def test_an_invalid_key_is_an_error_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", key)
    with pytest.raises(DungeonError, match="DUNGEON_API_KEY holds characters") as caught:
        RemoteStoryteller("http://127.0.0.1:8000", "m")
    assert key not in str(caught.value)


# ---- failures -----------------------------------------------------------------------------------------------------


async def test_an_address_where_nothing_answers_is_an_error_within_two_seconds() -> None:
    with socket.socket() as closed, socket.socket() as silent:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: no other program gets the port
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes connections and never answers
        for listener, message in ((closed, "Is the server running"), (silent, "does not answer within 1.5 seconds")):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            storyteller = RemoteStoryteller(url)
            async with asyncio.timeout(_BUSY_MACHINE_SECONDS):
                with pytest.raises(StorytellerError, match=message) as caught:
                    await storyteller.identify()
            assert url in str(caught.value)
            await storyteller.close()


async def test_a_server_that_still_loads_its_model_says_so(play: Play) -> None:
    with FakeLlamaCpp() as server:
        error = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
        server.get = lambda path: Answered(error, 503)
        with pytest.raises(StorytellerError, match=r"still loading its model\. Try again"):
            await play(server).storyteller.identify()


async def test_an_error_of_a_gateway_is_not_taken_for_a_server(play: Play) -> None:
    with FakeServer() as server:
        server.get = lambda path: Answered("<html>Bad Gateway</html>", 502)
        with pytest.raises(StorytellerError, match="answered 502: <html>Bad Gateway"):
            await play(server, "m").storyteller.start()


async def test_a_server_that_starts_later_is_found_by_the_next_turn(play: Play) -> None:
    with FakeLlamaCpp() as server:
        get = server.get
        server.get = lambda path: Answered({"message": "Loading model"}, 503)
        playing = play(server)
        with pytest.raises(StorytellerError):
            await playing.text()
        server.get = get
        assert await playing.text() == "".join(PIECES)


async def test_a_kept_connection_that_the_server_has_closed_is_opened_again(play: Play) -> None:
    with FakeVllm() as server:
        taken, calls = server.post, []

        def post(path: str, body: object) -> Answered | Streamed:
            calls.append(path)
            if len(calls) == 2:
                raise ConnectionResetError
            return taken(path, body)

        server.post = post
        playing = play(server)
        assert [await playing.text(), await playing.text()] == ["".join(PIECES)] * 2


async def test_without_a_tokenizer_or_a_server_tokens_are_not_counted(server: ScriptedServer) -> None:
    for url in (server.url, "http://127.0.0.1:1"):
        storyteller = RemoteStoryteller(url, "scripted")
        assert await storyteller.count_tokens(["one"]) is None
        await storyteller.close()
