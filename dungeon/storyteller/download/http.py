"""Fetches one file over HTTP into a `PartFile`, however the server and the line behave.

    async with Http("Hugging Face Hub", token_origin="https://hub.example", token="…") as http:
        await http.fetch(url, part, identity, progress)

- A part is continued with `Range`. An answer of 200 to that, or a changed file, begins again.
- A connection that breaks off is taken up again where it stopped; waits grow from 1 to 8 seconds, and after five
  failures in a row without a byte in between the source has failed. 429 and 503 are waited for as `Retry-After` says.
- Redirects are followed here, because the token goes to `token_origin` only, and never from https to http.
- Proxies and certificates are the environment's, as httpx reads them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from corpus.text import one_line
from dungeon.storyteller.download.errors import SourceFailed
from dungeon.storyteller.download.part_file import Identity, PartFile, Progress

T = TypeVar("T")
_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_DELAYS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try, while nothing arrives."""
_LONGEST_WAIT = 300.0
"""Seconds that a server may ask us to wait."""
_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429, 500, 502, 503, 504)


class _TryAgain(Exception):
    """What failed may work in a while."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Http:
    """A client for one source. `name` stands before its messages; `explain` turns a refusal into what to do."""

    def __init__(
        self,
        name: str,
        *,
        token_origin: str = "",
        token: str = "",
        explain: Callable[[httpx2.Response], str] = lambda response: "",
    ) -> None:
        if token and not (token.isascii() and token.isprintable()):
            raise SourceFailed(f"{name}: HF_TOKEN holds characters that no HTTP header may. Set it to the token alone.")
        self.name = name
        self._token_origin = token_origin
        self._token = token
        self._explain = explain
        headers = {"User-Agent": "dungeon", "Accept-Encoding": "identity"}
        try:
            self._client = httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT, follow_redirects=False)
        except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
            raise SourceFailed(f"{name}: the environment's proxy or certificates can't be used: {error}") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    # ---- single requests -------------------------------------------------------------------------------------

    async def get_json(self, url: str) -> tuple[object, Mapping[str, str]]:
        """Return an answer's JSON and its headers.

        Raises:
            SourceFailed: the server can't be reached, refuses, or answers something else.
        """

        async def get() -> tuple[object, Mapping[str, str]]:
            async with self._open("GET", url) as response:
                if response.status_code != 200:
                    raise self._failure(response)
                await response.aread()
                try:
                    return response.json(), response.headers
                except ValueError as error:
                    raise SourceFailed(f"{self.name}: the answer of {_short(url)} is not JSON") from error

        return await self._retrying(get)

    async def head(self, url: str, *, to_other_hosts: bool = True) -> httpx2.Response:
        """Return the answer to HEAD, behind redirects; the redirect itself if it leads to another host and
        `to_other_hosts` is false.

        Raises:
            SourceFailed: the server can't be reached or refuses.
        """

        async def head() -> httpx2.Response:
            async with self._open("HEAD", url, to_other_hosts=to_other_hosts) as response:
                if response.status_code >= 400:
                    raise self._failure(response)
                return response

        return await self._retrying(head)

    @asynccontextmanager
    async def _open(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, *, to_other_hosts: bool = True
    ) -> AsyncIterator[httpx2.Response]:
        """The answer to a request, behind redirects, not yet read."""
        for _ in range(_MOST_REDIRECTS):
            try:
                request = self._client.build_request(
                    method, url, headers={**(headers or {}), **self._authorization(url)}
                )
                response = await self._client.send(request, stream=True)
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
                raise SourceFailed(f"{self.name}: '{_short(url)}' is not an address: {error}") from error
            try:
                target = self._redirect(response)
                if not target or not (to_other_hosts or _origin(target) == _origin(url)):
                    yield response
                    return
                url = target
            finally:
                await response.aclose()
        raise SourceFailed(f"{self.name}: more than {_MOST_REDIRECTS} redirects")

    def _authorization(self, url: str) -> dict[str, str]:
        """The token, for the host that it was given for and no other."""
        if self._token and _origin(url) == _origin(self._token_origin):
            return {"Authorization": f"Bearer {self._token}"}
        return {}

    def _redirect(self, response: httpx2.Response) -> str:
        """Where a redirect leads, or ""."""
        location = response.headers.get("location", "")
        if response.status_code not in _REDIRECTS or not location:
            return ""
        try:
            target = str(response.url.join(location))
        except httpx2.InvalidURL as error:
            raise SourceFailed(f"{self.name}: the server redirects to an invalid address") from error
        if response.url.scheme == "https" and not target.startswith("https:"):
            raise SourceFailed(f"{self.name}: the server redirects to an address without encryption, {_short(target)}")
        return target

    def _failure(self, response: httpx2.Response) -> Exception:
        """What a refusal means: a failure, or a reason to try again."""
        status = response.status_code
        elsewhere = bool(self._token_origin) and _origin(str(response.url)) != _origin(self._token_origin)
        explained = "" if elsewhere else self._explain(response)
        reason = f"{self.name}: {explained or f'the server answers {status} {response.reason_phrase}'.strip()}"
        # An address that a redirect leads to is signed and runs out; the next try gets another one.
        if status not in _LATER and not (elsewhere and status in (401, 403)):
            return SourceFailed(reason)
        wait = _retry_after(response)
        if wait is not None and wait > _LONGEST_WAIT:
            return SourceFailed(f"{reason}; it asks to wait {wait / 60:.0f} minutes. Try again then.")
        return _TryAgain(reason, wait)

    async def _retrying(self, attempt: Callable[[], Awaitable[T]], arrived: Callable[[], int] = lambda: 0) -> T:
        """Run `attempt` until it works, or has failed five times in a row while `arrived()` stood still."""
        failures = 0
        at_first = before = arrived()
        while True:
            try:
                return await attempt()
            except _TryAgain as again:
                reason, wait = str(again), again.wait
            except httpx2.TransportError as error:
                reason, wait = f"{self.name}: {_transport_error(error)}", None
                if isinstance(error, httpx2.ConnectError | httpx2.ProxyError) and arrived() == at_first:
                    raise SourceFailed(reason) from error  # there is no network: waiting helps nobody
            if arrived() > before:
                failures, before = 0, arrived()
            if failures == len(_DELAYS):
                raise SourceFailed(reason)
            await pause(_DELAYS[failures] if wait is None else wait)
            failures += 1

    # ---- the file --------------------------------------------------------------------------------------------

    async def fetch(self, url: str, part: PartFile, identity: Identity, progress: Progress) -> None:
        """Fetch the file into `part`, from where an earlier run stopped. `part.finish()` is left to the caller.

        Raises:
            SourceFailed: the server or the line failed for good, or has another file.
            OSError: the disk takes no more.
        """
        done = part.open(identity, progress=lambda done: progress(done, identity.size))
        total = part.identity.size
        progress(done, total)
        if total and done == total:
            return
        await self._retrying(lambda: self._receive(url, part, progress), lambda: part.done)

    async def _receive(self, url: str, part: PartFile, progress: Progress) -> None:
        headers = {}
        if part.done:
            headers["Range"] = f"bytes={part.done}-"
            if part.identity.validator and not part.identity.sha256:
                headers["If-Range"] = part.identity.validator
        async with self._open("GET", url, headers) as response:
            if response.status_code == 416 and part.done:
                part.restart(part.identity)
                raise _TryAgain(f"{self.name}: the server has fewer bytes than have arrived", 0.0)
            if response.status_code not in (200, 206):
                raise self._failure(response)
            total = self._check_answer(response, part)
            async for chunk in response.aiter_raw():
                if total and part.done + len(chunk) > total:
                    part.restart(part.identity)
                    raise SourceFailed(f"{self.name}: the server sends more than the {total:,} bytes that it announced")
                part.write(chunk)
                progress(part.done, total)
            if total and part.done < total:
                raise _TryAgain(f"{self.name}: the connection broke off at {part.done:,} of {total:,} bytes")

    def _check_answer(self, response: httpx2.Response, part: PartFile) -> int:
        """Return the size of the whole file, 0 if not known; begin again where the answer is not a continuation.

        Raises:
            SourceFailed: the server has another file than the one that is wanted.
        """
        known = part.identity
        validator = validator_of(response)
        if response.status_code == 206:
            start, total = _content_range(response)
            # Without a hash, the same tag or date is the only sign that this is still the same file.
            changed = not known.sha256 and known.validator and validator and validator != known.validator
            if start != part.done or changed:
                part.restart(part.identity)
                raise _TryAgain(f"{self.name}: the file has changed while it was fetched", 0.0)
        else:
            total = int(length) if (length := response.headers.get("content-length", "")).isdecimal() else 0
            if not known.sha256:
                known = Identity(known.source, "", total, validator)
            if part.done or known != part.identity:
                part.restart(known)
        if known.size and total and total != known.size:
            raise SourceFailed(f"{self.name}: the server's file has {total:,} bytes, not {known.size:,}")
        return known.size or total


async def pause(seconds: float) -> None:
    """Wait before the next try."""
    await asyncio.sleep(seconds)


def validator_of(response: httpx2.Response) -> str:
    """The tag or date by which a server recognises its file; "" if it has none that is safe to continue by."""
    tag = str(response.headers.get("etag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    return str(response.headers.get("last-modified", ""))


def _content_range(response: httpx2.Response) -> tuple[int, int]:
    """First byte and size of the whole file in `Content-Range: bytes 5-9/10`; -1 and 0 where they are missing."""
    unit, _, rest = response.headers.get("content-range", "").partition(" ")
    place, _, total = rest.partition("/")
    start = place.partition("-")[0]
    if unit != "bytes" or not start.isdecimal():
        return -1, 0
    return int(start), int(total) if total.isdecimal() else 0


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the server asks to wait."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _transport_error(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the server does not answer"
    return one_line(str(error))[:200] or "the connection broke off"


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "", "", None
    return parsed.scheme, parsed.host, parsed.port


def _short(url: str) -> str:
    """An address for messages: without the query, which may hold a signature."""
    return one_line(url.split("?")[0])[:200]
