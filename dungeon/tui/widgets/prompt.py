"""Where the player types: Enter sends, Ctrl+J breaks the line, a paste of any size stays whole."""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea


class Prompt(TextArea):
    """A text area of one line that grows with what is typed."""

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        max-height: 6;
        border: none;
        padding: 0 1;
        background: $surface;
        &:focus { border: none; }
    }
    """

    @dataclass
    class Sent(Message):
        """The player pressed Enter. The prompt is empty again: what is typed next belongs to the next line."""

        text: str

    @dataclass
    class Stepped(Message):
        """The player pressed the left (-1) or right (1) arrow with nothing typed."""

        step: int

    def __init__(self, *, enabled: bool = True) -> None:
        """`enabled`: whether the player may type; if not, it is not shown."""
        super().__init__(id="prompt", compact=True, highlight_cursor_line=False, soft_wrap=True, tab_behavior="focus")
        self.display = self.can_focus = enabled

    def give_back(self, text: str) -> None:
        """Puts text that was not used into the prompt again, unless the player has typed something else.

        It is selected: what is typed next replaces it.
        """
        if not self.text:
            self.text = text
            self.select_all()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            text = self.text
            self.clear()
            self.post_message(self.Sent(text))
        elif event.key in ("ctrl+j", "shift+enter"):
            event.prevent_default().stop()
            self.insert("\n")
        elif event.key in ("left", "right") and not self.text:
            event.prevent_default().stop()
            self.post_message(self.Stepped(-1 if event.key == "left" else 1))
        else:
            await super()._on_key(event)
