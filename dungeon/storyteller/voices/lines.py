"""The voices as lines of text: for `dungeon voices`, and for a game without screens."""

from collections.abc import Sequence

from corpus.text import visible
from dungeon.storyteller.hardware.machine import READING_WORDS, Machine
from dungeon.storyteller.voices.overview import Place, VoiceRow, default_voice, overview


def machine_line(machine: Machine) -> str:
    """Return what this machine has for a voice."""
    free = (
        f"{gigabytes(machine.memory_free)} of {gigabytes(machine.memory_total)} of memory free"
        if machine.memory_total
        else "memory not known"
    )
    return f"This machine: {free}, {machine.cores} cores. People read about {READING_WORDS:.0f} words a second."


def voice_lines(machine: Machine, rows: Sequence[VoiceRow] = ()) -> list[str]:
    """Return a line for each voice, in columns separated by tabs."""
    default = default_voice()
    return [
        "\t".join(
            (
                f"{row.name}{' *' if row.name == default else ''}",
                place_text(row),
                size_text(row.size),
                memory_text(row),
                speed_text(row),
                visible(row.license) or "licence not stated",
                row.summary,
            )
        )
        for row in rows or overview(machine)
    ]


def place_text(row: VoiceRow) -> str:
    """Return whether a voice is here."""
    if row.place is Place.PART and row.size:
        return f"{min(99, row.done * 100 // row.size)}% is here"
    return str(row.place)


def memory_text(row: VoiceRow) -> str:
    """Return how much memory a voice needs, and whether it is free."""
    if not row.memory:
        return "memory not known"
    return f"needs {gigabytes(row.memory)}, {'fits' if row.fits else 'too much here'}"


def speed_text(row: VoiceRow) -> str:
    """Return how fast a voice speaks on this machine."""
    if not row.words_per_second:
        return "speed not known"
    if row.measured:
        return f"{words_text(row)} words/s, first in {row.first_words:.1f} s (measured)"
    return f"about {words_text(row)} words/s"


def words_text(row: VoiceRow) -> str:
    """Return the words a second, as exact as they are known."""
    if not row.words_per_second:
        return "?"
    return f"{row.words_per_second:.0f}" if row.words_per_second >= 3 else f"{row.words_per_second:.1f}"


def size_text(size: int) -> str:
    """Return a file's size."""
    return gigabytes(size) if size >= 1e9 else f"{size / 1e6:.0f} MB"


def gigabytes(size: float) -> str:
    """Return a size in gigabytes."""
    return f"{size / 1e9:.1f} GB"


def duration_text(seconds: float) -> str:
    """Return about how long something takes."""
    if seconds < 90:
        return f"{max(1, round(seconds / 10)) * 10} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
