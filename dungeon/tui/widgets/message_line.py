"""One message of the game above the prompt: it covers nothing, goes by itself, and gives way to the next one."""

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from dungeon.tui.base_app import message_seconds


class MessageLine(Static):
    """Takes no room while there is no message. Text is never markup."""

    DEFAULT_CSS = """
    MessageLine {
        display: none;
        height: auto;
        max-height: 4;
        padding: 0 2;
        color: $foreground;
        text-style: italic;
        &.-error { color: $error; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="message", markup=False)
        self.message = ""
        """What is shown."""
        self._timer: Timer | None = None

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Shows a message in place of any other, for as long as it takes to read it."""
        self.clear_message()
        self.message = text
        sign = "✗ " if error else "› "
        self.update(Content(sign + text))
        self.set_class(error, "-error")
        self.display = True
        self._timer = self.set_timer(message_seconds(text), self.clear_message)

    def clear_message(self) -> None:
        """Takes the message away."""
        if self._timer:
            self._timer.stop()
            self._timer = None
        self.message = ""
        self.display = False
