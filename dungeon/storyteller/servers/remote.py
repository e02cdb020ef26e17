"""A server that somebody else runs, at `--endpoint URL`; what it is and what it can do is found out at the start.

    storyteller = RemoteStoryteller("http://127.0.0.1:11434")     # a model's name, if the server has several
    await storyteller.identify()                                   # asks what it is, within seconds
    await storyteller.start()                                      # and learns the chat frame of its model
    storyteller.kind, storyteller.name, storyteller.context_size, storyteller.capabilities

A server may end, start again with another model, or load one for minutes, between any two turns. After a request that
failed because of the server, `start` finds out again what is there; until that has worked `is_ready` is false.

The key is in the variable DUNGEON_API_KEY or in the system's keyring (`servers.api_keys`).
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.chat_frame import learn_frame
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.api_keys import VARIABLE, check_key, find_key
from dungeon.storyteller.servers.chat import ChatClient
from dungeon.storyteller.servers.client import DEFAULT_CONTEXT, ServerClient
from dungeon.storyteller.servers.completions import CompletionsClient
from dungeon.storyteller.servers.detect import (
    PATIENT_SECONDS,
    FoundServer,
    Kind,
    StillLoading,
    choose_model,
    detect,
    make_client,
)
from dungeon.storyteller.servers.http import (
    SILENCE_SECONDS,
    BrokeOff,
    Connection,
    RawTextRefused,
    Refusal,
    Unreachable,
)
from dungeon.tale.context import Context, Part, PartKind
from dungeon.tale.prompt_format import MESSAGES, TALE, ChatFormat, PromptFormat

REMOTE_SAMPLING = Sampling(temperature=0.8, top_p=0.95, min_p=0.05, repeat_penalty=1.05, dry_multiplier=0.0, length=110)
"""For a model that nobody has tried: what most are played with. The bundled voice's values would make it terse."""

LOADING_SECONDS = 900.0
"""How long `start` waits for a server that says it is loading its model."""
_POLL_SECONDS = 1.0
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
        self._server: FoundServer | None = None
        self._starting = asyncio.Lock()
        self._has_started = self._has_failed = False
        self.on_notice: Callable[[str], object] = lambda text: None
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

    @property
    def is_ready(self) -> bool:
        """Whether it has started, and has not failed since."""
        return self._has_started and not self._has_failed

    async def identify(self) -> None:
        """Finds out what the server is, once; Ollama is also asked what it knows of the model. Generates nothing.

        Raises:
            StorytellerError: nothing answers, or it is not clear which model to take; says what to do.
        """
        await self._identified()

    async def start(self) -> None:
        """Finds out what the server is and how its model is asked, unless that is known; returns when it can be asked.

        A server that is still loading its model is waited for. One whose routes prove nothing is asked for a word.

        Raises:
            StorytellerError: as `identify`.
        """
        async with self._starting:
            if self.is_ready:
                return
            await self._find_out_once_loaded()
            assert self._client is not None
            assert self._server is not None
            if not self._server.models:
                async with aclosing(self._answer(self._client, _request_for_a_word())) as pieces:
                    await anext(pieces, None)
            self.prompt_format = await _prompt_format(self._client)
            self._has_started, self._has_failed = True, False

    async def _identified(self) -> ServerClient:
        async with self._starting:
            return self._client or await self._find_out()

    async def _find_out_once_loaded(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        is_told = False
        while True:
            try:
                await self._find_out(PATIENT_SECONDS)
                return
            except StillLoading:
                if clock() - began > LOADING_SECONDS:
                    raise
            if not is_told:
                self.on_notice(f"The server at {self.url} is still loading its model.")
                is_told = True
            await asyncio.sleep(_POLL_SECONDS)

    async def _find_out(self, seconds: float | None = None) -> ServerClient:
        """The client for what is there now: the one before, with all that it has learned, if that is the same."""
        connection = self._client.connection if self._client else await self._connection()
        try:
            server = await detect(connection, seconds)
            if self._client and server == self._server:
                return self._client
            model = choose_model(server, self._wanted)
            client = make_client(connection, server, model)
            await client.prepare()
        except BaseException:
            if not self._client:
                await connection.close()
            raise
        self._client, self._server = client, server
        self.kind = server.kind
        self.name = self._wanted or model.title
        self.context_size = client.context_size
        return client

    async def _connection(self) -> Connection:
        key = await asyncio.to_thread(find_key, self._address.origin, use_environment=self._use_environment_key)
        connection = Connection(self._address, key)
        connection.on_silence = lambda: self.on_notice(
            f"The server at {self.url} has not answered for {SILENCE_SECONDS:.0f} seconds."
        )
        return connection

    async def disconnect(self) -> None:
        """Closes the connections, which belong to one event loop; the next request opens new ones."""
        if self._client:
            await self._client.close()

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `ServerClient.stream`. A server that has no route for raw text is asked by chat from then on."""
        waits_for_loading = True
        while True:
            try:
                async with aclosing(self._answer(await self._identified(), request)) as pieces:
                    async for piece in pieces:
                        self._has_failed = waits_for_loading = False
                        yield piece
                return
            except (Unreachable, BrokeOff):
                self._has_failed = True
                raise
            except Refusal as refusal:
                self._has_failed = self._has_failed or refusal.is_of_server
                if not (refusal.is_of_loading and waits_for_loading):
                    raise
                waits_for_loading = False
                await self.start()  # it was started again since the last request

    async def _answer(self, client: ServerClient, request: GenerationRequest) -> AsyncGenerator[str]:
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
        self.prompt_format = _MESSAGES

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


def _request_for_a_word() -> GenerationRequest:
    part = Part(PartKind.OPENING, "Trial", "Once upon a", included=True, reason="trial")
    params = GenerationParams(REMOTE_SAMPLING, seed=1, budget=100)
    return GenerationRequest(Context((part,), 100, "", 0), "", params, max_tokens=2)


async def _prompt_format(client: ServerClient) -> PromptFormat:
    """How this server is asked. Where it takes raw text but does not show its model's frame: in plain text."""
    if not client.capabilities.raw_text:
        return _MESSAGES
    frame = await learn_frame(client.chat_template_prompt)
    return ChatFormat(frame) if frame else TALE
