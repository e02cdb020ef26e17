"""The whole crawl: from the user's addresses to one file per story.

    summary = crawl(["https://example.org/Stories/"], Path("out"), policy, Limits(), report)

`out/crawl.sqlite3` is the journal, `out/stories/<number>.json` are the stories. Addresses are followed in their order:
an index to its categories, a category to its stories, a story to its viewer, and there every link (`explore`). Nothing
in the journal is requested again, so the same call continues an earlier one, however that ended; stories whose links
all have an answer are skipped. Only robots.txt is read again by each run.

Limits: one crawl per process, because Twisted's reactor can't be restarted. A list in the journal is not updated;
to see what is new on a site, use another folder.
"""

import asyncio
import signal
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urldefrag

from msgspec.structs import astuple
from scrapy import FormRequest, Request
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from corpus.crawl import chooseyourstory as site
from corpus.crawl.explore import Exploration, Failed, Stopped, StoryLimits
from corpus.crawl.journal import Answer, Journal
from corpus.crawl.page import Info, Listed, Listing, Ratings, Refused, Viewer
from corpus.crawl.politeness import (
    Cookies,
    CrawlPolicy,
    PoliteSpider,
    RequestRefused,
    SitePaused,
    describe_error,
    settings_for,
    until_text,
)
from corpus.crawl.story_file import to_story, write

JOURNAL = "crawl.sqlite3"
STORIES = "stories"
_MAX_FAILURES = 5  # after this many failed requests in a row, the site counts as down


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; None for no limit."""

    pages: int | None = None
    stories: int | None = None
    seconds: float | None = None
    story: StoryLimits = field(default_factory=StoryLimits)


@dataclass(slots=True)
class Summary:
    """The counts of a run so far."""

    stories: int = 0
    """Stories written."""
    already_done: int = 0
    """Stories that an earlier run finished."""
    unfinished: int = 0
    """Written stories with links that got no answer."""
    queued: int = 0
    """Known addresses that are not started yet."""
    in_progress: bool = False
    """Whether a story is being crawled."""
    pages: int = 0
    """Pages received over the network."""
    links: int = 0
    """Links of the current story that are still to be followed."""
    replays: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """What was left out, counted by reason."""
    stopped: str = ""
    """Why the run ended before everything was done; "" if everything was done."""
    limit_reached: bool = False
    """Whether one of the user's limits stopped the run."""
    """Whether it was a limit of the user's that stopped it."""
    seconds: float = 0.0


Report = Callable[[Summary], None]
"""Called after every answer."""


def crawl(urls: Sequence[str], out: Path, policy: CrawlPolicy, limits: Limits, report: Report) -> Summary:
    """Crawl the addresses into the folder `out`, which must exist.

    Raises:
        JournalError: the journal can't be used.
        OSError: a file can't be written.
        KeyboardInterrupt: the user interrupted the crawl.
    """
    (out / STORIES).mkdir(exist_ok=True)
    summary = Summary()
    with Journal(out / JOURNAL) as journal:
        policy.not_before = max(policy.not_before, float(journal.get_fact("not before") or 0))
        policy.save_not_before = lambda moment: journal.set_fact("not before", str(moment))
        if policy.not_before - time.time() > policy.max_wait:
            summary.stopped = f"the site asks for a pause {until_text(policy.not_before)}"
            return summary

        async def job(crawler: Crawler) -> None:
            await _Crawl(crawler, journal, out / STORIES, limits, report, summary).run(urls)

        process = AsyncCrawlerProcess(settings_for(policy))
        spider = process.create_crawler(_Spider)
        process.crawl(spider, job=job, policy=policy)
        process.start(install_signal_handlers=False)
        assert isinstance(spider.spider, _Spider)
        if spider.spider.error is not None:
            raise spider.spider.error
    return summary


class _Spider(PoliteSpider):
    """Runs a coroutine that requests one page after the other from Scrapy's engine."""

    name = "corpus"
    job: Callable[[Crawler], Coroutine[Any, Any, None]]
    error: BaseException | None = None
    """The exception that ended the coroutine; Scrapy would only log it."""

    async def start(self) -> AsyncIterator[Any]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(self.job(self.crawler))
        # An interrupt drops the current request; the journal is consistent at any time.
        previous = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(task.cancel))
        try:
            await task
        except asyncio.CancelledError:
            self.error = KeyboardInterrupt()
        except Exception as error:  # noqa: BLE001 (raised again when the reactor has stopped)
            self.error = error
        finally:
            signal.signal(signal.SIGINT, previous)
        for request in tuple[Request, ...]():  # makes this a generator; Scrapy's own queue stays empty
            yield request


class _Crawl:
    def __init__(
        self, crawler: Crawler, journal: Journal, stories: Path, limits: Limits, report: Report, summary: Summary
    ) -> None:
        self._crawler, self._journal, self._stories = crawler, journal, stories
        self._limits, self._report, self._summary = limits, report, summary
        self._started = time.monotonic()
        self._failures = 0
        self._exploration: Exploration | None = None

    async def run(self, urls: Sequence[str]) -> None:
        """Follow the addresses to their stories, in order."""
        queue = deque((url, Listed(url)) for url in urls)
        seen: set[str] = set()
        try:
            while queue:
                url, listed = queue.popleft()
                url = site.viewer_url(url) or urldefrag(url).url
                if url in seen:
                    continue
                seen.add(url)
                self._summary.queued = len(queue)
                try:
                    found = await self._visit(url, listed, seen)
                except Failed as failure:
                    self._summary.skipped[f"{url}: {failure}"] += 1
                else:
                    queue.extendleft((each.url, each) for each in reversed(found))
        except Stopped as stop:
            self._summary.stopped = str(stop)
        self._summary.seconds = time.monotonic() - self._started

    async def _visit(self, url: str, listed: Listed, seen: set[str]) -> Sequence[Listed]:
        """Crawl the story at this address, or return the stories and lists that its page leads to."""
        if site.viewer_url(url):
            await self._story(url, listed, None)
            return ()
        page = (await self._get(url)).page
        if isinstance(page, Listing):
            return *(Listed(category) for category in page.pages), *page.stories
        if not isinstance(page, Info):
            raise Failed("it is neither a list nor a story")
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

    async def _story(self, viewer: str, listed: Listed, info: Info | None) -> None:
        summary, path = self._summary, self._stories / f"{site.story_id(viewer)}.json"
        if self._journal.get_fact(f"done {viewer}") and path.exists():
            summary.already_done += 1
            return
        if self._limits.stories is not None and summary.stories >= self._limits.stories:
            summary.limit_reached = True
            raise Stopped(f"the limit of {self._limits.stories} stories is reached")
        self._exploration = Exploration(viewer, site, self._journal, self.send, self._limits.story)
        summary.in_progress = True
        try:
            graph = await self._exploration.run()
        finally:
            summary.in_progress = False
            summary.replays += self._exploration.graph.replays
            self._exploration = None
        first = self._journal.get(f"GET {viewer}")
        assert first is not None
        assert isinstance(first.page, Viewer)
        if info is None and first.page.info:
            info = await self._info(first.page.info)
        write(to_story(graph, _merged(info, listed), viewer, first.fetched), path)
        summary.stories += 1
        summary.unfinished += bool(graph.unfollowed())
        for reason, count in graph.failures.items():
            summary.skipped[f"a link of {viewer}: {reason}"] += count
        if graph.limit_reached:
            reason = f"links of {viewer}: more than {self._limits.story.pages} in one story"
            summary.skipped[reason] += graph.unfollowed()
        elif not graph.failures:
            self._journal.set_fact(f"done {viewer}", "yes")
        self._report(summary)

    async def _info(self, url: str) -> Info | None:
        """Return the page about a story if only its viewer was named; the site may not serve that page."""
        try:
            page = (await self._get(url)).page
        except Failed as failure:
            self._summary.skipped[f"{url}: {failure}"] += 1
            return None
        return page if isinstance(page, Info) else None

    async def send(self, url: str, fields: dict[str, str] | None, cookies: dict[str, str]) -> Answer:
        """Make one request, as `explore.Send` describes it."""
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
        except SitePaused as error:
            raise Stopped(str(error)) from error
        except RequestRefused as error:
            raise Failed(str(error)) from error
        except Exception as error:  # noqa: BLE001 (Scrapy's handlers let errors of several libraries through)
            self._fail(describe_error(error, request))
        return self._answer(request, response)

    def _answer(self, request: Request, response: Response) -> Answer:
        page = site.read(site.decode(response.body, _content_type(response)), response.url)
        if response.status != 200 and not isinstance(page, Refused):
            if response.status >= 500 or response.status == 429:
                self._fail(f"the site answers {response.status}")
            self._failures = 0
            location = (response.headers.get("Location") or b"").decode("latin-1")
            raise Failed(f"it redirects to {location}" if location else f"the site answers {response.status}")
        if not site.complete(response.body):
            self._fail("the page is incomplete")
        self._failures = 0
        self._summary.pages += 1
        self._summary.seconds = time.monotonic() - self._started
        self._summary.links = self._exploration.waiting if self._exploration else 0
        self._report(self._summary)
        return Answer(
            page=page,
            url=response.url,
            cookies=(response.request or request).meta["session_cookies"],
            redirected="redirect_urls" in response.meta,
            fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _fail(self, reason: str) -> NoReturn:
        """Raise Failed, or Stopped after too many failures in a row."""
        self._failures += 1
        if self._failures >= _MAX_FAILURES:
            raise Stopped(f"{_MAX_FAILURES} requests in a row failed, the last because {reason}")
        raise Failed(reason)

    def _check_limits(self) -> None:
        limits, summary = self._limits, self._summary
        spent = time.monotonic() - self._started
        if limits.pages is not None and summary.pages >= limits.pages:
            summary.limit_reached = True
            raise Stopped(f"the limit of {limits.pages} pages is reached")
        if limits.seconds is not None and spent >= limits.seconds:
            summary.limit_reached = True
            raise Stopped(f"the limit of {limits.seconds / 60:g} minutes is reached")


def _merged(info: Info | None, listed: Listed) -> Info:
    """Return the story's own page, with gaps filled from the list."""
    if info is None:
        return Info("", "", listed.author, listed.ratings)
    pairs = zip(astuple(info.ratings), astuple(listed.ratings), strict=True)
    ratings = Ratings(*(other if own is None else own for own, other in pairs))
    return Info(info.viewer, info.title, info.author or listed.author, ratings, info.rights)


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")
