"""The whole crawl: from the addresses that the user gave to one file a story.

    summary = crawl(["https://example.org/Stories/"], Path("out"), manners, Limits(), report)

`out/crawl.sqlite3` is the journal, `out/stories/<number>.json` the stories. The addresses are followed in their order:
an index to its categories, a category to its stories, a story to its viewer, and there each link (`explore`). What
is in the journal is never asked for again, so the same call goes on where an earlier one ended, however that ended; a
story whose links all got an answer is not even looked at. Only robots.txt is read anew by each run.

Limits: one crawl a process, for Twisted's reactor can't be started twice. A list that is in the journal is as old as
that; to see what is new on a site, take another folder.
"""

import asyncio
import signal
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from scrapy import FormRequest, Request
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from corpus.crawl import chooseyourstory as site
from corpus.crawl.explore import Bounds, Exploration, Failed, Stopped
from corpus.crawl.journal import Answer, Journal
from corpus.crawl.page import Info, Listed, Listing, Ratings, Refused, Viewer
from corpus.crawl.politeness import ComeBackLater, Cookies, Manners, PoliteSpider, Refusal, settings_for, trouble, until
from corpus.crawl.story_file import to_story, write

JOURNAL = "crawl.sqlite3"
STORIES = "stories"
_FAILURES = 5  # so many requests in a row that got no answer, and the site is taken to be down


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do; None for no limit."""

    pages: int | None = None
    stories: int | None = None
    seconds: float | None = None
    story: Bounds = field(default_factory=Bounds)


@dataclass(slots=True)
class Summary:
    """What a run did so far."""

    stories: int = 0
    """Stories that were written."""
    known: int = 0
    """Stories that an earlier run had finished."""
    unfinished: int = 0
    """Of those written, the ones with links that got no answer."""
    waiting: int = 0
    """Addresses that are known and not begun."""
    at_work: bool = False
    """Whether a story is begun and not done."""
    pages: int = 0
    """Answers that came over the network."""
    links: int = 0
    """Links of the story at hand that are still to be followed."""
    replays: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """What was left out, by reason."""
    stopped: str = ""
    """Why the run ended before everything was done; "" if it didn't."""
    by_choice: bool = False
    """Whether it was a limit of the user's that stopped it."""
    seconds: float = 0.0


Report = Callable[[Summary], None]
"""Called after every answer."""


def crawl(urls: Sequence[str], out: Path, manners: Manners, limits: Limits, report: Report) -> Summary:
    """Crawls these addresses into the folder `out`, which must exist.

    Raises JournalError, OSError where a file can't be written, and KeyboardInterrupt.
    """
    (out / STORIES).mkdir(exist_ok=True)
    summary = Summary()
    with Journal(out / JOURNAL) as journal:
        manners.not_before = max(manners.not_before, float(journal.fact("not before") or 0))
        manners.remember = lambda moment: journal.note("not before", str(moment))
        if manners.not_before - time.time() > manners.patience:
            summary.stopped = f"the site asks to be left alone {until(manners.not_before)}"
            return summary

        async def job(crawler: Crawler) -> None:
            await _Crawl(crawler, journal, out / STORIES, limits, report, summary).run(urls)

        process = AsyncCrawlerProcess(settings_for(manners))
        spider = process.create_crawler(_Spider)
        process.crawl(spider, job=job, manners=manners)
        process.start(install_signal_handlers=False)
        assert isinstance(spider.spider, _Spider)
        if spider.spider.error is not None:
            raise spider.spider.error
    return summary


class _Spider(PoliteSpider):
    """Scrapy's frame around a coroutine, which asks the engine for one page after the other."""

    name = "corpus"
    job: Callable[[Crawler], Coroutine[Any, Any, None]]
    error: BaseException | None = None
    """What ended the coroutine; Scrapy would only log it."""

    async def start(self) -> AsyncIterator[Any]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(self.job(self.crawler))
        # An interrupt drops the request that is on its way; the journal is in order at any time.
        earlier = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(task.cancel))
        try:
            await task
        except asyncio.CancelledError:
            self.error = KeyboardInterrupt()
        except Exception as error:  # noqa: BLE001 (it is raised when the reactor has ended)
            self.error = error
        finally:
            signal.signal(signal.SIGINT, earlier)
        for request in tuple[Request, ...]():  # none is left to Scrapy's own queue
            yield request


class _Crawl:
    def __init__(
        self, crawler: Crawler, journal: Journal, stories: Path, limits: Limits, report: Report, summary: Summary
    ) -> None:
        self._crawler, self._journal, self._stories = crawler, journal, stories
        self._limits, self._report, self._summary = limits, report, summary
        self._began = time.monotonic()
        self._failures = 0
        self._exploration: Exploration | None = None

    async def run(self, urls: Sequence[str]) -> None:
        """Follows the addresses to their stories, in order."""
        todo = deque((url, Listed(url)) for url in urls)
        seen: set[str] = set()
        try:
            while todo:
                url, listed = todo.popleft()
                url = site.viewer_url(url) or urldefrag(url).url
                if url in seen:
                    continue
                seen.add(url)
                self._summary.waiting = len(todo)
                try:
                    found = await self._visit(url, listed, seen)
                except Failed as failure:
                    self._summary.skipped[f"{url}: {failure}"] += 1
                else:
                    todo.extendleft((each.url, each) for each in reversed(found))
        except Stopped as stop:
            self._summary.stopped = str(stop)
        self._summary.seconds = time.monotonic() - self._began

    async def _visit(self, url: str, listed: Listed, seen: set[str]) -> Sequence[Listed]:
        """Crawls the story at this address, or returns what the page there leads to."""
        if site.viewer_url(url):
            await self._story(url, listed, None)
            return ()
        page = (await self._get(url)).page
        if isinstance(page, Listing):
            return *(Listed(category) for category in page.pages), *page.stories
        if not isinstance(page, Info):
            raise Failed("it is neither a list, nor a story")
        if page.viewer not in seen:
            seen.add(page.viewer)
            await self._story(page.viewer, listed, page)
        return ()

    async def _get(self, url: str) -> Answer:
        key = f"GET {url}"
        answer = self._journal.get(key)
        if answer is None:
            answer = await self.send(url, None, {})
            self._journal.put(key, answer)
        return answer

    # ---- one story -------------------------------------------------------------------------------------------

    async def _story(self, viewer: str, listed: Listed, info: Info | None) -> None:
        summary, path = self._summary, self._stories / f"{site.story_id(viewer)}.json"
        if self._journal.fact(f"done {viewer}") and path.exists():
            summary.known += 1
            return
        if self._limits.stories is not None and summary.stories >= self._limits.stories:
            summary.by_choice = True
            raise Stopped(f"the limit of {self._limits.stories} stories is reached")
        self._exploration = Exploration(viewer, site, self._journal, self.send, self._limits.story)
        summary.at_work = True
        try:
            graph = await self._exploration.run()
        finally:
            summary.at_work = False
            summary.replays += self._exploration.graph.replays
            self._exploration = None
        first = self._journal.get(f"GET {viewer}")
        assert first is not None
        assert isinstance(first.page, Viewer)
        if info is None and first.page.info:
            info = await self._info(first.page.info)
        write(to_story(graph, _complete(info, listed), viewer, first.fetched), path)
        summary.stories += 1
        summary.unfinished += bool(graph.unfollowed())
        for reason, count in graph.failures.items():
            summary.skipped[f"a link of {viewer}: {reason}"] += count
        if graph.bounded:
            summary.skipped[f"links of {viewer}: more than {self._limits.story.pages} in one story"] += (
                graph.unfollowed()
            )
        elif not graph.failures:
            self._journal.note(f"done {viewer}", "yes")
        self._report(summary)

    async def _info(self, url: str) -> Info | None:
        """The page about a story whose viewer was named; a site may well keep it to itself."""
        try:
            page = (await self._get(url)).page
        except Failed as failure:
            self._summary.skipped[f"{url}: {failure}"] += 1
            return None
        return page if isinstance(page, Info) else None

    # ---- one request -----------------------------------------------------------------------------------------

    async def send(self, url: str, fields: dict[str, str] | None, cookies: dict[str, str]) -> Answer:
        """One request, as `explore.Send` describes it."""
        self._check_limits()
        engine, jars = self._crawler.engine, self._crawler.get_downloader_middleware(Cookies)
        assert engine is not None
        assert jars is not None
        jars.jars.clear()
        meta = {"complete": site.complete}
        form = None if fields is None else tuple(fields.items())
        kind = "GET" if form is None else "POST"
        request = FormRequest(url, method=kind, formdata=form, cookies=dict(cookies), meta=meta, callback=NO_CALLBACK)
        try:
            response = await engine.download_async(request)
        except ComeBackLater as error:
            raise Stopped(str(error)) from error
        except Refusal as error:
            raise Failed(str(error)) from error
        except Exception as error:  # noqa: BLE001 (Scrapy's handlers let errors of several libraries through)
            self._failed(trouble(error, request))
        return self._answer(request, response)

    def _answer(self, request: Request, response: Response) -> Answer:
        page = site.read(site.decode(response.body, _content_type(response)), response.url)
        if response.status != 200 and not isinstance(page, Refused):
            if response.status >= 500 or response.status == 429:
                self._failed(f"the site answers {response.status}")
            self._failures = 0
            place = (response.headers.get("Location") or b"").decode("latin-1")
            raise Failed(f"it redirects to {place}" if place else f"the site answers {response.status}")
        if not site.complete(response.body):
            self._failed("the page came without its end")
        self._failures = 0
        self._summary.pages += 1
        self._summary.seconds = time.monotonic() - self._began
        self._summary.links = self._exploration.waiting if self._exploration else 0
        self._report(self._summary)
        return Answer(
            page=page,
            url=response.url,
            cookies=(response.request or request).meta["jar"],
            redirected="redirect_urls" in response.meta,
            fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            raise Stopped(f"{_FAILURES} requests in a row failed, the last because {reason}")
        raise Failed(reason)

    def _check_limits(self) -> None:
        limits, summary = self._limits, self._summary
        spent = time.monotonic() - self._began
        if limits.pages is not None and summary.pages >= limits.pages:
            summary.by_choice = True
            raise Stopped(f"the limit of {limits.pages} pages is reached")
        if limits.seconds is not None and spent >= limits.seconds:
            summary.by_choice = True
            raise Stopped(f"the limit of {limits.seconds / 60:g} minutes is reached")


def _complete(info: Info | None, listed: Listed) -> Info:
    """What the story's own page says, and the list where that is silent."""
    if info is None:
        return Info("", "", listed.author, listed.ratings)
    ours, theirs = info.ratings, listed.ratings
    ratings = Ratings(
        theirs.length if ours.length is None else ours.length,
        theirs.difficulty if ours.difficulty is None else ours.difficulty,
        theirs.maturity if ours.maturity is None else ours.maturity,
    )
    return Info(info.viewer, info.title, info.author or listed.author, ratings, info.rights)


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")
