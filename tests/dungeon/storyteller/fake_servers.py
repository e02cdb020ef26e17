"""A server of each kind on this machine's loopback, with the habits that its documentation or source describes.

    with FakeOllama() as server:
        ...  # play against server.url
        server.bodies("/api/generate")

None of them generates: they answer `server.answer`, a piece at a time. For all of them a word is a token.
"""

import json
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Self

PIECES = ("\nIt", " is", " dark.")


@dataclass(frozen=True)
class Answered:
    """A whole answer."""

    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Body(Enum):
    """How an answer in lines goes over the wire."""

    CHUNKED = "in chunks, with the last one"
    BROKEN = "in chunks, and the connection is closed before the last one"
    CLOSED = "as HTTP 1.0 has it: all up to where the connection is closed"


@dataclass(frozen=True)
class Streamed:
    """An answer in lines, each of which is sent by itself. None: the client must leave before the rest comes."""

    lines: Iterable[str | None]
    body: Body = Body.CHUNKED


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    body: Any
    key: str | None


class FakeServer:
    """Runs from `with` to its end. A kind overrides `get` and `post`."""

    key: str | None = None
    """The key that it asks for."""
    wanted: str | None = None
    """The model to name, where it has several."""
    route = "/v1/completions"
    """Where it takes raw text."""
    context = 2048

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.asked: list[Asked] = []
        self.answer: tuple[str, ...] = PIECES
        self.left = threading.Event()
        """Set once a client has left before the end of its answer."""
        self._closing = threading.Event()
        self.connections: list[socket.socket] = []
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        server = type("_Server", (ThreadingHTTPServer,), {"address_family": family})
        self._server = server(address, type("_Bound", (_Handler,), {"fake": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self.connections:  # those that a client keeps open
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def bodies(self, path: str) -> list[Any]:
        """The bodies of the requests to a route."""
        return [asked.body for asked in self.asked if asked.path == path and asked.method == "POST"]

    @property
    def paths(self) -> list[str]:
        """What was asked, in order: method and route."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def get(self, path: str) -> Answered:
        """The answer to a GET."""
        return self.unknown(path)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        """The answer to a POST."""
        return self.unknown(path)

    def unknown(self, path: str) -> Answered:
        """The answer to a route that does not exist."""
        return Answered({"error": {"message": f"nothing at {path}"}}, 404)

    def hold(self) -> None:
        """Waits until the test ends, or the client has left."""
        self._closing.wait(10)


def sse(events: Iterable[object]) -> Streamed:
    """Events as OpenAI's API streams them."""
    return Streamed([*("data: " + json.dumps(event) for event in events), "data: [DONE]"])


def without_end(answer: Answered | Streamed, body: Body) -> Streamed:
    """A stream as a server leaves it that dies behind the last piece of text."""
    assert isinstance(answer, Streamed)
    marks = ('"finish_reason": "stop"', "[DONE]", '"done": true', '"usage"')
    return Streamed([line for line in answer.lines if line and not any(mark in line for mark in marks)], body)


def completion_events(pieces: Iterable[str], usage: object = None) -> list[object]:
    """The events of `/v1/completions`."""
    events: list[object] = [{"choices": [{"index": 0, "text": piece, "finish_reason": None}]} for piece in pieces]
    events.append({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    return [*events, {"choices": [], "usage": usage}] if usage else events


def chat_events(deltas: Iterable[object], usage: object = None) -> list[object]:
    """The events of `/v1/chat/completions`."""
    events: list[object] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    return [*events, {"choices": [], "usage": usage}] if usage else events


class FakeLlamaCpp(FakeServer):
    """llama.cpp: `/props`, `/tokenize` by `content`, unknown fields ignored, 400 with `n_ctx` for a long prompt."""

    model = "/models/Wayfarer-2-12B-Q4_K_M.gguf"
    template = "{% for message in messages %}…"

    def get(self, path: str) -> Answered:
        if path == "/props":
            settings = {"n_ctx": self.context, "params": {"temperature": 0.8}}
            return Answered({"default_generation_settings": settings, "total_slots": 1, "chat_template": self.template})
        if path == "/v1/models":
            meta = {"n_ctx": self.context, "n_ctx_train": 131072}
            return Answered({"data": [{"id": self.model, "owned_by": "llamacpp", "meta": meta}]})
        return Answered({"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, 404)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        if path == "/tokenize":
            return Answered({"tokens": list(range(len(body["content"].split())))})
        if path == "/apply-template":
            turns = "".join(f"<|{message['role']}|>{message['content']}" for message in body["messages"])
            thinks = body.get("chat_template_kwargs", {}).get("enable_thinking", True)
            return Answered({"prompt": turns + "<|assistant|>" + ("<think>" if thinks else "")})
        if path != "/v1/completions":
            return self.unknown(path)
        tokens = len(body["prompt"].split())
        if tokens > self.context:
            message = f"request ({tokens} tokens) exceeds the available context size ({self.context} tokens)"
            error = {"code": 400, "message": message, "type": "exceed_context_size_error"}
            return Answered({"error": error | {"n_prompt_tokens": tokens, "n_ctx": self.context}}, 400)
        progress = {"choices": [], "prompt_progress": {"total": tokens, "cache": tokens - 1, "processed": tokens}}
        usage = {"prompt_tokens": tokens, "completion_tokens": len(self.answer)}
        return sse([progress, *completion_events(self.answer, usage)])


class FakeLlamaRouter(FakeLlamaCpp):
    """llama.cpp without a model of its own: it lists several, and loads the one that a request names."""

    loaded = "b"

    def get(self, path: str) -> Answered:
        if path == "/props":
            return Answered({"role": "router", "default_generation_settings": {"params": None, "n_ctx": 0}})
        if path == "/props?model=c":
            return super().get("/props")
        if path == "/v1/models":
            states = {name: "loaded" if name == self.loaded else "unloaded" for name in "abc"}
            models = [
                {"id": name, "owned_by": "llamacpp", "status": {"value": state}} for name, state in states.items()
            ]
            return Answered({"data": models})
        return super().get(path)


class FakeKoboldCpp(FakeServer):
    """KoboldCpp, which also answers what llama.cpp and Ollama are known by, and refuses a second request at a time."""

    context = 12288
    busy = 0
    """How many requests it still refuses as busy."""

    def get(self, path: str) -> Answered:
        answers: dict[str, object] = {
            "/api/extra/version": {"result": "KoboldCpp", "version": "1.117.1", "protected": False},
            "/api/extra/true_max_context_length": {"value": self.context},
            "/props": {"chat_template": "{{ kobold }}", "default_generation_settings": {"n_ctx": self.context}},
            "/api/version": {"version": "0.7.0"},
            "/v1/models": {"object": "list", "data": [{"id": "koboldcpp/Muse-12B", "owned_by": "koboldcpp"}]},
        }
        return Answered(answers[path]) if path in answers else self.unknown(path)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        if path == "/api/extra/tokencount":
            count = len(body["prompt"].split()) + (1 if body.get("special", True) else 0)
            return Answered({"value": count, "ids": []})
        if path == "/api/extra/abort":
            return Answered({"success": "true", "done": "true"})
        if path != "/v1/completions":
            return self.unknown(path)
        if self.busy:
            self.busy -= 1
            detail = {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}
            return Answered({"detail": detail}, 503)
        return sse(completion_events(self.answer))


class FakeOllama(FakeServer):
    """Ollama. `/v1/completions` wraps the prompt into the model's template; a prompt too long may be cut silently."""

    wanted, route = "muse", "/api/generate"
    context = 4096
    loaded: dict[str, int]
    parameters = ""
    names: tuple[str, ...] = ("muse:latest", "qwen3:4b")

    def __init__(self) -> None:
        super().__init__()
        self.loaded = {}

    def get(self, path: str) -> Answered:
        answers: dict[str, object] = {
            "/api/version": {"version": "0.14.2"},
            "/api/tags": {
                "models": [
                    {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
                    *({"name": name, "model": name, "details": {"family": "llama"}} for name in self.names),
                ]
            },
            "/api/ps": {
                "models": [{"name": name, "model": name, "context_length": size} for name, size in self.loaded.items()]
            },
            "/v1/models": {"data": [{"id": name, "owned_by": "library"} for name in self.names]},
        }
        return Answered(answers[path]) if path in answers else Answered("404 page not found", 404)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        name = body["model"]
        if name not in self.names:
            return Answered({"error": f"model '{name}' not found"}, 404)
        if path == "/api/show":
            info = {"general.architecture": "qwen3", "qwen3.context_length": 40960}
            return Answered({"model_info": info, "parameters": self.parameters, "template": "{{ .Prompt }}"})
        if path == "/api/chat" and body.get("_debug_render_only"):
            turns = "".join(f"<|{message['role']}|>{message['content']}" for message in body["messages"])
            return Answered({"model": name, "_debug_info": {"rendered_template": turns + "<|assistant|>"}})
        if path == "/api/generate":
            return self._generate(body)
        if path == "/v1/completions":
            return sse(completion_events(["<think>The user wants me to complete a prompt."]))
        return Answered("404 page not found", 404)

    def _generate(self, body: Any) -> Answered | Streamed:
        if body.get("raw") and (body.get("system") or body.get("template")):
            return Answered({"error": "raw mode does not support template, system, or context"}, 400)
        tokens = len(body["prompt"].split())
        size = self.loaded[body["model"]] = min(body["options"]["num_ctx"], self.context)
        if tokens > size and body.get("truncate") is False:
            return Answered({"error": "the input length exceeds the context length"}, 400)
        pieces = self.answer if body.get("raw") else ("<think>",)
        lines = [json.dumps({"model": body["model"], "response": piece, "done": False}) for piece in pieces]
        end = {"response": "", "done": True, "done_reason": "stop", "prompt_eval_count": tokens, "eval_count": 3}
        return Streamed([*lines, json.dumps(end)])


class FakeLmStudio(FakeServer):
    """LM Studio: lists every model on the disk, loads one when it is first asked for; unknown routes answer 200."""

    wanted = "ministral-3-8b"
    has_new_routes = True

    def __init__(self) -> None:
        super().__init__()
        self.loaded: dict[str, int] = {}

    def get(self, path: str) -> Answered:
        names = ("qwen3-4b-2507", "ministral-3-8b")
        if path == "/api/v1/models" and self.has_new_routes:
            models: list[object] = [
                {"type": "embedding", "key": "nomic", "loaded_instances": [], "max_context_length": 1}
            ]
            for name in names:
                size = self.loaded.get(name)
                instances = [{"id": name, "config": {"context_length": size}}] if size else []
                entry = {"type": "llm", "key": name, "loaded_instances": instances, "max_context_length": 262144}
                models.append(entry)
            return Answered({"models": models})
        if path == "/api/v0/models":
            old: list[object] = [{"id": "nomic", "type": "embeddings", "state": "not-loaded"}]
            for name in names:
                state = {"state": "loaded", "loaded_context_length": self.loaded[name]} if name in self.loaded else {}
                old.append({"id": name, "type": "llm", "state": "not-loaded"} | state)
            return Answered({"object": "list", "data": old})
        if path == "/v1/models":
            return Answered({"data": [{"id": name, "owned_by": "organization_owner"} for name in (*names, "nomic")]})
        return self.unknown(path)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        if path != "/v1/completions":
            return self.unknown(path)
        self.loaded.setdefault(body["model"], 6144)
        return sse(completion_events(self.answer, {"prompt_tokens": 300, "completion_tokens": 3}))

    def unknown(self, path: str) -> Answered:
        return Answered({"error": f"Unexpected endpoint or method. (GET {path})"})


class FakeVllm(FakeServer):
    """vLLM: `max_model_len`, a counter that takes `prompt`, reasons of its own for a 400."""

    context = 16384
    models: tuple[str, ...] = ("LatitudeGames/Harbinger-24B",)

    def get(self, path: str) -> Answered:
        if path == "/v1/models":
            return Answered({"data": [{"id": name, "max_model_len": self.context} for name in self.models]})
        return Answered({"detail": "Not Found"}, 404)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        if path == "/tokenize":
            if "messages" in body:
                words = " ".join(f"<|{message['role']}|> {message['content']}" for message in body["messages"])
                self.rendered = words + " <|assistant|>"
                return Answered({"count": 1, "max_model_len": self.context, "tokens": [1, 2, 3]})
            if "prompt" not in body:
                return Answered({"error": {"message": "Field required: prompt", "type": "BadRequestError"}}, 400)
            bos = 1 if body.get("add_special_tokens", True) else 0
            count = len(body["prompt"].split()) + bos
            return Answered({"count": count, "max_model_len": self.context, "tokens": list(range(count))})
        if path == "/detokenize":
            assert body["tokens"] == [1, 2, 3]
            return Answered({"prompt": self.rendered})
        if path != "/v1/completions":
            return Answered({"detail": "Not Found"}, 404)
        if body.get("top_k") == 0:
            return Answered({"error": {"message": "top_k must be -1 (disable), or at least 1, got 0."}}, 400)
        tokens = len(body["prompt"].split())
        if tokens > self.context:
            message = f"This model's maximum context length is {self.context} tokens. However, you requested {tokens}."
            return Answered({"error": {"message": message, "type": "BadRequestError", "code": 400}}, 400)
        usage = {"prompt_tokens": tokens, "completion_tokens": 3} if body.get("stream_options") else None
        return sse(completion_events(self.answer, usage))


class FakeChatService(FakeServer):
    """A service that takes chat messages only, in OpenAI's manner. It checks every field, as OpenAI's does."""

    known = frozenset("model messages max_tokens seed stop stream stream_options temperature top_p".split())
    renamed: str | None = None
    """The field that it wants instead of max_tokens."""
    models: tuple[str, ...] = ("storyteller-large",)

    def __init__(self) -> None:
        super().__init__()
        self.deltas: list[object] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in PIECES)]
        self.usage: object = None

    def get(self, path: str) -> Answered:
        if path == "/v1/models":
            return Answered({"data": [{"id": name, "object": "model"} for name in self.models]})
        return self.unknown(path)

    def post(self, path: str, body: Any) -> Answered | Streamed:
        if path != "/v1/chat/completions":
            return Answered({"error": {"message": f"Invalid URL (POST {path})", "type": "invalid_request_error"}}, 404)
        if self.renamed and "max_tokens" in body:
            return self._invalid(f"Unsupported parameter: 'max_tokens'. Use '{self.renamed}' instead.")
        if unknown := sorted(body.keys() - self.known - {self.renamed}):
            return self._invalid(f"Unrecognized request arguments supplied: {', '.join(unknown)}")
        if len(body.get("stop", [])) > 4:
            return self._invalid("'stop': array too long. Expected an array with maximum length 4.")
        roles = [message["role"] for message in body["messages"] if message["role"] != "system"]
        if not roles or roles[0] != "user" or any(one == other for one, other in pairwise(roles)):
            return self._invalid("Conversation roles must alternate user/assistant/user/assistant")
        return sse(chat_events(self.deltas, self.usage))

    def _invalid(self, message: str) -> Answered:
        return Answered({"error": {"message": message, "type": "invalid_request_error", "param": None}}, 400)


class FakeWeb(FakeServer):
    """Something else that listens: a page for every address."""

    def get(self, path: str) -> Answered:
        return Answered("<html>Welcome</html>")


class _Handler(BaseHTTPRequestHandler):
    fake: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.fake.connections.append(self.connection)

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        self._answer("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, method: str, body: Any) -> None:
        fake, key = self.fake, self.headers["Authorization"]
        fake.asked.append(Asked(method, self.path, body, key))
        if fake.key and key != f"Bearer {fake.key}":
            answer: Answered | Streamed = Answered({"error": {"message": f"Invalid API Key: {key}"}}, 401)
        else:
            answer = fake.get(self.path) if method == "GET" else fake.post(self.path, body)
        if isinstance(answer, Answered):
            self._whole(answer)
            return
        try:
            self._stream(answer)
        except ConnectionError:
            fake.left.set()
            self.close_connection = True

    def _whole(self, answer: Answered) -> None:
        data = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(data)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Streamed) -> None:
        self.send_response(200)
        if is_chunked := answer.body is not Body.CLOSED:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        for line in answer.lines:
            if line is None:
                self.fake.hold()
                raise ConnectionAbortedError
            data = line.encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n" if is_chunked else data)
        if answer.body is Body.CHUNKED:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the client is done with a connection that it kept open
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """A test's output is no place for an access log."""
