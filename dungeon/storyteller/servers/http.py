"""One server's connection: JSON requests, streams of lines, and every failure as a message.

    connection = Connection(parse_address(url), key)
    models = await connection.get_json(f"{connection.address.api}/models", seconds=1)
    async for line in connection.stream_lines(f"{connection.address.api}/completions", body): ...
    await connection.close()

Redirects are not followed: the key and the story are meant for one server. Connections belong to an event loop; after
`close` the next request opens new ones, in another loop if need be.

A server may take minutes to its first byte: it loads a model, or reads a long prompt. So it is waited for, long, and
`on_silence` is called when nothing has come for 20 seconds. Cancelling the task closes the connection at once.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager

import httpx2

from dungeon.errors import StorytellerError
from dungeon.storyteller.servers.address import Address

SILENCE_SECONDS = 20.0
"""Without a byte, until the player is told."""
LIMIT_SECONDS = 900.0
"""Without a byte, until the request is given up: so long, on a slow machine, a long prompt may take to be read."""
_CONNECT_SECONDS = 10.0
_STALE = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)
_NO_SUCH_ROUTE = (404, 405, 501)
_MESSAGE_CHARACTERS = 300
_BODY_CHARACTERS = 20_000
_LINE_BYTES = 1 << 25


class Unreachable(StorytellerError):
    """Nothing answers at the address, or not in time."""


class Refusal(StorytellerError):
    """The server answered with an error status."""

    def __init__(self, text: str, status: int, body: str) -> None:
        super().__init__(text)
        self.status = status
        self.body = body
        """What the server wrote, to learn from; not for the screen."""

    @property
    def is_of_route(self) -> bool:
        """Whether the server has no such route, rather than no such model."""
        return self.status in _NO_SUCH_ROUTE and "model" not in self.body.lower()

    @property
    def is_of_loading(self) -> bool:
        """Whether the server is still loading its model."""
        return self.status == 503 and "loading" in self.body.lower()

    @property
    def is_of_server(self) -> bool:
        """Whether any other request would be refused as well: the key or the model is missing, or the server fails."""
        return self.status in (401, 403, 404) or self.status >= 500


class BrokeOff(StorytellerError):
    """The answer ended before it was complete."""

    def __init__(self, url: str, reason: str = "the end of its answer did not come") -> None:
        super().__init__(f"The storyteller at {url} broke off: {reason}. Try again, or look at the server's log.")


class RawTextRefused(Refusal):
    """The server has no route for raw text, or not for this model; it may have one for chat."""


class Connection:
    """A server's address and key, and the connections that are kept between requests."""

    def __init__(self, address: Address, key: str | None = None) -> None:
        self.address = address
        self.on_silence: Callable[[], object] = lambda: None
        """Called in the event loop when a request has waited for a byte for `SILENCE_SECONDS`."""
        self._key = key
        self._http: httpx2.AsyncClient | None = None

    @property
    def url(self) -> str:
        """The server's address, for messages."""
        return self.address.root

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key."""
        return self._key is not None

    async def close(self) -> None:
        """Closes the connections."""
        if self._http:
            http, self._http = self._http, None
            await http.aclose()

    async def get_json(self, url: str, seconds: float) -> object:
        """What the server answers to a GET.

        Raises:
            Refusal: it answered with an error status.
            Unreachable: it can't be reached, or did not answer in time.
            StorytellerError: it did not answer in JSON.
        """
        return await self._json("GET", url, None, seconds)

    async def post_json(self, url: str, body: object, seconds: float) -> object:
        """What the server answers to a POST. Raises as `get_json`."""
        return await self._json("POST", url, body, seconds)

    async def _json(self, method: str, url: str, body: object, seconds: float) -> object:
        try:
            async with asyncio.timeout(seconds):
                with self._noticing_silence():
                    response = await self._send(method, url, body)
                    try:
                        content = await response.aread()
                    finally:
                        await response.aclose()
        except TimeoutError:
            raise Unreachable(f"The server at {self.url} does not answer within {seconds:g} seconds.") from None
        except httpx2.HTTPError as error:
            raise self._failure(error) from error
        if response.status_code != 200:
            raise self._refusal(response)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise StorytellerError(f"{self.url} answered, but not in JSON. Is it a storyteller's server?") from error

    async def stream_lines(self, url: str, body: object) -> AsyncGenerator[str]:
        """The lines that the server answers to a POST, as they come.

        Raises:
            Refusal: it answered with an error status.
            BrokeOff: the stream ended in the middle, as far as HTTP can tell.
            Unreachable: nothing answers, or nothing came for `LIMIT_SECONDS`.
        """
        try:
            with self._noticing_silence():
                response = await self._send("POST", url, body)
            try:
                if response.status_code != 200:
                    await response.aread()
                    raise self._refusal(response)
                # Not `aiter_lines`, which also ends a line at characters like U+2028 that may stand in a story.
                rest = b""
                blocks = response.aiter_bytes()
                while True:
                    with self._noticing_silence():
                        block = await anext(blocks, None)
                    if block is None:
                        break
                    *lines, rest = (rest + block).split(b"\n")
                    if len(rest) > _LINE_BYTES:
                        raise StorytellerError(f"{self.url} sent what is not a completion: a line without an end.")
                    for line in lines:
                        yield line.decode(errors="replace").rstrip("\r")
                yield rest.decode(errors="replace")
            finally:
                await response.aclose()
        except httpx2.HTTPError as error:
            raise self._failure(error) from error

    @contextmanager
    def _noticing_silence(self) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(SILENCE_SECONDS, self.on_silence)
        try:
            yield
        finally:
            timer.cancel()

    async def _send(self, method: str, url: str, body: object) -> httpx2.Response:
        """The response, whose body is still to be read."""
        if self._http is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._http = httpx2.AsyncClient(
                headers=headers,
                timeout=httpx2.Timeout(LIMIT_SECONDS, connect=_CONNECT_SECONDS),
                # A proxy of the environment must not see what goes to this machine's own loopback.
                trust_env=not self.address.is_local,
                follow_redirects=False,
                # Reading the certificates takes as long as asking a server; without TLS, nor a proxy, none is needed.
                verify=not self.address.is_local or self.address.root.startswith("https:"),
            )
        for is_last in (False, True):
            request = self._http.build_request(method, url, json=body)
            try:
                return await self._http.send(request, stream=True)
            except _STALE:
                # The server may just have closed a connection that it had kept; llama.cpp's does after some seconds.
                if is_last:
                    raise
        raise AssertionError("the loop returns or raises")

    def _failure(self, error: httpx2.HTTPError) -> StorytellerError:
        """The error for a request that got no answer, or half of one."""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return self._no_connection(error)
        if isinstance(error, httpx2.TimeoutException):
            return Unreachable(
                f"The server at {self.url} has not answered for {LIMIT_SECONDS / 60:.0f} minutes, and is waited for no "
                "longer. Look at its log, or start it again."
            )
        return BrokeOff(self.url, (self._redacted(str(error)) or type(error).__name__).rstrip("."))

    def _no_connection(self, error: httpx2.HTTPError) -> Unreachable:
        cause: BaseException | None = error
        while cause and not isinstance(cause, socket.gaierror):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, socket.gaierror):
            return Unreachable(
                f"No machine is known by the name in {self.url} ({cause.strerror}). Check the address, and the network."
            )
        hint = ""
        if "SSL" in str(error):
            hint = f" The connection is not secure ({self._redacted(str(error))}); is it http:// instead of https://?"
        return Unreachable(
            f"No storyteller answers at {self.url}. Is the server running? Start it, or check the address.{hint}"
        )

    def _refusal(self, response: httpx2.Response) -> Refusal:
        status = response.status_code
        body = self._redacted(response.text[:_BODY_CHARACTERS])
        try:
            message = error_message(json.loads(body))
        except ValueError:
            message = body[:_MESSAGE_CHARACTERS]
        hint = ""
        if status in (401, 403):
            hint = " Set DUNGEON_API_KEY to the server's key."
        elif status == 404:
            hint = f" Does this server offer {response.request.url.path}, and this model?"
        elif status == 429:
            hint = " Wait a moment, then try again."
        elif 300 <= status < 400:
            hint = " It sends elsewhere, which is not followed: give the address that it means, if you trust it."
        stop = "." if hint and message[-1:] not in (".", "!", "?") else ""
        return Refusal(f"The storyteller at {self.url} answered {status}: {message}{stop}{hint}", status, body)

    def _redacted(self, text: str) -> str:
        """The text without the key, which some servers repeat in their errors."""
        return text.replace(self._key, "…") if self._key else text


def error_message(event: object) -> str:
    """The message in a server's error, whatever its shape."""
    while isinstance(event, dict):
        names = ("error", "message", "detail", "msg")
        event = next((event[name] for name in names if event.get(name)), None) or json.dumps(event)
    return str(event)[:_MESSAGE_CHARACTERS]
