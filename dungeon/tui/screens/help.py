"""Help: what a line means, and every command with its key and what it does; typing filters them, Enter runs one.

The commands are an OptionList. Textual's DataTable was tried: its cursor stops at the headings of groups, and its
columns stay beside each other in 40 cells, where the text of a command has to stand below its name.
"""

from collections.abc import Iterator

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from dungeon.play.keys import key_name, keys_for
from dungeon.play.registry import COMMANDS, Command, Request, commands_by_group
from dungeon.settings.layers import Settings
from dungeon.tui.host import game
from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Fitted, Options, hanging

HelpResult = Request | str | None
"""What the player chose: a command to run now, the beginning of a line for the prompt ("/go "), or nothing."""

_LINES = {
    "open the door": "What you do.",
    '"Who is there?"': "What you say, in quotes.",
    "Enter alone": "The story goes on.",
    "~  │": "In the margin: the voice improvised this, not the author.",
    "1": "The choice or the suggestion of that number; one with ▸ starts at once.",
}
"""What a line that is not a command means."""
_TYPE = "What you type"
_IN_PLAY = "In play"
_USAGE, _KEY = 24, 11
"""Cells for a command as it is typed, and for its key."""


class FilterField(LineField):
    """Where the words to look for are typed. It keeps the focus; the keys that move go to the list."""

    BINDINGS = [
        Binding("enter", "submit", "Run"),
        Binding("up", "screen.move('cursor_up')", "Choose", key_display="↑ ↓"),
        Binding("down", "screen.move('cursor_down')", "Choose", show=False),
        Binding("pageup", "screen.move('page_up')", "Page up", show=False),
        Binding("pagedown", "screen.move('page_down')", "Page down", show=False),
    ]


class HelpScreen(BoxScreen[HelpResult]):
    """The commands over the screen below; what can be given there comes first.

    Returns the command that the player chose, as a `Request` if it can be run as it is, as the beginning of a line if
    it needs words; None if the player went back.
    """

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "#filter"
    BINDINGS = [Binding("escape", "dismiss(None)", "Close")]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._keys = keys_for(settings)

    def compose(self) -> ComposeResult:
        with Pane("Help", widget_id="box"):
            yield FilterField(id="filter", placeholder="Type to find a command")
            commands = Options(widget_id="commands")
            commands.can_focus = False
            yield commands
        yield KeyFooter()

    def on_mount(self) -> None:
        self._fill("")

    @property
    def _list(self) -> Options:
        return self.query_one("#commands", Options)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self, text: str) -> None:
        """List the commands that have all these words."""
        words = text.lower().split()
        options: list[Option] = []
        if not words:
            options.append(_heading(_TYPE))
            options += [Option(_row(Content(line), Content(what), 20), disabled=True) for line, what in _LINES.items()]
        for heading, commands in self._groups():
            found = [command for command in commands if all(word in self._searched(command) for word in words)]
            if found:
                options.append(_heading(heading, space=bool(options)))
                options += [Option(self._command_row(command), id=command.name) for command in found]
        if not options:
            options.append(Option(Content("No command has these words."), disabled=True))
        self._list.set_options(options)
        self._list.action_first()
        named = text.strip().removeprefix("/").lower()
        if any(option.id == named for option in options):
            self._list.highlighted = self._list.get_option_index(named)
        # From the top, even where so few lines fit that the first command is not among them.
        self.call_after_refresh(self._list.scroll_home, animate=False)

    def _groups(self) -> Iterator[tuple[str, list[Command]]]:
        """The headings with their commands: those that can be given here, and then the rest."""
        rest: list[Command] = []
        for group, commands in commands_by_group().items():
            here = [command for command in commands if self._can_be_given(command)]
            rest += [command for command in commands if command not in here]
            yield group, here
        yield _IN_PLAY, rest

    def _can_be_given(self, command: Command) -> bool:
        return game(self).is_playing or not command.needs_adventure

    def _searched(self, command: Command) -> str:
        key = key_name(self._keys[command.name])
        return f"{command.usage} {key} {command.summary} {command.group}".lower()

    def _command_row(self, command: Command) -> Fitted:
        key = key_name(self._keys[command.name])
        usage = f"{command.usage:{_USAGE}} "
        head = Content.assemble((usage, "bold"), (f"{key:{_KEY}}" if key else "", "$secondary"))
        return _row(head, Content.styled(command.summary, "$foreground 80%"), _USAGE + _KEY + 2)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def action_move(self, action: str) -> None:
        """Move the highlight; the field keeps the focus."""
        getattr(self._list, f"action_{action}")()

    # ---- choosing --------------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._list.action_select()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        command = COMMANDS[event.option_id or ""]
        if not self._can_be_given(command):
            game(self).toast(f"/{command.name} is for the story: begin one first.")
        elif command.stands_alone:
            self.dismiss(Request(command.name))
        else:
            self.dismiss(f"/{command.name} ")


def _heading(text: str, *, space: bool = False) -> Option:
    return Option(Content.styled("\n" * space + text.upper(), "bold $foreground 75%"), disabled=True)


def _row(head: Content, text: Content, indent: int) -> Fitted:
    return Fitted(lambda width: hanging(head, text, indent, width))
