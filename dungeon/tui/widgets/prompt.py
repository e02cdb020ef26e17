"""Where the player types: Enter sends, Ctrl+J breaks the line, a paste of any size stays whole.

The frame shows what a bare line means (do, say, story) while one types, and what the storyteller or the command that is
being typed does. Up and Down go through what was typed before. Tab completes a command or a name; on an empty line it
changes the mode.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.spinner import Spinner
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from corpus.turns import Kind
from dungeon.play.completion import command_hint, completed
from dungeon.tui.widgets.line_field import EditsInOrder

_SPINNER = Spinner("dots")
_SLOW_SECONDS = 5
"""From which it is said for how long the storyteller has been at work."""
_MOST_HISTORY = 500
"""Lines."""


class Prompt(EditsInOrder, TextArea):
    """A text area of one line that grows with what is typed."""

    DEFAULT_CSS = """
    Prompt {
        width: 1fr;
        height: auto;
        max-height: 6;
        border: none;
        padding: 0;
        background: $background;
        &:focus { border: none; }
        & .text-area--suggestion { color: $foreground 60%; }
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

    class SteppedOut(Message):
        """The player pressed Down behind the last line of the history."""

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        """`names` are those that Tab completes, asked at every key."""
        super().__init__(id="prompt", compact=True, highlight_cursor_line=False, soft_wrap=True, tab_behavior="focus")
        self._names = names
        self._history: list[str] = []
        self._place = 0
        """In the history; its length: what is being typed."""
        self._draft = ""
        """What was being typed before the player went back in the history."""

    def remember(self, lines: Sequence[str]) -> None:
        """Adds lines to the history; one that is repeated at once is there once."""
        for line in lines:
            if line.strip() and self._history[-1:] != [line]:
                self._history.append(line)
        del self._history[:-_MOST_HISTORY]
        self._place = len(self._history)

    def give_back(self, text: str) -> None:
        """Puts text that was not used into the prompt again, unless the player has typed something else."""
        if not self.text:
            self.set_line(text)

    def put_away(self) -> None:
        """Empties the prompt; Up brings the text back."""
        if self.text:
            self.remember([self.text])
            self.clear()

    def set_line(self, text: str) -> None:
        """Puts text into the prompt in place of what is there, the cursor behind it."""
        self.text = text
        self.move_cursor(self.document.end)

    def update_suggestion(self) -> None:
        """Shows faintly what Tab would add at the end of the text."""
        at_end = self.cursor_location == self.document.end and self.selection.is_empty
        whole = completed(self.text, self._names()) if at_end and self.text else ""
        self.suggestion = whole[len(self.text) :]

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            text = self.text
            self.clear()
            self.remember([text])
            self.post_message(self.Sent(text))
        elif event.key in ("ctrl+j", "shift+enter"):
            event.prevent_default().stop()
            self.insert("\n")
        elif event.key in ("left", "right") and not self.text:
            event.prevent_default().stop()
            self.post_message(self.Stepped(-1 if event.key == "left" else 1))
        elif event.key == "up" and self.navigator.is_first_wrapped_line(self.cursor_location):
            event.prevent_default().stop()
            self._step_in_history(-1)
        elif event.key == "down" and self.navigator.is_last_wrapped_line(self.cursor_location):
            event.prevent_default().stop()
            self._step_in_history(1)
        else:
            await super()._on_key(event)

    def _step_in_history(self, step: int) -> None:
        place = self._place + step
        if place > len(self._history):
            self.post_message(self.SteppedOut())
        if not 0 <= place <= len(self._history):
            return
        if self._place == len(self._history):
            self._draft = self.text
        self._place = place
        self.set_line(self._draft if place == len(self._history) else self._history[place])

    def complete(self) -> bool:
        """Takes the completion that is shown; whether there was one."""
        if not self.suggestion:
            return False
        self.set_line(completed(self.text, self._names()))
        return True


class PromptBar(Horizontal):
    """The prompt in its frame; on a screen of few lines, beside a chip in place of a frame."""

    DEFAULT_CSS = """
    PromptBar {
        height: auto;
        padding: 0 1;
        background: $background;
        border: round $primary 60%;
        border-title-style: bold;
        border-title-color: $background;
        border-title-background: $primary;
        border-subtitle-color: $foreground 75%;
        & > #mode { display: none; width: auto; margin: 0 1 0 0; padding: 0 1; text-style: bold; }
        & > #mode { background: $primary; color: $background; }
        &:focus-within { border: round $primary; }
        &.-say { border-title-background: $secondary; & > #mode { background: $secondary; } }
        &.-story { border-title-background: $warning; & > #mode { background: $warning; } }
        &:ansi {
            border-title-background: ansi_default;
            border-title-color: ansi_default;
            border-title-style: bold reverse;
            & > #mode { background: ansi_default; color: ansi_default; text-style: bold underline; }
        }
    }
    """

    def __init__(self, prompt: Prompt, *, enabled: bool = True) -> None:
        """`enabled`: whether the player may type; if not, it is not shown."""
        super().__init__(id="prompt-bar")
        self._prompt = prompt
        self.display = prompt.can_focus = enabled
        self._work = ""
        self._timer: Timer | None = None
        self._frame = 0
        self._working_since = 0.0
        """Monotonic seconds."""

    def compose(self) -> ComposeResult:
        yield Static(id="mode", markup=False)
        yield self._prompt

    def show_mode(self, mode: Kind) -> None:
        """Shows what a bare line means."""
        name = mode.value.capitalize()
        self.border_title = Content(name)
        self.query_one("#mode", Static).update(Content(name))
        for kind in (Kind.DO, Kind.SAY, Kind.STORY):
            self.set_class(mode is kind, f"-{kind.value}")

    def show_work(self, text: str) -> None:
        """Shows with a spinner what the storyteller is doing; "" when it does nothing."""
        self._work = text
        if text and self._timer is None:
            self._working_since = time.monotonic()
            self._timer = self.set_interval(_SPINNER.interval / 1000, self._spin)
        elif not text and self._timer:
            self._timer.stop()
            self._timer = None
        self._show_subtitle()

    def _spin(self) -> None:
        self._frame += 1
        self._show_subtitle()

    def on_text_area_changed(self) -> None:
        """The command that is typed is explained."""
        self._show_subtitle()

    def _show_subtitle(self) -> None:
        spinner = _SPINNER.frames[self._frame % len(_SPINNER.frames)]
        seconds = int(time.monotonic() - self._working_since)
        work = f"{spinner} {self._work}" if self._work else ""
        if work and seconds >= _SLOW_SECONDS:
            work += f" · {seconds} s"
        self.border_subtitle = Content(command_hint(self._prompt.text) or work)
