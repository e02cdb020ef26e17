"""Lines in and out, without a screen: how `dungeon.plain.game` reads stdin, and prints a turn while it streams.

stdout has the story, stderr the notes of the game. Nothing that was printed is ever taken back.
"""

import asyncio
import codecs
import io
import sys
import threading
from typing import cast

from corpus.text import visible
from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Node, State
from dungeon.tale.prose import sentence_end


def say(text: str) -> None:
    """Prints a line of the story; nothing in it turns or hides text, or commands the terminal."""
    print(visible(text), flush=True)


def note(text: str) -> None:
    """Prints a note of the game to stderr."""
    print(visible(text), file=sys.stderr, flush=True)


def turn_heading(node: Node) -> str:
    """The player's part of a turn, as it is shown."""
    if node.kind is Kind.STORY:
        return node.input
    return ACTION_MARK + node.action if node.action else ""


class TurnPrinter:
    """Prints a turn while it streams, in whole sentences. `update` is a session's `on_update`."""

    def __init__(self) -> None:
        self._printed: int | None = None
        """Characters of the prose; None before the heading."""

    def update(self, node: Node) -> None:
        """Prints the heading, and the sentences that have become whole."""
        if self._printed is None:
            self._printed = 0
            say("")
            if heading := turn_heading(node):
                say(f"{heading}\n")
        end = len(node.prose) if node.state is State.DONE else sentence_end(node.prose)
        if end > self._printed:
            self._write(node.prose[self._printed : end])
            self._printed = end

    def finish(self, node: Node) -> None:
        """Prints the rest of the finished turn."""
        self.update(node)
        self._write("\n")
        if not node.prose:
            note("The storyteller has nothing to say. Try /retry, or do something else.")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(visible(text))
        sys.stdout.flush()


class LineReader:
    """The lines of stdin, read by a thread that nobody has to wait for when the game ends.

    Bytes that are not UTF-8 become U+FFFD: one odd character must not end a game. The raw stream is read, because a
    thread that waits inside a buffered one keeps Python from exiting.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    async def next(self) -> str:
        """The next line, without its end.

        Raises:
            EOFError: the input has ended.
        """
        line = await self._queue.get()
        if line is None:
            raise EOFError
        return line

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
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)
