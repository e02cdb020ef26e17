"""The colours of the game's themes, and the names and help of all themes that can be chosen.

Plain data, so that the game without a screen knows the names; `dungeon.tui.themes` makes Textual's themes of it. Tests
measure which colours can be read on which: text on every background at least 7 to 1, dimmed text and colours that
carry words at least 4.5 to 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme."""

    name: str
    help: str
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


_PALETTES = (
    Palette(
        name="lamplight",
        help="Dark and warm: a lamp on a wooden table.",
        dark=True,
        foreground="#e6dfd1",
        background="#16140f",
        surface="#1d1a14",
        panel="#2a251c",
        primary="#d9a441",
        secondary="#8fb3a5",
        accent="#e8c37a",
        warning="#e0913a",
        error="#e27560",
        success="#8fb573",
    ),
    Palette(
        name="deepwood",
        help="Dark and green: moss, bark and foxfire.",
        dark=True,
        foreground="#dbe3d3",
        background="#0f1712",
        surface="#15201a",
        panel="#1e2c24",
        primary="#8ccf7e",
        secondary="#d2b37a",
        accent="#b5e08f",
        warning="#dca24e",
        error="#e37a6b",
        success="#7fc48d",
    ),
    Palette(
        name="saltwater",
        help="Dark and blue: open sea after sunset.",
        dark=True,
        foreground="#dce5ee",
        background="#0c1622",
        surface="#12202f",
        panel="#1b2d40",
        primary="#6fbfe6",
        secondary="#e0b08a",
        accent="#8fd6cf",
        warning="#e0a458",
        error="#ec7f7f",
        success="#7fcba4",
    ),
    Palette(
        name="midnight",
        help="White on black: the most contrast in the dark.",
        dark=True,
        foreground="#ffffff",
        background="#000000",
        surface="#0d0d0d",
        panel="#1c1c1c",
        primary="#ffd75f",
        secondary="#87d7ff",
        accent="#ffaf87",
        warning="#ffaf00",
        error="#ff8787",
        success="#87d787",
    ),
    Palette(
        name="parchment",
        help="Light and warm: brown ink on old paper.",
        dark=False,
        foreground="#140c05",
        background="#f8f0de",
        surface="#f4ead6",
        panel="#e8dbbf",
        primary="#7a300c",
        secondary="#25544a",
        accent="#6a4000",
        warning="#7a4200",
        error="#981d13",
        success="#335417",
    ),
    Palette(
        name="ink",
        help="Black on white: the most contrast in daylight.",
        dark=False,
        foreground="#000000",
        background="#ffffff",
        surface="#f3f3f3",
        panel="#e6e6e6",
        primary="#0b3d91",
        secondary="#6b1f5c",
        accent="#7a3b00",
        warning="#7a4300",
        error="#a30015",
        success="#175c2c",
    ),
)
PALETTES = {palette.name: palette for palette in _PALETTES}
TERMINAL_THEMES = {
    "ansi-dark": "The colours of your terminal, where it is dark.",
    "ansi-light": "The colours of your terminal, where it is light.",
}
"""Textual's own themes of the terminal's sixteen colours."""
THEME_HELP = {palette.name: palette.help for palette in _PALETTES} | TERMINAL_THEMES
"""Every theme that can be chosen, with a line about it."""
