"""What the benchmarks share: a command line whose help is the module's docstring, timing, and lines of figures."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from corpus.turns import Kind
from dungeon.paths import weights_folder
from dungeon.play.session import Session
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.download.weights import ensure_weights
from dungeon.tale.adventure import Node


def argument_parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help shows `doc`, the docstring of a benchmark."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that a call of `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def show(label: str, values: list[float], unit: str = "ms", scale: float = 1e3) -> None:
    """Print the median, the range and, of 20 values or more, the 95th percentile. `scale` converts values to `unit`."""
    if not values:
        print(f"{label:62} not measured", flush=True)
        return
    ranked = sorted(scale * value for value in values)
    p95 = f", p95 {ranked[int(0.95 * len(ranked))]:.1f}" if len(ranked) >= 20 else ""
    print(
        f"{label:62} {statistics.median(ranked):9.2f} {unit:8}"
        f"  ({ranked[0]:.2f} to {ranked[-1]:.2f}{p95}, n={len(ranked)})",
        flush=True,
    )


async def first_words(session: Session, kind: Kind, words: str) -> float:
    """Play a turn; return the seconds from Enter to its first words, or to its end if there are none."""
    times: list[float] = []

    def on_update(node: Node) -> None:
        if node.prose and not times:
            times.append(time.perf_counter())

    began = time.perf_counter()
    await session.play_turn(kind, words, on_update)
    return (times[0] if times else time.perf_counter()) - began


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Give the game an empty home folder, with the bundled weights in its cache, for as long as the block runs."""
    weights = ensure_weights(SMOLLM2)
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, DUNGEON_HOME=folder):
        weights_folder().mkdir(parents=True)
        (weights_folder() / SMOLLM2.file).symlink_to(weights)
        yield Path(folder)
