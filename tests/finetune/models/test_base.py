"""Opening a base from a folder or the Hub, and errors. The Hub here is a server on this machine."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from torch.nn import Linear
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from finetune.errors import FinetuneError
from finetune.models.base import open_base
from finetune.models.base_check import Layers, read_layers
from finetune.models.folders import BUNDLED
from finetune.models.game_voices import bundled_weights, find_game_voice
from tests.finetune.conftest import Run
from tests.finetune.fake_hub import model_hub


@pytest.fixture
def hub(bases: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Hub on this machine that has one repository, someone/tiny; with an empty cache."""
    files = {path.name: path.read_bytes() for path in bases["llama"].iterdir()}
    with model_hub("someone/tiny", files) as endpoint:
        _use_hub(endpoint, tmp_path, monkeypatch)
        yield


def _use_hub(endpoint: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.mark.usefixtures("hub")
def test_a_base_from_the_hub() -> None:
    base = open_base("someone/tiny")
    assert (base.name, base.license, base.hub_id) == ("someone/tiny", "mit", "someone/tiny")


@pytest.mark.usefixtures("hub")
def test_an_unknown_repository_is_an_error(run: Run, corpus: Path, tmp_path: Path) -> None:
    _refused(run, "nobody/nothing", corpus, tmp_path)


def test_a_hub_that_can_not_be_reached_is_an_error(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use_hub("http://127.0.0.1:9", tmp_path, monkeypatch)
    message = _refused(run, "openai-community/gpt2", corpus, tmp_path)
    assert "the Hub can't be reached" in message and "Is this machine online?" in message
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in _refused(run, "openai-community/gpt2", corpus, tmp_path)


def test_offline_is_said_in_plain_words(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use_hub("http://hub.invalid", tmp_path, monkeypatch)  # a name that is never given out
    message = _refused(run, "openai-community/gpt2", corpus, tmp_path)
    assert "The cause: the Hub can't be reached. Is this machine online?" in message


@pytest.mark.usefixtures("hub")
def test_a_name_that_nobody_has_is_an_error(run: Run, corpus: Path, tmp_path: Path) -> None:
    message = _refused(run, "lamplight", corpus, tmp_path)
    assert "the Hub has no model of that name" in message and "The game has no voice lamplight either" in message


def test_a_voice_of_the_game_is_not_fetched_unasked(run: Run, corpus: Path, tmp_path: Path, home: Path) -> None:
    result = run("--corpus", corpus, "--base", "ember", "--out", tmp_path / "voice")
    assert result.exit_code == 2 and "Fetch them: dungeon voices get ember" in result.stderr, result.output
    assert not home.exists()


def test_a_voice_of_the_game_is_found_by_name() -> None:
    """That which comes with it is an adapter over the bundled weights."""
    voice = find_game_voice("lantern")
    assert voice and (voice.path / "adapter.gguf").is_file() and voice.license == "apache-2.0"
    assert voice.sampling == {"length": 25}
    assert read_layers("lantern") == read_layers(BUNDLED)
    ember = find_game_voice("ember")
    assert ember and not ember.here and len(ember.sha256) == 64 and ember.sampling["temperature"] == 0.8
    assert find_game_voice("lamplight") is None


@pytest.mark.parametrize("content", [b"GGUF\3\0\0\0", b"GGUF" + b"\xff" * 60, b"not one"])
def test_a_damaged_gguf_is_an_error(content: bytes, run: Run, corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    result = run("--corpus", corpus, "--base", file, "--out", tmp_path / "voice")
    assert result.exit_code == 2 and str(file) in result.stderr and "GGUF" in result.stderr, result.output
    assert not (tmp_path / "voice.partial").exists()


def test_the_layers_of_a_base_are_read_from_its_files(bases: dict[str, Path], tmp_path: Path) -> None:
    """As transformers names them once it is open."""
    for base in bases.values():
        assert read_layers(str(base)) == _layers_of(AutoConfig.from_pretrained(base))
    damaged = shutil.copytree(bases["llama"], tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"\xff" * 64)
    assert read_layers(str(damaged)) is None
    strange = shutil.copytree(bases["llama"], tmp_path / "strange")
    (strange / "config.json").write_text('{"model_type": "strange"}')
    assert read_layers(str(strange)) is None


@pytest.mark.real
def test_the_layers_of_the_bundled_weights_are_known_without_reading_them() -> None:
    file = bundled_weights()
    assert read_layers(BUNDLED) == _layers_of(AutoConfig.from_pretrained(file.parent, gguf_file=file.name))


def _layers_of(config: Any) -> Layers:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    linear = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, Linear | Conv1D)}
    return Layers(config.num_hidden_layers, frozenset(linear - {"lm_head"}))


def _refused(run: Run, name: str, corpus: Path, tmp_path: Path) -> str:
    result = run("--corpus", corpus, "--base", name, "--out", tmp_path / "voice")
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert name in result.stderr and "--base smollm2 needs no Hub" in result.stderr and "--base PATH" in result.stderr
    return " ".join(result.stderr.split())


_PEAK = """
import resource, sys
from finetune.models.base import open_base
from finetune.recipe import Recipe
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
open_base(sys.argv[1])  # small: what is imported and made once does not count
before = peak()
base = open_base(sys.argv[2], Recipe(weights="half"))
print({str(parameter.dtype) for parameter in base.model.parameters()}, base.sha256)
print(peak() - before)
"""


def test_a_base_in_16_bits_is_never_in_memory_in_32(tmp_path: Path, bases: dict[str, Path]) -> None:
    """Where a recipe holds its frozen matrices in 16 bits. Its identity is that of the same numbers in 32."""
    config = AutoConfig.from_pretrained(bases["llama"])
    config.hidden_size, config.intermediate_size = 512, 8192
    model = AutoModelForCausalLM.from_config(config).bfloat16()
    large = shutil.copytree(bases["llama"], tmp_path / "large")
    model.save_pretrained(large)
    arguments = [sys.executable, "-c", _PEAK, str(bases["llama"]), str(large)]
    lines = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[0] == f"{{'torch.bfloat16'}} {open_base(str(large)).sha256}"
    assert int(lines[1]) < 3.2 * model.num_parameters()  # bytes; 32 bits alone are 4 each


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_base_without_a_tokenizer_is_an_error(name: str, tmp_path: Path, bases: dict[str, Path]) -> None:
    base = shutil.copytree(bases[name], tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    with pytest.raises(FinetuneError, match="has no tokenizer that works") as caught:
        open_base(str(base))
    assert str(base) in caught.value.message and "tokenizer.json" in caught.value.message


def test_a_base_with_the_tokenizer_of_another_is_an_error(
    tmp_path: Path, bases: dict[str, Path], tokenizers: dict[str, Any]
) -> None:
    base = shutil.copytree(bases["llama"], tmp_path / "base")
    larger = tokenizers["llama"].__class__.from_pretrained(base)
    larger.add_tokens(["zounds"])
    larger.save_pretrained(base)
    with pytest.raises(FinetuneError, match="a tokenizer of 601 tokens, but embeddings for 600"):
        open_base(str(base))


def test_a_base_that_lacks_weights_is_an_error(tmp_path: Path, bases: dict[str, Path]) -> None:
    base = shutil.copytree(bases["llama"], tmp_path / "base")
    tensors = load_file(base / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(FinetuneError, match=r"lacks 1 tensors of a LlamaForCausalLM, model\.norm\.weight for one"):
        open_base(str(base))


def test_pickled_weights_are_refused(tmp_path: Path, bases: dict[str, Path]) -> None:
    folder = shutil.copytree(bases["gpt2"], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(FinetuneError, match="safetensors"):
        open_base(str(folder))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match=r"There is no model folder, GGUF file or voice .* a Hub id, or smollm2"):
        open_base(str(tmp_path / "nowhere"))


def test_code_of_a_model_is_not_run(tmp_path: Path, bases: dict[str, Path]) -> None:
    folder = shutil.copytree(bases["gpt2"], tmp_path / "coded")
    (folder / "config.json").write_text(
        '{"model_type": "strange", "auto_map": {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}}'
    )
    (folder / "code.py").write_text("raise SystemExit('I ran')")
    with pytest.raises(FinetuneError, match="can't be opened"):
        open_base(str(folder))
