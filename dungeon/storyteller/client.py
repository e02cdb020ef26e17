"""Streams a completion from an OpenAI-compatible server, piece by piece, and can be stopped at any piece.

    async for piece in client.stream(prompt, sampling, max_tokens=100, seed=7): ...

Leaving the loop (or cancelling the task) closes the connection, which is how a server learns to stop generating.
llama.cpp, vLLM and KoboldCpp take more sampling parameters than OpenAI's own API; a server that refuses them is asked
again with the standard ones, and from then on only those.
"""

import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import httpx2
import msgspec

from corpus.turns import STOP
from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.sampling import Sampling

# Time limits in seconds. A long prompt on a slow machine may take minutes to its first token: no limit on reading.
_TIMEOUT = httpx2.Timeout(None, connect=10.0)
_COUNT_SECONDS = 5.0
_REFUSED = (400, 422)
_OURS = ("length", "banned", "stop")
"""Fields of a voice's sampling that the server does not know by this name, or at all."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Client:
    """One server and one model; keeps its connection between turns.

    Raises:
        StorytellerError: the address or the key can't be one.
    """

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        address = _address(url)
        self.url = url.strip().rstrip("/").removesuffix("/v1")
        self.model = model
        if key and not (key.isascii() and key.isprintable()):
            raise StorytellerError("DUNGEON_API_KEY holds characters that no HTTP header may. Set it to the key alone.")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.own = address.host in _LOOPBACK
        """Whether it is this machine's."""
        # A proxy of the environment must not see what goes to this machine's own loopback.
        self._http = httpx2.AsyncClient(
            headers=headers, timeout=_TIMEOUT, trust_env=not self.own, follow_redirects=False
        )
        self._standard_only = False
        self.cached: int | None = None
        """Tokens of the last prompt that the server had read before; None while it has not told."""
        self.held = ""
        """The last prompt and what followed it: what the server can go on from without reading it again."""

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def stream(self, prompt: str, sampling: Sampling, *, max_tokens: int, seed: int) -> AsyncGenerator[str]:
        """The text that follows `prompt`, as it is generated, up to the next action or the end of the story.

        Raises:
            ContextOverflow: the prompt is too long for the server.
            StorytellerError: anything else that went wrong, with what the server said.
        """
        if not self._standard_only:
            body = self.body(prompt, sampling, max_tokens=max_tokens, seed=seed)
            try:
                async with aclosing(self._events(body)) as events:
                    async for text in events:
                        yield text
                return
            except _ExtensionsRefused:
                self._standard_only = True
        body = self.body(prompt, sampling, max_tokens=max_tokens, seed=seed)
        async with aclosing(self._events(body)) as events:
            async for text in events:
                yield text

    async def count(self, texts: Sequence[str]) -> list[int] | None:
        """The tokens of each text, or None where the server has nobody to ask. llama.cpp's has."""
        counts = []
        try:
            for text in texts:
                asked = {"content": text}
                answer = await self._http.post(f"{self.url}/tokenize", json=asked, timeout=_COUNT_SECONDS)
                counts.append(len(answer.json()["tokens"]))
        except (httpx2.HTTPError, ValueError, LookupError, TypeError):
            return None
        return counts

    def body(self, prompt: str, sampling: Sampling, *, max_tokens: int, seed: int) -> dict[str, object]:
        """What is asked of the server, as it will be sent in JSON."""
        body = {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": max_tokens,
            "seed": seed,
            "stop": [STOP, *sampling.stop],
            "stream": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
        }
        if not self._standard_only:
            named = msgspec.structs.asdict(sampling)
            body |= {name: value for name, value in named.items() if name not in _OURS}
            body |= {"cache_prompt": True, "return_progress": True}
        return body

    async def _events(self, body: dict[str, object]) -> AsyncGenerator[str]:
        try:
            async with self._http.stream("POST", f"{self.url}/v1/completions", json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise self._refusal(response, extended="top_k" in body)
                told = False
                held = str(body["prompt"])
                async for line in response.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    told = True
                    data = line[5:].strip()
                    if data == "[DONE]":
                        self.held = held  # where nothing followed, too, the prompt was read
                        return
                    if text := self._text(data):
                        held += text
                        self.held = held
                        yield text
                if not told:
                    raise StorytellerError(
                        f"{self.url} answered, but not with a stream of completions. Is it an OpenAI-compatible server?"
                    )
        except httpx2.ConnectError as error:
            raise StorytellerError(f"No storyteller answers at {self.url}. Is the server running?") from error
        except httpx2.HTTPError as error:
            raise StorytellerError(
                f"The storyteller at {self.url} broke off: {error or type(error).__name__}."
            ) from error

    def _text(self, data: str) -> str:
        try:
            event = json.loads(data)
            if "error" in event:
                raise StorytellerError(f"The storyteller at {self.url} failed: {_said(event)}")
            cached = _cached(event)
            self.cached = self.cached if cached is None else cached
            choices = event.get("choices") or [{}]
            return str(choices[0].get("text") or "")
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise StorytellerError(f"{self.url} sent what is not a completion: {data[:200]}") from error

    def _refusal(self, response: httpx2.Response, *, extended: bool) -> Exception:
        try:
            said = _said(response.json())
        except ValueError:
            said = response.text[:300]
        low = said.lower()
        if response.status_code in _REFUSED and "context" in low and ("exceed" in low or "length" in low):
            return ContextOverflow(f"The storyteller at {self.url} refused the prompt as too long: {said}")
        if response.status_code in _REFUSED and extended:
            return _ExtensionsRefused()
        hint = ""
        if response.status_code in (401, 403):
            hint = " Set DUNGEON_API_KEY to the server's key."
        elif response.status_code == 404:
            hint = " Does this server offer /v1/completions, and this model?"
        return StorytellerError(f"The storyteller at {self.url} answered {response.status_code}: {said}{hint}")


class _ExtensionsRefused(Exception):
    pass


def _address(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url.strip())
    except httpx2.InvalidURL as error:
        raise StorytellerError(f"'{url[:200]}' is not the address of a server: {error}.") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise StorytellerError(
            f"'{url[:200]}' is not the address of a server. Write it with its protocol, like http://127.0.0.1:8000"
        )
    return address


class RemoteStoryteller:
    """A server that somebody else runs, at `--endpoint URL --model NAME`."""

    def __init__(self, url: str, model: str) -> None:
        self.name = model
        self.context = 2048
        """Tokens. The API does not tell; this is small enough for any server worth playing."""
        self.sampling = Sampling()
        self.exact = False
        self.fingerprint = ""
        self._client = Client(url, model, os.environ.get("DUNGEON_API_KEY"))
        self.own = self._client.own

    async def start(self) -> None:
        """Nothing to start."""

    def stream(self, prompt: str, sampling: Sampling, *, max_tokens: int, seed: int) -> AsyncGenerator[str]:
        """As `Client.stream`."""
        return self._client.stream(prompt, sampling, max_tokens=max_tokens, seed=seed)

    @property
    def cached(self) -> int | None:
        """As `Client.cached`."""
        return self._client.cached

    @property
    def held(self) -> str:
        """As `Client.held`."""
        return self._client.held

    async def count(self, texts: Sequence[str]) -> list[int] | None:
        """As `Client.count`."""
        return await self._client.count(texts)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _cached(event: object) -> int | None:
    """The tokens of the prompt that the server had read before, where an event tells: llama.cpp does in its first."""
    for names in (("prompt_progress", "cache"), ("usage", "prompt_tokens_details", "cached_tokens")):
        found = event
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, int):
            return found
    return None


def _said(event: object) -> str:
    """The message in a server's error, whatever its shape."""
    while isinstance(event, dict):
        event = event.get("error") or event.get("message") or event.get("detail") or json.dumps(event)
    return str(event)[:300]
