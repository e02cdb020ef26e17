"""A server elsewhere: its address and key. What it is and can do: `test_servers.py`."""

import pytest

from dungeon.errors import DungeonError
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.storyteller.sampling import Sampling
from tests.dungeon.completions import completion
from tests.dungeon.scripted import ScriptedServer

SAMPLING = Sampling()


async def test_without_a_tokenizer_or_a_server_tokens_are_not_counted(server: ScriptedServer) -> None:
    for url in (server.url, "http://127.0.0.1:1"):
        storyteller = RemoteStoryteller(url, "scripted")
        assert await storyteller.count_tokens(["one"]) is None
        await storyteller.close()


# ---- addresses and keys ----------------------------------------------------------------------------------------------


async def test_the_key_of_the_environment_is_sent(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame")
    storyteller = RemoteStoryteller(server.url, "scripted")
    async for _ in storyteller.stream(completion("x\n", SAMPLING, max_tokens=9, seed=1)):
        pass
    await storyteller.close()
    assert server.keys == ["Bearer sesame"]


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


@pytest.mark.parametrize("key", ["kéy", "two\nlines", "\x1b[0m"])
def test_an_invalid_key_is_an_error_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", key)
    with pytest.raises(DungeonError, match="DUNGEON_API_KEY holds characters") as caught:
        RemoteStoryteller("http://127.0.0.1:8000", "m")
    assert key not in str(caught.value)
