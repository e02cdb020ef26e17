"""Sources -> compiled stories, in one process or in several.

    for part in compile_sources([Path("my-stories")], scratch, Settings(), workers=2):
        part.entries

This process reads, the others compile what it read, about a megabyte at a time. What they make comes back in the order
of the sources.

Limits: reading is one process's work, so more workers than three or four have to wait for it. A few megabytes for each
worker are in memory, and one file of a source.
"""

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, count, islice
from multiprocessing import get_context
from pathlib import Path

from corpus.pipeline import Compiled, Settings, compile_stories
from corpus.readers import read
from corpus.rejects import Reject, json_lines
from corpus.scratch_file import Spool
from corpus.story import Story

BATCH = 1 << 20
"""Characters of prose that are handed to a process at once."""
_WAITING = 2  # batches for each worker, so that none has to wait and few lie in memory


def compile_sources(sources: Sequence[Path], scratch: Path, settings: Settings, workers: int) -> Iterator[Compiled]:
    """The stories of all sources, in their order, their examples in files in `scratch`. Raises StoryError."""
    passed_over: list[Path] = []
    batches = _batches(chain.from_iterable(read(source, passed_over) for source in sources))
    places = (scratch / f"{n}" for n in count())
    first = list(islice(batches, 2))
    batches = chain(first, batches)
    if workers == 1 or len(first) < 2:
        yield from (_compile(batch, place, settings) for batch, place in zip(batches, places, strict=False))
    else:
        yield from _side_by_side(batches, places, settings, workers)
    yield _passed_over(passed_over, next(places), settings)


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


def _compile(stories: Sequence[Story], place: Path, settings: Settings) -> Compiled:
    with Spool(place) as spool:
        return compile_stories(stories, spool, settings)


def _side_by_side(
    batches: Iterable[Sequence[Story]], places: Iterator[Path], settings: Settings, workers: int
) -> Iterator[Compiled]:
    """Each batch compiled, in order. Workers are started afresh: a fork would copy this process's locks as they are."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _leave_interrupts_to_the_parent) as pool:
        waiting: deque[Future[Compiled]] = deque()
        for batch in batches:
            waiting.append(pool.submit(_compile, batch, next(places), settings))
            if len(waiting) == _WAITING * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _passed_over(files: Sequence[Path], place: Path, settings: Settings) -> Compiled:
    """The files in which no story was found, as rejects."""
    compiled = Compiled()
    if files:
        rejects = [Reject("file without a story", str(file), "", "", "") for file in files]
        compiled.drops["file without a story"] = len(rejects)
        if settings.rejects:
            with Spool(place) as spool:
                compiled.rejects.append(spool.add(json_lines(rejects)))
    return compiled
