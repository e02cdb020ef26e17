"""Raw text by `/v1/completions`: llama.cpp, vLLM and its kin, and any other OpenAI-compatible server.

    client = LlamaCpp(Connection(parse_address(url), key), model, context_size)
    async for piece in client.stream(request): ...

Leaving the loop (or cancelling the task) closes the connection, which is how a server learns to stop generating. Each
kind calls the sampling parameters that are not OpenAI's by names of its own, and counts tokens in its own way.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar
from urllib.parse import quote

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.servers.client import COUNT_SECONDS, TEMPLATE_SECONDS, ServerClient
from dungeon.storyteller.servers.http import BrokeOff, RawTextRefused, Refusal, error_message
from dungeon.storyteller.servers.models import below, entries, size

STANDARD_SAMPLING = {name: name for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty")}
"""What every server takes, by the name that it has everywhere."""
_ABORTED = ("abort", "cancelled", "error", "insufficient_system_resource")
"""Reasons to finish that mean an answer which is not whole: of vLLM, other servers, OpenRouter and DeepSeek."""
USAGE = {"stream_options": {"include_usage": True}}
"""Asks for the number of tokens at the end of the stream."""


class CompletionsClient(ServerClient):
    """Any OpenAI-compatible server. It gets llama.cpp's sampling parameters until it refuses them."""

    capabilities = Capabilities(raw_text=True, counts_tokens=False)
    sampling_names: ClassVar[dict[str, str] | None] = None
    """Our names of sampling parameters and the server's; None: llama.cpp's, which are ours."""
    extra: ClassVar[Mapping[str, object]] = USAGE
    """Fields that go with each request."""

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The request in JSON, with every field that this kind of server takes."""
        sampling = request.params.sampling
        return {
            "model": self.model,
            "prompt": request.prompt,
            "max_tokens": request.max_tokens,
            "seed": request.params.seed,
            "stop": list(request.stop),
            "stream": True,
            **self._sampling(sampling, self.sampling_names),
            **self.extra,
        }

    async def evict_suffix(self, prompt: str) -> None:
        """Has the server drop what it cached behind `prompt`, and the last words of it: another text is asked for."""
        other = "".join(prompt.rsplit(maxsplit=2)[:-2]) + " #"
        body = {"model": self.model, "prompt": other, "max_tokens": 1, "stream": True, **self.extra}
        async with aclosing(self._pieces(self._fields.allowed(body))) as pieces:
            async for _ in pieces:
                pass

    async def _pieces(self, body: dict[str, object]) -> AsyncGenerator[str]:
        prompt = str(body["prompt"])
        text = ""
        try:
            async with aclosing(
                self.connection.stream_lines(f"{self.connection.address.api}/completions", body)
            ) as lines:
                async for event in events(lines, self.url):
                    self._learn(event, prompt)
                    if piece := _text(event, self.url):
                        text += piece
                        self.cached_text = prompt + text
                        yield piece
        except Refusal as refusal:
            raise _raw_text_refused(refusal) or refusal from None
        self.cached_text = prompt + text  # where nothing followed, too, the prompt was read

    def _learn(self, event: Mapping[str, object], prompt: str) -> None:
        cached = _cached_tokens(event)
        self.cached_tokens = self.cached_tokens if cached is None else cached
        self._learn_usage(prompt, event.get("usage"))


class LlamaCpp(CompletionsClient):
    """llama.cpp's server, which is also the game's own engine."""

    capabilities = Capabilities(raw_text=True, counts_tokens=True)
    extra = {"cache_prompt": True, "return_progress": True}

    async def _count(self, text: str) -> object:
        body = {"model": self.model, "content": text}
        tokens = below(await self.connection.post_json(f"{self.url}/tokenize", body, COUNT_SECONDS), "tokens")
        return len(tokens) if isinstance(tokens, list) else None

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """See `ServerClient.chat_template_prompt`."""
        body = {
            "model": self.model,
            "messages": as_json(messages),
            "chat_template_kwargs": {"enable_thinking": False},
        }
        try:
            answer = await self.connection.post_json(f"{self.url}/apply-template", body, TEMPLATE_SECONDS)
        except StorytellerError:
            return None
        prompt = below(answer, "prompt")
        return prompt if isinstance(prompt, str) else None

    async def chat_template(self) -> str | None:
        """See `ServerClient.chat_template`."""
        template = below(await self._props(), "chat_template")
        return template if isinstance(template, str) and template else None

    async def loaded_context(self) -> int | None:
        """See `ServerClient.loaded_context`: a router loads a model when it is first asked for."""
        return size(below(await self._props(), "default_generation_settings", "n_ctx"))

    async def _props(self) -> object:
        """The server's properties, or those of the model where the server is a router; None if it shows none."""
        try:
            props = await self.connection.get_json(f"{self.url}/props", COUNT_SECONDS)
            if below(props, "role") == "router":
                props = await self.connection.get_json(f"{self.url}/props?model={quote(self.model)}", COUNT_SECONDS)
        except StorytellerError:
            return None
        return props


class Vllm(CompletionsClient):
    """vLLM, and servers like it (Aphrodite, SGLang). Their counter takes `prompt`; llama.cpp's takes `content`."""

    capabilities = Capabilities(raw_text=True, counts_tokens=True)
    sampling_names = {
        **STANDARD_SAMPLING,
        "top_k": "top_k",
        "min_p": "min_p",
        "repeat_penalty": "repetition_penalty",
    }

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """See `CompletionsClient.body`. All tokens are -1 here, and 0 nowhere but in newer versions."""
        body = super().body(request)
        if request.context.format.name == "frame":  # it holds the token that begins a text already
            body["add_special_tokens"] = False
        return body | {"top_k": body["top_k"] or -1}

    async def _count(self, text: str) -> object:
        body = {"model": self.model, "prompt": text, "add_special_tokens": False}
        return below(await self.connection.post_json(f"{self.url}/tokenize", body, COUNT_SECONDS), "count")

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """See `ServerClient.chat_template_prompt`: vLLM renders messages to tokens, and turns tokens into text."""
        body = {
            "model": self.model,
            "messages": as_json(messages),
            "add_generation_prompt": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        try:
            tokens = await self.connection.post_json(f"{self.url}/tokenize", body, COUNT_SECONDS)
            body = {"model": self.model, "tokens": below(tokens, "tokens")}
            answer = await self.connection.post_json(f"{self.url}/detokenize", body, COUNT_SECONDS)
        except StorytellerError:
            return None
        prompt = below(answer, "prompt")
        return prompt if isinstance(prompt, str) else None


# ---- events ------------------------------------------------------------------------------------------------------


async def events(lines: AsyncGenerator[str], url: str) -> AsyncGenerator[dict[str, object]]:
    """The events of an OpenAI-style stream, up to its end: `[DONE]`, or a choice's `finish_reason` and nothing more.

    One of both is enough, for there are servers which never send the one or the other (ik_llama.cpp, vllm-mlx).

    Raises:
        BrokeOff: the stream stopped before its end.
        StorytellerError: an event reports an error or can't be read, or there is none.
    """
    received = is_whole = False
    try:
        async for line in lines:
            if not line.startswith("data:"):
                continue
            received = True
            data = line[5:].strip()
            if data == "[DONE]":
                return
            event = _event(data, url)
            yield event
            if reason := _finish_reason(event):
                is_whole = reason not in _ABORTED
                if not is_whole:
                    raise BrokeOff(url, f"it says '{reason}'")
    except BrokeOff:
        if not is_whole:
            raise
    if not received:
        raise StorytellerError(
            f"{url} answered, but not with a stream of completions. Is it an OpenAI-compatible server?"
        )
    if not is_whole:
        raise BrokeOff(url)


def _event(data: str, url: str) -> dict[str, object]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StorytellerError(f"{url} sent what is not a completion: {data[:200]}") from error
    if not isinstance(event, dict):
        raise StorytellerError(f"{url} sent what is not a completion: {data[:200]}")
    if "error" in event:
        raise StorytellerError(f"The storyteller at {url} failed: {error_message(event)}")
    return event


def _finish_reason(event: Mapping[str, object]) -> str:
    """Why the answer is over, as its last event says; "" in every other."""
    choices = entries(event.get("choices"))
    return str(choices[0].get("finish_reason") or "") if choices else ""


def as_json(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as a chat API takes them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _text(event: Mapping[str, object], url: str) -> str:
    """The text of one event of the stream."""
    try:
        choices = event.get("choices") or [{}]
        return str(choices[0].get("text") or "")  # type: ignore[index]
    except (AttributeError, TypeError, KeyError) as error:
        raise StorytellerError(f"{url} sent what is not a completion: {json.dumps(event)[:200]}") from error


def _cached_tokens(event: object) -> int | None:
    """The tokens of the prompt that the server had in its cache, if the event says so: llama.cpp's first one does."""
    for names in (("prompt_progress", "cache"), ("usage", "prompt_tokens_details", "cached_tokens")):
        if isinstance(found := below(event, *names), int):
            return found
    return None


def _raw_text_refused(refusal: Refusal) -> RawTextRefused | None:
    """The refusal as one of raw text, if it is not of the model or of a field."""
    text = refusal.body.lower()
    is_for_chat = refusal.status in (400, 404) and "chat" in text and "completions" in text
    if refusal.is_of_route or is_for_chat:
        return RawTextRefused(str(refusal), refusal.status, refusal.body)
    return None
