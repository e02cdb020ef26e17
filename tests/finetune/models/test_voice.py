"""Opening a voice: only with its own base and readable weights."""

import shutil
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.models.voice import open_voice
from tests.finetune.conftest import Voices


def test_a_voice_over_another_base(bases: dict[str, Path], voices: Voices) -> None:
    with pytest.raises(FinetuneError, match="was tuned on other weights than tiny-llama has now") as caught:
        open_voice(voices["gpt2"][0], str(bases["llama"]))
    assert caught.value.exit_code == 2 and "--base" in caught.value.message


def test_the_weights_of_a_voice_must_be_there(tmp_path: Path, voices: Voices) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")
    (voice / "adapter_model.safetensors").write_bytes(b"cut off")
    with pytest.raises(FinetuneError, match="can't be read"):
        open_voice(voice)
    (voice / "adapter_model.safetensors").unlink()
    with pytest.raises(FinetuneError, match="neither an adapter nor a model"):
        open_voice(voice)
