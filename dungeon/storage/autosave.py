"""Saves a turn while it streams, on a thread of its own: the disk never holds up the screen.

autosave = Autosave(shelf)
autosave.update(node)          # for every piece; writes at most every quarter of a second
await autosave.save(node)      # the finished turn
autosave.save_now(node)        # the same, when the game must not wait: it was stopped, or is ending
"""

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor

from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Node

_SECONDS = 0.25
"""Between two writes of one turn: what a killed game may lose."""


class Autosave:
    """One write at a time, in order."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._thread = ThreadPoolExecutor(1, "autosave")
        self._write: Future[None] | None = None
        self._last = 0.0
        """When the last write began, in monotonic seconds."""

    def update(self, node: Node) -> None:
        """Begins to write the growing turn, unless a write is running or has just been.

        Raises:
            DungeonError: the write before this one failed.
        """
        if self._write and not self._write.done():
            return
        self._finish_write()
        if time.monotonic() - self._last >= _SECONDS:
            self._last = time.monotonic()
            self._write = self._thread.submit(self._shelf.save_turn, node)

    async def save(self, node: Node, record: GenerationRecord) -> None:
        """Writes the finished turn.

        Raises:
            DungeonError: it could not be written.
        """
        await asyncio.wrap_future(self._thread.submit(self._shelf.save_turn, node, record))

    def save_now(self, node: Node) -> None:
        """Writes the stopped turn, behind the write that is running.

        Raises:
            DungeonError: it could not be written.
        """
        self._thread.submit(self._shelf.save_turn, node).result()

    def _finish_write(self) -> None:
        write, self._write = self._write, None
        if write:
            write.result()
