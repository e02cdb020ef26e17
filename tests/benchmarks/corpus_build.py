"""How fast a corpus is built here, and in what memory.

    python tests/benchmarks/corpus_build.py 10 100 1000 [--workers 1] [--no-near-duplicates] [--profile]

For each size, in megabytes, writes Twee stories of made-up English to a temporary folder (a tenth of their passages
merge, one in fifty loops back), builds a corpus of them, and prints one line. Story text is what stands in passages:
a file has a twentieth more in headers and links. CPU s is what all processes computed, so MB/CPU s is the speed of
one core; memory is the most that all processes had together, sampled.
"""

import argparse
import cProfile
import pstats
import random
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from corpus.build import build
from corpus.pipeline import Settings

LIBRARY = Path(__file__).parents[2] / "corpus" / "library"
STORY_CHARACTERS = 100_000
PASSAGE_WORDS = (40, 260)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("megabytes", type=int, nargs="+")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-near-duplicates", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    settings = Settings(near_duplicates=not options.no_near_duplicates)
    print(f"{options.workers} workers, near-duplicates {'not ' if options.no_near_duplicates else ''}looked for")
    print("MB of text  MB of files  stories  passages  examples  parquet MB  seconds  CPU s    MB/s  MB/CPU s  peak MB")
    for size in options.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            stories = Path(folder, "stories")
            text, files = generate(stories, size * 10**6)
            profile = cProfile.Profile()
            if options.profile:
                profile.enable()
            with Memory() as memory:
                begin, busy = time.perf_counter(), cpu_seconds()
                report = build([stories], Path(folder, "corpus"), settings, options.workers)
                seconds, busy = time.perf_counter() - begin, cpu_seconds() - busy
            profile.disable()
        print(
            f"{text / 1e6:10.1f}  {files / 1e6:11.1f}  {report.stories:7,}  {report.passages:8,}  "
            f"{sum(report.examples.values()):8,}  {sum(report.parquet_bytes.values()) / 1e6:10.1f}  {seconds:7.1f}  "
            f"{busy:5.1f}  {text / 1e6 / seconds:6.1f}  {text / 1e6 / busy:8.1f}  {memory.peak / 1e6:7.0f}",
            flush=True,
        )
        if options.profile:
            pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(25)


def generate(folder: Path, characters: int) -> tuple[int, int]:
    """Writes stories with that many characters of prose in all; gives those and the bytes of the files."""
    folder.mkdir()
    chance = random.Random(0)
    words = [word for path in sorted(LIBRARY.glob("*.twee")) for word in path.read_text(encoding="utf-8").split()]
    words = [word for word in words if word.isascii() and not set("[]{}<>:|") & set(word)]
    text = files = 0
    while text < characters:
        sections, told = story(chance, words)
        path = folder / f"{text:012}.twee"
        path.write_text(sections, encoding="utf-8")
        text += told
        files += path.stat().st_size
    return text, files


def story(chance: random.Random, words: list[str]) -> tuple[str, int]:
    """A tree of passages, about `STORY_CHARACTERS` long, with merges and loops; and the characters of its prose."""
    prose: list[str] = []
    while sum(map(len, prose)) < STORY_CHARACTERS:
        count = chance.randint(*PASSAGE_WORDS)
        picked = chance.choices(words, k=count)
        paragraphs = [" ".join(picked[n : n + 60]) for n in range(0, count, 60)]
        prose.append("\n\n".join(paragraphs))
    links: list[list[str]] = [[] for _ in prose]
    for n in range(1, len(prose)):
        parent = chance.randint(max(0, n - 6), n - 1)
        links[parent].append(link(chance, words, n))
        if n % 10 == 0:
            links[chance.randint(0, n - 1)].append(link(chance, words, n))
        if n % 50 == 0:
            links[n].append(link(chance, words, chance.randint(0, n)))
    sections = [":: StoryTitle\n" + " ".join(chance.choices(words, k=3))]
    sections += [
        f":: {'Start' if n == 0 else f'P{n}'}\n{text}\n\n" + "\n".join(links[n]) for n, text in enumerate(prose)
    ]
    return "\n\n".join(sections) + "\n", sum(map(len, prose))


def link(chance: random.Random, words: list[str], target: int) -> str:
    verb = chance.choice(["Open", "Take", "Follow", "Ask about", "I run from", "Go back to"])
    label = f"{verb} the {' '.join(chance.choices(words, k=2)).strip('.,')}"
    return f"[[{label}->{'Start' if target == 0 else f'P{target}'}]]"


def cpu_seconds() -> float:
    """What this process and the children it has waited for have computed: unlike the clock, blind to neighbours."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Memory:
    """The most resident memory that this process and its children have together, sampled ten times a second."""

    def __init__(self) -> None:
        self.peak = 0
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

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


if __name__ == "__main__":
    main()
