"""What can go wrong with the replica's answers, and every robots.txt that a crawler may meet.

    Replica(stories, faults=[
        Fault(too_many(retry_after=1), on="/story/viewer/", nth={3}),   # the third request there, and no other
        Fault(status(500), on="/story/day-2", nth=range(1, 3)),         # the first two
        Fault(truncated),                                               # every page
    ], robots=ROBOTS["disallow viewer"])

An answer is a `Response` that stands in the page's place (the request is then not counted as served), or a function
that spoils the page that would have been sent.
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
SILENT = 0
"""The status of a response that is none: the connection stays open and mute until the site closes."""

Stream = Callable[[Event], Iterator[bytes]]
"""Pieces of a body, to be sent one by one; the event is set when the site closes."""


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent. A body of bytes gets its Content-Length; after a stream the connection is closed."""

    status: int = 200
    body: bytes | Stream = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": HTML})
    whole: bool = True
    """False for a page that was cut short, so that to ask for it again is no fault of the client."""

    def bytes(self) -> bytes:
        """The whole body, of a response that is no stream."""
        assert isinstance(self.body, bytes), "two faults on one answer: the first already streams it"
        return self.body


Answer = Response | Callable[[Response], Response]


@dataclass(frozen=True, eq=False)
class Fault:
    """`answer`, for requests whose path and query begin with `on`: all, or those whose number among them is `nth`."""

    answer: Answer
    on: str = "/"
    nth: Container[int] | None = None
    """Counted from 1: {3}, range(1, 4), or range(5, 10**9, 5) for each fifth."""
    method: str = ""
    """GET or POST; "" for both."""


# ---- in the page's place -------------------------------------------------------------------------------------


def status(code: int, **headers: str) -> Response:
    """A bare answer with this status; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(code, b"<h1>%d</h1>" % code, {"Content-Type": HTML, **named})


def too_many(retry_after: float, code: int = 429) -> Response:
    """Too many requests; come back in so many seconds."""
    return status(code, Retry_After=str(retry_after))


def too_many_until(seconds: float, code: int = 429) -> Response:
    """The same with the time of day: so many seconds from now (HTTP dates have whole seconds)."""
    return status(code, Retry_After=formatdate(time.time() + seconds, usegmt=True))


def redirect(to: str, code: int = 302) -> Response:
    """A redirect to any address: another host or scheme, a private address, or the path itself for a loop."""
    return status(code, Location=to)


def wandering(page: Response, code: int = 302) -> Response:
    """A redirect to an address never seen before, so that a redirect loop can't be told by its addresses."""
    del page
    return redirect(f"/wander/{time.monotonic_ns()}", code)


silence = Response(SILENT)
"""No answer at all: the request times out."""


def endless(text: bytes = b"<p>and then</p>\n") -> Response:
    """A page whose end never comes, as fast as it is read."""

    def pieces(closing: Event) -> Iterator[bytes]:
        yield b"<html><body>"
        while not closing.is_set():
            yield text * 4096

    return Response(200, pieces)


def gzip_bomb(megabytes: int = 200) -> Response:
    """A thousandth of these megabytes on the wire, all of them once unpacked; a valid gzip file."""
    return Response(200, _bomb(megabytes), {"Content-Type": HTML, "Content-Encoding": "gzip"})


@lru_cache(1)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = b"\0" * 1_000_000
    return b"".join([*(packer.compress(block) for _ in range(megabytes)), packer.flush()])


# ---- the page, spoilt ----------------------------------------------------------------------------------------


def truncated(page: Response) -> Response:
    """Half of the page, though its Content-Length promises all of it."""
    body = page.bytes()
    return replace(
        page,
        body=lambda _: iter([body[: len(body) // 2]]),
        whole=False,
        headers={**page.headers, "Content-Length": str(len(body))},
    )


def cut(page: Response) -> Response:
    """Half of the page, and nothing that says so: the connection's end is the page's."""
    body = page.bytes()
    return replace(page, body=lambda _: iter([body[: len(body) // 2]]), whole=False)


def slow(pause: float, pieces: int = 10) -> Callable[[Response], Response]:
    """The page in so many pieces with a pause of so many seconds before each."""

    def change(page: Response) -> Response:
        body = page.bytes()
        size = max(1, -(-len(body) // pieces))

        def trickle(closing: Event) -> Iterator[bytes]:
            for at in range(0, len(body), size):
                if closing.wait(pause):
                    return
                yield body[at : at + size]

        return replace(page, body=trickle, headers={**page.headers, "Content-Length": str(len(body))})

    return change


def charset(written: str, header: str = "", meta: str = "") -> Callable[[Response], Response]:
    """The page encoded as `written`, its header and its meta element each claiming what they are told ("": nothing).

    What the encoding lacks is written as a character reference, as an editor would.
    """

    def change(page: Response) -> Response:
        claim = f'<meta charset="{meta}" />' if meta else ""
        text = re.sub(r'<meta charset="[^"]*" />', claim, page.bytes().decode("utf-8"))
        kind = f"text/html; charset={header}" if header else "text/html"
        return replace(
            page, body=text.encode(written, "xmlcharrefreplace"), headers={**page.headers, "Content-Type": kind}
        )

    return change


# ---- robots.txt ----------------------------------------------------------------------------------------------

MOVED_ROBOTS = "/moved/robots.txt"
"""An address at which the replica always answers ROBOTS["disallow viewer"]."""


def robots(text: str | bytes) -> Response:
    """A robots.txt with this text."""
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
