"""The game's palettes as Textual themes. Screens use a theme's variables only ($primary, $foreground, …)."""

from dataclasses import asdict

from textual.theme import Theme

from dungeon.settings.palettes import PALETTES


def textual_themes() -> list[Theme]:
    """Return a theme to register for each palette. Textual has those of the terminal's colours already."""
    return [Theme(**asdict(palette)) for palette in PALETTES.values()]
