"""How fast a corpus is built, and how much memory that takes.

    python -m tests.benchmarks.corpus_build 10 100 1000 [--workers 1] [--runs 3] [--typographic] [--profile]

For each size, in megabytes of text, writes Twee stories of random words to a temporary folder (a tenth of their
passages merge, one in fifty loops back), builds a corpus of them and prints one line per run. A file has a twentieth
more than its text, in headers and links. CPU s is the time of all processes, so MB/CPU s is the speed of one core. The
bare pass reads the same files, decodes them and splits them into words, right before the build: no program that looks
at each word is faster, and on a busy machine both are slower. The peak is the most memory of all processes together,
sampled. `--typographic` writes quotation marks as in books, as most real texts have them. `--profile` adds the 25
functions that take longest.
"""

import argparse
import cProfile
import pstats
import resource
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Self

import psutil

from corpus.build import build
from corpus.graph import label_action
from corpus.pipeline import Settings
from tests.benchmarks.figures import argument_parser

_LIBRARY = Path(__file__).parents[2] / "corpus" / "library"
_STORY_CHARACTERS = 100_000
_PASSAGE_WORDS = (40, 260)
_TYPOGRAPHIC = str.maketrans({"'": "’", '"': "”", ";": " –"})


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("megabytes", type=int, nargs="+", help="sizes of the corpora")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="how often to build; of several runs, the fastest counts")
    parser.add_argument("--no-near-duplicates", action="store_true", help="do not look for near-duplicates")
    parser.add_argument("--typographic", action="store_true", help="typographic quotation marks and dashes")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    settings = Settings(near_duplicates=not arguments.no_near_duplicates)
    print(
        "MB of text  MB of files  stories  passages  examples  parquet MB  seconds  CPU s    MB/s  MB/CPU s  "
        "bare MB/CPU s  peak MB"
    )
    for size in arguments.megabytes:
        profile = cProfile.Profile() if arguments.profile else None
        measure_build(size, settings, arguments, profile)
        if profile:
            pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(25)


def measure_build(
    megabytes: int, settings: Settings, arguments: argparse.Namespace, profile: cProfile.Profile | None
) -> None:
    """Build a corpus of made-up stories and print a line for each run."""
    with tempfile.TemporaryDirectory() as folder:
        stories = Path(folder, "stories")
        text, files = write_stories(stories, megabytes * 10**6, typographic=arguments.typographic)
        for _ in range(arguments.runs):
            label_action.cache_clear()
            bare = _bare_pass(stories)
            with ExitStack() as stack:
                memory = stack.enter_context(PeakMemory())
                if profile:
                    stack.enter_context(profile)
                began, cpu_before = time.perf_counter(), _cpu_seconds()
                report = build([stories], Path(folder, "corpus"), settings, arguments.workers)
                duration, cpu = time.perf_counter() - began, _cpu_seconds() - cpu_before
            print(
                f"{text / 1e6:10.1f}  {files / 1e6:11.1f}  {report.stories:7,}  {report.passages:8,}  "
                f"{sum(report.examples.values()):8,}  {sum(report.parquet_bytes.values()) / 1e6:10.1f}  "
                f"{duration:7.1f}  {cpu:5.1f}  {text / 1e6 / duration:6.1f}  {text / 1e6 / cpu:8.1f}  "
                f"{text / 1e6 / bare:13.1f}  {memory.peak / 1e6:7.0f}",
                flush=True,
            )


def _bare_pass(folder: Path) -> float:
    """Return the CPU seconds that reading, decoding and splitting the files takes."""
    before = _cpu_seconds()
    for file in sorted(folder.iterdir()):
        file.read_bytes().decode().split()
    return _cpu_seconds() - before


def write_stories(folder: Path, characters: int, *, typographic: bool = False) -> tuple[int, int]:
    """Write stories with at least that many characters of prose; return the characters, and the bytes of the files."""
    folder.mkdir()
    chance = Random(0)
    words = [word for path in sorted(_LIBRARY.glob("*.twee")) for word in path.read_text(encoding="utf-8").split()]
    words = [word for word in words if word.isascii() and not set("[]{}<>:|") & set(word)]
    text = files = 0
    while text < characters:
        twee, length = random_twee(chance, words)
        path = folder / f"{text:012}.twee"
        path.write_text(twee.translate(_TYPOGRAPHIC) if typographic else twee, encoding="utf-8")
        text += length
        files += path.stat().st_size
    return text, files


def random_twee(chance: Random, words: list[str]) -> tuple[str, int]:
    """Return a tree of passages with merges and loops, as Twee, and the characters of its prose."""
    prose: list[str] = []
    while sum(map(len, prose)) < _STORY_CHARACTERS:
        count = chance.randint(*_PASSAGE_WORDS)
        picked = chance.choices(words, k=count)
        prose.append("\n\n".join(" ".join(picked[start : start + 60]) for start in range(0, count, 60)))
    links: list[list[str]] = [[] for _ in prose]
    for n in range(1, len(prose)):
        parent = chance.randint(max(0, n - 6), n - 1)
        links[parent].append(_link(chance, words, n))
        if n % 10 == 0:
            links[chance.randint(0, n - 1)].append(_link(chance, words, n))
        if n % 50 == 0:
            links[n].append(_link(chance, words, chance.randint(0, n)))
    sections = [":: StoryTitle\n" + " ".join(chance.choices(words, k=3))]
    sections += [f":: {_name(n)}\n{text}\n\n" + "\n".join(links[n]) for n, text in enumerate(prose)]
    return "\n\n".join(sections) + "\n", sum(map(len, prose))


def _link(chance: Random, words: list[str], target: int) -> str:
    verb = chance.choice(["Open", "Take", "Follow", "Ask about", "I run from", "Go back to"])
    label = f"{verb} the {' '.join(chance.choices(words, k=2)).strip('.,')}"
    return f"[[{label}->{_name(target)}]]"


def _name(passage: int) -> str:
    return f"P{passage}" if passage else "Start"


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that have ended. Other programs do not change it."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class PeakMemory:
    """The most resident memory of this process and its children together, sampled ten times a second."""

    def __init__(self) -> None:
        self.peak = 0
        """Bytes."""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.1):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, total)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


if __name__ == "__main__":
    main()
