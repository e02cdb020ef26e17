"""Each kind of server by the habits of its documentation: what it is sent, what it refuses, what is learned."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.messages import Message
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.detect import Kind
from dungeon.storyteller.servers.remote import REMOTE_SAMPLING
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
    Streamed,
    completion_events,
)
from tests.dungeon.storyteller.playing import STORY, Play

MESSAGES = (Message("system", "Narrate."), Message("user", "> You wait."))


@pytest.fixture(
    params=[FakeLlamaCpp, FakeKoboldCpp, FakeOllama, FakeLmStudio, FakeVllm], ids=lambda kind: kind.__name__
)
def server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    """A server of each kind."""
    with request.param() as running:
        yield running


# ---- raw text -----------------------------------------------------------------------------------------------------


async def test_raw_text_is_sent_and_streamed(server: FakeServer, play: Play) -> None:
    playing = play(server)
    assert await playing.text() == "".join(PIECES)
    assert server.bodies(server.route)[0]["prompt"] == STORY, "as it is, in no template"
    assert playing.storyteller.cached_text == STORY + "".join(PIECES)


async def test_a_voice_that_nobody_has_tried_gets_neutral_sampling(play: Play) -> None:
    with FakeLlamaCpp() as server:
        sampling = play(server).storyteller.sampling
    values = (sampling.temperature, sampling.top_p, sampling.min_p, sampling.repeat_penalty, sampling.length)
    assert values == (0.8, 0.95, 0.05, 1.05, 110)
    assert sampling.dry_multiplier == 0


async def test_a_character_that_some_take_for_a_line_end_stays_in_the_line(play: Play) -> None:
    with FakeVllm() as server:
        event = json.dumps({"choices": [{"text": "one\u2028two\x85three"}]}, ensure_ascii=False)
        server.post = lambda path, body: Streamed([f"data: {event}", "data: [DONE]"])
        assert await play(server).text() == "one\u2028two\x85three"


async def test_leaving_the_stream_stops_the_server(play: Play) -> None:
    with FakeVllm() as server:
        lines = ["data: " + json.dumps(event) for event in completion_events(PIECES)]
        server.post = lambda path, body: Streamed([lines[0], *([lines[1]] * 100_000)])
        request = completion(STORY, REMOTE_SAMPLING, max_tokens=100, seed=7)
        async with aclosing(play(server).storyteller.stream(request)) as pieces:
            assert await anext(pieces) == PIECES[0]
        assert await asyncio.to_thread(server.left.wait, 10)


# ---- sampling and fields -----------------------------------------------------------------------------------------


async def test_each_kind_gets_sampling_by_its_own_names(server: FakeServer, play: Play) -> None:
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
    assert sampling[penalty] == Sampling().repeat_penalty
    assert others <= sampling.keys()
    assert len(sampling["stop"]) == 6
    assert sampling["top_k"] == (-1 if isinstance(server, FakeVllm) else 0)
    unknown = {"repeat_last_n", "rep_pen_range", "dry_multiplier", "xtc_probability", "cache_prompt"} - others
    assert isinstance(server, FakeLlamaCpp) or not unknown & sampling.keys()


async def test_a_field_that_is_named_in_a_refusal_is_left_out_from_then_on(play: Play) -> None:
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
async def test_where_a_refusal_names_no_field_more_and_more_is_left_out(play: Play, refused: set[str]) -> None:
    with FakeVllm() as server:
        taken = server.post

        def post(path: str, body: dict[str, object]) -> Answered | Streamed:
            return Answered({"message": "Bad request"}, 400) if refused & body.keys() else taken(path, body)

        server.post = post
        assert await play(server).text() == "".join(PIECES)
        assert len(server.bodies("/v1/completions")) == 1 + len(refused)
        assert {"temperature", "top_p", "stop"} <= server.bodies("/v1/completions")[-1].keys()


async def test_a_refusal_for_another_reason_teaches_nothing(play: Play) -> None:
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
async def test_a_prompt_too_long_is_an_overflow_that_teaches_the_limit(play: Play, kind: type[FakeServer]) -> None:
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
    play: Play, kind: type[FakeServer], model: str, before: int, after: int
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


async def test_an_adapter_at_vllm_has_the_context_of_its_base(play: Play) -> None:
    with FakeVllm() as server:
        models = [{"id": "base", "max_model_len": 9000}, {"id": "lora", "parent": "base", "max_model_len": None}]
        server.get = lambda path: Answered({"data": models}) if path == "/v1/models" else server.unknown(path)
        storyteller = play(server, "lora").storyteller
        await storyteller.start()
        assert (storyteller.kind, storyteller.context_size) == (Kind.VLLM, 9000)


async def test_older_versions_of_lm_studio(play: Play) -> None:
    with FakeLmStudio() as server:
        server.has_new_routes = False
        server.loaded = {"qwen3-4b-2507": 5000}
        storyteller = play(server, None).storyteller
        await storyteller.start()
        found = (storyteller.kind, storyteller.name, storyteller.context_size)
        assert found == (Kind.LM_STUDIO, "qwen3-4b-2507", 5000)


async def test_tokens_are_counted_where_the_server_counts(server: FakeServer, play: Play) -> None:
    storyteller = play(server).storyteller
    counts = await storyteller.count_tokens(["one", "", "two [bold]words"])
    assert counts == ([1, 0, 2] if storyteller.capabilities.counts_tokens else None)
    assert storyteller.capabilities.counts_tokens == (not isinstance(server, FakeOllama | FakeLmStudio))


async def test_what_llama_cpp_had_in_its_cache(play: Play) -> None:
    with FakeLlamaCpp() as server:
        playing = play(server)
        await playing.text("one two three")
        assert playing.storyteller.cached_tokens == 2


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
    play: Play, kind: type[FakeServer], prompt: str | None, template: str | None
) -> None:
    with kind() as server:
        storyteller = play(server).storyteller
        assert await storyteller.chat_template_prompt(MESSAGES) == prompt
        assert await storyteller.chat_template() == template


# ---- KoboldCpp ---------------------------------------------------------------------------------------------------


async def test_a_busy_koboldcpp_is_asked_again(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storyteller.servers.koboldcpp.KoboldCpp.busy_seconds", (0.0, 0.0))
    with FakeKoboldCpp() as server:
        server.busy = 2
        assert await play(server).text() == "".join(PIECES)
        server.busy = 3
        with pytest.raises(StorytellerError, match="answered 503: Server is busy"):
            await play(server).text()


async def test_koboldcpp_is_told_to_abort_what_was_left_early(play: Play) -> None:
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


async def test_ollama_is_asked_for_raw_text_that_is_not_cut_and_stays_loaded(play: Play) -> None:
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
    play: Play, parameters: str, loaded: dict[str, int], context: int
) -> None:
    with FakeOllama() as server:
        server.parameters, server.loaded, server.context = parameters, loaded, 65536
        playing = play(server)
        await playing.text()
        assert server.bodies("/api/generate")[0]["options"]["num_ctx"] == context
        assert playing.storyteller.context_size == context


async def test_an_error_in_ollamas_stream_is_reported(play: Play) -> None:
    with FakeOllama() as server:
        taken = server.post
        lines = [json.dumps({"response": "It"}), json.dumps({"error": "llama runner process has terminated"})]
        server.post = lambda path, body: Streamed(lines) if path == "/api/generate" else taken(path, body)
        with pytest.raises(StorytellerError, match="failed: llama runner process has terminated"):
            await play(server).text()


@pytest.mark.parametrize("line", ["{broken", "[]", "null", ""])
async def test_a_line_of_ollamas_stream_that_is_no_event_is_an_error(play: Play, line: str) -> None:
    with FakeOllama() as server:
        taken = server.post
        server.post = lambda path, body: Streamed([line]) if path == "/api/generate" else taken(path, body)
        with pytest.raises(StorytellerError, match=r"is not a completion|answered nothing"):
            await play(server).text()
