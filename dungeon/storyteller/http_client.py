"""Streams completions from an OpenAI-compatible server, and can stop at any piece.

    async for piece in client.stream(request): ...

Leaving the loop (or cancelling the task) closes the connection, which is how a server learns to stop generating.
llama.cpp, vLLM and KoboldCpp take more sampling parameters than OpenAI's own API does; a server that refuses them is
asked again with the standard ones, and from then on with those only.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import httpx2
import msgspec

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationRequest

# A long prompt on a slow machine may take minutes to its first token: no limit on reading.
_TIMEOUT = httpx2.Timeout(None, connect=10.0)
_COUNT_SECONDS = 5.0
_REFUSED = (400, 422)
_NOT_SENT = ("length", "banned", "stop")
"""Fields of a voice's sampling that are the game's own, or have another name in the API."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Client:
    """One server and one model; keeps its connection between requests.

    Raises:
        StorytellerError: the address or the key is not valid.
    """

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        address = _parse_url(url)
        self.url = url.strip().rstrip("/").removesuffix("/v1")
        self.model = model
        if key and not (key.isascii() and key.isprintable()):
            raise StorytellerError("DUNGEON_API_KEY holds characters that no HTTP header may. Set it to the key alone.")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.is_local = address.host in _LOOPBACK
        # A proxy of the environment must not see what goes to this machine's own loopback.
        self._http = httpx2.AsyncClient(
            headers=headers, timeout=_TIMEOUT, trust_env=not self.is_local, follow_redirects=False
        )
        self._standard_only = False
        """Whether the server has refused the sampling parameters that are not OpenAI's."""
        self.cached_tokens: int | None = None
        """Tokens of the last prompt that the server had in its cache; None while it has not said so."""
        self.cached_text = ""
        """The last prompt and what was generated behind it: what the server need not read again."""

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """Yields the text that follows the prompt, up to the next action or the end of the story.

        Raises:
            ContextOverflow: the prompt is too long for the server.
            StorytellerError: anything else that went wrong, with the server's message.
        """
        while True:
            try:
                async with aclosing(self._completion(self.body(request))) as pieces:
                    async for text in pieces:
                        yield text
                return
            except _ExtensionsRefused:
                self._standard_only = True

    async def evict_suffix(self, prompt: str) -> None:
        """Has the server drop what it cached behind `prompt`, and the last words of it: another text is asked for."""
        other = "".join(prompt.rsplit(maxsplit=2)[:-2]) + " #"
        body = {"model": self.model, "prompt": other, "max_tokens": 1, "stream": True, "cache_prompt": True}
        async with aclosing(self._completion(body)) as pieces:
            async for _ in pieces:
                pass

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """The tokens of each text, or None where the server has no `/tokenize`. llama.cpp's has."""
        counts = []
        try:
            for text in texts:
                answer = await self._http.post(f"{self.url}/tokenize", json={"content": text}, timeout=_COUNT_SECONDS)
                counts.append(len(answer.json()["tokens"]))
        except (httpx2.HTTPError, ValueError, LookupError, TypeError):
            return None
        return counts

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """The prompt that the model's own template makes of a chat, thinking switched off; None where it can't.

        llama.cpp's server can.
        """
        body = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "add_generation_prompt": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        try:
            answer = await self._http.post(f"{self.url}/apply-template", json=body, timeout=_COUNT_SECONDS)
            return str(answer.json()["prompt"])
        except (httpx2.HTTPError, ValueError, LookupError, TypeError):
            return None

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The request as it is sent, in JSON."""
        sampling = request.params.sampling
        body = {
            "model": self.model,
            "prompt": request.prompt,
            "max_tokens": request.max_tokens,
            "seed": request.params.seed,
            "stop": list(request.stop),
            "stream": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
        }
        if not self._standard_only:
            body |= {name: value for name, value in msgspec.structs.asdict(sampling).items() if name not in _NOT_SENT}
            body |= {"cache_prompt": True, "return_progress": True}
        return body

    async def _completion(self, body: dict[str, object]) -> AsyncGenerator[str]:
        try:
            async with self._http.stream("POST", f"{self.url}/v1/completions", json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise self._refusal(response, extended="top_k" in body)
                received = False
                read_text = str(body["prompt"])
                async for line in response.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    received = True
                    data = line[5:].strip()
                    if data == "[DONE]":
                        self.cached_text = read_text  # where nothing followed, too, the prompt was read
                        return
                    if text := self._text(data):
                        read_text += text
                        self.cached_text = read_text
                        yield text
                if not received:
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
        """The text of one event of the stream."""
        try:
            event = json.loads(data)
            if "error" in event:
                raise StorytellerError(f"The storyteller at {self.url} failed: {_error_message(event)}")
            cached = _cached_tokens(event)
            self.cached_tokens = self.cached_tokens if cached is None else cached
            choices = event.get("choices") or [{}]
            return str(choices[0].get("text") or "")
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise StorytellerError(f"{self.url} sent what is not a completion: {data[:200]}") from error

    def _refusal(self, response: httpx2.Response, *, extended: bool) -> Exception:
        """The error for a status that is not 200. `extended`: more than the standard parameters were sent."""
        try:
            message = _error_message(response.json())
        except ValueError:
            message = response.text[:300]
        low = message.lower()
        if response.status_code in _REFUSED and "context" in low and ("exceed" in low or "length" in low):
            return ContextOverflow(f"The storyteller at {self.url} refused the prompt as too long: {message}")
        if response.status_code in _REFUSED and extended:
            return _ExtensionsRefused()
        hint = ""
        if response.status_code in (401, 403):
            hint = " Set DUNGEON_API_KEY to the server's key."
        elif response.status_code == 404:
            hint = " Does this server offer /v1/completions, and this model?"
        return StorytellerError(f"The storyteller at {self.url} answered {response.status_code}: {message}{hint}")


class _ExtensionsRefused(Exception):
    """The server does not know the sampling parameters that are not OpenAI's."""


def _parse_url(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url.strip())
    except httpx2.InvalidURL as error:
        raise StorytellerError(f"'{url[:200]}' is not the address of a server: {error}.") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise StorytellerError(
            f"'{url[:200]}' is not the address of a server. Write it with its protocol, like http://127.0.0.1:8000"
        )
    return address


def _cached_tokens(event: object) -> int | None:
    """The tokens of the prompt that the server had in its cache, if the event says so: llama.cpp's first one does."""
    for names in (("prompt_progress", "cache"), ("usage", "prompt_tokens_details", "cached_tokens")):
        found = event
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, int):
            return found
    return None


def _error_message(event: object) -> str:
    """The message in a server's error, whatever its shape."""
    while isinstance(event, dict):
        event = event.get("error") or event.get("message") or event.get("detail") or json.dumps(event)
    return str(event)[:300]
