"""The colours of the game's themes, and the names and help of all themes that can be chosen.

Plain data, so that the game without a screen knows the names; `dungeon.tui.base_app` makes Textual's themes of it.
Tests measure which colours can be read on which: text on every background at least 7 to 1, dimmed text and colours that
carry words at least 4.5 to 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme."""

    name: str
    dark: bool
    foreground: str
    background: str
    surface: str
    """Behind the prompt and dialogs."""
    panel: str
    """Behind the status line."""
    primary: str
    """The player's actions, headings."""
    secondary: str
    """The player's own narration, keys."""
    accent: str
    warning: str
    error: str
    success: str


_HELP = {
    "lamplight": "Dark and warm: a lamp on a wooden table.",
    "deepwood": "Dark and green: moss, bark and foxfire.",
    "saltwater": "Dark and blue: open sea after sunset.",
    "midnight": "White on black: the most contrast in the dark.",
    "parchment": "Light and warm: brown ink on old paper.",
    "ink": "Black on white: the most contrast in daylight.",
}
_LIGHT = ("parchment", "ink")
_COLOURS = {  # in the order of the palette's fields, from foreground to success
    "lamplight": "#e6dfd1 #16140f #1d1a14 #2a251c #d9a441 #8fb3a5 #e8c37a #e0913a #e27560 #8fb573",
    "deepwood": "#dbe3d3 #0f1712 #15201a #1e2c24 #8ccf7e #d2b37a #b5e08f #dca24e #e37a6b #7fc48d",
    "saltwater": "#dce5ee #0c1622 #12202f #1b2d40 #6fbfe6 #e0b08a #8fd6cf #e0a458 #ec7f7f #7fcba4",
    "midnight": "#ffffff #000000 #0d0d0d #1c1c1c #ffd75f #87d7ff #ffaf87 #ffaf00 #ff8787 #87d787",
    "parchment": "#140c05 #f8f0de #f4ead6 #e8dbbf #7a300c #25544a #6a4000 #7a4200 #981d13 #335417",
    "ink": "#000000 #ffffff #f3f3f3 #e6e6e6 #0b3d91 #6b1f5c #7a3b00 #7a4300 #a30015 #175c2c",
}
PALETTES = {name: Palette(name, name not in _LIGHT, *colours.split()) for name, colours in _COLOURS.items()}
TERMINAL_THEMES = {
    "ansi-dark": "The colours of your terminal, where it is dark.",
    "ansi-light": "The colours of your terminal, where it is light.",
}
"""Textual's own themes of the terminal's sixteen colours."""
THEME_HELP = _HELP | TERMINAL_THEMES
"""Every theme that can be chosen, with a line about it."""
