"""Every command, from the one registry."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from dungeon.commands import COMMANDS


class HelpScreen(ModalScreen[None]):
    """A list of the commands, over whatever was there."""

    CSS_PATH = "help.tcss"
    BINDINGS = [Binding("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static("Commands", id="help-title")
            for command in COMMANDS:
                usage = f"/{command.name} {command.argument}".rstrip()
                yield Static(
                    Content.assemble((usage, "bold $primary"), (f"  {key_name(command.key)}", "$secondary")),
                    classes="usage",
                )
                yield Static(Content(command.summary), classes="summary")
            yield Static("A number picks one of the suggested actions. Esc closes this.", classes="usage")


def key_name(key: str) -> str:
    """Textual's name of a key as people write it."""
    return "+".join(part.capitalize() for part in key.replace("escape", "esc").split("+")) if key else ""
