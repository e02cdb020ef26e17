"""How fast the crawler is, and how polite: pages a second, and the shortest time between two requests.

    python -m tests.benchmarks.corpus_crawl [--stories 150] [--polite-pages 12]

Crawls a replica of a story site on this machine twice: with `--delay 0`, and with the default delay. Prints a line for
each. 150 stories have 4,639 pages.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import argument_parser, seconds
from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--stories", type=int, default=150, help="stories on the site")
    parser.add_argument("--polite-pages", type=int, default=12, help="pages to crawl with the default delay")
    arguments = parser.parse_args()
    stories = [random_story(seed) for seed in range(arguments.stories)]
    with tempfile.TemporaryDirectory() as folder:
        with Replica(stories) as site:
            duration = seconds(lambda: crawl(site.list_url, Path(folder, "fast"), "--delay", "0"))
            pages, crawling = len(site.requests), site.requests[-1].time - site.requests[0].time
            print(f"--delay 0: {pages} pages in {duration:.1f} s, {pages / crawling:.0f} a second once it has started")
        with Replica(stories) as site:
            crawl(site.list_url, Path(folder, "polite"), "--max-pages", str(arguments.polite_pages))
            gaps = site.gaps()
            speed = len(gaps) / sum(gaps)
            print(f"default:   {speed:.2f} requests a second, at least {min(gaps):.3f} s apart (limit: 1)")


def crawl(url: str, out: Path, *options: str) -> None:
    """Run `corpus crawl`."""
    command = [sys.executable, "-m", "corpus", "crawl", url, "--out", str(out), "--contact", "ada@example.org"]
    subprocess.run([*command, *options], check=False, capture_output=True)


if __name__ == "__main__":
    main()
