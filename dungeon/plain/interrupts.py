"""Ctrl+C on a terminal: it stops what runs; at the prompt it says how to leave, and leaves the second time.

    with Interrupts(lines) as interrupts:
        await interrupts.run(play_a_line())      # returns early if the player stops it

While a turn streams, the line `/stop` is the same. In a pipe nothing is changed: SIGINT cancels the whole game there.
"""

import asyncio
import signal
from collections.abc import Awaitable
from types import TracebackType

from dungeon.plain.lines import LineReader, is_terminal, note

_STOP = "/stop"
_HOW_TO_LEAVE = "\n/quit leaves; Ctrl+C once more as well."


class Interrupts:
    """Takes the task that enters the block as the game, and cancels it to stop what runs, or to leave.

    It acts between two steps of the event loop, so no step is cut in two: a turn is saved as far as it came. A press
    whose time comes only after the player's next line, which it can't have meant, is forgotten.
    """

    def __init__(self, lines: LineReader) -> None:
        self.is_stopping = False
        """Whether what runs has been told to stop."""
        self.is_leaving = False
        self._lines = lines
        self._is_installed = False
        self._is_running = False
        self._answered_at = -1
        """How many lines had been read when Ctrl+C was last answered with how to leave."""

    def __enter__(self) -> "Interrupts":
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        # A game in the background has SIGINT ignored, and it stays so.
        if is_terminal() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            loop = asyncio.get_running_loop()

            def pressed(*_: object) -> None:
                loop.call_soon_threadsafe(self._pressed, self._lines.lines_read)

            signal.signal(signal.SIGINT, pressed)
            self._is_installed = True
            self._lines.on_line = self._stops
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._is_installed:  # from here on Ctrl+C ends the process, should the end of the game take long
            signal.signal(signal.SIGINT, signal.default_int_handler)

    async def run(self, work: Awaitable[None]) -> None:
        """Awaits the work, to its end or until the player stops it."""
        before, self._is_running = self._is_running, True
        try:
            await work
        except asyncio.CancelledError:
            if self.is_leaving or not self.is_stopping:
                raise
        finally:
            self._is_running = before
            if self.is_stopping:
                self.is_stopping = False
                self._task.uncancel()

    def _pressed(self, lines_read: int) -> None:
        if lines_read != self._lines.lines_read or self._stop():
            return
        if self._answered_at == self._lines.lines_read or not (self._lines.is_waiting or self._is_running):
            note("")
            self.is_leaving = True
            self._task.cancel()
            return
        self._answered_at = self._lines.lines_read
        note(_HOW_TO_LEAVE)
        if self._lines.is_waiting:
            self._lines.show_prompt()

    def _stops(self, line: str) -> bool:
        return line.strip().lower() == _STOP and self._stop()

    def _stop(self) -> bool:
        """Stops what runs, if anything does that has not been told yet."""
        if self._lines.is_waiting or self.is_stopping or not self._is_running:
            return False
        self.is_stopping = True
        self._task.cancel()
        return True
