"""The replica's HTTP server and its record of requests.

One thread per connection, HTTP/1.1 with keep-alive, about 3,000 small pages per second. Only for loopback.
"""

import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.corpus.crawl.replica_faults import NO_ANSWER, Response
from tests.corpus.crawl.replica_play import Step

COOKIE = "ASP.NET_SessionId"


@dataclass(slots=True)
class Request:
    """A request and its answer."""

    time: float
    """The time of arrival, in seconds of `time.monotonic`."""
    method: str
    path: str
    """With the query."""
    agent: str
    cookie: str
    """The session's name, "" without one."""
    step: Step | None = None
    """None if it was not for a story's viewer."""
    shows: str = ""
    """The passage in the answer, or "rate", "save" or "reset"; "" if there was no step."""
    fault: bool = False
    """Whether a fault changed or replaced the answer."""
    status: int = 0


class Server(ThreadingHTTPServer):
    """Listens at `address`; `answer` returns the response, `answered` is called when it was sent or sending failed.

    Set `closing` before the server shuts down, to end slow and endless answers.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], answer: Callable[[Request, bytes], Response], answered: Callable[[], None]
    ) -> None:
        self.answer, self.answered = answer, answered
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless a client that was killed broke its connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def do_GET(self) -> None:
        arrival = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        cookie = cookies[COOKIE].value if COOKIE in cookies else ""
        request = Request(arrival, self.command, self.path, self.headers.get("User-Agent", ""), cookie)
        try:
            self._send(self.server.answer(request, body))
        finally:
            self.server.answered()

    do_POST = do_GET
    do_HEAD = do_GET

    def _send(self, response: Response) -> None:
        closing = self.server.closing
        if response.status == NO_ANSWER:
            self.close_connection = True
            closing.wait()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes):
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)
            return
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in response.body(closing):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Print nothing: the replica records its requests."""
