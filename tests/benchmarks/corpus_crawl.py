"""How fast the crawler is: `python -m tests.benchmarks.corpus_crawl`.

Crawls the replica site on this machine, once with politeness off and once with the defaults, and prints pages a second
and the shortest time between two requests. Nothing is asserted.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica

_GRAPHS = 150
_POLITE_PAGES = 12


def main() -> None:
    """Prints the figures."""
    staged = [random_story(seed) for seed in range(_GRAPHS)]
    with tempfile.TemporaryDirectory() as folder:
        with Replica(staged) as site:
            seconds = _crawl(site.list_url, Path(folder, "fast"), "--delay", "0")
            first, last = site.requests[0].time, site.requests[-1].time
            print(f"politeness off: {len(site.requests)} pages in {seconds:.1f} s with the start of the program;")
            print(f"                {len(site.requests) / (last - first):.0f} pages/s between the first and the last")
        with Replica(staged) as site:
            _crawl(site.list_url, Path(folder, "polite"), "--max-pages", str(_POLITE_PAGES))
            gaps = site.gaps()
            print(
                f"the defaults:   {len(gaps) / sum(gaps):.2f} requests/s, {min(gaps):.3f} s apart at least (limit: 1 s)"
            )


def _crawl(url: str, out: Path, *options: str) -> float:
    """Seconds for a whole run of the command."""
    began = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "corpus",
        "crawl",
        url,
        "--out",
        str(out),
        "--contact",
        "ada@example.org",
        *options,
    ]
    subprocess.run(command, check=False, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
