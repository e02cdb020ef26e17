"""What was measured on this machine: how fast voices speak, and how fast the network is. Kept in one small file.

keep_speed("ember", Speed(first_cold=3.1, first_warm=0.2, tokens_per_second=23.5))
load_measurements().voices["ember"].tokens_per_second
"""

from contextlib import suppress

import msgspec
from msgspec.structs import replace

from corpus.files import write_atomic
from dungeon.paths import measurements_file


class Speed(msgspec.Struct, frozen=True):
    """One voice, measured by `dungeon voices try`."""

    first_cold: float
    """Seconds to the first token of a prompt that the engine has not read."""
    first_warm: float
    """Seconds to the first token of the next turn, which reads only what is new."""
    tokens_per_second: float


class Measurements(msgspec.Struct, frozen=True):
    """All of it."""

    voices: dict[str, Speed] = {}
    network: float = 0.0
    """Bytes a second of the latest download; 0 before the first."""
    bandwidth: float = 0.0
    """Bytes a second of copying in memory; 0 before it was measured."""


def load_measurements() -> Measurements:
    """Return what is known; nothing if the file is missing or not valid, for all of it can be measured again."""
    try:
        return msgspec.json.decode(measurements_file().read_bytes(), type=Measurements)
    except (OSError, msgspec.DecodeError):
        return Measurements()


def keep_speed(name: str, speed: Speed) -> None:
    """Keep a voice's speed."""
    known = load_measurements()
    _save(replace(known, voices={**known.voices, name: speed}))


def forget_speed(name: str) -> None:
    """Forget a voice that is removed."""
    known = load_measurements()
    if name in known.voices:
        _save(replace(known, voices={other: speed for other, speed in known.voices.items() if other != name}))


def keep_network_speed(bytes_per_second: float) -> None:
    """Keep the speed of a download."""
    _save(replace(load_measurements(), network=bytes_per_second))


def keep_bandwidth(bytes_per_second: float) -> None:
    """Keep the speed of the memory."""
    _save(replace(load_measurements(), bandwidth=bytes_per_second))


def _save(measurements: Measurements) -> None:
    with suppress(OSError):  # a figure that is lost is measured again
        write_atomic(measurements_file(), msgspec.json.encode(measurements))
