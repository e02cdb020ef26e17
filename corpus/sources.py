"""Read and compile sources, in one process or in several.

    for batch in compile_sources([Path("my-stories")], scratch, Settings(), workers=2):
        batch.stories

This process reads, the others compile what it read, about a megabyte at a time. Results come in the order of the
sources.

Limits: only one process reads, so more than three or four workers don't help. Memory is a few megabytes per worker,
plus one file of a source.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, count, islice
from multiprocessing import get_context
from pathlib import Path

from corpus.pipeline import CompiledBatch, Settings, compile_stories
from corpus.readers import read
from corpus.rejects import Reject, json_lines
from corpus.scratch_file import ScratchFile
from corpus.story import Skipped, Story, StoryError

BATCH = 1 << 20
"""Characters of prose that are passed to a process at once."""
_WITHOUT_STORY, _UNREADABLE = "file without a story", "file that can't be read"
SKIPPED_REASONS = frozenset({_WITHOUT_STORY, _UNREADABLE})
_LARGE = 100_000_000
"""Bytes of sources from which on several processes are faster: below, starting them takes longer than they save."""
_COLLECTIONS = (200_000, 10, 10)
"""Thresholds of Python's garbage collector: stories have many objects without cycles, and a tenth of the time goes."""
_QUEUED = 2  # batches per worker: enough that no worker waits, and few in memory


def compile_sources(
    sources: Sequence[Path], scratch: Path, settings: Settings, workers: int
) -> Iterator[CompiledBatch]:
    """Yield the stories of all sources in order, then what was skipped; their examples are in files in `scratch`.

    Raise StoryError if a source doesn't exist; if the settings are strict, also if a file can't be read.
    """
    for source in sources:
        if not source.exists():
            raise StoryError(f"{source} can't be read: No such file or directory.")
    skipped: list[Skipped] = []
    batches = _batches(_stories(sources, skipped, strict=settings.strict))
    paths = (scratch / f"{n}" for n in count())
    thresholds = gc.get_threshold()
    gc.set_threshold(*_COLLECTIONS)
    try:
        first = list(islice(batches, 2))
        batches = chain(first, batches)
        if workers == 1 or len(first) < 2:
            yield from (_compile(batch, path, settings) for batch, path in zip(batches, paths, strict=False))
        else:
            yield from _compile_in_parallel(batches, paths, settings, workers)
    finally:
        gc.set_threshold(*thresholds)
    yield _skipped_files(skipped, next(paths), settings)


def workers_for(sources: Sequence[Path]) -> int:
    """Return the number of processes that builds a corpus soonest: one for little text, else one per core."""
    size = 0
    for source in sources:
        for file in source.rglob("*") if source.is_dir() else (source,):
            size += file.stat().st_size if file.is_file() else 0
            if size >= _LARGE:
                return os.cpu_count() or 1
    return 1


def _stories(sources: Sequence[Path], skipped: list[Skipped], *, strict: bool) -> Iterator[Story]:
    for source in sources:
        yield from read(source, skipped, strict=strict)


def _batches(stories: Iterable[Story]) -> Iterator[list[Story]]:
    batch: list[Story] = []
    size = 0
    for story in stories:
        batch.append(story)
        size += sum(len(passage.text) for passage in story.passages.values())
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _compile(stories: Sequence[Story], path: Path, settings: Settings) -> CompiledBatch:
    with ScratchFile(path) as file:
        return compile_stories(stories, file, settings)


def _compile_in_parallel(
    batches: Iterable[Sequence[Story]], paths: Iterator[Path], settings: Settings, workers: int
) -> Iterator[CompiledBatch]:
    """Yield each batch compiled, in order. Workers are spawned: a fork would copy this process's locks as they are."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker) as pool:
        running: deque[Future[CompiledBatch]] = deque()
        for batch in batches:
            running.append(pool.submit(_compile, batch, next(paths), settings))
            if len(running) == _QUEUED * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, and collect garbage as it does."""
    gc.set_threshold(*_COLLECTIONS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _skipped_files(skipped: Sequence[Skipped], path: Path, settings: Settings) -> CompiledBatch:
    """Return the files that were skipped, also as rejects."""
    batch = CompiledBatch(skipped=list(skipped))
    rejects = [Reject(_reason(each), each.source, "", "", each.reason) for each in skipped]
    batch.drops.update(reject.reason for reject in rejects)
    if rejects and settings.rejects:
        with ScratchFile(path) as scratch_file:
            batch.rejects.append(scratch_file.append(json_lines(rejects)))
    return batch


def _reason(skipped: Skipped) -> str:
    return _WITHOUT_STORY if skipped.without_story else _UNREADABLE
