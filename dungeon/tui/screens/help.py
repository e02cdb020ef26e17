"""The list of all commands, made from the registry, with the player's own keys."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from dungeon.play.keys import key_name, keys_for
from dungeon.play.registry import commands_by_group
from dungeon.settings.layers import Settings
from dungeon.tui.screens.box import BoxScreen


class HelpScreen(BoxScreen[None]):
    """The commands by group, over the screen below."""

    CSS_PATH = "help.tcss"
    BINDINGS = [Binding("escape", "dismiss", "Close")]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._keys = keys_for(settings)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            for group, commands in commands_by_group().items():
                yield Static(Content(group), classes="help-group")
                for command in commands:
                    key = key_name(self._keys.get(command.name, ""))
                    yield Static(
                        Content.assemble((command.usage, "bold $primary"), (f"  {key}" if key else "", "$secondary")),
                        classes="usage",
                    )
                    yield Static(Content(command.summary), classes="summary")
            yield Static("A number picks one of the suggested actions. Esc closes this.", classes="usage")
