"""The themes: what can be read on what, measured as WCAG 2 does, and that each can be worn."""

import pytest
from textual.app import App
from textual.color import Color

from dungeon.settings.themes import ANSI, HELP, PALETTES, Palette, themes

GROUNDS = ("background", "surface", "panel")
WORDS = ("primary", "secondary", "accent", "warning", "error", "success")
PALETTE = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def on(palette: Palette, ground: str, color: str, share: float = 1.0) -> float:
    """The contrast of a colour, of which a share is mixed into its ground, as `$foreground 60%` does."""
    below = Color.parse(getattr(palette, ground))
    return contrast(below.blend(Color.parse(getattr(palette, color)), share), below)


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


@PALETTE
def test_text_stands_out_from_every_ground(palette: Palette) -> None:
    for ground in GROUNDS:
        assert on(palette, ground, "foreground") >= 7


@PALETTE
def test_dimmed_text_can_be_read(palette: Palette) -> None:
    for ground in GROUNDS:
        assert on(palette, ground, "foreground", 0.6) >= 4.5
    assert on(palette, "background", "primary", 0.8) >= 4.5


@PALETTE
def test_colours_that_carry_words_can_be_read(palette: Palette) -> None:
    for ground in GROUNDS:
        for color in WORDS:
            assert on(palette, ground, color) >= 4.5


@PALETTE
def test_a_palette_is_as_light_or_dark_as_it_says(palette: Palette) -> None:
    text, ground = (luminance(Color.parse(color)) for color in (palette.foreground, palette.background))
    assert (text > ground) is palette.dark


def test_there_are_dark_and_light_ones() -> None:
    assert len({palette.dark for palette in PALETTES.values()}) == 2
    assert len(PALETTES) >= 4


async def test_each_can_be_worn() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        for theme in themes():
            app.register_theme(theme)
        assert set(HELP) <= set(app.available_themes)
        for name in HELP:
            app.theme = name
            await pilot.pause()
            assert app.current_theme.ansi is (name in ANSI)
            if name in PALETTES:
                assert app.theme_variables["foreground"] == Color.parse(PALETTES[name].foreground).hex
