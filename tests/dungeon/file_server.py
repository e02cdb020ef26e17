"""A web server on the loopback that has one file, as the Hub has it, and misbehaves as a test asks.

with serving(content) as server:
    server.plan = [cut(1000), whole]       # the answers to the next GETs of the file; after them it behaves
    ...
    server.gets[1].headers["Range"]
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40
FILE = "tiny-Q4_K_M.gguf"


@dataclass
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: Message


class Handler(BaseHTTPRequestHandler):
    """Answers as `FileServer` says."""

    protocol_version = "HTTP/1.1"
    server: "FileServer"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_HEAD(self) -> None:
        self.server.asked.append(Asked("HEAD", self.path, self.headers))
        if self.server.head:
            self.server.head(self)
            return
        headers = {"Content-Length": str(len(self.server.content)), "ETag": self.server.etag}
        if self.server.is_hub:
            headers |= {
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(len(self.server.content)),
                "X-Linked-Etag": f'"{hashlib.sha256(self.server.content).hexdigest()}"',
            }
        self.answer(302 if self.server.elsewhere else 200, headers | self.moved())

    def do_GET(self) -> None:
        self.server.asked.append(Asked("GET", self.path, self.headers))
        if "/api/models/" in self.path:
            self.api()
        elif self.server.elsewhere:
            self.answer(302, self.moved())
        else:
            (self.server.plan.pop(0) if self.server.plan else ranged)(self)

    def api(self) -> None:
        if self.server.api_status != 200:
            self.answer(self.server.api_status, self.server.api_headers)
            return
        found: object = {"sha": COMMIT, "tags": ["text-generation", "license:apache-2.0"]}
        if "/tree/" in self.path:
            found = self.server.second_page if "page=2" in self.path else self.server.tree
        headers = {"Content-Type": "application/json"} | self.server.api_headers
        if self.server.second_page and "page=2" not in self.path:
            headers["Link"] = f'<{self.server.url}{self.path}&page=2>; rel="next"'
        self.answer(200, headers, json.dumps(found).encode())

    def moved(self) -> dict[str, str]:
        return {"Location": f"{self.server.elsewhere}/cdn/file?signature=secret"} if self.server.elsewhere else {}

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        every = {"Content-Length": str(len(body))} | (headers or {})
        for name, value in every.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


Answer = Callable[[Handler], None]


class FileServer(ThreadingHTTPServer):
    """See the module."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.etag = '"one"'
        self.plan: list[Answer] = []
        self.head: Answer | None = None
        """Answers HEAD in place of the usual."""
        self.is_hub = True
        """Whether HEAD states hash, size and commit."""
        self.elsewhere = ""
        """The address of another server, to which requests for the file are redirected."""
        self.tree: list[dict[str, object]] = []
        self.second_page: list[dict[str, object]] = []
        """More entries of the tree, if there are any."""
        self.api_status = 200
        self.api_headers: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.leave = threading.Event()
        """Set when the test is over, for answers that wait."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def gets(self) -> list[Asked]:
        """The GETs of the file."""
        return [asked for asked in self.asked if asked.method == "GET" and "/api/" not in asked.path]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is what some tests want."""


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    with FileServer(content) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.leave.set()
            server.shutdown()


# ---- answers -----------------------------------------------------------------------------------------------------


def ranged(handler: Handler) -> None:
    """As a good server does."""
    content, wanted = handler.server.content, handler.headers.get("Range", "")
    if not wanted or handler.headers.get("If-Range", handler.server.etag) != handler.server.etag:
        whole(handler)
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    if start >= len(content):
        handler.answer(416, {"Content-Range": f"bytes */{len(content)}"})
        return
    place = f"bytes {start}-{len(content) - 1}/{len(content)}"
    handler.answer(206, {"Content-Range": place, "ETag": handler.server.etag}, content[start:])


def whole(handler: Handler) -> None:
    """The whole file, whatever was asked for."""
    handler.answer(200, {"ETag": handler.server.etag}, handler.server.content)


def status(code: int, **headers: str) -> Answer:
    """A refusal."""
    return lambda handler: handler.answer(code, {name.replace("_", "-"): value for name, value in headers.items()})


def sends(body: bytes, **headers: str) -> Answer:
    """Another body, with 200."""
    return lambda handler: handler.answer(200, headers, body)


def cut(size: int) -> Answer:
    """Breaks off after so many bytes."""

    def answer(handler: Handler) -> None:
        _begin(handler, size)
        handler.close_connection = True
        handler.connection.close()

    return answer


def hang(size: int) -> Answer:
    """Sends nothing more after so many bytes."""

    def answer(handler: Handler) -> None:
        _begin(handler, size)
        handler.server.leave.wait()

    return answer


def wrong_range(handler: Handler) -> None:
    """Another place of the file than the one that was asked for."""
    content = handler.server.content
    handler.answer(206, {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}, content)


def _begin(handler: Handler, size: int) -> None:
    content, wanted = handler.server.content, handler.headers.get("Range", "")
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    handler.send_response(206 if wanted else 200)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.send_header("ETag", handler.server.etag)
    if wanted:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.end_headers()
    handler.wfile.write(content[start : start + size])
    handler.wfile.flush()
