"""Voices that are fetched in the background while the game goes on with the voice at hand.

    fetches = Fetches(on_change)
    fetches.start(find_wish("ember"))         # or goes on with one that was paused
    fetches.pause("ember")
    fetches.close()                           # at the end of the game; what has arrived is kept

Each fetch has a thread. `on_change` is called from it, a few times a second at most, and at every change of state.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from dungeon.errors import DungeonError
from dungeon.storyteller.download.errors import DownloadCancelled
from dungeon.storyteller.voices.getting import Wish, get_voice

_REPORT_SECONDS = 0.25
_CLOSE_SECONDS = 2.0


class FetchState(StrEnum):
    """What a fetch does."""

    RUNNING = "fetching"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Fetch:
    """One voice."""

    wish: Wish
    state: FetchState = FetchState.RUNNING
    done: int = 0
    total: int = 0
    """Bytes; 0 if not known yet."""
    error: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def percent(self) -> int:
        """How much has arrived."""
        return min(100, self.done * 100 // self.total) if self.total else 0


class Fetches:
    """The fetches of a game, by the voice's name."""

    def __init__(self, on_change: Callable[[Fetch], object]) -> None:
        self._on_change = on_change
        self._fetches: dict[str, Fetch] = {}

    def get(self, name: str) -> Fetch | None:
        """Return the fetch of a voice; None if none was begun in this game."""
        return self._fetches.get(name)

    def running(self) -> list[Fetch]:
        """Return the fetches that run."""
        return [fetch for fetch in self._fetches.values() if fetch.state is FetchState.RUNNING]

    def start(self, wish: Wish) -> Fetch:
        """Fetch a voice, or go on with it; one that runs already is left alone."""
        known = self._fetches.get(wish.name)
        if known and known.state is FetchState.RUNNING:
            return known
        fetch = Fetch(wish, done=known.done if known else 0, total=known.total if known else wish.size)
        self._fetches[wish.name] = fetch
        # A daemon: a game that ends does not wait for a server that keeps silent.
        fetch.thread = threading.Thread(target=self._run, args=(fetch,), name=f"fetch {wish.name}", daemon=True)
        fetch.thread.start()
        return fetch

    def pause(self, name: str) -> None:
        """Stop a fetch; what has arrived is kept."""
        fetch = self._fetches.get(name)
        if fetch and fetch.state is FetchState.RUNNING:
            fetch.cancel.set()
            self._change(fetch, FetchState.PAUSED)

    def forget(self, name: str) -> None:
        """Drop what is known of a fetch that does not run: its voice is removed."""
        self.pause(name)
        self._fetches.pop(name, None)

    def close(self) -> None:
        """Stop all fetches, and wait a moment for them to leave their files in order."""
        running = self.running()
        for fetch in running:
            fetch.cancel.set()
        for fetch in running:
            if fetch.thread:
                fetch.thread.join(_CLOSE_SECONDS)

    def _run(self, fetch: Fetch) -> None:
        reported = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal reported
            fetch.done, fetch.total = done, total or fetch.total
            if not fetch.cancel.is_set() and time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                self._on_change(fetch)

        try:
            get_voice(fetch.wish, progress, fetch.cancel)
        except DownloadCancelled:
            self._change(fetch, FetchState.PAUSED)
        except DungeonError as error:
            fetch.error = str(error)
            self._change(fetch, FetchState.FAILED)
        except Exception as error:  # noqa: BLE001 - a bug here must not leave a fetch that seems to run
            fetch.error = f"The voice '{fetch.wish.name}' could not be fetched: {type(error).__name__}: {error}"
            self._change(fetch, FetchState.FAILED)
        else:
            self._change(fetch, FetchState.DONE)

    def _change(self, fetch: Fetch, state: FetchState) -> None:
        if fetch.state is not state and self._fetches.get(fetch.wish.name) is fetch:
            fetch.state = state
            self._on_change(fetch)
