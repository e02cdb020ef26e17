"""`dungeon corpus crawl`: collect the stories of a site, one JSON document each."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.errors import CorpusError

if TYPE_CHECKING:
    from corpus.crawl.crawler import Summary
    from corpus.crawl.progress import Progress

_CONTACT = re.compile(r"[^\s@()]+@[^\s@()]+\.[^\s@()]+|https?://[^\s()]+\.[^\s()]+")
_RESUME = "Run the same command again to continue."


@click.command("crawl")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder for the stories and the crawl's journal.",
)
@click.option("--contact", required=True, help="Your e-mail or web address, sent to the site with each request.")
@click.option(
    "--delay", type=click.FloatRange(min=0, max=3600), default=1.0, show_default=True,
    help="Seconds between requests, at least; below 1 only for a server at a private address.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds for one page, at most."
)
@click.option("--max-pages", type=click.IntRange(min=1), help="Stop after this many pages.")
@click.option("--max-stories", type=click.IntRange(min=1), help="Stop after this many stories.")
@click.option("--max-minutes", type=click.FloatRange(min=0), help="Stop after this many minutes.")
@click.option(
    "--story-pages", type=click.IntRange(min=1), default=5000, show_default=True,
    help="Links to follow in one story, at most.",
)  # fmt: skip
def command(
    urls: tuple[str, ...],
    out: Path,
    contact: str,
    delay: float,
    timeout: float,
    max_pages: int | None,
    max_stories: int | None,
    max_minutes: float | None,
    story_pages: int,
) -> None:
    """Collect stories from chooseyourstory.com, or from a site with the same software.

    A URL may be a list of stories, a category, a story's own page or its viewer. The crawler obeys robots.txt, makes
    one request at a time and waits between requests. You can interrupt it at any time: the same command continues where
    it stopped. The stories belong to their authors: ask before you use them.

    Exit code 1: some of the work is left to do; 2: no story was found.
    """
    contact = contact.strip()
    if not _CONTACT.fullmatch(contact) or not contact.isascii():
        raise click.UsageError("--contact must be an e-mail address or a web address at which you can be reached.")
    from corpus.crawl.addresses import AddressError, Hosts

    try:
        hosts = Hosts(urls)
    except AddressError as error:
        raise CorpusError(str(error)) from error
    from corpus.crawl.crawler import JOURNAL, Limits, crawl
    from corpus.crawl.explore import StoryLimits
    from corpus.crawl.journal import JournalError
    from corpus.crawl.politeness import MIN_DELAY, CrawlPolicy
    from corpus.crawl.progress import Progress

    if not delay >= MIN_DELAY and not hosts.all_private():
        raise click.UsageError(f"--delay must be at least {MIN_DELAY:g}, except for a server at a private address.")
    _make_folder(out, JOURNAL)
    progress = Progress(sys.stderr)
    policy = CrawlPolicy(contact, hosts, delay, timeout, notify=progress.print)
    limits = Limits(max_pages, max_stories, max_minutes and 60 * max_minutes, StoryLimits(story_pages))
    try:
        summary = crawl(urls, out, policy, limits, progress.show)
    except JournalError as error:
        raise CorpusError(str(error)) from error
    except OSError as error:
        raise CorpusError(f"{error.filename or out} can't be written: {error.strerror}. {_RESUME}") from error
    except KeyboardInterrupt:
        progress.print(f"Interrupted. {_RESUME}")
        raise click.exceptions.Exit(130) from None
    progress.end()
    _print_summary(summary, progress)
    if summary.stopped or summary.unfinished:
        raise click.exceptions.Exit(1)


def _print_summary(summary: "Summary", progress: "Progress") -> None:
    """Print what was skipped and the counts of the run. Raise CorpusError if there is no story."""
    skipped = [reason + (f" ({count} times)" if count > 1 else "") for reason, count in sorted(summary.skipped.items())]
    no_story = summary.stories + summary.already_done == 0 and not summary.limit_reached
    cause = summary.stopped or (skipped.pop(0) if no_story and skipped else "there is none at these addresses")
    for reason in skipped:
        progress.print(f"Skipped: {reason}")
    if no_story:
        raise CorpusError(f"No story was found: {cause}.")
    for name, value in (
        ("stories written", summary.stories),
        ("stories of an earlier run", summary.already_done),
        ("stories with missing links", summary.unfinished),
        ("pages fetched", summary.pages),
        ("paths replayed", summary.replays),
        ("skipped", summary.skipped.total()),
    ):
        click.echo(f"{name:<28}{value}")
    if summary.stopped:
        progress.print(f"Not everything is done: {summary.stopped}. {_RESUME}")


def _make_folder(out: Path, journal: str) -> None:
    """Make the folder for the crawl. Raise CorpusError if it holds something other than an earlier crawl."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        foreign = not (out / journal).exists() and any(out.iterdir())
    except OSError as error:
        raise CorpusError(f"{out} can't be used: {error.strerror}. Name another place with --out.") from error
    if foreign:
        raise CorpusError(f"{out} already exists and is not a crawl. Name another place with --out.")
