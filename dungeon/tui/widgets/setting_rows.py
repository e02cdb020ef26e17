"""The rows of the settings screen, and the keys that work on them.

A row has a mark, the setting's title, its raw name, its value, a small gauge and where the value comes from; a narrow
list leaves out the last of these, and then the gauge and the raw name.

The rows are an OptionList. A form of Textual's own Switch, Select and Input, one a setting, and a Collapsible for the
folded ones was tried: it has 250 widgets, opens in 1.2 s instead of 0.14 s (2 cores, Textual 8.2.8), and the arrow keys
belong to the cursor of each Input instead of stepping through values and rows.
"""

from dataclasses import dataclass

from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList

from corpus.text import printable
from dungeon.play.keys import key_name, keys_for
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.layers import Settings
from dungeon.settings.presets import PRESETS
from dungeon.settings.registry import BY_NAME, Type
from dungeon.settings.steps import share
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.table import fit

_TITLE, _NAME, _VALUE, _GAUGE, _ORIGIN = 21, 19, 10, 8, 17
"""Cells of each column."""
_WIDEST = 30
"""Cells for the value and its gauge together, so that what stands behind them is not far away."""
_NAMES_FROM, _ORIGINS_FROM = 54, 82
"""The width of the list from which it has these columns."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """What a row shows."""

    title: str
    name: str
    value: str
    gauge: str = ""
    origin: str = ""
    differs: bool = False
    """Whether the value is another than the voice's own, or the default."""
    is_set: bool = False
    """Whether the player has set it in the scope that is shown."""


class SettingList(Options, inherit_bindings=False):
    """The rows. The keys call actions of the screen, and work only while the list has the focus."""

    DEFAULT_CSS = """
    SettingList > .option-list--option-disabled { color: $foreground 75%; text-style: bold; }
    """
    BINDINGS = [
        Binding("enter", "screen.fold", "Fold or unfold"),
        Binding("enter", "select", "Change"),
        Binding("left", "screen.step(-1)", "Step", key_display="← →"),
        Binding("right", "screen.step(1)", "Step", show=False),
        Binding("space", "screen.fold", "Fold or unfold", show=False),
        Binding("space", "screen.switch", "Switch"),
        Binding("delete,backspace", "screen.unset", "Reset"),
        Binding("tab", "screen.scope('all')", "All adventures"),
        Binding("tab", "screen.scope('here')", "This adventure"),
        *OptionList.BINDINGS,
    ]


def row_content(row: SettingRow, width: int) -> Content:
    """Draw a row in so many cells."""
    name = _NAME if width >= _NAMES_FROM else 0
    origin = _ORIGIN if width >= _ORIGINS_FROM else 0
    room = min(width - 2 - _TITLE - name - origin, _WIDEST)
    value, gauge = fit(row.value, room), ""
    if row.gauge and room > _VALUE + _GAUGE:
        value, gauge = fit(row.value, _VALUE), fit(f" {row.gauge}", room - _VALUE)
    return Content.assemble(
        ("• " if row.differs else "  ", "bold"),
        fit(row.title, _TITLE),
        (fit(row.name, name), "$foreground 60%"),
        (value, "bold" if row.is_set else ""),
        (gauge, "$foreground 75%"),
        (fit(row.origin, origin), "$foreground 60%"),
    )


def setting_row(settings: EffectiveSettings, name: str, *, globally: bool) -> SettingRow:
    """Return what the row of a setting shows, for this adventure or for all."""
    return SettingRow(
        BY_NAME[name].title,
        name,
        printable(settings.display(name, globally=globally)),
        _gauge(settings, name, globally=globally),
        settings.origin(name, globally=globally),
        differs=settings.differs(name, globally=globally),
        is_set=settings.is_set(name, globally=globally),
    )


def key_row(settings: Settings, command: str) -> SettingRow:
    """Return what the row of a command's key shows."""
    key = key_name(keys_for(settings)[command]) or "none"
    is_set = command in settings.keys
    origin = "yours" if is_set else "default"
    return SettingRow(command.capitalize(), f"keys.{command}", key, "", origin, differs=is_set, is_set=is_set)


def names_of(settings: EffectiveSettings, name: str) -> list[str]:
    """Return the names that a setting's value can be; [] if its value is not one of a few names."""
    if name == "preset":
        return [*PRESETS, *settings.global_settings.presets]
    return [*settings.themes.help] if name == "theme" else list(BY_NAME[name].options)


def _gauge(settings: EffectiveSettings, name: str, *, globally: bool) -> str:
    """Draw where the value is among those that are allowed."""
    value = settings.value(name, globally=globally)
    part = share(BY_NAME[name], value)
    if part is not None:
        filled = round(part * _GAUGE)
        return "━" * filled + "─" * (_GAUGE - filled)
    if BY_NAME[name].type is Type.SWITCH:
        return "──●" if value else "●──"
    names = names_of(settings, name)
    return f"{names.index(str(value)) + 1} of {len(names)}" if value in names else ""


def heading(title: str, *, space: bool) -> Content:
    """Draw the heading of a group, with an empty line above it if there is space."""
    return Content("\n" * space + title.upper())


def fold_heading(title: str, about: str, *, is_open: bool, space: bool) -> Content:
    """Draw the heading of a group that folds: what is in it, in a few words, stands beside it."""
    return Content.assemble(
        ("\n" * space + f"{'▾' if is_open else '▸'} {title.upper()}", "bold $foreground 75%"),
        (f"  {about}", "$foreground 60%"),
    )
