"""The colours of the game's themes, and what can be read of a palette.

    PALETTES["lamplight"].primary                  # "#d9a441"
    contrast("#d9a441", "#16140f")                 # 8.2: to 1, as WCAG 2 measures it
    hardest_to_read(palette)                       # ("error", "panel", 6.2)

Plain data, so that the game without a screen knows the names; `dungeon.tui.themes` makes Textual's themes of it, and
`dungeon.settings.user_themes` reads the player's own. Tests measure the game's palettes: text on every background has
at least 7 to 1, dimmed text and colours that carry words at least 4.5 to 1, and the backgrounds can be told apart.
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
    "lamplight": "#e9e2d4 #16140f #1f1c15 #2c271e #d9a441 #8fb3a5 #e8c37a #e6973f #ef8d79 #8fb573",
    "deepwood": "#e4ecdc #0f1712 #15201a #1e2c24 #8ccf7e #d2b37a #b5e08f #dca24e #f08f80 #7fc48d",
    "saltwater": "#e0e9f1 #0c1622 #12202f #1b2d40 #6fbfe6 #e0b08a #8fd6cf #e0a458 #f08a8a #7fcba4",
    "midnight": "#ffffff #000000 #101010 #1e1e1e #ffd75f #87d7ff #ffaf87 #ffaf00 #ff8787 #87d787",
    "parchment": "#140c05 #f9f2e2 #f1e5cc #e5d7ba #7a300c #25544a #6a4000 #7a4200 #981d13 #335417",
    "ink": "#000000 #ffffff #f3f3f3 #e6e6e6 #0b3d91 #6b1f5c #7a3b00 #7a4300 #a30015 #175c2c",
}
PALETTES = {name: Palette(name, name not in _LIGHT, *colours.split()) for name, colours in _COLOURS.items()}
TERMINAL_THEMES = {
    "ansi-dark": "The colours of your terminal, where it is dark.",
    "ansi-light": "The colours of your terminal, where it is light.",
}
"""The themes of the terminal's sixteen colours."""
THEME_HELP = _HELP | TERMINAL_THEMES
"""Every theme of the game's, with a line about it."""
BACKGROUNDS = ("background", "surface", "panel")
TEXT_COLOURS = ("foreground", "primary", "secondary", "accent", "warning", "error", "success")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, `#rrggbb`, as WCAG 2 defines it: from 1 to 21, to 1."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, `#rrggbb`: from 0, black, to 1, white."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hardest_to_read(palette: Palette) -> tuple[str, str, float]:
    """Return which colour of text on which background has the least contrast, and how much."""
    pairs = ((text, ground) for text in TEXT_COLOURS for ground in BACKGROUNDS)
    measured = ((text, ground, contrast(getattr(palette, text), getattr(palette, ground))) for text, ground in pairs)
    return min(measured, key=lambda measure: measure[2])
