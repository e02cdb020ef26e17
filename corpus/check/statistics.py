"""Statistics of stories, and the table that shows them by genre.

Shares are of choices, of passages, or of words without names; a share of nothing is 0.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

SPEECH_MARKS = ('"', "“")
"""The marks that a choice starts with if it is something to say."""

NO_GENRE = "(no genre)"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts that can be added over stories."""

    stories: int = 0
    passages: int = 0
    words: int = 0
    endings: int = 0
    choices: int = 0
    speech: int = 0
    odd: int = 0
    dialogue: int = 0
    """Passages with speech."""
    sentences: int = 0
    ordinary: int = 0
    """Words that are not names."""
    common: int = 0
    """Words that are common and not names."""

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def speech_share(self) -> float:
        return _share(self.speech, self.choices)

    @property
    def odd_share(self) -> float:
        """Share of choices that lead to a passage tagged `odd`."""
        return _share(self.odd, self.choices)

    @property
    def dialogue_share(self) -> float:
        return _share(self.dialogue, self.passages)

    @property
    def common_share(self) -> float:
        """Share of words, without names, that are common."""
        return _share(self.common, self.ordinary)

    @property
    def sentence_length(self) -> float:
        """Mean number of words in a sentence."""
        return _share(self.words, self.sentences)


def table(measured: Iterable[tuple[str, Statistics]]) -> str:
    """Return a table with a line for each genre and a total, from (genre, statistics) of every story."""
    genres: dict[str, Statistics] = {}
    for genre, statistics in measured:
        genres[genre or NO_GENRE] = genres.get(genre or NO_GENRE, Statistics()) + statistics
    rows = [_HEAD, *(_row(genre, genres[genre]) for genre in sorted(genres))]
    rows.append(_row("total", sum(genres.values(), Statistics())))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


_HEAD = (
    *("genre", "stories", "passages", "words", "endings", "choices"),
    *("speech", "odd", "dialogue", "words/sentence", "common"),
)


def _row(name: str, statistics: Statistics) -> tuple[str, ...]:
    counts = (statistics.stories, statistics.passages, statistics.words, statistics.endings, statistics.choices)
    return (
        name,
        *(f"{count:,}" for count in counts),
        f"{statistics.speech_share:.1%}",
        f"{statistics.odd_share:.1%}",
        f"{statistics.dialogue_share:.1%}",
        f"{statistics.sentence_length:.1f}",
        f"{statistics.common_share:.1%}",
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
