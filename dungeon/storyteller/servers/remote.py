"""A server that somebody else runs, at `--endpoint URL`; what it is and what it can do is found out at the start.

    storyteller = RemoteStoryteller("http://127.0.0.1:11434")     # a model's name, if the server has several
    await storyteller.identify()                                   # asks what it is, within two seconds
    await storyteller.start()                                      # and learns the chat frame of its model
    storyteller.kind, storyteller.name, storyteller.context_size, storyteller.capabilities

The key is in the variable DUNGEON_API_KEY or in the system's keyring (`servers.keys`).
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.chat_frame import learn_frame
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.api_keys import VARIABLE, check_key, find_key
from dungeon.storyteller.servers.chat import ChatClient
from dungeon.storyteller.servers.client import DEFAULT_CONTEXT, ServerClient
from dungeon.storyteller.servers.completions import CompletionsClient
from dungeon.storyteller.servers.detect import Kind, choose_model, detect, make_client
from dungeon.storyteller.servers.http import Connection, RawTextRefused, Refusal
from dungeon.tale.prompt_format import MESSAGES, TALE, ChatFormat, PromptFormat

REMOTE_SAMPLING = Sampling(temperature=0.8, top_p=0.95, min_p=0.05, repeat_penalty=1.05, dry_multiplier=0.0, length=110)
"""For a model that nobody has tried: what most are played with. The bundled voice's values would make it terse."""

_MESSAGES = ChatFormat(MESSAGES, "messages")


class RemoteStoryteller:
    """A `Storyteller`. What is not known before `start` has the values of an unknown server.

    Raises:
        StorytellerError: the address or the key in the environment is not valid.
    """

    fingerprint = ""

    def __init__(self, url: str, model: str | None = None, *, use_environment_key: bool = True) -> None:
        self._address = parse_address(url)
        self._use_environment_key = use_environment_key
        if use_environment_key and (key := os.environ.get(VARIABLE)):
            check_key(key, VARIABLE)
        self._wanted = model
        self._client: ServerClient | None = None
        self._starting = asyncio.Lock()
        self._is_format_known = False
        self.kind: Kind | None = None
        """What the server is; None before `start`."""
        self.name = model or self._address.host
        self.sampling = REMOTE_SAMPLING
        self.context_size = DEFAULT_CONTEXT
        """Tokens of the prompt and the answer together, as far as the server has said."""
        self.is_local = self._address.is_local
        self.prompt_format: PromptFormat = TALE
        """Once it is started: the chat frame of the server's model, if the server shows it."""

    @property
    def url(self) -> str:
        """The server's address."""
        return self._address.root

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do."""
        return (self._client or CompletionsClient).capabilities

    @property
    def cached_tokens(self) -> int | None:
        """See `ServerClient.cached_tokens`."""
        return self._client.cached_tokens if self._client else None

    @property
    def cached_text(self) -> str:
        """See `ServerClient.cached_text`."""
        return self._client.cached_text if self._client else ""

    async def identify(self) -> None:
        """Finds out what the server is, once; Ollama is also asked what it knows of the model. Generates nothing.

        Raises:
            StorytellerError: nothing answers, or it is not clear which model to take; says what to do.
        """
        await self._identified()

    async def start(self) -> None:
        """Finds out what the server is and how its model is asked, once; returns when it can be asked.

        Raises:
            StorytellerError: as `identify`.
        """
        client = await self._identified()
        async with self._starting:
            if not self._is_format_known:
                self.prompt_format = await _prompt_format(client)
                self._is_format_known = True

    async def _identified(self) -> ServerClient:
        async with self._starting:
            if self._client is None:
                self._client = await self._find_out()
            return self._client

    async def _find_out(self) -> ServerClient:
        key = await asyncio.to_thread(find_key, self._address.origin, use_environment=self._use_environment_key)
        connection = Connection(self._address, key)
        try:
            server = await detect(connection)
            model = choose_model(server, self._wanted)
            client = make_client(connection, server, model)
            await client.prepare()
        except BaseException:
            await connection.close()
            raise
        self.kind = server.kind
        self.name = self._wanted or model.title
        self.context_size = client.context_size
        return client

    async def disconnect(self) -> None:
        """Closes the connections, which belong to one event loop; the next request opens new ones."""
        if self._client:
            await self._client.close()

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `ServerClient.stream`. A server that has no route for raw text is asked by chat from then on."""
        client = await self._identified()
        try:
            async with aclosing(client.stream(request)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except RawTextRefused as refusal:
            raw_text_refused = refusal
        finally:
            self.context_size = client.context_size
        chat = ChatClient(client.connection, client.model, client.context_size)
        try:
            async with aclosing(chat.stream(request)) as pieces:
                async for piece in pieces:
                    self._use_chat(chat)
                    yield piece
            self._use_chat(chat)
        except Refusal as refusal:
            if not refusal.is_of_route:
                raise
            raise raw_text_refused from None  # no chat either: the first refusal is the one to report
        finally:
            self.context_size = chat.context_size

    def _use_chat(self, chat: ChatClient) -> None:
        self._client, self.kind = chat, Kind.CHAT
        self.prompt_format, self._is_format_known = _MESSAGES, True

    async def evict_suffix(self, prompt: str) -> None:
        """See `ServerClient.evict_suffix`."""
        await (await self._identified()).evict_suffix(prompt)

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """See `ServerClient.count_tokens`; None where nothing answers."""
        try:
            return await (await self._identified()).count_tokens(texts)
        except StorytellerError:
            return None

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """See `ServerClient.chat_template_prompt`."""
        return await (await self._identified()).chat_template_prompt(messages)

    async def chat_template(self) -> str | None:
        """See `ServerClient.chat_template`."""
        return await (await self._identified()).chat_template()

    async def close(self) -> None:
        """Closes the connections."""
        await self.disconnect()


async def _prompt_format(client: ServerClient) -> PromptFormat:
    """How this server is asked. Where it takes raw text but does not show its model's frame: in plain text."""
    if not client.capabilities.raw_text:
        return _MESSAGES
    frame = await learn_frame(client.chat_template_prompt)
    return ChatFormat(frame) if frame else TALE
