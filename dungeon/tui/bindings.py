"""Key bindings: one for each command of the registry, so that a key the player has chosen holds everywhere."""

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from dungeon.play.keys import UNBOUND
from dungeon.play.registry import COMMANDS

PAGE_KEYS: list[BindingType] = [
    Binding("pageup", "page(-1)", "Scroll up", show=False, priority=True),
    Binding("pagedown", "page(1)", "Scroll down", show=False, priority=True),
]
"""For a screen whose `action_page` calls `scroll_page`."""


def bindings(*names: str, shown: bool = False, page: bool = False) -> list[BindingType]:
    """Return a binding for each of these commands, with the action `command(NAME)`; with `page`, `PAGE_KEYS` as well.

    The footer shows them if they are `shown`. A binding's id is its command's name, which `App.set_keymap` takes; a
    command without a key is bound to `UNBOUND`.
    """
    commands: list[BindingType] = [
        Binding(
            COMMANDS[name].key or UNBOUND, f"command('{name}')", name.capitalize(), show=shown, id=name, priority=True
        )
        for name in names
    ]
    return commands + PAGE_KEYS * page


def scroll_page(text: VerticalScroll, direction: int) -> None:
    """Scroll a text by a page: up with -1, down with 1."""
    if direction < 0:
        text.scroll_page_up()
    else:
        text.scroll_page_down()
