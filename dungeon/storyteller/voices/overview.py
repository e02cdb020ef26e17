"""The voices as a player chooses among them: what is here, what can be fetched, what fits this machine, how fast.

rows = overview(this_machine())
better = recommended(rows)          # the best voice that is not here yet and would play well on this machine
default_voice()                     # the name of the best one that is here and fits
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dungeon.errors import DungeonError
from dungeon.storyteller.catalogue import CATALOGUE, SMOLLM2, CatalogueVoice, CatalogueWeights
from dungeon.storyteller.download.weights import is_here, part_bytes, weights_path
from dungeon.storyteller.gguf_header import read_header
from dungeon.storyteller.hardware.machine import READING_WORDS, WORDS_PER_TOKEN, Machine
from dungeon.storyteller.hardware.measurements import Measurements, load_measurements
from dungeon.storyteller.hardware.memory import free_memory, memory_needed, total_memory
from dungeon.storyteller.voices.added import AddedVoice, added_voices
from dungeon.storyteller.voices.find import DEFAULT_VOICE, Voice

_CONTEXT = 4096
"""Tokens, for which the memory of a voice that the player added is estimated."""


class Place(StrEnum):
    """Where a voice is."""

    HERE = "here"
    PART = "part of it is here"
    HUB = "can be fetched"
    LOST = "its file is gone"


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """One voice. Sizes in bytes."""

    name: str
    title: str
    summary: str
    license: str
    license_url: str
    place: Place
    size: int
    done: int
    """Bytes that are here."""
    memory: int
    fits: bool
    words_per_second: float
    measured: bool
    """Whether that was measured on this machine; else it is an estimate."""
    first_words: float
    """Seconds to the first token of a turn, measured; 0 if not."""
    file: Path
    added: bool
    """Whether the player added it; else it is the catalogue's."""
    offered: bool
    """Whether it is a voice to play with."""
    deletes: bool
    """Whether removing it deletes its file; the player's own file stays."""

    @property
    def is_here(self) -> bool:
        """Whether it can be played without fetching anything."""
        return self.place is Place.HERE

    @property
    def reads_along(self) -> bool:
        """Whether its words come at least as fast as they are read."""
        return self.words_per_second >= READING_WORDS


def overview(machine: Machine) -> list[VoiceRow]:
    """Return all voices: the catalogue's from small to large, then the player's."""
    measured = load_measurements()
    rows = [_catalogue_row(voice, machine, measured) for voice in CATALOGUE.values()]
    return rows + [_added_row(voice, machine, measured) for voice in added_voices().values()]


def recommended(rows: Sequence[VoiceRow]) -> VoiceRow | None:
    """Return the best voice that fits and keeps up with reading; None if it, or a better one, is here already."""
    playable = [row for row in rows if row.offered and not row.added]
    best = [row for row in playable if row.is_here or (row.fits and row.reads_along)]
    return best[-1] if best and not best[-1].is_here and best[-1].name != DEFAULT_VOICE else None


def default_voice() -> str:
    """Return the name of the best of the catalogue's voices that are here and fit into the memory that is free."""
    machine = Machine(free_memory() or 0, total_memory() or 0, 1, 0.0)
    here = [
        voice.name
        for voice in CATALOGUE.values()
        if voice.offered and is_here(voice.weights) and (voice.name == DEFAULT_VOICE or machine.fits(voice.memory))
    ]
    return here[-1] if here else DEFAULT_VOICE


def check_is_here(voice: Voice) -> None:
    """Check that starting a voice fetches nothing but the small weights of the bundled one.

    Raises:
        DungeonError: the voice is not here yet; says how to fetch it.
    """
    weights = voice.weights
    if isinstance(weights, CatalogueWeights) and weights is not SMOLLM2 and not is_here(weights):
        raise DungeonError(
            f"The voice '{voice.name}' is not here yet. Fetch it once ({weights.size / 1e9:.1f} GB): "
            f"dungeon voices get {voice.name}"
        )


def fetch_seconds(row: VoiceRow) -> float:
    """Return how long fetching the rest takes at the speed of the latest download; 0 if none was measured."""
    network = load_measurements().network
    return (row.size - row.done) / network if network else 0.0


def _catalogue_row(voice: CatalogueVoice, machine: Machine, measured: Measurements) -> VoiceRow:
    weights = voice.weights
    here = is_here(weights)
    part = 0 if here else part_bytes(weights)
    words, first = _speed(voice.name, weights.size * voice.active_parameters / voice.parameters, machine, measured)
    return VoiceRow(
        voice.name,
        voice.title,
        voice.summary,
        weights.license,
        weights.license_url,
        Place.HERE if here else Place.PART if part else Place.HUB,
        weights.size,
        weights.size if here else part,
        voice.memory,
        machine.fits(voice.memory),
        words,
        voice.name in measured.voices,
        first,
        weights_path(weights),
        added=False,
        offered=voice.offered,
        deletes=True,
    )


def _added_row(voice: AddedVoice, machine: Machine, measured: Measurements) -> VoiceRow:
    file = Path(voice.file)
    size, needed = 0, 0
    if file.is_file():
        size = needed = file.stat().st_size
        with suppress(DungeonError):  # what is wrong with the file is said when it is played
            needed = memory_needed(read_header(file), size, _CONTEXT)
    words, first = _speed(voice.name, size, machine, measured)
    return VoiceRow(
        voice.name,
        voice.name,
        f"From {voice.source}",
        voice.license,
        voice.license_url,
        Place.HERE if file.exists() else Place.LOST,
        size,
        size,
        needed,
        machine.fits(needed),
        words,
        voice.name in measured.voices,
        first,
        file,
        added=True,
        offered=True,
        deletes=voice.fetched,
    )


def _speed(name: str, bytes_per_token: float, machine: Machine, measured: Measurements) -> tuple[float, float]:
    """Words a second, and seconds to the first token if they were measured."""
    if name in measured.voices:
        speed = measured.voices[name]
        return speed.tokens_per_second * WORDS_PER_TOKEN, speed.first_warm
    return (machine.words_per_second(bytes_per_token) if bytes_per_token else 0.0), 0.0
