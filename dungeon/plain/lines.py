"""Lines in and out, without a screen: what `dungeon.plain.game` reads from stdin, and how it prints a turn as it comes.

stdout has the story, stderr the notes of the game. Nothing that was printed is ever taken back.
"""

import asyncio
import codecs
import io
import sys
import threading
from typing import cast

from corpus.text import printable
from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Node
from dungeon.tale.prose import sentence_end


def say(text: str) -> None:
    """A line of the story; nothing in it is a command to the terminal."""
    print(printable(text), flush=True)


def note(text: str) -> None:
    """A word from the game."""
    print(printable(text), file=sys.stderr, flush=True)


def turn_heading(node: Node) -> str:
    """How the player's part of a turn is shown."""
    if node.kind is Kind.STORY:
        return node.input
    return ACTION_MARK + node.action if node.action else ""


class TurnPrinter:
    """Prints a growing turn in whole sentences."""

    def __init__(self) -> None:
        self.printed = 0

    def began(self, node: Node) -> None:
        """The player's part."""
        say("")
        if heading := turn_heading(node):
            say(f"{heading}\n")

    def grew(self, prose: str) -> None:
        """What has become whole."""
        end = sentence_end(prose)
        if end > self.printed:
            self._print(prose[self.printed : end])
            self.printed = end

    def end(self, node: Node) -> None:
        """The rest."""
        self._print(node.prose[self.printed :] + "\n")
        if not node.prose:
            note("The storyteller has nothing to say. Try /retry, or do something else.")

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(printable(text))
        sys.stdout.flush()


class LineReader:
    """The lines of stdin, read by a thread that nobody has to wait for when the game ends.

    What is not UTF-8 becomes U+FFFD: one odd character must not end a game. The raw stream is read, because a thread
    that waits inside a buffered one keeps Python from exiting.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._pump, daemon=True).start()

    async def next(self) -> str:
        """The next line, without its end.

        Raises:
            EOFError: there is none.
        """
        line = await self._queue.get()
        if line is None:
            raise EOFError
        return line

    def _pump(self) -> None:
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
