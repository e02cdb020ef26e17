"""A scripted storyteller: an OpenAI-compatible server on the loopback that answers with the texts of a test.

    with ScriptedServer() as server:
        server.answers = ["\\nThe door opens.", ["\\nIt is", Hold(), " dark."]]
        ...  # play against server.url
        server.release()

The answers are used in order, whatever is requested, and the last one repeats. `requests` keeps the requests.
The server has `/v1/completions`, which always streams, and `/v1/models`.
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

_PIECE_LENGTH = 4  # characters: about a token
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Hold:
    """In an answer: the stream pauses until `ScriptedServer.release`."""


@dataclass(frozen=True)
class Drop:
    """In an answer: the connection closes here, in the middle of the stream."""


@dataclass(frozen=True)
class Raw:
    """In an answer: this line, unchanged, in place of an event."""

    line: str


@dataclass(frozen=True)
class Fail:
    """An answer: an HTTP error with this status and this body (JSON unless it is a string)."""

    status: int
    body: object


Piece = str | Hold | Drop | Raw
Answer = str | Piece | Fail | Sequence[Piece]


class ScriptedServer:
    """Runs while its `with` block does."""

    def __init__(self) -> None:
        self.answers: list[Answer] = ["\nIt is dark."]
        self.requests: list[dict[str, Any]] = []
        """The body of each request for a completion."""
        self.keys: list[str | None] = []
        """The Authorization header of each request for a completion."""
        self.paths: list[str] = []
        """The path of every request."""
        self.aborted = threading.Event()
        """Set once a client has closed its connection before the end of its answer."""
        self.holding = threading.Event()
        """Set while an answer is at a `Hold`."""
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
        """Continue the answer that is at a `Hold`, or the next one that reaches one."""
        self._released.set()

    def next_answer(self) -> Answer:
        """The answer to the latest request."""
        with self._lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def hold(self, client: socket.socket) -> bool:
        """Wait for `release`; False if the client or the test has ended before."""
        self.holding.set()
        try:
            while not self._released.wait(_POLL_SECONDS):
                if self._closing or has_left(client):
                    return False
            self._released.clear()
            return True
        finally:
            self.holding.clear()


class SuggestingServer(ScriptedServer):
    """Answers each request for a suggestion with an action, and each request for a turn with two sentences."""

    def next_answer(self) -> Answer:
        prompt = str(self.requests[-1]["prompt"])
        if prompt.endswith("> You"):
            return [" open the door.", " light the lamp.", ' say "Who is there?"', " wait."][len(self.requests) % 4]
        return f"\nThe lamp burns low. So ends {len(self.requests)}."


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.script.paths.append(self.path)
        if self.path == "/v1/models":
            self._respond(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        else:
            self._respond(404, {"error": {"message": f"nothing at {self.path}"}})

    def do_POST(self) -> None:
        script = self.script
        script.paths.append(self.path)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if not content:  # the client has left already
            self.close_connection = True
            return
        body = json.loads(content)
        if self.path != "/v1/completions":
            self._respond(404, {"error": {"message": f"nothing at {self.path}"}})
            return
        script.keys.append(self.headers["Authorization"])
        script.requests.append(body)
        answer = script.next_answer()
        if isinstance(answer, Fail):
            self._respond(answer.status, answer.body)
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

    def _respond(self, status: int, body: object) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the client has closed a connection that it had kept alive
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: the tests' output needs no access log."""


def has_left(client: socket.socket) -> bool:
    """Whether the other end has closed the connection."""
    readable, _, _ = select.select([client], [], [], 0)
    try:
        return bool(readable) and client.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True


def _pieces(answer: str | Hold | Drop | Raw | Sequence[Piece]) -> Iterable[Piece]:
    if isinstance(answer, str):
        return [answer[start : start + _PIECE_LENGTH] for start in range(0, len(answer), _PIECE_LENGTH)]
    if isinstance(answer, Hold | Drop | Raw):
        return [answer]
    return answer
