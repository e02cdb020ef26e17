"""How much memory a model takes, by what its header says; and what this machine has."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dungeon.storyteller.gguf_header import GgufHeader, Value
from dungeon.storyteller.hardware.memory import (
    SMALLEST_CONTEXT,
    free_memory,
    largest_context,
    memory_needed,
    model_file_size,
    state_bytes,
    total_memory,
)

GB = 10**9


def kv_bytes_per_token(header: GgufHeader) -> int:
    """What each token of a context adds."""
    return memory_needed(header, 0, 1001) - memory_needed(header, 0, 1000)


def header(architecture: str, **values: Value) -> GgufHeader:
    """The header of a model; `attention_head_count` is `attention.head_count`."""
    named = {f"{architecture}." + re.sub("^(attention|ssm)_", r"\1.", key): value for key, value in values.items()}
    return GgufHeader({"general.architecture": architecture} | named, 0, 0)


QWEN3_4B = header(
    "qwen3",
    context_length=262_144,
    block_count=36,
    embedding_length=2560,
    attention_head_count=32,
    attention_head_count_kv=8,
    attention_key_length=128,
    attention_value_length=128,
)
NEMO_12B = header(
    "llama",
    context_length=1_024_000,
    block_count=40,
    embedding_length=5120,
    attention_head_count=32,
    attention_head_count_kv=8,
    attention_key_length=128,
    attention_value_length=128,
)
SMOLLM2_1_7B = header(
    "llama", context_length=8192, block_count=24, embedding_length=2048, attention_head_count=32
)  # no head_count_kv: as many as there are heads
GEMMA3_4B = header(
    "gemma3",
    context_length=131_072,
    block_count=34,
    embedding_length=2560,
    attention_head_count=8,
    attention_head_count_kv=4,
    attention_key_length=256,
    attention_value_length=256,
    attention_sliding_window=1024,
)
QWEN35_4B = header(
    "qwen35",
    context_length=262_144,
    block_count=32,
    embedding_length=2560,
    full_attention_interval=4,
    attention_head_count=16,
    attention_head_count_kv=4,
    attention_key_length=256,
    attention_value_length=256,
    ssm_conv_kernel=4,
    ssm_inner_size=4096,
    ssm_state_size=128,
    ssm_group_count=16,
    ssm_time_step_rank=32,
)


@pytest.mark.parametrize(
    ("model", "expected"),
    [(QWEN3_4B, 147_456), (NEMO_12B, 163_840), (SMOLLM2_1_7B, 196_608), (QWEN35_4B, 8 * 4 * 512 * 2)],
)
def test_bytes_of_a_token_in_the_cache(model: GgufHeader, expected: int) -> None:
    assert kv_bytes_per_token(model) == expected


def test_only_the_recurrent_layers_have_states() -> None:
    assert state_bytes(QWEN3_4B) == 0
    one = 3 * (4096 + 2 * 16 * 128) + 4096 * 128
    assert state_bytes(QWEN35_4B) == 4 * 24 * one, "three layers of four; 53 MB"


def test_layers_that_share_a_cache_or_compress_it_are_counted_once() -> None:
    shared = header(
        "gemma4",
        block_count=4,
        embedding_length=64,
        attention_head_count=4,
        attention_head_count_kv=1,
        attention_key_length=512,
        attention_value_length=512,
        attention_key_length_swa=256,
        attention_value_length_swa=256,
        attention_sliding_window=512,
        attention_sliding_window_pattern=(True, False, True, True),
        attention_shared_kv_layers=2,
    )
    assert kv_bytes_per_token(shared) == 2 * (512 + 1024)
    latent = header("deepseek2", block_count=3, attention_kv_lora_rank=512, attention_key_length_mla=192)
    assert kv_bytes_per_token(latent) == 3 * 2 * 512


def test_memory_grows_with_the_context_and_a_window_saves_some() -> None:
    file_size = 5 * GB // 2
    assert memory_needed(QWEN3_4B, file_size, 8192) - memory_needed(QWEN3_4B, file_size, 0) == 8192 * 147_456
    whole = memory_needed(GEMMA3_4B, file_size, 32_768)
    assert memory_needed(GEMMA3_4B, file_size, 32_768, swa_full=False) < whole - 3 * GB
    assert memory_needed(GEMMA3_4B, file_size, 512) == memory_needed(GEMMA3_4B, file_size, 512, swa_full=False)


def test_the_context_is_what_is_wanted_what_the_model_has_or_what_fits() -> None:
    size = 5 * GB // 2
    assert largest_context(QWEN3_4B, size, None, 8192) == 8192
    assert largest_context(QWEN3_4B, size, 64 * GB, 8192) == 8192
    assert largest_context(SMOLLM2_1_7B, GB, 64 * GB, 100_000) == 8192
    assert largest_context(QWEN3_4B, size, 64 * GB, 200) == 200
    fitting = largest_context(QWEN3_4B, size, 4 * GB, 8192)
    assert SMALLEST_CONTEXT < fitting < 8192
    assert fitting % 256 == 0
    assert memory_needed(QWEN3_4B, size, fitting) <= 0.8 * 4 * GB < memory_needed(QWEN3_4B, size, fitting + 256)


@pytest.mark.parametrize(("wanted", "expected"), [(8192, SMALLEST_CONTEXT), (700, 700)])
def test_a_model_that_does_not_fit_still_gets_a_small_context(wanted: int, expected: int) -> None:
    assert largest_context(QWEN3_4B, 5 * GB // 2, GB, wanted) == expected


def test_the_size_of_a_split_model_is_that_of_all_its_files(tmp_path: Path) -> None:
    for part in (1, 2, 3):
        (tmp_path / f"big-{part:05}-of-00003.gguf").write_bytes(bytes(part))
    assert model_file_size(tmp_path / "big-00001-of-00003.gguf") == 6
    (tmp_path / "small.gguf").write_bytes(bytes(5))
    assert model_file_size(tmp_path / "small.gguf") == 5


# ---- this machine ------------------------------------------------------------------------------------------------


def test_this_machine_has_memory_and_some_of_it_is_free() -> None:
    free, total = free_memory(), total_memory()
    assert free is not None
    assert total is not None
    assert 50_000_000 < free <= total


@pytest.mark.skipif(sys.platform != "linux", reason="containers are limited on Linux")
def test_a_container_has_what_its_limit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storyteller.hardware.memory._container_limit", lambda: (70_000_000, 30_000_000))
    assert (free_memory(), total_memory()) == (40_000_000, 70_000_000)


def test_free_memory_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    output = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:                               10000.\n"
        "Pages active:                            200000.\n"
        "Pages inactive:                           30000.\n"
        "Pages speculative:                         2000.\n"
        "Pages purgeable:                           1000.\n"
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=output))
    assert free_memory() == 43_000 * 16384
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout="nothing"))
    assert free_memory() is None


def test_memory_of_a_windows_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(pointer: object) -> int:
        status = pointer._obj  # type: ignore[attr-defined]
        assert status.dwLength == 64
        status.ullTotalPhys, status.ullAvailPhys = 16 * GB, 6 * GB
        return 1

    library = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=fill))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", library, raising=False)
    assert (total_memory(), free_memory()) == (16 * GB, 6 * GB)
    library.kernel32.GlobalMemoryStatusEx = lambda pointer: 0
    assert (total_memory(), free_memory()) == (None, None)
