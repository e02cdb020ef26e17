"""Run the crawl command in a new process.

    done = crawl(site.list_url, out=tmp_path / "crawl")          # without a delay
    assert done.code == 0, done.err

The process is forked from one that has already imported Scrapy. `start_crawl` returns it while it runs.
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
    """The exit code and output of a crawl."""

    code: int | None
    out: str
    err: str


def crawl(
    *urls: str, out: Path, options: Sequence[str] = (), delay: float | None = 0, names: Mapping[str, str] | None = None
) -> Done:
    """Run a crawl to its end. `names` are the addresses of host names for the system's resolver."""
    process = start_crawl(*urls, out=out, options=options, delay=delay, names=names)
    process.join(600)
    assert process.exitcode is not None, "the crawl hangs"
    return Done(process.exitcode, *(out.with_suffix(end).read_text(encoding="utf-8") for end in (".out", ".err")))


def start_crawl(
    *urls: str, out: Path, options: Sequence[str] = (), delay: float | None = 0, names: Mapping[str, str] | None = None
) -> BaseProcess:
    """Start a crawl. Its output goes to files beside `out`."""
    delay_option = [] if delay is None else ["--delay", str(delay)]
    arguments = ["crawl", *urls, "--out", str(out), "--contact", CONTACT, *delay_option, *options]
    process = _FORK.Process(target=_run, args=(arguments, out, names or {}))
    with pytest.MonkeyPatch.context() as patch:
        # Coverage makes it three times slower for nothing, because a forked process ends without saving its data.
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
    """Return the stories of a crawl by their number on the site. A killed crawl may leave an incomplete file."""
    return {
        int(path.stem): next(crawled.FORMAT.read(Source.of(path))) for path in sorted((out / "stories").glob("[0-9]*"))
    }
