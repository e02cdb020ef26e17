"""Histograms of lengths: counted in ranges that double, shown as bars in the terminal and as an SVG picture.

    counts = count([12, 80, 700], PASSAGE_WORDS)
    print(bars(counts, PASSAGE_WORDS))
    Path("passages.svg").write_text(svg(counts, PASSAGE_WORDS))

Limits: the ranges are fixed, so that histograms of parts of a corpus can be added.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_BAR = 40  # characters of the longest bar in the terminal
_ROW, _LEFT, _WIDTH, _RIGHT = 22, 130, 400, 90  # pixels of the picture


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured quantity, and the bounds between its ranges: n bounds make n + 1 ranges."""

    title: str
    bounds: tuple[int, ...]

    def labels(self) -> list[str]:
        """Return the name of each range."""
        inner = [f"{a:,} to {b - 1:,}" for a, b in zip(self.bounds, self.bounds[1:], strict=False)]
        return [f"below {self.bounds[0]:,}", *inner, f"{self.bounds[-1]:,} and more"]


PASSAGE_WORDS = Measure("Words of a passage", (25, 50, 100, 200, 400, 800, 1600))
EXAMPLE_CHARACTERS = Measure("Characters of an example", (250, 500, 1000, 2000, 4000, 8000, 16000))


def count(lengths: Iterable[int], measure: Measure) -> list[int]:
    """Return how many of the lengths are in each range."""
    counts = [0] * (len(measure.bounds) + 1)
    for length in lengths:
        counts[bisect_right(measure.bounds, length)] += 1
    return counts


def bars(counts: Sequence[int], measure: Measure) -> str:
    """Return the histogram as lines of text."""
    labels, most = measure.labels(), max(*counts, 1)
    label_width = max(map(len, labels))
    digits = max(len(f"{number:,}") for number in counts)
    lines = [measure.title]
    for label, number in zip(labels, counts, strict=True):
        bar = "█" * -(-_BAR * number // most)  # rounded up, so that any count shows
        lines.append(f"  {label:>{label_width}}  {number:>{digits},}  {bar}".rstrip())
    return "\n".join(lines)


def svg(counts: Sequence[int], measure: Measure) -> str:
    """Return the histogram as a picture that is readable on a light and on a dark page."""
    most = max(*counts, 1)
    height = _ROW * (len(counts) + 2)
    rows = []
    for n, (label, number) in enumerate(zip(measure.labels(), counts, strict=True), start=1):
        top = n * _ROW + 8
        width = round(_WIDTH * number / most, 1)
        rows += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{width}" height="{_ROW - 6}" fill="#4477aa"/>',
            f'<text x="{_LEFT + width + 6}" y="{top + 13}">{number:,}</text>',
        ]
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + _RIGHT}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="#808080">\n'
        f'<text x="8" y="18" font-weight="bold">{escape(measure.title)}</text>\n{body}\n</svg>\n'
    )
