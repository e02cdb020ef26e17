"""Lines in and out, without a screen: the player's on stdin, the story on stdout, the notes of the game on stderr."""

import asyncio
import codecs
import io
import sys
import threading
from collections.abc import Callable
from typing import cast

from corpus.text import visible

_PROMPT = "> "


def is_terminal() -> bool:
    """Whether somebody types and reads on a terminal: neither end is a pipe or a file."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def say(text: str) -> None:
    """Prints a line of the story; nothing in it turns or hides text, or commands the terminal."""
    print(visible(text), flush=True)


def note(text: str) -> None:
    """Prints a note of the game to stderr."""
    print(visible(text), file=sys.stderr, flush=True)


class LineReader:
    """The lines of stdin, read by a thread that nobody has to wait for when the game ends.

    Bytes that are not UTF-8 become U+FFFD: one odd character must not end a game. The raw stream is read, because a
    thread that waits inside a buffered one keeps Python from exiting.
    """

    def __init__(self, has_cues: Callable[[], bool]) -> None:
        """`has_cues`: whether a prompt sign says that a line is awaited."""
        self.is_waiting = False
        """Whether the game waits for the player."""
        self.lines_read = 0
        self.on_line: Callable[[str], bool] = lambda line: False
        """Called when a line comes; True: it has done its work, and is not to be read later."""
        self._has_cues = has_cues
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    async def next(self) -> str:
        """The next line, without its end.

        Raises:
            EOFError: the input has ended.
        """
        self.show_prompt()
        self.is_waiting = True
        try:
            line = await self._queue.get()
        finally:
            self.is_waiting = False
        self.lines_read += 1
        if line is None:
            if self._has_cues():
                say("")  # what comes next is not on the line of the prompt
            raise EOFError
        return line

    def interject(self, text: str) -> None:
        """Prints a note, after which the prompt sign stands again if a line is awaited."""
        has_prompt = self.is_waiting and self._has_cues()
        note(f"\n{text}" if has_prompt else text)
        if has_prompt:
            self.show_prompt()

    def show_prompt(self) -> None:
        """Prints the prompt sign, if there are cues."""
        if self._has_cues():
            print(_PROMPT, end="", flush=True)

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        raw = cast(io.BufferedReader, sys.stdin.buffer).raw
        while block := raw.read(1 << 16):
            *lines, rest = (rest + decoder.decode(block)).split("\n")
            for line in lines:
                self._put(line)
        if rest:
            self._put(rest)
        self._put(None)

    def _put(self, line: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._received, line)

    def _received(self, line: str | None) -> None:
        if line is None or not self.on_line(line):
            self._queue.put_nowait(line)


class DownloadNotes:
    """Notes on stderr, when the weights begin to come, when half of them are there, and all."""

    def __init__(self, lines: LineReader) -> None:
        self._lines = lines
        self._halves = -1
        """How many were there when that was last said."""

    def __call__(self, done: int, total: int) -> None:
        """Says how far it is, if that has not been said."""
        halves = min(2, done * 2 // total) if total else 0  # of another game's download only that one knows the total
        if halves > self._halves:
            self._halves = halves
            of_all = f" of {total / 1e6:.0f}" if total else ""
            self._lines.interject(f"Fetching the voice, once: {done / 1e6:.0f}{of_all} MB")
