"""Stories in figures, and the table that shows them by genre.

A share is of what there is: of choices, of passages, of running words without names. All are 0 where there is none.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

SPEECH_MARKS = ('"', "“")
"""A choice that starts with one of them is something to say."""

NO_GENRE = "(no genre)"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, which add up over stories."""

    stories: int = 0
    passages: int = 0
    words: int = 0
    endings: int = 0
    choices: int = 0
    speech: int = 0
    odd: int = 0
    dialogue: int = 0
    """Passages in which somebody speaks."""
    sentences: int = 0
    ordinary: int = 0
    """Running words that are no names."""
    common: int = 0
    """Those of them that are common."""

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def speech_share(self) -> float:
        """Of choices."""
        return _share(self.speech, self.choices)

    @property
    def odd_share(self) -> float:
        """Of choices."""
        return _share(self.odd, self.choices)

    @property
    def dialogue_share(self) -> float:
        """Of passages."""
        return _share(self.dialogue, self.passages)

    @property
    def common_share(self) -> float:
        """Of running words, names aside."""
        return _share(self.common, self.ordinary)

    @property
    def sentence_length(self) -> float:
        """Mean words a sentence."""
        return _share(self.words, self.sentences)


def table(measured: Iterable[tuple[str, Figures]]) -> str:
    """Figures by genre and in all, one line each, from (genre, figures) of every story."""
    genres: dict[str, Figures] = {}
    for genre, figures in measured:
        genres[genre or NO_GENRE] = genres.get(genre or NO_GENRE, Figures()) + figures
    rows = [_HEAD, *(_row(genre, genres[genre]) for genre in sorted(genres))]
    rows.append(_row("total", sum(genres.values(), Figures())))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


_HEAD = (
    *("genre", "stories", "passages", "words", "endings", "choices"),
    *("speech", "odd", "dialogue", "words/sentence", "common"),
)


def _row(name: str, figures: Figures) -> tuple[str, ...]:
    counts = (figures.stories, figures.passages, figures.words, figures.endings, figures.choices)
    return (
        name,
        *(f"{count:,}" for count in counts),
        f"{figures.speech_share:.1%}",
        f"{figures.odd_share:.1%}",
        f"{figures.dialogue_share:.1%}",
        f"{figures.sentence_length:.1f}",
        f"{figures.common_share:.1%}",
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
