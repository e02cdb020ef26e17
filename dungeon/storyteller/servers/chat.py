"""Chat messages by `/v1/chat/completions`, for services that take nothing else.

The server's own template makes the prompt, so two things differ from raw text. An answer that is to go on from some
words can't be asked for everywhere: where a service is not known to continue a last message of the assistant, a nudge
asks for it. And many models think before they answer: thinking is switched off where the service knows a field for
that, and what comes all the same is neither shown nor sent back.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.messages import ASSISTANT, USER, Message, merge_messages, request_messages
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.servers.client import ServerClient
from dungeon.storyteller.servers.completions import USAGE, as_json, events
from dungeon.storyteller.servers.http import Connection
from dungeon.storyteller.servers.models import below
from dungeon.storyteller.servers.reasoning import HiddenReasoning

_NUDGE = "Go on exactly where your last message stops: write only the words that follow it."
_ROOM_FOR_THINKING = 2048
"""Tokens on top of an answer's own, for a model whose thinking can't be switched off."""
_SAMPLING_NAMES = {
    **{name: name for name in ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty")},
    "repeat_penalty": "repetition_penalty",
}
_NO_THINKING = {"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": False}}
"""For llama.cpp, vLLM and their kin; Ollama's and OpenAI's chat take the first."""


class Prefill(Enum):
    """How a service is asked to continue a last message of the assistant."""

    NONE = None
    """It answers it instead, or refuses it."""
    PREFIX = "prefix"
    PARTIAL = "partial"
    """The message carries this field, which is true."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is known of a service that takes chat messages."""

    prefill: Prefill = Prefill.NONE
    no_thinking: Mapping[str, object] = field(default_factory=dict)
    """Fields that switch thinking off."""


SERVICES = {
    "api.openai.com": Service(),
    "api.anthropic.com": Service(),
    "api.mistral.ai": Service(Prefill.PREFIX),
    "api.moonshot.ai": Service(Prefill.PARTIAL),
    "api.moonshot.cn": Service(Prefill.PARTIAL),
    "api.deepseek.com": Service(),
    "api.groq.com": Service(),
    "api.x.ai": Service(),
    "api.perplexity.ai": Service(),
    "generativelanguage.googleapis.com": Service(),
    "openrouter.ai": Service(no_thinking={"reasoning": {"enabled": False}}),
}
"""Services that are known to take chat messages only, by host."""


class ChatClient(ServerClient):
    """One service and one model."""

    capabilities = Capabilities(raw_text=False, counts_tokens=False)
    most_stops = 4

    def __init__(
        self, connection: Connection, model: str, context_size: int | None = None, service: Service | None = None
    ) -> None:
        super().__init__(connection, model, context_size)
        self._service = service or SERVICES.get(connection.address.host, Service())
        self._thinks = False
        """Whether the model has thought, whatever it was asked."""
        self._thought = False
        """Whether it has in this answer."""
        self._opens_inside = False
        """Whether the server's template opens the block of thoughts, and its stream only closes it."""

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The request in JSON."""
        messages, prefill = self._messages(request)
        sampling = request.params.sampling
        body: dict[str, object] = {
            "model": self.model,
            "messages": as_json(messages),
            "max_tokens": request.max_tokens,
            "seed": request.params.seed,
            "stop": list(request.stop),
            "stream": True,
            **self._sampling(sampling, _SAMPLING_NAMES),
            **USAGE,
            **self._service.no_thinking,
        }
        if prefill and self._service.prefill is not Prefill.NONE:
            body["messages"] = [*as_json(messages[:-1]), {**as_json(messages)[-1], self._service.prefill.value: True}]
        if self._thinks:
            body = {**_NO_THINKING, **body, "max_tokens": request.max_tokens + _ROOM_FOR_THINKING}
        return body

    def _messages(self, request: GenerationRequest) -> tuple[list[Message], str]:
        """The messages as they are sent, and the text that the answer is to go on from."""
        messages = merge_messages(request_messages(request))
        if not messages or messages[-1].role != ASSISTANT:
            return messages, ""
        prefill = messages[-1].content
        # Some services refuse a message that ends in white space, and a space would spoil the next token.
        messages[-1] = Message(ASSISTANT, prefill.rstrip())
        if self._service.prefill is Prefill.NONE:
            messages.append(Message(USER, _NUDGE))
        return messages, prefill

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `ServerClient.stream`. An answer that was all thinking is asked for once more, with room for both.

        A request for one token, which would only have the prompt read ahead, is not sent: it is paid for like another,
        and a service need not keep what it read.
        """
        if request.max_tokens == 1:
            return
        _, prefill = self._messages(request)
        for is_last in (False, True):
            had_room = self._thinks
            shown = self._thought = False
            continuation = _Continuation(prefill)
            async with aclosing(super().stream(request)) as pieces:
                async for piece in pieces:
                    if text := continuation.add(piece):
                        shown = True
                        yield text
            if text := continuation.finish():
                shown = True
                yield text
            if shown or not self._thought:
                return
            if had_room or is_last:
                raise StorytellerError(
                    f"The model '{self.model}' at {self.url} thought until its answer was full. Switch its thinking "
                    "off on the server, or choose a model that does not think."
                )

    async def _pieces(self, body: dict[str, object]) -> AsyncGenerator[str]:
        url = f"{self.connection.address.api}/chat/completions"
        prompt = "\n".join(message["content"] for message in body["messages"])  # type: ignore[attr-defined]
        hidden = HiddenReasoning(begins_inside=self._opens_inside)
        async with aclosing(self.connection.stream_lines(url, body)) as lines:
            async for event in events(lines, self.url):
                self._learn(event, prompt)
                text, thought = _content(event, self.url)
                shown = hidden.add(text)
                self._note_thinking(thought or hidden.found or hidden.unopened)
                if hidden.unopened:
                    self._opens_inside = True
                    raise StorytellerError(
                        f"The model '{self.model}' at {self.url} thinks aloud: the text so far was no answer. Retry; "
                        "its thoughts will be hidden from now on."
                    )
                if shown:
                    yield shown
        if shown := hidden.finish():
            yield shown

    def _learn(self, event: Mapping[str, object], prompt: str) -> None:
        self._learn_usage(prompt, event.get("usage"))
        self._note_thinking(bool(below(event, "usage", "completion_tokens_details", "reasoning_tokens")))

    def _note_thinking(self, thought: bool) -> None:
        self._thought = self._thought or thought
        self._thinks = self._thinks or thought


class _Continuation:
    """An answer that goes on from a text: without that text, should the service repeat it."""

    def __init__(self, prefill: str) -> None:
        self._prefill = prefill.rstrip()
        self._drop_space = prefill != self._prefill
        self._held = ""
        self._is_past = not prefill

    def add(self, piece: str) -> str:
        """Return what of the answer so far goes on and has not been returned."""
        if self._is_past:
            return piece
        self._held += piece
        held = self._held.lstrip()
        if len(held) <= len(self._prefill) and self._prefill.startswith(held):
            return ""
        return self._release(held.removeprefix(self._prefill) if held.startswith(self._prefill) else self._held)

    def finish(self) -> str:
        """Return what is left at the end: the whole of an answer that is no more than a part of those words."""
        held = "" if self._is_past or self._held.strip() == self._prefill else self._held
        return self._release(held)

    def _release(self, text: str) -> str:
        self._held, self._is_past = "", True
        return text.lstrip(" ") if self._drop_space else text


def _content(event: Mapping[str, object], url: str) -> tuple[str, bool]:
    """The text of one event of the stream, and whether it carried thoughts."""
    try:
        choices = event.get("choices") or [{}]
        delta = choices[0].get("delta") or {}  # type: ignore[index]
        content = delta.get("content") or ""
        thought = any(delta.get(name) for name in ("reasoning", "reasoning_content", "thinking"))
        if isinstance(content, list):  # Mistral: a list of chunks, thoughts among them
            thought = thought or any(chunk.get("type") == "thinking" for chunk in content)
            content = "".join(chunk.get("text") or "" for chunk in content if chunk.get("type") == "text")
        return str(content), thought
    except (AttributeError, TypeError, KeyError) as error:
        raise StorytellerError(f"{url} sent what is not a chat completion: {str(event)[:200]}") from error
