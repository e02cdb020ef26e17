"""A local voice: real weights through llama.cpp in a child process that never outlives the game and is restarted."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from dungeon.errors import DungeonError, StorytellerError
from dungeon.paths import log_file
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import DEFAULT_VOICE, Voice, find_voice
from tests.dungeon.completions import completion, llama_cpp

pytestmark = pytest.mark.real

PROMPT = "You stand before an iron door in the rain. A bell rings below, and then"
"""The voice has no reason to stop early: it generates as many tokens as it may."""
SAMPLING = Sampling()
_DEADLINE_SECONDS = 20.0


@pytest.fixture
async def storyteller(weights: Path) -> AsyncIterator[LocalStoryteller]:
    storyteller = LocalStoryteller(Voice("smollm2", weights))
    yield storyteller
    await storyteller.close()


async def generated(storyteller: LocalStoryteller, tokens: int = 8, seed: int = 7) -> str:
    stream = storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=tokens, seed=seed))
    return "".join([piece async for piece in stream])


def address(storyteller: LocalStoryteller) -> str:
    assert storyteller._client is not None
    return storyteller._client.url


def runs(pid: int) -> bool:
    """Whether the process runs. On Linux, a zombie does not."""
    try:
        os.kill(pid, 0)
        return not re.search(r"\) Z ", Path(f"/proc/{pid}/stat").read_text()) if Path("/proc/self").exists() else True
    except (ProcessLookupError, FileNotFoundError):
        return False


def ends_in_time(pid: int) -> bool:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while runs(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# ---- generating --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home_with_weights")
async def test_the_bundled_voice_starts_generates_and_ends_when_closed() -> None:
    storyteller = LocalStoryteller(find_voice("smollm2"))
    assert storyteller.pid is None
    await storyteller.start()
    pid = storyteller.pid
    assert pid is not None
    pieces = [piece async for piece in storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=20, seed=7))]
    assert 5 < len(pieces) <= 20, "one piece a token"
    assert "".join(pieces).strip()
    await storyteller.start()
    assert storyteller.pid == pid, "a second start changes nothing"
    assert storyteller.fingerprint == SMOLLM2.sha256
    await storyteller.close()
    assert storyteller.pid is None
    assert not runs(pid)
    await storyteller.close()


async def test_the_same_seed_generates_the_same_text(storyteller: LocalStoryteller, weights: Path) -> None:
    first = await generated(storyteller, 12)
    other = LocalStoryteller(Voice("smollm2", weights))
    assert await generated(other, 12) == first
    await other.close()
    assert await generated(storyteller, 12, seed=8) != first


async def test_two_engines_at_once_have_different_ports(storyteller: LocalStoryteller, weights: Path) -> None:
    other = LocalStoryteller(Voice("smollm2", weights))
    await storyteller.start()
    await other.start()
    assert address(storyteller) != address(other)
    assert await generated(storyteller)
    assert await generated(other)
    await other.close()
    assert await generated(storyteller)


async def test_a_request_without_the_key_is_refused(storyteller: LocalStoryteller) -> None:
    await storyteller.start()
    assert address(storyteller).startswith("http://127.0.0.1:")
    for key in (None, "sesame"):
        client = llama_cpp(address(storyteller), "smollm2", key)
        with pytest.raises(StorytellerError, match="answered 401"):
            async for _ in client.stream(completion(PROMPT, SAMPLING, max_tokens=1, seed=1)):
                pass
        await client.close()


async def test_after_a_stream_is_closed_early_the_same_engine_serves_the_next_turn(
    storyteller: LocalStoryteller,
) -> None:
    async with aclosing(storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=400, seed=7))) as pieces:
        await anext(pieces)
    pid = storyteller.pid
    assert await generated(storyteller)
    assert storyteller.pid == pid


async def test_a_prompt_longer_than_the_context_is_an_error(weights: Path) -> None:
    storyteller = LocalStoryteller(Voice("smollm2", weights, context=256))
    with pytest.raises(StorytellerError, match="too long"):
        async for _ in storyteller.stream(completion("You walk on and on. " * 400, SAMPLING, max_tokens=8, seed=1)):
            pass
    assert await generated(storyteller)
    await storyteller.close()


async def test_an_engine_that_is_not_started_counts_no_tokens_and_does_not_start() -> None:
    storyteller = LocalStoryteller(find_voice(DEFAULT_VOICE))
    assert await storyteller.count_tokens(["one"]) is None
    assert (storyteller.cached_tokens, storyteller.cached_text, storyteller.pid) == (None, "", None)


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
async def test_the_bundled_voice_counts_tokens_and_reports_its_cache() -> None:
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


# ---- the engine is killed ----------------------------------------------------------------------------------------


def kill(storyteller: LocalStoryteller) -> int:
    pid = storyteller.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_an_engine_closed_in_mid_stream_is_not_restarted(storyteller: LocalStoryteller) -> None:
    with pytest.raises(StorytellerError):
        async for _ in storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=400, seed=7)):
            await storyteller.close()
    assert storyteller.pid is None


async def test_an_engine_killed_in_mid_stream_is_restarted_and_the_stream_continues(
    storyteller: LocalStoryteller,
) -> None:
    killed = None
    text = ""
    async for piece in storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=24, seed=7)):
        text += piece
        killed = killed or kill(storyteller)
    assert storyteller.pid not in (None, killed)
    assert len(text.split()) > 5
    assert await generated(storyteller)


async def test_an_engine_killed_twice_is_an_error_that_names_the_log(storyteller: LocalStoryteller) -> None:
    killed: set[int] = set()
    with pytest.raises(StorytellerError) as caught:
        async for _ in storyteller.stream(completion(PROMPT, SAMPLING, max_tokens=400, seed=7)):
            if storyteller.pid and storyteller.pid not in killed:
                killed.add(kill(storyteller))
    assert len(killed) == 2
    assert "The voice 'smollm2' crashed twice." in str(caught.value)
    assert str(log_file()) in str(caught.value)
    assert log_file().with_suffix(".previous.log").exists()


async def test_an_engine_killed_between_two_turns_is_restarted(storyteller: LocalStoryteller) -> None:
    await generated(storyteller)
    killed = kill(storyteller)
    assert await generated(storyteller)
    assert storyteller.pid != killed


_GAME = """
import asyncio, sys
from pathlib import Path
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.voices.find import Sampling, Voice
from tests.dungeon.completions import completion

async def game():
    storyteller = LocalStoryteller(Voice("smollm2", Path(sys.argv[1])))
    await storyteller.start()
    async for piece in storyteller.stream(completion("You walk.\\n", Sampling(), max_tokens=1000, seed=1)):
        print(storyteller.pid, flush=True)
        if sys.argv[2] == "idle":
            break
    await asyncio.Event().wait()

asyncio.run(game())
"""


@pytest.mark.parametrize("doing", ["streaming", "idle"])
def test_the_engine_ends_when_the_game_is_killed(weights: Path, doing: str) -> None:
    game = subprocess.Popen(
        [sys.executable, "-c", _GAME, str(weights), doing], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert game.stdout is not None
    line = game.stdout.readline()
    assert line, game.communicate()[1]
    child = int(line)
    assert runs(child)
    game.kill()
    game.communicate()
    assert ends_in_time(child)


# ---- voices that do not load -------------------------------------------------------------------------------------


async def refusal(voice: Voice) -> str:
    storyteller = LocalStoryteller(voice)
    with pytest.raises(DungeonError) as caught:
        await storyteller.start()
    assert storyteller.pid is None
    await storyteller.close()
    return str(caught.value)


async def test_a_truncated_weight_file_is_an_error(weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "half.gguf"
    with weights.open("rb") as whole:
        file.write_bytes(whole.read(20_000_000))
    message = await refusal(find_voice(str(file)))
    assert message.startswith("The voice 'half' does not load: ")
    assert "corrupted or incomplete" in message
    assert f"The engine's log is {log_file()}." in message
    assert log_file().stat().st_size > 0


async def test_an_invalid_weight_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "text.gguf"
    file.write_bytes(b"GGUF once upon a time")
    message = await refusal(find_voice(str(file)))
    assert message.startswith("The voice 'text' does not load: ")
    assert "version" in message
    assert str(log_file()) in message


def adapter(path: Path, architecture: str, width: int) -> Path:
    """A LoRA adapter for one matrix, square and `width` wide; llama.cpp takes it if that is 576."""
    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for half, shape in (("lora_a", (4, width)), ("lora_b", (width, 4))):
        writer.add_tensor(f"blk.0.attn_q.weight.{half}", np.full(shape, 0.01, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


async def test_an_adapter_changes_the_generated_text(
    storyteller: LocalStoryteller, weights: Path, tmp_path: Path
) -> None:
    file = adapter(tmp_path / "fits.gguf", "llama", 576)
    tuned = LocalStoryteller(Voice("tuned", weights, file))
    assert await generated(tuned, 40) != await generated(storyteller, 40)
    assert tuned.fingerprint == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len({tuned.fingerprint, storyteller.fingerprint, ""}) == 3
    await tuned.close()


@pytest.mark.parametrize(
    ("architecture", "width", "cause"), [("llama", 100, "incorrect shape"), ("gpt2", 576, "arch mismatch")]
)
async def test_an_adapter_of_another_base_is_an_error(
    weights: Path, tmp_path: Path, architecture: str, width: int, cause: str
) -> None:
    file = adapter(tmp_path / "other.gguf", architecture, width)
    message = await refusal(Voice("tuned", weights, file))
    assert message.startswith(f"The voice 'tuned' does not load with its adapter {file}: ")
    assert cause in message
    assert "If the adapter was tuned on another base, tune it again on this one." in message
    assert str(log_file()) in message


async def test_a_log_that_can_not_be_written_is_an_error(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DUNGEON_HOME", str(tmp_path / "file"))
    message = await refusal(Voice("smollm2", weights))
    assert "log" in message
    assert "DUNGEON_HOME" in message
