"""The bundled voice: which files of a tuned voice are shipped, and that the game finds it."""

import hashlib
import json
from pathlib import Path

import pytest

from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.voices import find as voices
from dungeon.storyteller.voices.find import find_voice
from finetune.scripts.bundled_voice import NAME, ship

ADAPTER = b"GGUF an adapter"


def test_the_shipped_files_are_a_voice_of_the_game_with_its_hash_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, game = tmp_path / "tuned", tmp_path / "voices"
    tuned.mkdir()
    digest = hashlib.sha256(ADAPTER).hexdigest()
    (tuned / "adapter.gguf").write_bytes(ADAPTER)
    (tuned / "adapter_model.safetensors").write_bytes(b"for training only")
    (tuned / "training.json").write_text("{}")
    (tuned / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# tuned\n\n    dungeon play --voice tuned\n")
    entry = {
        "format": 1,
        "name": "tuned",
        "base": {"name": "smollm2", "file": None, "sha256": SMOLLM2.sha256, "license": "apache-2.0"},
        "adapter": {"file": "adapter.gguf", "sha256": digest},
        "context": 2048,
        "sampling": {},
    }
    (tuned / "voice.json").write_text(json.dumps(entry))

    ship(tuned, game / NAME)

    monkeypatch.setattr(voices, "_DATA", game)
    voice = find_voice(NAME)
    assert (voice.name, voice.weights, voice.adapter) == (NAME, SMOLLM2, game / NAME / "adapter.gguf")
    assert sorted(path.name for path in (game / NAME).iterdir()) == [
        "README.md",
        "adapter.gguf",
        "training.json",
        "voice.json",
    ]
    card = (game / NAME / "README.md").read_text()
    assert f"# {NAME}\n" in card
    assert f"dungeon play --voice {NAME}\n" in card
    assert digest in card
