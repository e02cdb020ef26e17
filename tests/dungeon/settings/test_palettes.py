"""The palettes: which colours can be read on which background, by the contrast of WCAG 2."""

import pytest
from textual.color import Color

from dungeon.settings.palettes import PALETTES, Palette

BACKGROUNDS = ("background", "surface", "panel")
WORD_COLORS = ("primary", "secondary", "accent", "warning", "error", "success")
PALETTE = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_on(palette: Palette, background: str, color: str, share: float = 1.0) -> float:
    """The contrast of a colour that is blended into its background, as `$foreground 60%` is."""
    below = Color.parse(getattr(palette, background))
    return contrast(below.blend(Color.parse(getattr(palette, color)), share), below)


def test_the_contrast_is_that_of_wcag() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


@PALETTE
def test_text_can_be_read_on_every_background(palette: Palette) -> None:
    for background in BACKGROUNDS:
        assert contrast_on(palette, background, "foreground") >= 7


@PALETTE
def test_dimmed_text_can_be_read(palette: Palette) -> None:
    for background in BACKGROUNDS:
        assert contrast_on(palette, background, "foreground", 0.6) >= 4.5
    assert contrast_on(palette, "background", "primary", 0.8) >= 4.5


@PALETTE
def test_colours_that_carry_words_can_be_read(palette: Palette) -> None:
    for background in BACKGROUNDS:
        for color in WORD_COLORS:
            assert contrast_on(palette, background, color) >= 4.5


@PALETTE
def test_a_palette_is_as_light_or_dark_as_it_says(palette: Palette) -> None:
    text, ground = (luminance(Color.parse(color)) for color in (palette.foreground, palette.background))
    assert (text > ground) is palette.dark


def test_there_are_dark_and_light_ones() -> None:
    assert len({palette.dark for palette in PALETTES.values()}) == 2
    assert len(PALETTES) >= 4
