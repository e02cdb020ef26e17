"""The keys at the bottom of a screen: Textual's footer, with as many keys as fit and the most important always in.

A screen yields `KeyFooter()` and writes its `BINDINGS` in the order of their importance, `show=False` for those that
only help lists. Shown are help first and quitting last, the way back (Escape), and between them what has room: a key is
shown whole or not at all, where Textual's own footer runs out of the screen.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from dungeon.play.keys import UNBOUND

if TYPE_CHECKING:
    from textual.screen import Screen

_GAPS = 2
"""Cells of a key beside its texts: one between them, one behind."""


class KeyFooter(Footer):
    """The keys of the screen that can be pressed now. A click presses one."""

    DEFAULT_CSS = """
    KeyFooter { padding: 0 1; FooterKey { color: $foreground 75%; } }
    """

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._drawn: tuple[int, Sequence[object]] = (0, ())

    def compose(self) -> ComposeResult:
        keys = [key for key in super().compose() if isinstance(key, FooterKey) and key.key != UNBOUND]
        keys.sort(key=self._place)
        yield from fitting_keys(keys, self.app.size.width - 2)

    def _place(self, key: FooterKey) -> int:
        """Where a key comes: what has the focus, then the screen in the order of its bindings, then the app.

        Textual goes by where a key was bound first, even if the screen's or the app's own binding replaces that.
        """
        order = [binding.action for binding in self.screen.BINDINGS if isinstance(binding, Binding)]
        if key.action in order:
            return order.index(key.action)
        bound_by = {active.binding.action: active.node for active in self.screen.active_bindings.values()}
        return len(order) if bound_by.get(key.action) is self.app else -1

    def bindings_changed(self, screen: "Screen[object]") -> None:
        """Draws the keys again only if they are others: focus moves at every second key press."""
        shown = [
            (binding.key, binding.description, enabled)
            for _, binding, enabled, _ in screen.active_bindings.values()
            if binding.show
        ]
        drawn = (self.app.size.width, shown)
        if drawn != self._drawn and screen is self.screen:
            self._drawn = drawn
            super().bindings_changed(screen)

    def on_resize(self, event: events.Resize) -> None:
        self.bindings_changed(self.screen)


def fitting_keys(keys: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """The keys to show in `width` cells, in order: help, then the others as far as there is room, quitting last."""
    needed = [key for key in keys if _is_needed(key)]
    room = width - sum(map(_width, needed))
    shown = []
    for key in keys:
        if key not in needed:
            if _width(key) > room:
                continue
            room -= _width(key)
        shown.append(key)
    return sorted(shown, key=lambda key: -1 if _runs(key, "help") else 1 if _runs(key, "quit") else 0)


def _is_needed(key: FooterKey) -> bool:
    """Whether the player would be lost without it."""
    return key.key == "escape" or _runs(key, "help") or _runs(key, "quit")


def _runs(key: FooterKey, command: str) -> bool:
    return key.action.endswith(f"command('{command}')")


def _width(key: FooterKey) -> int:
    return cell_len(key.key_display) + cell_len(key.description) + _GAPS
