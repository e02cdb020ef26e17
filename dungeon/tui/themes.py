"""Textual's themes of the game's palettes, and those of the terminal's own colours.

    app.register_theme(theme_of(PALETTES["lamplight"]))

Textual derives some eighty colours from the ten of a palette. Those that it would make too pale to be read are set
here. What Textual's own widgets draw besides is in `app.tcss`. A test measures the contrast of all that is drawn.
"""

from dataclasses import asdict, replace

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from dungeon.settings.palettes import Palette


def theme_of(palette: Palette) -> Theme:
    """The palette as a theme."""

    def tinted(share: float) -> str:
        return Color.parse(palette.background).blend(Color.parse(palette.primary), share).hex

    variables = {
        "text-disabled": f"{palette.foreground} 70%",
        # The line of a list where the cursor is: a tint, on which text of every colour of the palette can be read.
        "block-cursor-foreground": palette.foreground,
        "block-cursor-background": tinted(0.2 if palette.dark else 0.15),
        "block-cursor-blurred-background": tinted(0.1),
        "input-selection-background": f"{palette.primary} 25%",
        "scrollbar": tinted(0.6),
        "scrollbar-hover": tinted(0.8),
        "scrollbar-background": palette.background,
    }
    return Theme(**asdict(palette), variables=variables)


_DEFAULTS = """
scrollbar scrollbar-hover scrollbar-active
scrollbar-background scrollbar-background-hover scrollbar-background-active
block-cursor-foreground block-cursor-background
input-cursor-foreground input-cursor-background
input-selection-foreground input-selection-background
"""
_WITHOUT_COLOURS = dict.fromkeys(_DEFAULTS.split(), "ansi_default") | {
    "block-cursor-text-style": "bold reverse",
    "block-cursor-blurred-text-style": "bold underline",
    "input-cursor-text-style": "reverse",
}
"""Where the player is, told by marks alone: nobody knows which of the terminal's colours can be read on which."""
TERMINAL_COLOURS = (
    # Blue on black and cyan, green or yellow on white can hardly be read on most terminals.
    replace(
        BUILTIN_THEMES["ansi-dark"],
        primary="ansi_cyan",
        secondary="ansi_green",
        accent="ansi_yellow",
        error="ansi_bright_red",
        variables={**BUILTIN_THEMES["ansi-dark"].variables, **_WITHOUT_COLOURS},
    ),
    replace(
        BUILTIN_THEMES["ansi-light"],
        secondary="ansi_magenta",
        warning="ansi_red",
        success="ansi_blue",
        variables={**BUILTIN_THEMES["ansi-light"].variables, **_WITHOUT_COLOURS},
    ),
)
"""The themes of the terminal's sixteen colours, in place of Textual's of the same names."""
