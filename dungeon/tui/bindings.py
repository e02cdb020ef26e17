"""Key bindings made of the registry of commands, so that a key that the player has chosen holds everywhere."""

from textual.binding import Binding, BindingType

from dungeon.play.keys import UNBOUND
from dungeon.play.registry import COMMANDS


def bindings(*names: str, page: bool = False) -> list[BindingType]:
    """A binding for each of these commands; `command(NAME)` is the action. `page` adds scrolling.

    Their ids are the commands' names, which `App.set_keymap` takes: one that has no key of its own may be given one.
    """
    made: list[BindingType] = [
        Binding(COMMANDS[name].key or UNBOUND, f"command('{name}')", name.capitalize(), id=name, priority=True)
        for name in names
    ]
    if page:
        made += [
            Binding("pageup", "page(-1)", "Scroll up", priority=True),
            Binding("pagedown", "page(1)", "Scroll down", priority=True),
        ]
    return made
