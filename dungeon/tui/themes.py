"""The game's palettes as Textual themes. Screens use a theme's variables only ($primary, $foreground, …)."""

from dataclasses import asdict

from textual.theme import Theme

from dungeon.settings.themes import PALETTES


def textual_themes() -> list[Theme]:
    """Return a theme to register for each palette. Textual has those of the terminal's colours already."""
    themes = []
    for palette in PALETTES.values():
        colours = asdict(palette)
        del colours["help"]
        themes.append(Theme(**colours))
    return themes
