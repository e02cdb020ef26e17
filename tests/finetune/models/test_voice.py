"""Opening a voice: only over its base and with readable weights."""

import shutil
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.models.voice import open_voice
from tests.finetune.conftest import Voices


def test_a_voice_over_another_base_is_an_error(bases: dict[str, Path], voices: Voices) -> None:
    with pytest.raises(FinetuneError, match="was tuned on other weights than tiny-llama has now") as caught:
        open_voice(voices["gpt2"][0], str(bases["llama"]))
    assert caught.value.exit_code == 2 and "--base" in caught.value.message


def test_a_voice_without_readable_weights_is_an_error(tmp_path: Path, voices: Voices) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")
    (voice / "adapter_model.safetensors").write_bytes(b"cut off")
    with pytest.raises(FinetuneError, match="can't be read"):
        open_voice(voice)
    (voice / "adapter_model.safetensors").unlink()
    with pytest.raises(FinetuneError, match="neither an adapter nor a model"):
        open_voice(voice)
