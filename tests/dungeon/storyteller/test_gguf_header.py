"""The reader of GGUF headers: what real layouts say, and files that are cut short, damaged or hostile."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import DungeonError
from dungeon.storyteller.gguf_header import GgufHeader, read_header
from dungeon.storyteller.hardware.memory import checkpoint_bytes, largest_context, memory_needed
from tests.dungeon.tiny_models import (
    ARCHITECTURES,
    CONTEXT,
    HEAD_WIDTH,
    HEADS,
    KV_HEADS,
    WIDTH,
    WINDOW,
    write_tiny_model,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {name: write_tiny_model(folder / f"{name}.gguf", name) for name in ARCHITECTURES}


def gguf(*entries: bytes, tensors: int = 0, version: int = 3, keys: int | None = None) -> bytes:
    """A file with these metadata entries, and what it claims beside."""
    return b"GGUF" + struct.pack("<IQQ", version, tensors, len(entries) if keys is None else keys) + b"".join(entries)


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


LLAMA = entry(b"general.architecture", 8, text(b"llama"))


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(DungeonError) as caught:
        read_header(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


# ---- what a file says --------------------------------------------------------------------------------------------


def test_the_header_of_a_model_with_attention(models: dict[str, Path]) -> None:
    header = read_header(models["llama"])
    assert (header.architecture, header.kind) == ("llama", "model")
    assert (header.context_length, header.block_count, header.embedding_length) == (CONTEXT, 2, WIDTH)
    assert (header.head_count, header.head_count_kv) == (HEADS, (KV_HEADS, KV_HEADS))
    assert (header.key_length, header.value_length, header.sliding_window) == (HEAD_WIDTH, HEAD_WIDTH, 0)
    assert (header.chat_template, header.is_recurrent) == ("", False)
    assert 4 * header.parameters < header.file_size < 4 * header.parameters + 20_000, "float32, and the header"


def test_a_window_and_states_are_seen(models: dict[str, Path]) -> None:
    headers = {name: read_header(path) for name, path in models.items()}
    assert {name for name, header in headers.items() if header.sliding_window} == {"gemma3"}
    assert headers["gemma3"].sliding_window == WINDOW
    assert {name for name, header in headers.items() if header.is_recurrent} == {"mamba", "lfm2"}
    assert headers["lfm2"].head_count_kv == (0, KV_HEADS)


def test_the_chat_template_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chat.gguf"
    template = entry(b"tokenizer.chat_template", 8, text("{{ messages }} — end".encode()))
    path.write_bytes(gguf(LLAMA, template))
    assert read_header(path).chat_template == "{{ messages }} — end"


def test_a_large_vocabulary_and_large_data_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "large.gguf"
    words = b"".join(text(b"word" * (n % 300)) for n in range(5000))
    tokens = entry(b"tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 5000) + words)
    scores = entry(b"tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 5000) + bytes(4 * 5000))
    tensor = text(b"token_embd.weight") + struct.pack("<IQQIQ", 2, 4096, 50_000, 12, 0)
    path.write_bytes(
        gguf(LLAMA, tokens, scores, entry(b"llama.block_count", 4, struct.pack("<I", 3)), tensors=1) + tensor
    )
    os.truncate(path, 1 << 30)
    header = read_header(path)
    assert (header.block_count, header.parameters, header.file_size) == (3, 4096 * 50_000, 1 << 30)
    assert not any("tokens" in key or "scores" in key for key in header.values)


@pytest.mark.real
def test_the_header_of_the_bundled_voice(weights: Path) -> None:
    header = read_header(weights)
    assert (header.architecture, header.context_length, header.block_count) == ("llama", 8192, 30)
    assert (header.head_count, set(header.head_count_kv), header.key_length) == (9, {3}, 64)
    assert 130_000_000 < header.parameters < 170_000_000
    assert "<|im_start|>" in header.chat_template


# ---- files that are not valid ------------------------------------------------------------------------------------


def test_a_file_that_is_cut_short_anywhere_in_its_header_is_an_error(models: dict[str, Path], tmp_path: Path) -> None:
    data = models["lfm2"].read_bytes()
    whole = read_header(models["lfm2"])
    path = tmp_path / "cut.gguf"
    header_size = len(data) - 4 * whole.parameters - 64
    for size in range(0, header_size, 61):
        assert "not a valid GGUF file" in refusal(path, data[:size])
    path.write_bytes(data[:-1000])
    assert read_header(path).parameters == whole.parameters, "tensor data are never read"


HUGE = struct.pack("<Q", 1 << 62)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends in the middle"),
        (b"PK\x03\x04" + bytes(100), "does not begin with 'GGUF'"),
        (gguf(LLAMA, version=1), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648"),
        (gguf(LLAMA, keys=1 << 40), "metadata entries"),
        (gguf(LLAMA, tensors=1 << 40), "tensors"),
        (gguf(HUGE), "text of"),
        (gguf(entry(b"general.architecture", 8, HUGE)), "text of"),
        (gguf(LLAMA, entry(b"a", 9, struct.pack("<I", 4) + HUGE)), "items in an array"),
        (gguf(LLAMA, entry(b"a", 9, struct.pack("<IQ", 8, 5) + HUGE)), "ends in the middle"),
        (gguf(LLAMA, entry(b"a", 9, struct.pack("<IQ", 4, 1 << 24))), "ends in the middle"),
        (gguf(LLAMA, entry(b"a", 9, struct.pack("<IQ", 9, 1) + bytes(99))), "array has items of the type 9"),
        (gguf(LLAMA, entry(b"a", 77, bytes(99))), "unknown type 77"),
        (gguf(LLAMA, entry(b"llama.block_count", 4, struct.pack("<I", 4_000_000_000))), "claims 4000000000 blocks"),
        (gguf(LLAMA, tensors=1) + text(b"t") + struct.pack("<I", 9), "9 dimensions"),
        (gguf(LLAMA, tensors=1) + text(b"t") + struct.pack("<I", 2) + HUGE + HUGE, "weights"),
        (gguf(entry(b"general.name", 8, text(b"x"))), "architecture"),
    ],
)
def test_a_file_that_claims_too_much_is_an_error(tmp_path: Path, data: bytes, reason: str) -> None:
    assert reason in refusal(tmp_path / "hostile.gguf", data)


def test_a_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.gguf", tmp_path):
        with pytest.raises(DungeonError, match="can't be read"):
            read_header(path)


@given(changes=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_file_is_an_error_or_a_header_that_can_be_used(
    models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    for name in ("lfm2", "gemma3"):
        data = bytearray(models[name].read_bytes())
        for place, value in changes:
            # Half of them strike the numbers before the vocabulary.
            data[place if place % 2 else place % 700] = value
        path = tmp_path_factory.getbasetemp() / "damaged.gguf"
        path.write_bytes(data)
        try:
            header = read_header(path)
        except DungeonError:
            continue
        assert isinstance(header, GgufHeader)
        assert memory_needed(header, header.file_size, 4096) >= header.file_size
        assert checkpoint_bytes(header) >= 0
        assert 0 < largest_context(header, header.file_size, 10**9, 4096) <= 4096
