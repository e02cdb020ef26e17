"""The crawler's behaviour towards a site: Scrapy settings, and middlewares that are stricter than Scrapy's.

    settings = settings_for(CrawlPolicy(contact="ada@example.org"))

Scrapy's own middlewares follow redirects, keep cookies, decompress and retry; AutoThrottle adapts to a slow server. The
stricter middlewares:

- `RobotsTxt`: a robots.txt that answers 401, 403, 429 or 5xx, or doesn't answer, closes the site; `Crawl-delay` is
  obeyed; the file is read again after a day (RFC 9309, section 2.4).
- `Throttle`: one request at a time, with a delay after the end of the previous answer, so that slow connections can't
  bring two requests closer. Each refusal doubles the delay, and `Retry-After` is obeyed.
- `AllowedHosts`: no other host and no other scheme, at every step of a redirect.

Limits: proxies are not used, because their connections can't be checked.
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
"""The crawler's name in requests and in robots.txt."""
MIN_DELAY = 1.0
_MAX_DELAY = 60.0
_ROBOTS_AGE = 24 * 3600.0
_MAX_RETRY_AFTER = 366 * 24 * 3600.0
_MIDDLEWARES = "scrapy.downloadermiddlewares"


class RequestRefused(IgnoreRequest):
    """A request that must not be made; the message says why."""


class SitePaused(IgnoreRequest):
    """The site asks for a longer pause than the crawler waits."""


@dataclass
class CrawlPolicy:
    """The user's choices, and what the site asked for in this run. Times are in seconds, sizes in bytes."""

    contact: str
    hosts: Hosts
    delay: float = MIN_DELAY
    timeout: float = 30.0
    """For one request."""
    page_bytes: int = 4 << 20
    redirects: int = 5
    retries: int = 3
    max_wait: float = 600.0
    """The longest Retry-After to wait for; a longer one ends the run."""
    not_before: float = 0.0
    """The time, in seconds of the epoch, before which the site wants no request."""
    notify: Callable[[str], None] = field(default=lambda _: None)
    """Called with messages for the user."""
    save_not_before: Callable[[float], None] = field(default=lambda _: None)
    """Called with a new `not_before`."""


def settings_for(policy: CrawlPolicy) -> dict[str, Any]:
    """Return the Scrapy settings of a crawl."""
    return {
        "USER_AGENT": f"{PRODUCT}/0.1 (corpus crawler; contact: {policy.contact})",
        "CONCURRENT_REQUESTS": 1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": policy.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_TIMEOUT": policy.timeout,
        "DOWNLOAD_MAXSIZE": policy.page_bytes,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "AUTOTHROTTLE_ENABLED": policy.delay > 0,
        "AUTOTHROTTLE_START_DELAY": policy.delay,
        "AUTOTHROTTLE_MAX_DELAY": _MAX_DELAY,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        "ROBOTSTXT_OBEY": True,
        "REDIRECT_MAX_TIMES": policy.redirects,
        "METAREFRESH_ENABLED": False,
        "RETRY_TIMES": policy.retries,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "TWISTED_DNS_RESOLVER": "corpus.crawl.addresses.PublicResolver",
        "HTTPPROXY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,  # the journal is the cache: answers depend on the session, not only the address
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "DOWNLOADER_MIDDLEWARES": {
            f"{_MIDDLEWARES}.offsite.OffsiteMiddleware": None,
            f"{_MIDDLEWARES}.robotstxt.RobotsTxtMiddleware": None,
            f"{_MIDDLEWARES}.retry.RetryMiddleware": None,
            f"{_MIDDLEWARES}.cookies.CookiesMiddleware": None,
            "corpus.crawl.politeness.AllowedHosts": 50,
            "corpus.crawl.politeness.RobotsTxt": 100,
            "corpus.crawl.politeness.Retry": 550,
            "corpus.crawl.politeness.Cookies": 700,
            "corpus.crawl.politeness.Throttle": 1000,
        },
    }


class PoliteSpider(Spider):
    """A spider with a crawl policy, which can't be a Scrapy setting because Scrapy copies settings."""

    policy: CrawlPolicy


def _policy(crawler: Crawler) -> CrawlPolicy:
    assert isinstance(crawler.spider, PoliteSpider)
    return crawler.spider.policy


class _Middleware:
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.policy = _policy(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "_Middleware":
        return cls(crawler)


class AllowedHosts(_Middleware):
    """Refuses requests to hosts that the user didn't name."""

    def process_request(self, request: Request) -> None:
        refusal = self.policy.hosts.refusal(request.url)
        if refusal:
            raise RequestRefused(refusal)


class RobotsTxt(_Middleware):
    """Refuses requests that robots.txt forbids, and all requests if it can't be read."""

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
            raise RequestRefused(rules)
        if not rules.can_fetch(request.url, PRODUCT):
            raise RequestRefused("robots.txt forbids it")

    async def _read(self, site: str) -> Protego | str:
        """Return the rules, or why the site is closed."""
        url = f"{site}/robots.txt"
        request = Request(url, meta={"robots": True, "dont_merge_cookies": True}, callback=NO_CALLBACK)
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except SitePaused:
            raise
        except Exception as error:  # noqa: BLE001 (whatever the error, an unreadable file closes the site)
            return f"robots.txt can't be read ({describe_error(error, request)}), so nothing may be crawled"
        if response.status in (401, 403, 429) or response.status >= 500 or 300 <= response.status < 400:
            return f"robots.txt answers {response.status}, so nothing may be crawled"
        rules = Protego.parse(response.body.decode("utf-8-sig", "ignore") if response.status == 200 else "")
        delay = float(rules.crawl_delay(PRODUCT) or 0)
        if delay > _ROBOTS_AGE:
            return f"robots.txt asks for {delay:g} seconds between requests, so nothing may be crawled"
        if delay > self.policy.delay:
            self.policy.delay = delay
            self.policy.notify(f"robots.txt asks for {delay:g} seconds between requests.")
        return rules


class Retry(RetryMiddleware):
    """Scrapy's middleware, which also retries incomplete pages and obeys Retry-After."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        policy = _policy(self.crawler)
        if response.status in (429, 503):
            wait = retry_after(response)
            if wait > 0:
                policy.not_before = time.time() + wait
                policy.save_not_before(policy.not_before)
            if wait > policy.max_wait:
                raise SitePaused(f"the site asks for a pause {until_text(policy.not_before)}")
        complete = request.meta.get("complete")
        if response.status == 200 and complete is not None and not complete(response.body):
            assert self.crawler.spider is not None
            return get_retry_request(request, spider=self.crawler.spider, reason="incomplete") or response
        return super().process_response(request, response)

    def process_exception(
        self, request: Request, exception: Exception, spider: Any = None
    ) -> Request | Response | None:
        if urlsplit(request.url).hostname in PublicResolver.refused:
            return None  # the address will be private the next time, too
        return super().process_exception(request, exception)


class Cookies(CookiesMiddleware):
    """Scrapy's middleware, which also puts the session's cookies after an answer into `request.meta`."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        answer = super().process_response(request, response)
        jar = self.jars[request.meta.get("cookiejar")]
        request.meta["session_cookies"] = {cookie.name: cookie.value or "" for cookie in jar}
        return answer


class Throttle(_Middleware):
    """Allows one request at a time, after a delay since the end of the previous one."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._lock = asyncio.Lock()
        self._ended = -float("inf")
        self._refusals = 0

    async def process_request(self, request: Request) -> None:
        await self._lock.acquire()
        request.meta["throttled"] = True
        delay = self.policy.delay * 2**self._refusals
        wait = min(delay, max(_MAX_DELAY, self.policy.delay)) - (time.monotonic() - self._ended)
        asked = self.policy.not_before - time.time()
        if asked > 2:
            self.policy.notify(f"The site asks for a pause {until_text(self.policy.not_before)}.")
        await asyncio.sleep(max(wait, asked, 0))

    def process_response(self, request: Request, response: Response) -> Response:
        self._end(request, refused=response.status == 429 or response.status >= 500)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        self._end(request, refused=True)

    def _end(self, request: Request, *, refused: bool) -> None:
        if not request.meta.pop("throttled", False):
            return  # another middleware answered before the request got here
        self._ended = time.monotonic()
        self._refusals = self._refusals + 1 if refused else 0
        self._lock.release()


def retry_after(response: Response) -> float:
    """Return the seconds that the site asks to wait: a number, or a date (RFC 9110, section 10.2.3); else 0."""
    value = (response.headers.get("Retry-After") or b"").decode("ascii", "ignore").strip()
    if value.replace(".", "", 1).isdecimal():
        return min(float(value), _MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _MAX_RETRY_AFTER)


def until_text(moment: float) -> str:
    """Return `until …` with a time of the epoch as local date and time."""
    return f"until {datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def describe_error(error: Exception, request: Request) -> str:
    """Return what went wrong with a request, for the user."""
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
