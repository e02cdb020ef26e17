"""The palettes: which colours can be read on which background, by the contrast of WCAG 2."""

from itertools import pairwise

import pytest
from textual.color import Color

from dungeon.settings.palettes import (
    BACKGROUNDS,
    PALETTES,
    TEXT_COLOURS,
    Palette,
    contrast,
    hardest_to_read,
    luminance,
)

PALETTE = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
STEP = 4
"""The least step between two surfaces, in the lightness of CIELAB (0 to 100); about 1 can be seen side by side."""


def lightness(colour: str) -> float:
    """The lightness of CIELAB: how light a colour looks, from 0 to 100."""
    value = luminance(colour)
    return 116 * value ** (1 / 3) - 16 if value > (6 / 29) ** 3 else value * (29 / 3) ** 3


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59), ("#ff0000", "#ff0000", 1)],
)
def test_the_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@PALETTE
def test_text_can_be_read_on_every_background(palette: Palette) -> None:
    for background in BACKGROUNDS:
        assert contrast(palette.foreground, getattr(palette, background)) >= 7


@PALETTE
def test_dimmed_text_can_be_read(palette: Palette) -> None:
    for background in BACKGROUNDS:
        below = Color.parse(getattr(palette, background))
        dimmed = below.blend(Color.parse(palette.foreground), 0.6)
        assert contrast(dimmed.hex, below.hex) >= 4.5


@PALETTE
def test_colours_that_carry_words_can_be_read(palette: Palette) -> None:
    text, background, measured = hardest_to_read(palette)
    assert measured >= 4.5, f"{text} on {background}"
    assert measured == min(
        contrast(getattr(palette, text), getattr(palette, background))
        for text in TEXT_COLOURS
        for background in BACKGROUNDS
    )


@PALETTE
def test_the_backgrounds_can_be_told_apart(palette: Palette) -> None:
    steps = [lightness(getattr(palette, name)) for name in BACKGROUNDS]
    for below, above in pairwise(steps):
        assert (above - below if palette.dark else below - above) >= STEP


@PALETTE
def test_a_palette_is_as_light_or_dark_as_it_says(palette: Palette) -> None:
    assert (luminance(palette.foreground) > luminance(palette.background)) is palette.dark


def test_there_are_dark_and_light_ones() -> None:
    assert len({palette.dark for palette in PALETTES.values()}) == 2
    assert len(PALETTES) >= 4
