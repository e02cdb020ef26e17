"""What the clients of all kinds of servers share: asking again without a refused field, and what answers teach.

A client speaks to one server and one model. `stream` is the same for all; each kind says what its request holds and
reads its own stream.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import ClassVar

import msgspec

from dungeon.errors import ContextOverflow, StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.fields import RefusedFields
from dungeon.storyteller.servers.http import Connection, RawTextRefused, Refusal
from dungeon.storyteller.servers.models import below, size

DEFAULT_CONTEXT = 4096
"""Tokens, where a server does not say: what the smallest default of a server in use is."""
COUNT_SECONDS = 5.0
TEMPLATE_SECONDS = 120.0
"""A server that loads models on demand loads this one first."""

_REFUSED = (400, 413, 422)
_LIMITS = (
    re.compile(r'"n_ctx":\s*(\d+)'),
    re.compile(r"(?:context length|context size|context window|maximum context)\D{0,30}?(\d{3,})"),
)
_PLAUSIBLE = (0.1, 2.0)
"""Tokens for each byte of text; a count outside was not of the whole prompt."""
_LEAST_BYTES = 400
_NOT_SENT = frozenset({"length", "banned", "stop"})
"""Fields of a voice's sampling that are the game's own, or have another name in every API."""


class ServerClient(ABC):
    """One server and one model; keeps its connection between requests."""

    capabilities: ClassVar[Capabilities]
    most_stops: ClassVar[int | None] = None
    """How many strings the server lets stop an answer; None for any number."""
    optional_fields: ClassVar[frozenset[str] | None] = None
    """The fields that may be left out if the server refuses them; None: see `RefusedFields`."""

    def __init__(self, connection: Connection, model: str, context_size: int | None = None) -> None:
        self.connection = connection
        self.model = model
        self.context_size = context_size or DEFAULT_CONTEXT
        """Tokens of prompt and answer together; corrected when the server says otherwise."""
        self.cached_tokens: int | None = None
        """Tokens of the last prompt that the server had in its cache; None while it has not said so."""
        self.cached_text = ""
        """The last prompt and what was generated behind it: what the server need not read again."""
        self._fields = RefusedFields(self.most_stops, self.optional_fields)
        self._is_context_known = context_size is not None
        self._has_answered = False

    @property
    def url(self) -> str:
        """The server's address."""
        return self.connection.url

    async def prepare(self) -> None:  # noqa: B027  most kinds have nothing to prepare
        """Asks the server what only it knows about this model, before the first request.

        Raises:
            StorytellerError: the server can't be asked, or does not have the model.
        """

    async def close(self) -> None:
        """Closes the connections."""
        await self.connection.close()

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """Yields the text that follows the prompt, up to the next action or the end of the story.

        Raises:
            ContextOverflow: the prompt is too long for the server.
            StorytellerError: anything else that went wrong, with the server's message.
        """
        if self._has_answered and not self._is_context_known:
            self._is_context_known = True
            self.context_size = await self.loaded_context() or self.context_size
        while True:
            body = self._fields.allowed(self.body(request))
            try:
                async with aclosing(self._pieces(body)) as pieces:
                    async for text in pieces:
                        self._fields.keep()
                        self._has_answered = True
                        yield text
                self._fields.keep()
                return
            except Refusal as refusal:
                if overflow := self._overflow(refusal):
                    raise overflow from refusal
                is_of_fields = refusal.status in _REFUSED and not isinstance(refusal, RawTextRefused)
                if not (is_of_fields and self._fields.learn(refusal.body, body)):
                    self._fields.forget()
                    raise

    @abstractmethod
    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The request in JSON, with every field that this kind of server takes."""

    @abstractmethod
    def _pieces(self, body: dict[str, object]) -> AsyncGenerator[str]:
        """The pieces of text that the server answers. Raises as `stream`, and Refusal."""

    async def loaded_context(self) -> int | None:
        """The context that the server has given to the model, once it is loaded; None where it does not say."""
        return None

    async def evict_suffix(self, prompt: str) -> None:  # noqa: B027  where nothing is deterministic, it makes none
        """Has the server drop what it cached behind `prompt`, where that makes a difference."""

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """The tokens of each text, or None where the server has nothing that counts them."""
        counts = []
        try:
            for text in texts:
                count = await self._count(text)
                if not isinstance(count, int):
                    return None
                counts.append(count)
        except StorytellerError:
            return None
        return counts if self.capabilities.counts_tokens else None

    async def _count(self, text: str) -> object:
        """The tokens of a text; anything but a number where the server did not count them."""
        return None

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """The text that the model's chat template makes of these messages, up to where its answer begins.

        Thinking is switched off where the template can. None where the server does not render templates.
        """
        return None

    async def chat_template(self) -> str | None:
        """The model's chat template itself (Jinja), where the server shows it."""
        return None

    def _sampling(self, sampling: Sampling, names: dict[str, str] | None) -> dict[str, object]:
        """The sampling parameters by the server's names; `names` None: all, by llama.cpp's, which are ours."""
        values = {name: value for name, value in msgspec.structs.asdict(sampling).items() if name not in _NOT_SENT}
        if names is None:
            return values
        return {names[name]: value for name, value in values.items() if name in names}

    def _learn_usage(self, prompt: str, usage: object) -> None:
        """Learn from what the server counted in one request: `prompt_tokens` and `completion_tokens`, if it did."""
        tokens, answered = size(below(usage, "prompt_tokens")), size(below(usage, "completion_tokens"))
        length = len(prompt.encode())
        if tokens and length >= _LEAST_BYTES and _PLAUSIBLE[0] <= tokens / length <= _PLAUSIBLE[1]:
            self.context_size = max(self.context_size, tokens + (answered or 0))

    def _overflow(self, refusal: Refusal) -> ContextOverflow | None:
        """The error for a prompt that is too long, if the refusal says so; remembers the limit that it names."""
        text = refusal.body.lower()
        is_too_long = ("context" in text and ("exceed" in text or "length" in text)) or "prompt is too long" in text
        if refusal.status not in _REFUSED or not is_too_long:
            return None
        for pattern in _LIMITS:
            if (found := pattern.search(text)) and int(found[1]) > 0:
                self.context_size = int(found[1])
                break
        reason = str(refusal).split(f"answered {refusal.status}: ", 1)[-1]
        return ContextOverflow(f"The storyteller at {self.url} refused the prompt as too long: {reason}")
