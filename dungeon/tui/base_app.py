"""What the game's app and the reader's app share: themes, toasts, crash reports, and output that is only text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding
from textual.filter import LineFilter, NoColor
from textual.notifications import SeverityLevel
from textual.screen import Screen

from dungeon.errors import DungeonError
from dungeon.play.keys import key_name
from dungeon.settings.palettes import PALETTES
from dungeon.tui.crash import CrashReports, tolerate_odd_bytes
from dungeon.tui.printable_filter import PRINTABLE_ONLY
from dungeon.tui.themes import TERMINAL_COLOURS, theme_of

_NO_COLOR = NoColor()

_CHARACTERS_PER_SECOND = 20
"""How fast a message is read."""


class BaseApp(CrashReports):
    """Provides what `dungeon.tui.host.Toaster` asks."""

    TITLE = "Dungeon"
    # Absolute, because a subclass may be in another folder.
    CSS_PATH: ClassVar[Path | None] = Path(__file__).with_name("app.tcss")

    def __init__(self) -> None:
        super().__init__()
        tolerate_odd_bytes()
        for theme in (*map(theme_of, PALETTES.values()), *TERMINAL_COLOURS):
            self.register_theme(theme)

    def use_theme(self, name: str) -> None:
        """Shows a theme. With NO_COLOR in the environment all look the same: bold, underlined, reversed, no colours."""
        self.theme = "ansi-dark" if self.no_color else name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and behind them one that lets nothing but text through.

        Textual turns the colours into greys for NO_COLOR, and those of the terminal into black on black.
        """
        own = (_NO_COLOR,) if self.no_color else super().get_line_filters()
        return [*own, PRINTABLE_ONLY]

    def get_key_display(self, binding: Binding) -> str:
        """A key as help and messages write it, Ctrl+R; a letter alone as it is typed."""
        return binding.key_display or (binding.key if len(binding.key) == 1 else key_name(binding.key))

    def show_first(self, screen: Screen[Any]) -> None:
        """Shows a screen in place of all that are open."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(screen)

    def toast(self, text: str, *, error: bool = False) -> None:
        """Shows a short message in place of the one before. The text may come from anywhere: it is never markup."""
        self.clear_notifications()
        severity: SeverityLevel = "error" if error else "information"
        self.notify(text, severity=severity, timeout=message_seconds(text), markup=False)

    @contextmanager
    def toast_errors(self) -> Iterator[None]:
        """Shows a DungeonError that the block raises (a full disk, a damaged shelf), and goes on."""
        try:
            yield
        except DungeonError as error:
            self.toast(str(error), error=True)


def message_seconds(text: str) -> float:
    """How long a message stays: as long as it takes to read it, and at least five seconds."""
    return max(5.0, len(text) / _CHARACTERS_PER_SECOND)
