"""Every command, from the one registry, with the keys that the player has."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from dungeon.play.keys import keys_for
from dungeon.play.registry import commands_by_group
from dungeon.settings.layers import Settings


class HelpScreen(ModalScreen[None]):
    """A list of the commands, over whatever was there."""

    CSS_PATH = "help.tcss"
    BINDINGS = [Binding("escape", "dismiss", "Close")]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._keys = keys_for(settings)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            for group, commands in commands_by_group().items():
                yield Static(Content(group), classes="help-group")
                for command in commands:
                    usage = command.usage
                    key = key_name(self._keys.get(command.name, ""))
                    yield Static(
                        Content.assemble((usage, "bold $primary"), (f"  {key}" if key else "", "$secondary")),
                        classes="usage",
                    )
                    yield Static(Content(command.summary), classes="summary")
            yield Static("A number picks one of the suggested actions. Esc closes this.", classes="usage")


def key_name(key: str) -> str:
    """Textual's name of a key as people write it."""
    return "+".join(part.capitalize() for part in key.replace("escape", "esc").split("+")) if key else ""
