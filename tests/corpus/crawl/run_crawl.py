"""The crawl command, run in a process of its own, as a user would and quicker.

    done = crawl(site.list_url, out=tmp_path / "crawl")          # no politeness, for the replica is ours
    assert done.code == 0, done.err

A process is forked from one that has Scrapy imported already. `started` gives it while it runs, to be killed.
"""

import multiprocessing
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from corpus.cli import main
from corpus.readers import crawled
from corpus.readers.source import Source
from corpus.story import Story

CONTACT = "ada@example.org"
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(
    ["corpus.crawl.crawler", "corpus.commands.crawl", "corpus.crawl.progress", "tests.corpus.crawl.preload", __name__]
)


@dataclass(frozen=True, slots=True)
class Done:
    """How a crawl ended."""

    code: int | None
    out: str
    err: str


def crawl(
    *urls: str, out: Path, options: Sequence[str] = (), delay: float | None = 0, names: Mapping[str, str] | None = None
) -> Done:
    """Runs it to its end. `names`: what the system's resolver says of host names."""
    process = started(*urls, out=out, options=options, delay=delay, names=names)
    process.join(600)
    assert process.exitcode is not None, "the crawl hangs"
    return Done(process.exitcode, *(out.with_suffix(end).read_text(encoding="utf-8") for end in (".out", ".err")))


def started(
    *urls: str, out: Path, options: Sequence[str] = (), delay: float | None = 0, names: Mapping[str, str] | None = None
) -> BaseProcess:
    """Starts it. What it prints goes to files beside `out`."""
    pace = [] if delay is None else ["--delay", str(delay)]
    arguments = ["crawl", *urls, "--out", str(out), "--contact", CONTACT, *pace, *options]
    process = _FORK.Process(target=_run, args=(arguments, out, names or {}))
    with pytest.MonkeyPatch.context() as patch:
        # Tracing makes it three times slower, for nothing: a process that was forked ends without saying what it ran.
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        process.start()
    return process


def _run(arguments: list[str], out: Path, names: Mapping[str, str]) -> None:
    sys.stdout, sys.stderr = (out.with_suffix(end).open("w", encoding="utf-8") for end in (".out", ".err"))
    system = socket.gethostbyname

    def look_up(name: str) -> str:
        return names[name] if name in names else system(name)

    socket.gethostbyname = look_up
    main(arguments, prog_name="dungeon corpus")


def stories(out: Path) -> dict[int, Story]:
    """The stories of a crawl by their number on the site; one that was killed may leave a file it was writing."""
    return {
        int(path.stem): next(crawled.FORMAT.read(Source.of(path))) for path in sorted((out / "stories").glob("[0-9]*"))
    }
