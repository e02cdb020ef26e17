"""What the engine reads again when a story goes on, is generated again and goes back: by each kind of memory.

The models are tiny and random, and a token is a byte. A turn is as in the game: its answer is generated, then the
prompt before it is asked for with other last words, and the turn is read again, as `dungeon.generation.prefill` does.
"""

import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from dungeon.errors import DungeonError
from dungeon.storyteller.gguf_header import read_header
from dungeon.storyteller.hardware.memory import checkpoint_bytes, memory_needed, model_file_size
from dungeon.storyteller.local.engine_params import CHECKPOINT_STEP, EngineParams, engine_params
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import Voice
from tests.dungeon.completions import completion, llama_cpp
from tests.dungeon.engine_process import EngineProcess
from tests.dungeon.tiny_models import ARCHITECTURES, CONTEXT, WINDOW, write_tiny_model

ONE_THREAD = "engine_params.thread_limit = lambda: 1"
"""So tiny a model is slower with two, and far slower beside other tests."""
UNCHANGED = (
    f"{ONE_THREAD}; engine.engine_params = lambda header, size, wanted, free, on_gpu: "
    "engine_params.EngineParams(wanted, 0, 8192, False, 64, 1)"
)
"""No checkpoints, and no cache of the whole context for a sliding window."""
A_TURN = 230
"""Tokens of a turn in these stories, about."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("models")
    return lambda architecture: write_tiny_model(folder / f"{architecture}.gguf", architecture)


# ---- what is read again ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """Tokens that the engine had to read of the prompt of a turn."""

    whole: int
    """Of the story at its end: what is read where nothing is cached."""
    append: int
    retry: int
    undo: int
    """Of a turn behind the one four turns back."""


def _prose(number: int) -> str:
    return " ".join(f"Behind door {number} you count {10 * number + n} people who walk about." for n in range(4))


async def play(model: Path, setup: str) -> Read:
    """Play eight turns; then generate the last one again, go back, and say what each reads."""
    with EngineProcess(model, CONTEXT, setup) as engine:
        client = llama_cpp(engine.url, "tiny", engine.key)

        async def read(prompt: str, tokens: int = 1) -> int:
            stream = client.stream(completion(prompt, Sampling(), max_tokens=tokens, seed=1))
            async with aclosing(stream) as pieces:
                async for _ in pieces:
                    pass
            assert client.cached_tokens is not None
            return 1 + len(prompt.encode()) - client.cached_tokens

        async def turn(story: str, action: str, number: int) -> int:
            prompt = f"{story}\n\n> You {action}.\n"
            first = await read(prompt, tokens=24)
            await client.evict_suffix(story)
            await read(f"{prompt}\n{_prose(number)}")
            return first

        try:
            stories = [_prose(99)]
            for number in range(8):
                appended = await turn(stories[-1], f"open door {number}", number)
                stories.append(f"{stories[-1]}\n\n> You open door {number}.\n\n{_prose(number)}")
            return Read(
                whole=1 + len(stories[-1].encode()),
                append=appended,
                retry=await turn(stories[-2], "open door 7", 20),
                undo=await turn(stories[-5], "go back", 21),
            )
        finally:
            await client.close()


LITTLE_MEMORY = f"{ONE_THREAD}; engine.free_memory = lambda: 129_000_000"
"""Too little for all of Gemma's cache (104 MB of 80%), and enough for its windows (102 MB)."""


@pytest.mark.parametrize(
    ("architecture", "setup", "most"),
    [
        ("llama", ONE_THREAD, 20),
        ("gemma3", ONE_THREAD, 20),
        ("gemma3", LITTLE_MEMORY, 2 * CHECKPOINT_STEP),
        ("mamba", ONE_THREAD, 2 * CHECKPOINT_STEP),
        ("lfm2", ONE_THREAD, 2 * CHECKPOINT_STEP),
    ],
)
async def test_a_turn_reads_little_again_whatever_memory_the_model_has(
    tiny: Callable[[str], Path], architecture: str, setup: str, most: int
) -> None:
    read = await play(tiny(architecture), setup)
    assert read.whole > 7 * A_TURN
    assert read.append < A_TURN
    assert read.retry <= most
    assert read.undo <= most


@pytest.mark.parametrize("architecture", ["gemma3", "mamba", "lfm2"])
async def test_without_these_settings_going_back_reads_everything_again(
    tiny: Callable[[str], Path], architecture: str
) -> None:
    read = await play(tiny(architecture), UNCHANGED)
    assert read.retry > read.whole - 2 * A_TURN
    assert read.undo > read.whole - 6 * A_TURN


# ---- the context -------------------------------------------------------------------------------------------------


async def test_the_context_is_at_most_what_the_model_was_made_for(tiny: Callable[[str], Path]) -> None:
    storyteller = LocalStoryteller(Voice("tiny", tiny("llama"), context=3 * CONTEXT))
    assert storyteller.context_size == 3 * CONTEXT
    try:
        await storyteller.start()
        assert storyteller.context_size == CONTEXT
        assert await _served_context(storyteller) == CONTEXT
    finally:
        await storyteller.close()


async def _served_context(storyteller: LocalStoryteller) -> int:
    """The context that the server itself states."""
    client = storyteller._client  # nothing public has the engine's address and key
    assert client is not None
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{client.url}/v1/models", headers={"Authorization": f"Bearer {storyteller._key}"})
    context: int = answer.json()["data"][0]["meta"]["n_ctx"]
    return context


async def test_a_model_whose_header_is_damaged_is_an_error_that_says_so(tmp_path: Path) -> None:
    file = tmp_path / "damaged.gguf"
    file.write_bytes(write_tiny_model(tmp_path / "whole.gguf", "llama").read_bytes()[:3000])
    storyteller = LocalStoryteller(Voice("damaged", file))
    with pytest.raises(DungeonError, match="ends in the middle of its header"):
        await storyteller.start()
    await storyteller.close()


# ---- the choice --------------------------------------------------------------------------------------------------


def chosen(path: Path, wanted: int, free: int | None, *, on_gpu: bool = False) -> EngineParams:
    return engine_params(read_header(path), model_file_size(path), wanted, free, on_gpu=on_gpu)


def test_a_model_with_attention_to_everything_needs_no_checkpoints(tiny: Callable[[str], Path]) -> None:
    params = chosen(tiny("llama"), 2048, 8 * 10**9)
    assert (params.n_ctx, params.n_ctx_checkpoints, params.swa_full, params.n_batch) == (2048, 0, False, 64)


def test_a_graphics_card_reads_in_batches_of_its_own(tiny: Callable[[str], Path]) -> None:
    assert chosen(tiny("llama"), 2048, 8 * 10**9, on_gpu=True).n_batch is None


def test_a_sliding_window_is_cached_whole_only_where_there_is_room(tiny: Callable[[str], Path]) -> None:
    path = tiny("gemma3")
    roomy = chosen(path, CONTEXT, 8 * 10**9)
    assert (roomy.swa_full, roomy.n_ctx_checkpoints) == (True, 0)
    tight = chosen(path, CONTEXT, 129_000_000)
    assert (tight.swa_full, tight.n_ctx) == (False, CONTEXT)
    assert tight.n_ctx_checkpoints > 4


@pytest.mark.parametrize("architecture", ["mamba", "lfm2"])
def test_fewer_checkpoints_are_kept_where_memory_is_short_and_never_fewer_than_four(
    tiny: Callable[[str], Path], architecture: str
) -> None:
    path = tiny(architecture)
    header = read_header(path)
    assert chosen(path, CONTEXT, None).n_ctx_checkpoints == chosen(path, CONTEXT, 8 * 10**9).n_ctx_checkpoints == 16
    needed = memory_needed(header, header.file_size, 1024)
    assert chosen(path, 1024, needed + 9 * checkpoint_bytes(header)).n_ctx_checkpoints == 9
    assert chosen(path, 1024, needed).n_ctx_checkpoints == 4


def test_a_checkpoint_holds_states_and_windows(tiny: Callable[[str], Path]) -> None:
    headers = {name: read_header(tiny(name)) for name in ARCHITECTURES}
    assert checkpoint_bytes(headers["llama"]) == 0
    assert (
        checkpoint_bytes(headers["gemma3"])
        == (memory_needed(headers["gemma3"], 0, 2 * WINDOW) - memory_needed(headers["gemma3"], 0, WINDOW)) * 5 // 6
    )
    assert checkpoint_bytes(headers["mamba"]) > checkpoint_bytes(headers["lfm2"]) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there the engine asks which cores it may use")
def test_an_engine_that_may_use_one_core_uses_one_thread(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert chosen(tiny("llama"), 2048, None).n_threads == 1
