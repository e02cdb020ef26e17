"""`dungeon corpus crawl`: stories of a site -> one JSON document each."""

import re
import sys
from pathlib import Path

import click

from corpus.errors import CorpusFailure


@click.command("crawl")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the stories and the journal.",
)
@click.option("--contact", required=True, help="Your e-mail or web address: the site's owner is told whom to write to.")
@click.option(
    "--delay", type=click.FloatRange(min=0, max=3600), default=1.0, show_default=True,
    help="Least seconds between requests; below 1 only for a server at a private address.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds for one page."
)
@click.option("--max-pages", type=click.IntRange(min=1), help="End this run after so many pages.")
@click.option("--max-stories", type=click.IntRange(min=1), help="End this run after so many stories.")
@click.option("--max-minutes", type=click.FloatRange(min=0), help="End this run after so many minutes.")
@click.option(
    "--story-pages", type=click.IntRange(min=1), default=5000, show_default=True,
    help="Links followed in one story, at most.",
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
    """Collect the stories at these addresses of chooseyourstory.com, or of a site of its kind.

    An address may be a list of stories, a category, a story's own page or its viewer. The crawler obeys robots.txt,
    makes one request at a time and waits between them. Interrupt it when you like: the same command goes on where it
    was. The stories are their authors': ask before you use them.

    Exit code 1 says that some of it is still to be done, 2 that no story was got.
    """
    contact = contact.strip()
    if (
        not re.fullmatch(r"[^\s@()]+@[^\s@()]+\.[^\s@()]+|https?://[^\s()]+\.[^\s()]+", contact)
        or not contact.isascii()
    ):
        raise click.UsageError("--contact must be an e-mail address or a web address at which you can be reached.")
    from corpus.crawl.addresses import AddressError, Hosts

    try:
        hosts = Hosts(urls)
    except AddressError as error:
        raise CorpusFailure(str(error)) from error
    from corpus.crawl.crawler import JOURNAL, Limits, crawl
    from corpus.crawl.explore import Bounds
    from corpus.crawl.journal import JournalError
    from corpus.crawl.politeness import LEAST_DELAY, Manners
    from corpus.crawl.progress import Progress

    if not delay >= LEAST_DELAY and not hosts.all_private():
        raise click.UsageError(
            f"--delay must be {LEAST_DELAY:g} at least for a server that isn't at a private address."
        )
    _make(out, JOURNAL)
    progress = Progress(sys.stderr)
    manners = Manners(contact, hosts, delay, timeout, tell=progress.say)
    limits = Limits(max_pages, max_stories, None if max_minutes is None else 60 * max_minutes, Bounds(story_pages))
    again = "The same command goes on where this one ended."
    try:
        summary = crawl(urls, out, manners, limits, progress.show)
    except JournalError as error:
        raise CorpusFailure(str(error)) from error
    except OSError as error:
        raise CorpusFailure(f"{error.filename or out} can't be written: {error.strerror}. {again}") from error
    except KeyboardInterrupt:
        progress.say(f"Interrupted. {again}")
        raise click.exceptions.Exit(130) from None
    progress.end()
    skipped = [reason + (f" ({count} times)" if count > 1 else "") for reason, count in sorted(summary.skipped.items())]
    nothing = summary.stories + summary.known == 0 and not summary.by_choice
    because = summary.stopped or (skipped.pop(0) if nothing and skipped else "there is none at these addresses")
    for reason in skipped:
        progress.say(f"Skipped: {reason}")
    if nothing:
        raise CorpusFailure(f"No story was got: {because}.")
    for name, value in (
        ("stories written", summary.stories),
        ("stories of an earlier run", summary.known),
        ("stories with links missing", summary.unfinished),
        ("pages fetched", summary.pages),
        ("paths walked again", summary.replays),
        ("skipped", summary.skipped.total()),
    ):
        click.echo(f"{name:<28}{value}")
    if summary.stopped:
        progress.say(f"Not everything is done: {summary.stopped}. {again}")
    if summary.stopped or summary.unfinished:
        raise click.exceptions.Exit(1)


def _make(out: Path, journal: str) -> None:
    """The folder for the crawl, which may hold an earlier one but nothing else."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        strange = not (out / journal).exists() and any(out.iterdir())
    except OSError as error:
        raise CorpusFailure(f"{out} can't be used: {error.strerror}. Name another place with --out.") from error
    if strange:
        raise CorpusFailure(f"{out} is there already and holds no crawl. Name another place with --out.")
