"""Services that take chat messages only: what they are sent, what they refuse, and what a model thinks."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from dungeon.errors import StorytellerError
from dungeon.storyteller.messages import Message, merge_messages
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.chat import SERVICES, ChatClient, Prefill, Service
from dungeon.storyteller.servers.detect import Kind
from dungeon.storyteller.servers.http import Connection
from dungeon.storyteller.servers.reasoning import HiddenReasoning
from dungeon.storyteller.servers.remote import REMOTE_SAMPLING, RemoteStoryteller
from dungeon.tale.prompt_format import MESSAGES, ChatFormat
from tests.dungeon.completions import completion
from tests.dungeon.storyteller.fake_servers import PIECES, Answered, FakeChatService, FakeServer, chat_events, sse

CHAT = "/v1/chat/completions"
SYSTEM, ACTION = Message("system", "Narrate."), Message("user", "> You open the door.")
TEXT = "".join(PIECES)


def chat_request(*messages: Message, max_tokens: int = 100) -> GenerationRequest:
    """A request as the prompt format for chat services writes it."""
    prompt = "".join(f"\x1e{message.role}\x1f{message.content}" for message in messages)
    plain = completion(prompt, REMOTE_SAMPLING, max_tokens=max_tokens)
    return replace(plain, context=replace(plain.context, format=ChatFormat(MESSAGES, "messages")))


@pytest.fixture
async def server() -> AsyncIterator[FakeChatService]:
    with FakeChatService() as running:
        yield running


@pytest.fixture
async def storyteller(server: FakeChatService) -> AsyncIterator[RemoteStoryteller]:
    storyteller = RemoteStoryteller(server.url)
    yield storyteller
    await storyteller.close()


async def answer(storyteller: RemoteStoryteller | ChatClient, request: GenerationRequest | None = None) -> str:
    return "".join([piece async for piece in storyteller.stream(request or chat_request(SYSTEM, ACTION))])


def client(server: FakeServer, service: Service) -> ChatClient:
    return ChatClient(Connection(parse_address(server.url)), "m", service=service)


# ---- from raw text to chat ---------------------------------------------------------------------------------------


async def test_a_server_without_a_route_for_raw_text_is_asked_by_chat(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    await storyteller.start()
    assert (storyteller.kind, storyteller.capabilities.raw_text) == (Kind.OTHER, True)
    assert await answer(storyteller) == TEXT
    assert (storyteller.kind, storyteller.capabilities.raw_text) == (Kind.CHAT, False)
    assert await answer(storyteller) == TEXT
    assert server.paths.count("POST /v1/completions") == 1
    assert server.bodies(CHAT)[-1]["messages"] == [
        {"role": "system", "content": "Narrate."},
        {"role": "user", "content": "> You open the door."},
    ]


async def test_a_model_that_is_for_chat_only_is_asked_by_chat(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    taken = server.post
    message = "This is a chat model and not supported in the v1/completions endpoint. Did you mean v1/chat/completions?"
    refusal = Answered({"error": {"message": message}}, 404)
    server.post = lambda path, body: refusal if path == "/v1/completions" else taken(path, body)
    assert await answer(storyteller) == TEXT


async def test_where_chat_fails_too_the_first_refusal_is_reported() -> None:
    with FakeServer() as server:
        storyteller = RemoteStoryteller(server.url, "m")
        with pytest.raises(StorytellerError, match=r"answered 404: nothing at /v1/completions\. "):
            await answer(storyteller)
        assert storyteller.capabilities.raw_text
        await storyteller.close()


async def test_nothing_is_paid_for_reading_ahead(server: FakeChatService, storyteller: RemoteStoryteller) -> None:
    assert await answer(storyteller, completion("You stand.\n", REMOTE_SAMPLING, max_tokens=1)) == ""
    assert not storyteller.capabilities.raw_text, "known before the first turn"
    assert server.bodies(CHAT) == []


async def test_where_chat_fails_for_another_reason_that_is_reported(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    taken = server.post
    busy = Answered({"error": {"message": "Rate limit reached"}}, 429)
    server.post = lambda path, body: busy if path == CHAT else taken(path, body)
    with pytest.raises(StorytellerError, match=r"answered 429: Rate limit reached\. Wait a moment"):
        await answer(storyteller)
    server.post = taken
    assert await answer(storyteller) == TEXT


async def test_a_request_for_raw_text_is_wrapped_in_messages(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    await answer(storyteller, completion("You stand.\n\n> You wait.\n", REMOTE_SAMPLING))
    system, user = server.bodies(CHAT)[-1]["messages"]
    assert system["role"] == "system" and "interactive story" in system["content"]
    assert user == {"role": "user", "content": "You stand.\n\n> You wait.\n"}


async def test_a_service_that_is_known_to_take_chat_only_is_asked_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeChatService() as server:
        monkeypatch.setitem(SERVICES, "127.0.0.1", Service())
        storyteller = RemoteStoryteller(server.url)
        assert await answer(storyteller) == TEXT
        assert storyteller.kind is Kind.CHAT
        assert server.paths[:2] == ["GET /v1/models", f"POST {CHAT}"]
        await storyteller.close()


# ---- what is sent ------------------------------------------------------------------------------------------------


async def test_fields_that_a_service_does_not_know_are_left_out_from_then_on(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    assert [await answer(storyteller), await answer(storyteller)] == [TEXT, TEXT]
    first, second, third = server.bodies(CHAT)
    assert first.keys() - second.keys() == {"top_k", "min_p", "repetition_penalty"}
    assert second.keys() == third.keys()
    assert second["temperature"] == REMOTE_SAMPLING.temperature


async def test_never_more_than_four_stops(server: FakeChatService, storyteller: RemoteStoryteller) -> None:
    sampling = Sampling(stop=("a", "b", "c", "d", "e", "f"))
    await answer(storyteller, completion("x", sampling))
    assert server.bodies(CHAT)[-1]["stop"] == ["\n>", "a", "b", "c"]


async def test_the_limit_by_the_name_that_a_reasoning_model_wants(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.renamed = "max_completion_tokens"
    assert [await answer(storyteller), await answer(storyteller)] == [TEXT, TEXT]
    assert server.bodies(CHAT)[-1]["max_completion_tokens"] == 100
    assert "max_tokens" not in server.bodies(CHAT)[-1]


async def test_a_field_with_a_value_that_a_model_does_not_take_is_left_out(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.known = server.known - {"temperature", "stop"}
    assert await answer(storyteller) == TEXT
    assert not server.bodies(CHAT)[-1].keys() & {"temperature", "stop"}


def test_messages_are_merged_so_that_roles_alternate() -> None:
    messages = [
        SYSTEM,
        Message("system", "Rain."),
        Message("assistant", "You stand."),
        ACTION,
        Message("user", " \n"),
        Message("user", "> You wait."),
    ]
    assert merge_messages(messages) == [
        Message("system", "Narrate.\n\nRain."),
        Message("user", "Begin."),
        Message("assistant", "You stand."),
        Message("user", "> You open the door.\n\n> You wait."),
    ]


# ---- going on ----------------------------------------------------------------------------------------------------

BEGUN = Message("assistant", "The door is ")


async def test_an_answer_that_goes_on_is_asked_for_with_a_nudge_where_the_service_is_not_known(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.deltas = [{"content": "open."}]
    assert await answer(storyteller, chat_request(SYSTEM, ACTION, BEGUN)) == "open."
    *_, begun, nudge = server.bodies(CHAT)[-1]["messages"]
    assert begun == {"role": "assistant", "content": "The door is"}
    assert nudge["role"] == "user" and "where your last message stops" in nudge["content"]


@pytest.mark.parametrize(
    ("prefill", "last"),
    [
        (Prefill.PREFIX, {"role": "assistant", "content": "The door is", "prefix": True}),
        (Prefill.PARTIAL, {"role": "assistant", "content": "The door is", "partial": True}),
    ],
)
async def test_a_service_that_continues_is_sent_the_beginning_last(
    server: FakeChatService, prefill: Prefill, last: object
) -> None:
    chat = client(server, Service(prefill))
    await answer(chat, chat_request(SYSTEM, ACTION, BEGUN))
    assert server.bodies(CHAT)[-1]["messages"][-1] == last
    await chat.close()


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["The door", " is", " open."], " open."),
        (["The door is"], ""),
        ([" open."], " open."),
        (["The door", " was", " open."], "The door was open."),
        (["The"], "The"),
    ],
    ids=["repeated", "nothing but repeated", "not repeated", "changed", "broken off"],
)
async def test_words_that_the_answer_goes_on_from_are_not_repeated(
    server: FakeChatService, pieces: Sequence[str], text: str
) -> None:
    server.deltas = [{"content": piece} for piece in pieces]
    chat = client(server, Service(Prefill.PREFIX))
    assert await answer(chat, chat_request(SYSTEM, ACTION, Message("assistant", "The door is"))) == text
    await chat.close()


# ---- thinking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "thoughts",
    [
        [{"reasoning": "The user"}, {"reasoning": " wants"}],
        [{"reasoning_content": "The user", "content": None}],
        [{"content": "<think>The user"}, {"content": " wants</th"}, {"content": "ink>\n\n"}],
        [{"content": "\n<thi"}, {"content": "nk>\n\n</think>\n"}],
        [{"content": "[THINK]The user[/THINK]"}],
        [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "The user"}]}]}],
    ],
    ids=["reasoning", "reasoning_content", "think tags", "an empty block", "Magistral's tags", "Mistral's chunks"],
)
async def test_thoughts_are_never_shown(
    server: FakeChatService, storyteller: RemoteStoryteller, thoughts: list[object]
) -> None:
    server.deltas = [*thoughts, {"content": "It is"}, {"content": [{"type": "text", "text": " dark."}]}]
    assert await answer(storyteller) == "It is dark."


async def test_a_model_that_thinks_is_asked_not_to_and_given_room(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.known |= {"reasoning_effort", "chat_template_kwargs"}
    server.deltas = [{"reasoning": "The user"}, {"content": "It is dark."}]
    assert [await answer(storyteller), await answer(storyteller)] == ["It is dark."] * 2
    assert "reasoning_effort" not in server.bodies(CHAT)[0]
    last = server.bodies(CHAT)[-1]
    assert (last["reasoning_effort"], last["chat_template_kwargs"]) == ("none", {"enable_thinking": False})
    assert last["max_tokens"] > 1000


async def test_an_answer_that_was_all_thinking_is_asked_for_once_more(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    taken = server.post
    long, short = [{"reasoning": "The user"}, {"content": "It is dark."}], [{"reasoning": "The user"}]

    def post(path: str, body: dict[str, object]) -> object:
        server.deltas = long if body["max_tokens"] == 2148 else short
        return taken(path, body)

    server.post = post
    assert await answer(storyteller) == "It is dark."
    long = short
    with pytest.raises(StorytellerError, match=r"thought until its answer was full\. Switch its thinking off"):
        await answer(storyteller)


async def test_a_model_whose_thoughts_are_only_counted_is_known_to_think(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.usage = {"prompt_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 64}}
    assert [await answer(storyteller), await answer(storyteller)] == [TEXT, TEXT]
    assert server.bodies(CHAT)[-1]["max_tokens"] > 1000


async def test_an_empty_answer_of_a_model_that_once_thought_is_only_empty(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.deltas = [{"reasoning": "The user"}, {"content": "It is dark."}]
    await answer(storyteller)
    server.deltas = [{"content": ""}]
    assert await answer(storyteller) == ""


async def test_thoughts_that_the_servers_template_begins_are_hidden_once_that_is_known(
    server: FakeChatService, storyteller: RemoteStoryteller
) -> None:
    server.deltas = [{"content": "The user wants"}, {"content": " a door.</thi"}, {"content": "nk>\nIt is dark."}]
    with pytest.raises(StorytellerError, match=r"thinks aloud.* Retry"):
        await answer(storyteller)
    assert await answer(storyteller) == "It is dark."
    server.deltas = [{"content": "It is"}, {"content": " dark."}]
    assert await answer(storyteller) == "It is dark.", "a model that stopped thinking is not lost"


@pytest.mark.parametrize("text", ["<b>bold</b>", "<", "[Author's note: rain]", "  ", "<think", "I think so."])
def test_text_that_only_looks_like_thoughts_is_shown(text: str) -> None:
    hidden = HiddenReasoning()
    assert "".join(hidden.add(character) for character in text) + hidden.finish() == text
    assert not hidden.found


@pytest.mark.parametrize("event", [{"choices": 5}, {"choices": [5]}, {"choices": [{"delta": 5}]}])
async def test_an_event_that_is_no_chat_completion_is_an_error(
    server: FakeChatService, storyteller: RemoteStoryteller, event: object
) -> None:
    taken = server.post
    server.post = lambda path, body: sse([event]) if path == CHAT else taken(path, body)
    with pytest.raises(StorytellerError, match="completion"):
        await answer(storyteller)


async def test_an_error_in_the_stream_is_reported(server: FakeChatService, storyteller: RemoteStoryteller) -> None:
    taken = server.post
    events = [*chat_events([{"content": "It"}]), {"error": {"message": "overloaded"}}]
    server.post = lambda path, body: sse(events) if path == CHAT else taken(path, body)
    with pytest.raises(StorytellerError, match="failed: overloaded"):
        await answer(storyteller)
