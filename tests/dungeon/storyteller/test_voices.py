"""Finding a voice by name or path; an error names the path and says what to do."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dungeon.errors import DungeonError
from dungeon.storyteller.catalogue import CATALOGUE, SMOLLM2
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice

ADAPTER = b"GGUF an adapter"
BASE = b"GGUF a base"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A voice as `dungeon finetune` writes it: an adapter over the bundled base."""
    folder = tmp_path / "my voice"
    folder.mkdir()
    (folder / "adapter.gguf").write_bytes(ADAPTER)
    write(
        folder,
        format=1,
        name="mine",
        base={"name": "smollm2", "file": None, "sha256": SMOLLM2.sha256, "license": "apache-2.0"},
        adapter={"file": "adapter.gguf", "sha256": sha256(ADAPTER)},
        context=1024,
        sampling={"temperature": 0.9, "length": 60},
    )
    return folder


def write(folder: Path, **entry: Any) -> None:
    (folder / "voice.json").write_text(json.dumps(entry))


def change(folder: Path, **entry: Any) -> None:
    write(folder, **json.loads((folder / "voice.json").read_text()) | entry)


def refusal(name: str | Path) -> str:
    with pytest.raises(DungeonError) as caught:
        find_voice(str(name))
    return str(caught.value)


# ---- valid voices ----------------------------------------------------------------------------------------------


def test_the_untuned_weights_are_found_by_name() -> None:
    voice = find_voice("smollm2")
    assert (voice.name, voice.weights, voice.adapter) == ("smollm2", SMOLLM2, None)


def test_the_default_voice_is_tuned_and_complete() -> None:
    voice = find_voice(DEFAULT_VOICE)
    assert (voice.name, voice.weights) == (DEFAULT_VOICE, SMOLLM2)
    assert voice.adapter is not None
    assert voice.adapter.stat().st_size <= 20_000_000
    card = (voice.adapter.parent / "README.md").read_text()
    assert hashlib.sha256(voice.adapter.read_bytes()).hexdigest() in card


def test_a_tuned_voice_is_found_by_its_folder(folder: Path) -> None:
    voice = find_voice(str(folder))
    assert voice.name == "my voice"
    assert voice.weights is SMOLLM2
    assert voice.adapter == folder / "adapter.gguf"
    assert voice.context == 1024
    assert voice.sampling == Sampling(temperature=0.9, length=60)


def test_a_voice_may_have_its_own_base_and_no_adapter(folder: Path) -> None:
    (folder / "base.gguf").write_bytes(BASE)
    change(folder, base={"name": "gpt2", "file": "base.gguf", "sha256": sha256(BASE)}, adapter=None)
    voice = find_voice(str(folder))
    assert (voice.weights, voice.adapter) == (folder / "base.gguf", None)


def test_a_bare_gguf_file_is_a_voice(tmp_path: Path) -> None:
    file = tmp_path / "storm.Q4_1.gguf"
    file.write_bytes(BASE)
    voice = find_voice(str(file))
    assert (voice.name, voice.weights, voice.adapter) == ("storm.Q4_1", file, None)


def test_a_voice_is_found_by_a_relative_path_and_by_one_below_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert find_voice("my voice").adapter == folder / "adapter.gguf"
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert find_voice("~/my voice").adapter == folder / "adapter.gguf"


def test_unknown_fields_of_a_later_version_are_ignored(folder: Path) -> None:
    change(folder, trained={"steps": 100})
    assert find_voice(str(folder)).context == 1024


# ---- invalid voices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nope", "", "../nope", "x" * 5000, "a\0b", "~nosuchuser/voice", "[bold]x"])
def test_an_unknown_name_is_an_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(name)
    assert "voice" in message
    assert len(message) < 600
    if name in ("nope", "../nope", "[bold]x"):
        assert message.startswith(f"There is no voice '{name}'")
        assert ", ".join(CATALOGUE) in message


def test_a_folder_without_voice_json_is_an_error(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert str(tmp_path) in message
    assert "has no voice.json" in message
    assert "dungeon finetune --out" in message


@pytest.mark.parametrize("content", [b"Once upon a time.", b"", b"GGU"])
def test_a_file_that_is_not_gguf_is_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "story.txt"
    file.write_bytes(content)
    assert refusal(file).startswith(f"{file} is not a voice: it is neither a GGUF file nor a folder")


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"",
        b"[]",
        b"\xff\xfe\x00",
        b'{"format": 1}',
        b'{"x":' + b"[" * 200_000,
        b'{"format": "one", "name": "x", "base": {"name": "smollm2", "sha256": ""}}',
        b'{"format": 1, "name": "x", "base": {"name": "smollm2", "sha256": ""}, "sampling": {"temprature": 1}}',
        b'{"format": 1, "name": "x", "base": {"name": "smollm2", "sha256": ""}, "context": "long"}',
    ],
    ids=lambda text: text[:20].decode(errors="replace"),
)
def test_an_invalid_voice_json_is_an_error(folder: Path, text: bytes) -> None:
    (folder / "voice.json").write_bytes(text)
    message = refusal(folder)
    assert message.startswith(f"{folder / 'voice.json'} can't be read: ")
    assert "Tune the voice again, or restore the file." in message


def test_a_voice_of_a_later_format_is_an_error(folder: Path) -> None:
    change(folder, format=2)
    message = refusal(folder)
    assert "has format 2; this version of dungeon reads format 1. Update dungeon." in message


# ---- its files ---------------------------------------------------------------------------------------------------


def remove(folder: Path) -> None:
    (folder / "adapter.gguf").unlink()


def damage(folder: Path) -> None:
    (folder / "adapter.gguf").write_bytes(ADAPTER[:-1])


def replace_by_a_folder(folder: Path) -> None:
    remove(folder)
    (folder / "adapter.gguf").mkdir()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (remove, "lacks its file adapter.gguf"),
        (replace_by_a_folder, "lacks its file adapter.gguf"),
        (damage, "is damaged: its hash is not the one in voice.json"),
    ],
)
def test_a_missing_or_damaged_adapter_is_an_error(folder: Path, harm: Callable[[Path], None], problem: str) -> None:
    harm(folder)
    message = refusal(folder)
    assert problem in message
    assert str(folder) in message
    assert "tune" in message.lower()


@pytest.mark.parametrize("name", ["../secret.gguf", "/etc/passwd", "sub/adapter.gguf", "..", ".", "", "x" * 300])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    (folder.parent / "secret.gguf").write_bytes(ADAPTER)
    (folder / "sub").mkdir()
    (folder / "sub" / "adapter.gguf").write_bytes(ADAPTER)
    change(folder, adapter={"file": name, "sha256": sha256(ADAPTER)})
    message = refusal(folder)
    if "/" in name:
        assert "is not inside the voice's folder" in message
    change(folder, adapter=None, base={"name": "smollm2", "file": name, "sha256": sha256(ADAPTER)})
    assert refusal(folder) == message


def test_an_adapter_for_other_weights_of_the_same_name_is_an_error(folder: Path) -> None:
    change(folder, base={"name": "smollm2", "sha256": "0" * 64})
    message = refusal(folder)
    assert "was tuned on other weights than this version's 'smollm2'" in message
    assert "000000000000" in message
    assert SMOLLM2.sha256[:12] in message
    assert "Tune it again" in message


def test_an_unknown_base_is_an_error(folder: Path) -> None:
    change(folder, base={"name": "openai-community/gpt2", "sha256": "0" * 64})
    message = refusal(folder)
    assert "needs the base 'openai-community/gpt2', which is neither in its folder nor in the catalogue" in message
    assert "dungeon play --endpoint URL --model NAME" in message
