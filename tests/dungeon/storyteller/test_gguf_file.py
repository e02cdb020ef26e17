"""The head of a GGUF file."""

from pathlib import Path

import pytest

from dungeon.storyteller.gguf_file import GgufMetadata, read_gguf
from tests.dungeon.gguf_files import gguf_bytes, instruct_gguf


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


def test_what_the_file_says_is_read(file: Path) -> None:
    file.write_bytes(instruct_gguf() + b"weights")
    assert read_gguf(file) == GgufMetadata("llama", 32768, "{{ messages }}", "apache-2.0", 28 * 2 * (128 + 128) * 2)


def test_heads_of_another_width_are_counted(file: Path) -> None:
    values = {"embedding_length": 64, "attention__head_count": 4, "attention__key_length": 8, "block_count": 3}
    file.write_bytes(gguf_bytes(general__architecture="x", **{f"x__{key}": value for key, value in values.items()}))
    assert read_gguf(file).kv_bytes == 3 * 4 * (8 + 16) * 2


@pytest.mark.parametrize("size", range(0, 200, 7))
def test_a_file_that_is_cut_off_says_nothing(file: Path, size: int) -> None:
    file.write_bytes(instruct_gguf()[:size])
    assert read_gguf(file) == GgufMetadata()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"GGUF" + b"\xff" * 20,
        b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7) + b"\xff" * 8,
        gguf_bytes(a=1)[:-8] + b"\x63\0\0\0",
    ],
)
def test_a_damaged_file_says_nothing(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert read_gguf(file) == GgufMetadata()


def test_a_missing_file_says_nothing(file: Path) -> None:
    assert read_gguf(file) == GgufMetadata()
