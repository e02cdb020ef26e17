"""A real llama.cpp server (the game's own engine, with the bundled weights) as a player finds it at an address."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.messages import Message
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.chat import ChatClient
from dungeon.storyteller.servers.detect import Kind
from dungeon.storyteller.servers.http import Connection
from dungeon.storyteller.servers.remote import REMOTE_SAMPLING, RemoteStoryteller
from dungeon.storyteller.voices.find import Voice
from tests.dungeon.completions import completion
from tests.dungeon.storyteller.test_chat import chat_request

pytestmark = pytest.mark.real

PROMPT = "You stand before an iron door in the rain. A bell rings below, and then"
CONTEXT = 1024


@pytest.fixture
async def engine(weights: Path) -> AsyncIterator[LocalStoryteller]:
    engine = LocalStoryteller(Voice("smollm2", weights, context=CONTEXT))
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
async def storyteller(engine: LocalStoryteller, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RemoteStoryteller]:
    assert engine._client is not None
    monkeypatch.setenv("DUNGEON_API_KEY", engine._key)
    storyteller = RemoteStoryteller(engine._client.url)
    yield storyteller
    await storyteller.close()


async def test_llama_cpp_is_recognised_and_played(storyteller: RemoteStoryteller) -> None:
    await storyteller.start()
    assert (storyteller.kind, storyteller.context_size) == (Kind.LLAMA_CPP, CONTEXT)
    assert storyteller.name == "SmolLM2-135M-Instruct.Q4_1"
    request = completion(PROMPT, REMOTE_SAMPLING, max_tokens=16)
    text = "".join([piece async for piece in storyteller.stream(request)])
    assert text.strip()
    assert storyteller.cached_text == PROMPT + text
    assert storyteller.cached_tokens == 0
    async for _ in storyteller.stream(completion(PROMPT + text, REMOTE_SAMPLING, max_tokens=1)):
        pass
    assert (storyteller.cached_tokens or 0) > 16


async def test_llama_cpp_counts_tokens_and_shows_the_models_frame(storyteller: RemoteStoryteller) -> None:
    assert await storyteller.count_tokens(["", "one"]) == [0, 1]
    prompt = await storyteller.chat_template_prompt((Message("system", "S"), Message("user", "> You wait.")))
    assert prompt == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n> You wait.<|im_end|>\n<|im_start|>assistant\n"
    )
    assert "im_start" in (await storyteller.chat_template() or "")


async def test_a_prompt_too_long_for_llama_cpp_is_an_overflow(storyteller: RemoteStoryteller) -> None:
    with pytest.raises(ContextOverflow, match="too long"):
        async for _ in storyteller.stream(completion("You walk on and on. " * 400, REMOTE_SAMPLING, max_tokens=8)):
            pass
    assert storyteller.context_size == CONTEXT


async def test_llama_cpp_without_its_key_says_that_it_needs_one(
    engine: LocalStoryteller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine._client is not None
    monkeypatch.delenv("DUNGEON_API_KEY", raising=False)
    storyteller = RemoteStoryteller(engine._client.url)
    with pytest.raises(StorytellerError, match=r"answered 401|asks for a key"):
        await storyteller.start()
    await storyteller.close()


async def test_llama_cpps_chat_answers_messages_and_goes_on_from_a_beginning(engine: LocalStoryteller) -> None:
    assert engine._client is not None
    chat = ChatClient(Connection(parse_address(engine._client.url), engine._key), "m")
    begun = (
        Message("system", "You narrate."),
        Message("user", "> You open the door."),
        Message("assistant", "The door"),
    )
    text = "".join([piece async for piece in chat.stream(chat_request(*begun, max_tokens=12))])
    assert text.strip() and not text.startswith("The door")
    await chat.close()
