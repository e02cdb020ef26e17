"""Faults in the replica's answers, and kinds of robots.txt.

    Replica(stories, faults=[
        Fault(too_many(retry_after=1), on="/story/viewer/", nth={3}),   # only the third request there
        Fault(status(500), on="/story/day-2", nth=range(1, 3)),         # the first two
        Fault(truncated),                                               # every page
    ], robots=ROBOTS["disallow viewer"])

The first argument is a `Response` that replaces the page (the request then doesn't count as served), or a function that
changes the page.
"""

import re
import time
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import lru_cache
from threading import Event

HTML = "text/html; charset=utf-8"
NO_ANSWER = 0
"""The status of a response that is never sent: the connection stays open until the site closes."""

Stream = Callable[[Event], Iterator[bytes]]
"""Returns the pieces of a body, which are sent one by one; the event is set when the site closes."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response. A body of bytes gets a Content-Length; after a stream the connection is closed."""

    status: int = 200
    body: bytes | Stream = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": HTML})
    complete: bool = True
    """Whether the whole page is sent; if not, the client has to request it again."""

    def bytes(self) -> bytes:
        """Return the body of a response that is not a stream."""
        assert isinstance(self.body, bytes), "two faults on one answer, which is already a stream"
        return self.body


Answer = Response | Callable[[Response], Response]


@dataclass(frozen=True, eq=False)
class Fault:
    """An answer to requests whose path and query begin with `on`: to all, or to the `nth` of them."""

    answer: Answer
    on: str = "/"
    nth: Container[int] | None = None
    """Counted from 1: {3}, range(1, 4), or range(5, 10**9, 5) for every fifth."""
    method: str = ""
    """GET or POST; "" for both."""


# ---- responses instead of the page ---------------------------------------------------------------------------


def status(code: int, **headers: str) -> Response:
    """Return a short response with this status; header names have underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(code, b"<h1>%d</h1>" % code, {"Content-Type": HTML, **named})


def too_many(retry_after: float, code: int = 429) -> Response:
    """Return "too many requests", with a Retry-After in seconds."""
    return status(code, Retry_After=str(retry_after))


def too_many_until(seconds: float, code: int = 429) -> Response:
    """Return "too many requests", with a Retry-After as a date, so many seconds from now."""
    return status(code, Retry_After=formatdate(time.time() + seconds, usegmt=True))


def redirect(to: str, code: int = 302) -> Response:
    """Return a redirect to any address: another host or scheme, a private address, or the path itself for a loop."""
    return status(code, Location=to)


def wandering(page: Response, code: int = 302) -> Response:
    """Return a redirect to a new address, so that a redirect loop can't be recognised by its addresses."""
    del page
    return redirect(f"/wander/{time.monotonic_ns()}", code)


silence = Response(NO_ANSWER)
"""No answer: the request times out."""


def endless(text: bytes = b"<p>and then</p>\n") -> Response:
    """Return a page without an end, sent as fast as it is read."""

    def pieces(closing: Event) -> Iterator[bytes]:
        yield b"<html><body>"
        while not closing.is_set():
            yield text * 4096

    return Response(200, pieces)


def gzip_bomb(megabytes: int = 200) -> Response:
    """Return a valid gzip file that unpacks to so many megabytes, a thousand times its size."""
    return Response(200, _bomb(megabytes), {"Content-Type": HTML, "Content-Encoding": "gzip"})


@lru_cache(1)
def _bomb(megabytes: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = b"\0" * 1_000_000
    return b"".join([*(compressor.compress(block) for _ in range(megabytes)), compressor.flush()])


# ---- changes of the page -------------------------------------------------------------------------------------


def truncated(page: Response) -> Response:
    """Return half of the page, with the Content-Length of all of it."""
    body = page.bytes()
    return replace(
        page,
        body=lambda _: iter([body[: len(body) // 2]]),
        complete=False,
        headers={**page.headers, "Content-Length": str(len(body))},
    )


def cut(page: Response) -> Response:
    """Return half of the page without a Content-Length, so that the end of the connection is the page's end."""
    body = page.bytes()
    return replace(page, body=lambda _: iter([body[: len(body) // 2]]), complete=False)


def slow(pause: float, pieces: int = 10) -> Callable[[Response], Response]:
    """Return a fault that sends the page in pieces, with a pause in seconds before each."""

    def change(page: Response) -> Response:
        body = page.bytes()
        size = max(1, -(-len(body) // pieces))

        def send_slowly(closing: Event) -> Iterator[bytes]:
            for at in range(0, len(body), size):
                if closing.wait(pause):
                    return
                yield body[at : at + size]

        return replace(page, body=send_slowly, headers={**page.headers, "Content-Length": str(len(body))})

    return change


def charset(written: str, header: str = "", meta: str = "") -> Callable[[Response], Response]:
    """Return a fault that encodes the page as `written` and declares `header` and `meta` ("": no declaration).

    Characters that the encoding lacks become character references.
    """

    def change(page: Response) -> Response:
        declaration = f'<meta charset="{meta}" />' if meta else ""
        text = re.sub(r'<meta charset="[^"]*" />', declaration, page.bytes().decode("utf-8"))
        kind = f"text/html; charset={header}" if header else "text/html"
        return replace(
            page, body=text.encode(written, "xmlcharrefreplace"), headers={**page.headers, "Content-Type": kind}
        )

    return change


# ---- robots.txt ----------------------------------------------------------------------------------------------

MOVED_ROBOTS = "/moved/robots.txt"
"""The replica always answers this address with ROBOTS["disallow viewer"]."""


def robots(text: str | bytes) -> Response:
    """Return a robots.txt with this text."""
    return Response(200, text.encode() if isinstance(text, str) else text, {"Content-Type": "text/plain"})


_VIEWER = "User-agent: *\nDisallow: /story/viewer/\n"
ROBOTS: dict[str, Response] = {
    "allow": robots("User-agent: *\nDisallow: /admin/\nCrawl-delay: 0\n"),
    "disallow all": robots("User-agent: *\nDisallow: /\n"),
    "disallow viewer": robots(_VIEWER),
    "disallow viewer by wildcard": robots("User-agent: *\nAllow: /story/\nDisallow: /story/*/default.aspx?\n"),
    "disallow others": robots("User-agent: evilbot\nDisallow: /\n\nUser-agent: *\nDisallow:\n"),
    "disallow dungeon": robots("User-agent: dungeon\nDisallow: /\n\nUser-agent: *\nAllow: /\n"),
    "crawl-delay": robots("User-agent: *\nCrawl-delay: 2\nDisallow:\n"),
    "bom": robots(b"\xef\xbb\xbf" + _VIEWER.encode()),
    "carriage returns": robots(_VIEWER.replace("\n", "\r")),
    "empty": robots(""),
    "garbage": robots(bytes(range(256)) * 16),
    "html": Response(200, b"<!DOCTYPE html><html><body><h1>Welcome!</h1><p>Disallow: /</p></body></html>"),
    "huge": robots("User-agent: *\nDisallow: /story/viewer/\n" + "# padding\n" * 500_000),
    "endless": replace(endless(b"# and on\n"), headers={"Content-Type": "text/plain"}),
    "redirect": redirect(MOVED_ROBOTS),
    "redirect loop": redirect("/robots.txt"),
    "redirect private": redirect("http://10.0.0.1/robots.txt"),
    "timeout": silence,
    **{str(code): status(code) for code in (401, 403, 404, 410, 429, 500, 503)},
}
