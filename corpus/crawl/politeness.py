"""How the crawler behaves towards a site: Scrapy's settings, and the middlewares that make them strict.

    settings = settings_for(Manners(contact="ada@example.org"))

Scrapy's own middlewares follow redirects, keep cookies, unpack and retry; AutoThrottle slows down for a slow server.
Stricter than Scrapy's are:

- `Robots`: a robots.txt that answers 401, 403, 429 or 5xx, or doesn't answer, closes the site; `Crawl-delay` is kept;
  it is read again after a day (RFC 9309, section 2.4).
- `Pace`: one request at a time, and the gap before it counts from the end of the answer before, so that slow
  connections can't bring two requests closer; each refusal doubles the gap, and `Retry-After` is waited for.
- `Bounds`: no other host, no other scheme, at every hop of a redirect.

Limits: proxies are not used, for nobody could tell where they connect to.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from corpus.crawl.addresses import Hosts, PublicResolver

PRODUCT = "dungeon"
"""What the crawler calls itself, and what a robots.txt may call it."""
LEAST_DELAY = 1.0
_MOST_DELAY = 60.0
_ROBOTS_AGE = 24 * 3600.0
_LONGEST = 366 * 24 * 3600.0
_MIDDLEWARES = "scrapy.downloadermiddlewares"


class Refusal(IgnoreRequest):
    """A request that mustn't be made; the message says why."""


class ComeBackLater(IgnoreRequest):
    """The site wants to be left alone for longer than we wait."""


@dataclass
class Manners:
    """What the user may decide, and what the run remembers of the site's wishes. Times in seconds, sizes in bytes."""

    contact: str
    hosts: Hosts
    delay: float = LEAST_DELAY
    timeout: float = 30.0
    """For one request."""
    page_bytes: int = 4 << 20
    redirects: int = 5
    retries: int = 3
    patience: float = 600.0
    """The longest Retry-After that is waited for; a longer one ends the run."""
    not_before: float = 0.0
    """The time, in seconds of the epoch, before which the site wants no request."""
    tell: Callable[[str], None] = field(default=lambda _: None)
    """Called with what the user should know."""
    remember: Callable[[float], None] = field(default=lambda _: None)
    """Called with a new `not_before`."""


def settings_for(manners: Manners) -> dict[str, Any]:
    """The settings of a crawl."""
    return {
        "USER_AGENT": f"{PRODUCT}/0.1 (corpus crawler; contact: {manners.contact})",
        "CONCURRENT_REQUESTS": 1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": manners.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_TIMEOUT": manners.timeout,
        "DOWNLOAD_MAXSIZE": manners.page_bytes,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "AUTOTHROTTLE_ENABLED": manners.delay > 0,
        "AUTOTHROTTLE_START_DELAY": manners.delay,
        "AUTOTHROTTLE_MAX_DELAY": _MOST_DELAY,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        "ROBOTSTXT_OBEY": True,
        "REDIRECT_MAX_TIMES": manners.redirects,
        "METAREFRESH_ENABLED": False,
        "RETRY_TIMES": manners.retries,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "TWISTED_DNS_RESOLVER": "corpus.crawl.addresses.PublicResolver",
        "HTTPPROXY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,  # the journal is the cache: answers depend on the session, not on the address
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "DOWNLOADER_MIDDLEWARES": {
            f"{_MIDDLEWARES}.offsite.OffsiteMiddleware": None,
            f"{_MIDDLEWARES}.robotstxt.RobotsTxtMiddleware": None,
            f"{_MIDDLEWARES}.retry.RetryMiddleware": None,
            f"{_MIDDLEWARES}.cookies.CookiesMiddleware": None,
            "corpus.crawl.politeness.Bounds": 50,
            "corpus.crawl.politeness.Robots": 100,
            "corpus.crawl.politeness.Retry": 550,
            "corpus.crawl.politeness.Cookies": 700,
            "corpus.crawl.politeness.Pace": 1000,
        },
    }


class PoliteSpider(Spider):
    """A spider that knows its manners; Scrapy copies settings, so they can't lie there."""

    manners: Manners


def _manners(crawler: Crawler) -> Manners:
    assert isinstance(crawler.spider, PoliteSpider)
    return crawler.spider.manners


class _Middleware:
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.manners = _manners(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "_Middleware":
        return cls(crawler)


class Bounds(_Middleware):
    """No request leaves the hosts that the user named."""

    def process_request(self, request: Request) -> None:
        refusal = self.manners.hosts.refusal(request.url)
        if refusal:
            raise Refusal(refusal)


class Robots(_Middleware):
    """No request that robots.txt forbids, and none where it can't be read."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._rules: dict[str, tuple[float, Protego | str]] = {}

    async def process_request(self, request: Request) -> None:
        if request.meta.get("robots"):
            return
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        read, rules = self._rules.get(site, (0.0, ""))
        if not read or time.monotonic() > read + _ROBOTS_AGE:
            rules = await self._read(site)
            self._rules[site] = time.monotonic(), rules
        if isinstance(rules, str):
            raise Refusal(rules)
        if not rules.can_fetch(request.url, PRODUCT):
            raise Refusal("robots.txt forbids it")

    async def _read(self, site: str) -> Protego | str:
        """The rules, or why there is nothing to crawl by."""
        url = f"{site}/robots.txt"
        request = Request(url, meta={"robots": True, "dont_merge_cookies": True}, callback=NO_CALLBACK)
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except ComeBackLater:
            raise
        except Exception as error:  # noqa: BLE001 (whatever keeps us from reading it, it closes the site)
            return f"robots.txt can't be read ({trouble(error, request)}), so nothing may be crawled"
        if response.status in (401, 403, 429) or response.status >= 500 or 300 <= response.status < 400:
            return f"robots.txt answers {response.status}, so nothing may be crawled"
        rules = Protego.parse(response.body.decode("utf-8-sig", "ignore") if response.status == 200 else "")
        delay = float(rules.crawl_delay(PRODUCT) or 0)
        if delay > _ROBOTS_AGE:
            return f"robots.txt asks for {delay:g} seconds between requests, so nothing may be crawled"
        if delay > self.manners.delay:
            self.manners.delay = delay
            self.manners.tell(f"robots.txt asks for {delay:g} seconds between requests.")
        return rules


class Retry(RetryMiddleware):
    """Scrapy's, which also tries again what came without its end, and hears what a busy site asks for."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        manners = _manners(self.crawler)
        if response.status in (429, 503):
            wait = retry_after(response)
            if wait > 0:
                manners.not_before = time.time() + wait
                manners.remember(manners.not_before)
            if wait > manners.patience:
                raise ComeBackLater(f"the site asks to be left alone {until(manners.not_before)}")
        complete = request.meta.get("complete")
        if response.status == 200 and complete is not None and not complete(response.body):
            assert self.crawler.spider is not None
            return get_retry_request(request, spider=self.crawler.spider, reason="no end") or response
        return super().process_response(request, response)

    def process_exception(
        self, request: Request, exception: Exception, spider: Any = None
    ) -> Request | Response | None:
        if urlsplit(request.url).hostname in PublicResolver.refused:
            return None  # it will be as private the next time
        return super().process_exception(request, exception)


class Cookies(CookiesMiddleware):
    """Scrapy's, which also hands out what the session's cookies are after an answer, in `request.meta["jar"]`."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        answer = super().process_response(request, response)
        jar = self.jars[request.meta.get("cookiejar")]
        request.meta["jar"] = {cookie.name: cookie.value or "" for cookie in jar}
        return answer


class Pace(_Middleware):
    """One request at a time, each some time after the end of the one before."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._one = asyncio.Lock()
        self._ended = -float("inf")
        self._refusals = 0

    async def process_request(self, request: Request) -> None:
        await self._one.acquire()
        request.meta["pace"] = True
        gap = self.manners.delay * 2**self._refusals
        wait = min(gap, max(_MOST_DELAY, self.manners.delay)) - (time.monotonic() - self._ended)
        asked = self.manners.not_before - time.time()
        if asked > 2:
            self.manners.tell(f"The site asks for a pause {until(self.manners.not_before)}.")
        await asyncio.sleep(max(wait, asked, 0))

    def process_response(self, request: Request, response: Response) -> Response:
        self._end(request, refused=response.status == 429 or response.status >= 500)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        self._end(request, refused=True)

    def _end(self, request: Request, *, refused: bool) -> None:
        if not request.meta.pop("pace", False):
            return  # another middleware spoke before the request got here
        self._ended = time.monotonic()
        self._refusals = self._refusals + 1 if refused else 0
        self._one.release()


def retry_after(response: Response) -> float:
    """Seconds that the site asks to wait for: a number, or a date (RFC 9110, section 10.2.3); 0 for neither."""
    value = (response.headers.get("Retry-After") or b"").decode("ascii", "ignore").strip()
    if value.replace(".", "", 1).isdecimal():
        return min(float(value), _LONGEST)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _LONGEST)


def until(moment: float) -> str:
    """A time of the epoch as the user's clock shows it."""
    return f"until {datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def trouble(error: Exception, request: Request) -> str:
    """What went wrong with a request, for the user."""
    host = urlsplit(request.url).hostname or ""
    if host in PublicResolver.refused:
        return PublicResolver.refused[host]
    text = " ".join(str(error).split())
    if isinstance(error, DownloadCancelledError) or (isinstance(error, IgnoreRequest) and "MAXSIZE" in text):
        return "the page is too large"
    if isinstance(error, DownloadTimeoutError):
        return "the site didn't answer in time"
    if isinstance(error, IgnoreRequest) and "redirections" in text:
        return "it redirects too often"
    return text if text and len(text) < 200 else type(error).__name__
