"""Each kind of server by the habits of its documentation: what it is found to be, what it is asked, what is learned."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.messages import Message
from dungeon.storyteller.remote import REMOTE_SAMPLING, RemoteStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.detect import LOCAL_SECONDS, Kind, find_local_servers
from tests.dungeon.completions import completion
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
    Streamed,
    completion_events,
)

MESSAGES = (Message("system", "Narrate."), Message("user", "> You wait."))
STORY = "You stand before an iron door. " * 20
_BUSY_MACHINE_SECONDS = 10


@pytest.fixture(
    params=[FakeLlamaCpp, FakeKoboldCpp, FakeOllama, FakeLmStudio, FakeVllm], ids=lambda kind: kind.__name__
)
def server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    """A server of each kind."""
    with request.param() as running:
        yield running


@dataclass(frozen=True)
class Playing:
    """A storyteller, and the request that the game makes of it."""

    storyteller: RemoteStoryteller

    async def text(self, prompt: str = STORY, sampling: Sampling = REMOTE_SAMPLING) -> str:
        request = completion(prompt, sampling, max_tokens=100, seed=7)
        return "".join([piece async for piece in self.storyteller.stream(request)])


@pytest.fixture
async def play() -> AsyncIterator[type[Playing]]:
    """Opens storytellers, and closes them at the end."""
    opened: list[RemoteStoryteller] = []

    def opening(server: FakeServer, model: str | None = "") -> Playing:
        opened.append(RemoteStoryteller(server.url, server.wanted if model == "" else model))
        return Playing(opened[-1])

    yield opening
    for storyteller in opened:
        await storyteller.close()


# ---- what it is --------------------------------------------------------------------------------------------------


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
    play: type[Playing], kind: type[FakeServer], model: str | None, found: Kind, name: str, context: int
) -> None:
    with kind() as server:
        storyteller = play(server, model).storyteller
        await storyteller.start()
        assert (storyteller.kind, storyteller.name, storyteller.context_size) == (found, name, context)
        assert storyteller.capabilities.raw_text
        await storyteller.start()
        posts = [path for path in server.paths if not path.startswith("GET")]
        assert posts == (["POST /api/show"] if kind is FakeOllama else []), "nothing is generated to find out"


async def test_raw_text_is_sent_and_streamed(server: FakeServer, play: type[Playing]) -> None:
    playing = play(server)
    assert await playing.text() == "".join(PIECES)
    assert server.bodies(server.route)[0]["prompt"] == STORY, "as it is, in no template"
    assert playing.storyteller.cached_text == STORY + "".join(PIECES)


async def test_a_voice_that_nobody_has_tried_gets_neutral_sampling(play: type[Playing]) -> None:
    with FakeLlamaCpp() as server:
        sampling = play(server).storyteller.sampling
    values = (sampling.temperature, sampling.top_p, sampling.min_p, sampling.repeat_penalty, sampling.length)
    assert values == (0.8, 0.95, 0.05, 1.05, 110)
    assert sampling.dry_multiplier == 0


async def test_a_character_that_some_take_for_a_line_end_stays_in_the_line(play: type[Playing]) -> None:
    with FakeVllm() as server:
        event = json.dumps({"choices": [{"text": "one\u2028two\x85three"}]}, ensure_ascii=False)
        server.post = lambda path, body: Streamed([f"data: {event}", "data: [DONE]"])
        assert await play(server).text() == "one\u2028two\x85three"


async def test_leaving_the_stream_stops_the_server(play: type[Playing]) -> None:
    with FakeVllm() as server:
        lines = ["data: " + json.dumps(event) for event in completion_events(PIECES)]
        server.post = lambda path, body: Streamed([lines[0], *([lines[1]] * 100_000)])
        request = completion(STORY, REMOTE_SAMPLING, max_tokens=100, seed=7)
        async with aclosing(play(server).storyteller.stream(request)) as pieces:
            assert await anext(pieces) == PIECES[0]
        assert await asyncio.to_thread(server.left.wait, 10)


# ---- which model -------------------------------------------------------------------------------------------------


async def test_of_several_models_the_loaded_one_is_taken(play: type[Playing]) -> None:
    with FakeOllama() as ollama, FakeLmStudio() as studio:
        ollama.loaded = {"qwen3:4b": 32768}
        studio.loaded = {"ministral-3-8b": 9000}
        for server, name, context in ((ollama, "qwen3:4b", 32768), (studio, "ministral-3-8b", 9000)):
            storyteller = play(server, None).storyteller
            await storyteller.start()
            assert (storyteller.name, storyteller.context_size) == (name, context)


async def test_without_a_name_a_server_with_several_models_lists_them(play: type[Playing]) -> None:
    with FakeOllama() as server:
        with pytest.raises(StorytellerError, match=r"several models\. Choose one: --model NAME") as caught:
            await play(server, None).storyteller.start()
        assert "  muse:latest\n  qwen3:4b" in str(caught.value)


async def test_a_model_that_the_server_does_not_have_is_an_error_that_lists_them(play: type[Playing]) -> None:
    with FakeOllama() as ollama, FakeVllm() as vllm:
        with pytest.raises(StorytellerError, match=r"has no model 'qwen3:4'. Did you mean qwen3:4b\?") as caught:
            await play(ollama, "qwen3:4").storyteller.start()
        assert "(Ollama)" in str(caught.value)
        with pytest.raises(StorytellerError, match="  LatitudeGames/Harbinger-24B"):
            await play(vllm, "gpt2").storyteller.start()


async def test_a_server_that_lists_no_models_needs_a_name(play: type[Playing]) -> None:
    with FakeServer() as server:
        with pytest.raises(StorytellerError, match=r"lists no models\. Name one: --model NAME"):
            await play(server).storyteller.start()
        storyteller = play(server, "gpt2").storyteller
        await storyteller.start()
        assert (storyteller.kind, storyteller.name, storyteller.context_size) == (Kind.OTHER, "gpt2", 4096)


# ---- sampling and fields -----------------------------------------------------------------------------------------


async def test_each_kind_gets_sampling_by_its_own_names(server: FakeServer, play: type[Playing]) -> None:
    playing = play(server)
    await playing.text(sampling=Sampling(top_k=0, stop=("a", "b", "c", "d", "e")))
    (body,) = server.bodies(server.route)
    sampling = body["options"] if isinstance(server, FakeOllama) else body
    names = {
        FakeLlamaCpp: ("repeat_penalty", {"repeat_last_n", "dry_multiplier", "dry_base", "xtc_probability"}),
        FakeKoboldCpp: ("rep_pen", {"rep_pen_range", "dry_multiplier", "dry_base", "xtc_probability"}),
        FakeOllama: ("repeat_penalty", {"repeat_last_n"}),
        FakeLmStudio: ("repeat_penalty", set()),
        FakeVllm: ("repetition_penalty", set()),
    }
    penalty, others = names[type(server)]
    assert sampling[penalty] == 1.1
    assert others <= sampling.keys()
    assert len(sampling["stop"]) == 6
    assert sampling["top_k"] == (-1 if isinstance(server, FakeVllm) else 0)
    unknown = {"repeat_last_n", "rep_pen_range", "dry_multiplier", "xtc_probability", "cache_prompt"} - others
    assert isinstance(server, FakeLlamaCpp) or not unknown & sampling.keys()


async def test_a_field_that_is_named_in_a_refusal_is_left_out_from_then_on(play: type[Playing]) -> None:
    with FakeVllm() as server:
        taken = server.post

        def post(path: str, body: dict[str, object]) -> Answered | Streamed:
            extra = [{"type": "extra_forbidden", "loc": ["body", "min_p"], "msg": "Extra inputs are not permitted"}]
            return Answered({"detail": extra}, 422) if "min_p" in body else taken(path, body)

        server.post = post
        playing = play(server)
        assert [await playing.text(), await playing.text()] == ["".join(PIECES)] * 2
        bodies = server.bodies("/v1/completions")
        assert ["min_p" in body for body in bodies] == [True, False, False]
        assert "repetition_penalty" in bodies[2], "only the field that was named is left out"


@pytest.mark.parametrize("refused", [{"top_k"}, {"top_k", "seed"}], ids=["extensions", "and then the seed"])
async def test_where_a_refusal_names_no_field_more_and_more_is_left_out(play: type[Playing], refused: set[str]) -> None:
    with FakeVllm() as server:
        taken = server.post

        def post(path: str, body: dict[str, object]) -> Answered | Streamed:
            return Answered({"message": "Bad request"}, 400) if refused & body.keys() else taken(path, body)

        server.post = post
        assert await play(server).text() == "".join(PIECES)
        assert len(server.bodies("/v1/completions")) == 1 + len(refused)
        assert {"temperature", "top_p", "stop"} <= server.bodies("/v1/completions")[-1].keys()


async def test_a_refusal_for_another_reason_teaches_nothing(play: type[Playing]) -> None:
    with FakeVllm() as server:
        taken, refusing = server.post, [True]

        def post(path: str, body: dict[str, object]) -> Answered | Streamed:
            return Answered({"message": "Out of memory"}, 400) if refusing[0] else taken(path, body)

        server.post = post
        playing = play(server)
        with pytest.raises(StorytellerError, match="answered 400: Out of memory"):
            await playing.text()
        refusing[0] = False
        await playing.text()
        assert "min_p" in server.bodies("/v1/completions")[-1]


# ---- context and tokens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FakeLlamaCpp, FakeVllm, FakeOllama])
async def test_a_prompt_too_long_is_an_overflow_that_teaches_the_limit(
    play: type[Playing], kind: type[FakeServer]
) -> None:
    with kind() as server:
        playing = play(server)
        await playing.storyteller.start()
        server.context = 300
        with pytest.raises(ContextOverflow, match="refused the prompt as too long"):
            await playing.text("word " * 9000)
        if kind is not FakeOllama:  # which does not say how long it may be
            assert playing.storyteller.context_size == 300


@pytest.mark.parametrize(
    ("kind", "model", "before", "after"),
    [
        (FakeLmStudio, "ministral-3-8b", 4096, 6144),
        (FakeOllama, "muse", 8192, 4096),
        (FakeLlamaRouter, "c", 4096, 2048),
    ],
)
async def test_the_context_of_a_model_that_is_loaded_on_demand_is_asked_once_it_has_answered(
    play: type[Playing], kind: type[FakeServer], model: str, before: int, after: int
) -> None:
    with kind() as server:
        playing = play(server, model)
        await playing.storyteller.start()
        assert playing.storyteller.context_size == before
        request = completion(STORY, REMOTE_SAMPLING, max_tokens=100, seed=7)
        async with aclosing(playing.storyteller.stream(request)) as pieces:
            await anext(pieces)  # the game, too, leaves a turn that is long enough
        await playing.text()
        assert playing.storyteller.context_size == after
        asked = len(server.asked)
        await playing.text()
        assert len(server.asked) == asked + 1


async def test_an_adapter_at_vllm_has_the_context_of_its_base(play: type[Playing]) -> None:
    with FakeVllm() as server:
        models = [{"id": "base", "max_model_len": 9000}, {"id": "lora", "parent": "base", "max_model_len": None}]
        server.get = lambda path: Answered({"data": models}) if path == "/v1/models" else server.unknown(path)
        storyteller = play(server, "lora").storyteller
        await storyteller.start()
        assert (storyteller.kind, storyteller.context_size) == (Kind.VLLM, 9000)


async def test_older_versions_of_lm_studio(play: type[Playing]) -> None:
    with FakeLmStudio() as server:
        server.has_new_routes = False
        server.loaded = {"qwen3-4b-2507": 5000}
        storyteller = play(server, None).storyteller
        await storyteller.start()
        found = (storyteller.kind, storyteller.name, storyteller.context_size)
        assert found == (Kind.LM_STUDIO, "qwen3-4b-2507", 5000)


async def test_tokens_are_counted_where_the_server_counts(server: FakeServer, play: type[Playing]) -> None:
    storyteller = play(server).storyteller
    counts = await storyteller.count_tokens(["one", "", "two [bold]words"])
    assert counts == ([1, 0, 2] if storyteller.capabilities.counts_tokens else None)
    assert storyteller.capabilities.counts_tokens == (not isinstance(server, FakeOllama | FakeLmStudio))


async def test_tokens_for_each_byte_are_learned_from_answers(server: FakeServer, play: type[Playing]) -> None:
    playing = play(server)
    assert playing.storyteller.tokens_per_byte is None
    await playing.text("word " * 300)
    known = playing.storyteller.tokens_per_byte
    assert known == (None if isinstance(server, FakeKoboldCpp) else pytest.approx(0.2))


async def test_what_llama_cpp_had_in_its_cache(play: type[Playing]) -> None:
    with FakeLlamaCpp() as server:
        playing = play(server)
        await playing.text("one two three")
        assert playing.storyteller.cached_tokens == 2
        assert playing.storyteller.capabilities.reports_cache


# ---- templates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "prompt", "template"),
    [
        (FakeLlamaCpp, "<|system|>Narrate.<|user|>> You wait.<|assistant|>", FakeLlamaCpp.template),
        (FakeKoboldCpp, None, "{{ kobold }}"),
        (FakeOllama, "<|system|>Narrate.<|user|>> You wait.<|assistant|>", None),
        (FakeVllm, "<|system|> Narrate. <|user|> > You wait. <|assistant|>", None),
        (FakeLmStudio, None, None),
    ],
)
async def test_the_models_chat_frame_where_the_server_shows_it(
    play: type[Playing], kind: type[FakeServer], prompt: str | None, template: str | None
) -> None:
    with kind() as server:
        storyteller = play(server).storyteller
        assert await storyteller.chat_template_prompt(MESSAGES) == prompt
        assert await storyteller.chat_template() == template


# ---- KoboldCpp ---------------------------------------------------------------------------------------------------


async def test_a_busy_koboldcpp_is_asked_again(play: type[Playing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storyteller.servers.koboldcpp.KoboldCpp.busy_seconds", (0.0, 0.0))
    with FakeKoboldCpp() as server:
        server.busy = 2
        assert await play(server).text() == "".join(PIECES)
        server.busy = 3
        with pytest.raises(StorytellerError, match="answered 503: Server is busy"):
            await play(server).text()


async def test_koboldcpp_is_told_to_abort_what_was_left_early(play: type[Playing]) -> None:
    with FakeKoboldCpp() as server:
        playing = play(server)
        request = completion(STORY, REMOTE_SAMPLING, max_tokens=100, seed=7)
        async with aclosing(playing.storyteller.stream(request)) as pieces:
            await anext(pieces)
        await playing.text()
        await playing.text()
        posts = [path for path in server.paths if path.startswith("POST")]
        generate, abort = "POST /v1/completions", "POST /api/extra/abort"
        assert posts == [generate, abort, generate, generate]
        (body,) = server.bodies("/api/extra/abort")
        assert body["genkey"] == server.bodies("/v1/completions")[0]["genkey"]


# ---- Ollama ------------------------------------------------------------------------------------------------------


async def test_ollama_is_asked_for_raw_text_that_is_not_cut_and_stays_loaded(play: type[Playing]) -> None:
    with FakeOllama() as server:
        await play(server).text()
        (body,) = server.bodies("/api/generate")
        flags = {name: body[name] for name in ("raw", "think", "truncate", "shift", "keep_alive")}
        assert flags == {"raw": True, "think": False, "truncate": False, "shift": False, "keep_alive": "30m"}
        assert not body.keys() & {"system", "template", "context"}
        assert (body["options"]["num_ctx"], body["options"]["num_predict"]) == (8192, 100)
        assert "POST /v1/completions" not in server.paths


@pytest.mark.parametrize(
    ("parameters", "loaded", "context"),
    [
        ('stop    "<|im_end|>"\nnum_ctx    16384', {}, 16384),
        ("num_ctx    16384", {"muse:latest": 4096}, 4096),
        ("", {"muse:latest": 32768}, 32768),
    ],
    ids=["set by the model's author", "loaded with another", "loaded"],
)
async def test_ollamas_context_is_chosen_so_that_the_model_is_not_loaded_again(
    play: type[Playing], parameters: str, loaded: dict[str, int], context: int
) -> None:
    with FakeOllama() as server:
        server.parameters, server.loaded, server.context = parameters, loaded, 65536
        playing = play(server)
        await playing.text()
        assert server.bodies("/api/generate")[0]["options"]["num_ctx"] == context
        assert playing.storyteller.context_size == context


async def test_an_error_in_ollamas_stream_is_reported(play: type[Playing]) -> None:
    with FakeOllama() as server:
        taken = server.post
        lines = [json.dumps({"response": "It"}), json.dumps({"error": "llama runner process has terminated"})]
        server.post = lambda path, body: Streamed(lines) if path == "/api/generate" else taken(path, body)
        with pytest.raises(StorytellerError, match="failed: llama runner process has terminated"):
            await play(server).text()


@pytest.mark.parametrize("line", ["{broken", "[]", "null", ""])
async def test_a_line_of_ollamas_stream_that_is_no_event_is_an_error(play: type[Playing], line: str) -> None:
    with FakeOllama() as server:
        taken = server.post
        server.post = lambda path, body: Streamed([line]) if path == "/api/generate" else taken(path, body)
        with pytest.raises(StorytellerError, match=r"is not a completion|answered nothing"):
            await play(server).text()


# ---- addresses, keys and failures --------------------------------------------------------------------------------


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


async def test_the_key_of_the_environment_goes_with_every_request_and_into_no_message(
    play: type[Playing], monkeypatch: pytest.MonkeyPatch
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


async def test_a_server_that_asks_for_a_key_says_how_to_give_one(play: type[Playing]) -> None:
    with FakeLlamaCpp() as server:
        server.key = "sesame"
        for model in (None, "m"):
            with pytest.raises(StorytellerError, match=r"asks for a key\. Set the variable DUNGEON_API_KEY") as caught:
                await play(server, model).storyteller.start()
            assert f"keyring set dungeon {server.url}" in str(caught.value)


async def test_the_key_of_the_keyring_is_the_one_for_this_server(
    play: type[Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeLlamaCpp() as server:
        kept = {("dungeon", server.url): "sesame"}
        keyring = SimpleNamespace(get_password=lambda service, user: kept.get((service, user)), __spec__=object())
        monkeypatch.setitem(sys.modules, "keyring", keyring)
        server.key = "sesame"
        assert await play(server).text() == "".join(PIECES)


async def test_a_keyring_that_fails_is_as_good_as_none(play: type[Playing], monkeypatch: pytest.MonkeyPatch) -> None:
    def get_password(service: str, user: str) -> str:
        raise RuntimeError("no backend")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password, __spec__=object()))
    with FakeLlamaCpp() as server:
        assert await play(server).text() == "".join(PIECES)


async def test_neither_key_nor_story_follows_a_redirect(play: type[Playing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_API_KEY", "sesame")
    with FakeVllm() as elsewhere, FakeVllm() as server:
        moved = Answered("", 307, {"Location": f"{elsewhere.url}/v1/completions"})
        server.post = lambda path, body: moved
        with pytest.raises(StorytellerError, match=r"answered 307: .* not followed"):
            await play(server).text()
        assert elsewhere.asked == []


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
                    await storyteller.start()
            assert url in str(caught.value)
            await storyteller.close()


async def test_a_server_that_still_loads_its_model_says_so(play: type[Playing]) -> None:
    with FakeLlamaCpp() as server:
        error = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
        server.get = lambda path: Answered(error, 503)
        with pytest.raises(StorytellerError, match=r"still loading its model\. Try again"):
            await play(server).storyteller.start()


async def test_an_error_of_a_gateway_is_not_taken_for_a_server(play: type[Playing]) -> None:
    with FakeServer() as server:
        server.get = lambda path: Answered("<html>Bad Gateway</html>", 502)
        with pytest.raises(StorytellerError, match="answered 502: <html>Bad Gateway"):
            await play(server, "m").storyteller.start()


async def test_a_server_that_starts_later_is_found_by_the_next_turn(play: type[Playing]) -> None:
    with FakeLlamaCpp() as server:
        get = server.get
        server.get = lambda path: Answered({"message": "Loading model"}, 503)
        playing = play(server)
        with pytest.raises(StorytellerError):
            await playing.text()
        server.get = get
        assert await playing.text() == "".join(PIECES)


async def test_a_kept_connection_that_the_server_has_closed_is_opened_again(play: type[Playing]) -> None:
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


async def test_a_servers_answers_of_any_shape_are_no_crash(play: type[Playing]) -> None:
    shapes: list[object] = [None, 5, [], [1], {}, {"data": 5}, {"data": [5]}, {"models": [None]}, {"result": []}]
    for shape in shapes:
        with FakeServer() as server:
            server.get = lambda path, shape=shape: Answered(shape)
            storyteller = play(server, "m").storyteller
            await storyteller.start()
            assert storyteller.kind is Kind.OTHER


async def test_a_web_page_is_not_a_storyteller(play: type[Playing]) -> None:
    message = r"not in JSON\. Is it a storyteller's server\?"
    with FakeWeb() as server, pytest.raises(StorytellerError, match=message):
        await play(server, "m").storyteller.start()
