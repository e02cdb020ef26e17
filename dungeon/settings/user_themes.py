"""The player's own themes: the TOML files in `themes_folder()`, beside the settings file, a theme each.

    # themes/hearth.toml
    base = "lamplight"
    background = "#1a1012"
    primary = "#ff8c5a"

    themes = load_themes()
    themes.help            # every theme that can be chosen, with a line about it
    themes.own["hearth"]   # its palette
    themes.problems        # what is wrong with files that are no themes, by their names

Every key may be left out:

    name        what `/theme NAME` calls it: small letters, digits, - and _. Without it: the file's name.
    base        the theme of the game's from which all that is not given comes. Without it: lamplight, or parchment for
                a light one.
    dark        true or false. Without it: as the background is.
    foreground, background, surface (behind the prompt and dialogs), panel (behind the status line), primary (the
    player's actions, headings), secondary (the player's own narration, keys), accent, warning, error, success
                a colour: "#rrggbb", "#rgb", or one of the sixteen names of HTML (black, navy, teal, …).

Where a background is given and surface and panel are not, they are steps from it to the colour of the text. A theme
that can hardly be read is a theme all the same; its line of help says which colour has how much contrast on which.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.paths import themes_folder
from dungeon.settings.palettes import (
    BACKGROUNDS,
    PALETTES,
    TEXT_COLOURS,
    THEME_HELP,
    Palette,
    hardest_to_read,
    luminance,
)
from dungeon.storage.tomlfile import read_limited, read_toml

READABLE = 4.5
"""The least contrast that WCAG 2 asks of text, to 1."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_COLOUR_NAMES = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "teal": "#008080",
    "blue": "#0000ff",
    "aqua": "#00ffff",
}
_MIDDLE_LUMINANCE = 0.18
"""Between black and white to the eye."""
_STEPS = {"surface": 0.06, "panel": 0.12}
"""How far they are from the background to the colour of the text, where they are not given."""


class _ThemeFile(msgspec.Struct, frozen=True):
    """What a file may hold."""

    name: str = ""
    base: str = ""
    dark: bool | None = None
    foreground: str = ""
    background: str = ""
    surface: str = ""
    panel: str = ""
    primary: str = ""
    secondary: str = ""
    accent: str = ""
    warning: str = ""
    error: str = ""
    success: str = ""


@dataclass(frozen=True, slots=True)
class Themes:
    """The themes that can be chosen."""

    help: Mapping[str, str] = field(default_factory=lambda: dict(THEME_HELP))
    """A line about each, the game's first."""
    own: Mapping[str, Palette] = field(default_factory=dict)
    """The player's."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with files that can't be used, by their names without ending."""

    def check(self, name: str) -> None:
        """Check that there is a theme of that name.

        Raises:
            DungeonError: there is none; says what is wrong with its file, or names the nearest.
        """
        if name in self.problems:
            raise DungeonError(self.problems[name])
        if name not in self.help:
            hint = did_you_mean(name, self.help) or f" There are {', '.join(self.help)}."
            raise DungeonError(f"There is no theme '{printable(name)[:30]}'.{hint}")


def load_themes() -> Themes:
    """Return the game's themes and the player's. A file that can't be used is a problem, and the others are read."""
    help_lines, own, problems = dict(THEME_HELP), dict[str, Palette](), dict[str, str]()
    for path in sorted(themes_folder().glob("*.toml")):
        if path.name.startswith("."):
            continue
        try:
            palette = _read_theme(path)
            if palette.name in help_lines:
                raise _not_a_theme(path, f"there is a theme {palette.name} already. Give this one another name")
        except DungeonError as error:
            problems[path.stem.lower()] = f"{error} Correct the file or move it away."
        else:
            own[palette.name] = palette
            help_lines[palette.name] = _help_line(path, palette)
    return Themes(help_lines, own, problems)


def _read_theme(path: Path) -> Palette:
    """Return a file's palette. Raises DungeonError, which names the file and the key."""
    place = _place(path)
    try:
        data = read_limited(path)
    except OSError as error:
        raise _not_a_theme(path, f"it can't be read: {error.strerror or error}") from error
    file = read_toml(data, _ThemeFile, place)
    name = (file.name or path.stem).lower()
    if not _NAME.fullmatch(name):
        raise _not_a_theme(path, "name must be up to 30 small letters, digits, - and _, and so must the file's name")
    if file.base and file.base not in PALETTES:
        hint = did_you_mean(file.base, PALETTES) or f" The themes of the game's are {', '.join(PALETTES)}."
        raise DungeonError(f"{place}: there is no theme '{printable(file.base)[:30]}' to be its base.{hint}")
    given = {key: _colour(path, key, getattr(file, key)) for key in (*TEXT_COLOURS, *BACKGROUNDS) if getattr(file, key)}
    return _palette(name, file, given)


def _palette(name: str, file: _ThemeFile, given: Mapping[str, str]) -> Palette:
    """Return the palette of the colours that are given, and the rest from the base."""
    if file.dark is not None:
        dark = file.dark
    elif "background" in given:
        dark = luminance(given["background"]) < _MIDDLE_LUMINANCE
    else:
        dark = PALETTES[file.base].dark if file.base else True
    base = PALETTES[file.base or ("lamplight" if dark else "parchment")]
    colours = {key: given.get(key, getattr(base, key)) for key in (*TEXT_COLOURS, *BACKGROUNDS)}
    if "background" in given:
        for key, step in _STEPS.items():
            colours[key] = given.get(key) or _blend(colours["background"], colours["foreground"], step)
    return Palette(name, dark, **colours)


def _colour(path: Path, key: str, text: str) -> str:
    """Return a colour as `#rrggbb`. Raises DungeonError if it is none."""
    text = text.strip().lower()
    colour = _COLOUR_NAMES.get(text, text)
    if not _HEX.fullmatch(colour):
        given = printable(text)[:30]
        names = ", ".join(_COLOUR_NAMES)
        raise _not_a_theme(path, f"{key} must be a colour like \"#d9a441\", or one of {names}, not '{given}'")
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


def _blend(one: str, other: str, share: float) -> str:
    """Return a colour on the way from one to another."""
    pairs = ((int(one[start : start + 2], 16), int(other[start : start + 2], 16)) for start in (1, 3, 5))
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in pairs)


def _help_line(path: Path, palette: Palette) -> str:
    text, ground, measured = hardest_to_read(palette)
    note = f" Hard to read: {text} on {ground} has a contrast of {measured:.1f} to 1, less than {READABLE}."
    return f"Yours, from {printable(path.name)}.{note if measured < READABLE else ''}"


def _not_a_theme(path: Path, problem: str) -> DungeonError:
    return DungeonError(f"{_place(path)}: {problem}.")


def _place(path: Path) -> str:
    return f"The theme {printable(str(path))[-200:]}"
