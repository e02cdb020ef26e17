"""Saves a turn while it streams, on a thread of its own: the disk never holds up the screen.

autosave = Autosave(shelf)
autosave.update(node)              # for every piece of text
await autosave.save(node, record)  # the finished turn
autosave.save_now(node)            # the same for a stopped turn, at once: the game may be ending
"""

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Node

_SECONDS = 0.25
"""Between two writes of one turn: what a killed game may lose."""


class Autosave:
    """Writes one after the other; the first text of a turn at once."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._thread = ThreadPoolExecutor(1, "autosave")
        self._write: Future[None] | None = None
        self._lock = threading.Lock()
        self._latest: Node | None = None
        """What the next write will save."""
        self._next_write = 0.0
        """When, in monotonic seconds."""
        self._hurry = threading.Event()
        """Ends the pause before the next write."""

    def update(self, node: Node) -> None:
        """Has the growing turn written soon.

        Raises:
            DungeonError: the last write failed.
        """
        if self._write and self._write.done():
            self._write.result()
        with self._lock:
            is_scheduled = self._latest is not None
            self._latest = node
        if not is_scheduled:
            self._write = self._thread.submit(self._write_latest)

    def _write_latest(self) -> None:
        self._hurry.wait(max(0.0, self._next_write - time.monotonic()))
        with self._lock:
            node, self._latest = self._latest, None
        if node:
            self._next_write = time.monotonic() + _SECONDS
            self._shelf.save_turn(node)

    async def save(self, node: Node, record: GenerationRecord) -> None:
        """Writes the finished turn; to its end, even if the task is cancelled.

        Raises:
            DungeonError: it could not be written.
        """
        write = self._submit_last(node, record)
        try:
            await asyncio.shield(asyncio.wrap_future(write))
        except asyncio.CancelledError:
            write.result()  # a write that is taken back would leave the turn unfinished on the disk
            raise

    def save_now(self, node: Node) -> None:
        """Writes the stopped turn.

        Raises:
            DungeonError: it could not be written.
        """
        self._submit_last(node, None).result()

    def _submit_last(self, node: Node, record: GenerationRecord | None) -> Future[None]:
        """Writes the turn as it will stay, in place of the write that is waiting."""

        def write() -> None:
            self._hurry.clear()
            self._next_write = 0.0
            self._shelf.save_turn(node, record)

        with self._lock:
            self._latest = None
        self._write = None
        self._hurry.set()
        return self._thread.submit(write)
