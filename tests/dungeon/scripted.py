"""A storyteller that says what a test wrote down: an OpenAI-compatible server on this machine's loopback.

    with ScriptedServer() as server:
        server.answers = ["\\nThe door opens.", ["\\nIt is", Hold(), " dark."]]
        ...  # play against server.url
        server.release()

Answers are taken in order and the last one repeats. It streams only, answers `/v1/completions` and `/v1/models`, and
pays no attention to what it is asked, which stands in `requests`.
"""

import json
import select
import socket
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_PIECE = 4  # characters: about a token
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Hold:
    """In an answer: nothing more comes until `ScriptedServer.release`."""


@dataclass(frozen=True)
class Drop:
    """In an answer: the connection closes here, in the middle."""


@dataclass(frozen=True)
class Raw:
    """In an answer: this line as it stands, instead of an event."""

    line: str


@dataclass(frozen=True)
class Fail:
    """An answer: this status, and this body (JSON unless it is a string)."""

    status: int
    body: object


Piece = str | Hold | Drop | Raw
Answer = str | Piece | Fail | Sequence[Piece]


class ScriptedServer:
    """Runs from `with` to its end."""

    def __init__(self) -> None:
        self.answers: list[Answer] = ["\nIt is dark."]
        self.requests: list[dict[str, Any]] = []
        """The body of each completion that was asked for."""
        self.keys: list[str | None] = []
        """The Authorization header of each."""
        self.paths: list[str] = []
        """The path of everything that was asked for."""
        self.aborted = threading.Event()
        """Set once a client left before the end of its answer."""
        self.holding = threading.Event()
        """Set while an answer waits in a `Hold`."""
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._closing = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Handler,), {"script": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def release(self) -> None:
        """Lets the answer that holds go on, or the next one that will."""
        self._released.set()

    def next_answer(self) -> Answer:
        """The answer to the request that has just come."""
        with self._lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def hold(self, client: socket.socket) -> bool:
        """Waits for `release`; False if the client left (or the test ended) before."""
        self.holding.set()
        try:
            while not self._released.wait(_LOOK_SECONDS):
                if self._closing or has_left(client):
                    return False
            self._released.clear()
            return True
        finally:
            self.holding.clear()


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.script.paths.append(self.path)
        if self.path == "/v1/models":
            self._whole(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        else:
            self._whole(404, {"error": {"message": f"nothing at {self.path}"}})

    def do_POST(self) -> None:
        script = self.script
        script.paths.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/completions":
            self._whole(404, {"error": {"message": f"nothing at {self.path}"}})
            return
        script.keys.append(self.headers["Authorization"])
        script.requests.append(body)
        answer = script.next_answer()
        if isinstance(answer, Fail):
            self._whole(answer.status, answer.body)
            return
        try:
            self._stream(_pieces(answer))
        except ConnectionError:
            script.aborted.set()
            self.close_connection = True

    def _stream(self, pieces: Iterable[Piece]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            if isinstance(piece, Drop):
                self.close_connection = True
                return
            if has_left(self.connection) or (isinstance(piece, Hold) and not self.script.hold(self.connection)):
                raise ConnectionAbortedError
            if isinstance(piece, Raw):
                self._chunk(piece.line)
            elif isinstance(piece, str):
                self._event(piece, None)
        self._event("", "stop")
        self._chunk("data: [DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, text: str, reason: str | None) -> None:
        event = {"object": "text_completion", "choices": [{"index": 0, "text": text, "finish_reason": reason}]}
        self._chunk("data: " + json.dumps(event))

    def _chunk(self, line: str) -> None:
        data = line.encode() + b"\n\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _whole(self, status: int, body: object) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the client is done with a connection that it kept open
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """A test's output is no place for an access log."""


def has_left(client: socket.socket) -> bool:
    """Whether the other end has closed the connection."""
    readable, _, _ = select.select([client], [], [], 0)
    try:
        return bool(readable) and client.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True


def _pieces(answer: str | Hold | Drop | Raw | Sequence[Piece]) -> Iterable[Piece]:
    if isinstance(answer, str):
        return [answer[start : start + _PIECE] for start in range(0, len(answer), _PIECE)]
    if isinstance(answer, Hold | Drop | Raw):
        return [answer]
    return answer
