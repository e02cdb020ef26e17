"""A voice on this machine: downloads its weights if they are missing, runs llama.cpp as a child, restarts it once.

The child (`dungeon.storyteller.local.engine`) listens on a loopback port of the system's choosing behind a random key
that goes through its stdin, where no process list shows it. Its log, and the one before, are in the user's state
folder.
"""

import asyncio
import hashlib
import json
import os
import re
import secrets
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.errors import ContextOverflow, DungeonError, StorytellerError
from dungeon.paths import log_file
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.catalogue import SMOLLM2, CatalogueWeights
from dungeon.storyteller.chat_frame import learn_frame
from dungeon.storyteller.download.errors import DownloadCancelled
from dungeon.storyteller.download.weights import are_intact, ensure_weights, weights_path
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.voices.find import Voice
from dungeon.tale.prompt_format import TALE, ChatFormat, PromptFormat

if TYPE_CHECKING:
    from dungeon.storyteller.servers.completions import LlamaCpp

_READY_SECONDS = 120.0
_EXIT_SECONDS = 2.0
_HASHED_BYTES = 1 << 20
"""At either end of weights that came with no hash."""


class LocalStoryteller:
    """A `Storyteller`: one voice, one child. `start` may be awaited from several tasks; `close` ends the child."""

    def __init__(self, voice: Voice, on_download: Callable[[int, int], None] | None = None) -> None:
        self.voice = voice
        self.name = voice.name
        self.context_size = voice.context
        """The voice's own, until the child has started: less, if the model or the memory allows less."""
        self.sampling = voice.sampling
        self.is_local = True
        self.capabilities = Capabilities(raw_text=True, counts_tokens=True, deterministic_prefill=True)
        self.prompt_format: PromptFormat = TALE if voice.prompt_format == "tale" else ChatFormat()
        self.fingerprint = ""
        """Known from the start of the child on."""
        self.on_download = on_download
        """Called from another thread with bytes so far and in all while weights are downloaded."""
        self.on_notice: Callable[[str], object] = lambda text: None
        self._is_loaded = False
        self._key = secrets.token_urlsafe(32)
        self._child: Process | None = None
        self._client: LlamaCpp | None = None
        self._starting = asyncio.Lock()
        self._closing = threading.Event()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def start(self) -> None:
        """Returns when the voice can be asked; at once if it already can.

        Raises:
            DungeonError: the weights can't be had, or the engine does not start; says why and where the log is.
        """
        async with self._starting:
            if not self.is_ready:
                self._is_loaded = False
                await self._start()
                self._is_loaded = True

    @property
    def is_ready(self) -> bool:
        """Whether the child runs and has loaded the voice."""
        return self._is_loaded and self.pid is not None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `ServerClient.stream`. An engine that dies in the middle is restarted, once a request."""
        text = ""
        tokens = 0
        restarted = False
        while True:
            rest = replace(request, prefix=request.prefix + text, max_tokens=max(1, request.max_tokens - tokens))
            try:
                async with aclosing((await self._running()).stream(rest)) as pieces:
                    async for piece in pieces:
                        text += piece
                        tokens += 1
                        yield piece
                return
            except ContextOverflow:
                raise
            except StorytellerError as error:
                if self._closing.is_set() or not await self._has_died():
                    raise
                if restarted:
                    raise StorytellerError(
                        f"The voice '{self.name}' crashed twice. {_log_hint()} Your adventure is saved."
                    ) from error
                restarted = True

    @property
    def cached_tokens(self) -> int | None:
        """See `ServerClient.cached_tokens`."""
        return self._client.cached_tokens if self._client else None

    @property
    def cached_text(self) -> str:
        """See `ServerClient.cached_text`; "" once the child is gone."""
        return self._client.cached_text if self._client and self.pid is not None else ""

    async def evict_suffix(self, prompt: str) -> None:
        """See `ServerClient.evict_suffix`."""
        await (await self._running()).evict_suffix(prompt)

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """See `ServerClient.count_tokens`; None while there is no child to ask."""
        return await self._client.count_tokens(texts) if self._client and self.pid is not None else None

    async def close(self) -> None:
        """Ends the child and any download."""
        self._closing.set()
        if self._client:
            await self._client.close()
        child = self._child
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), _EXIT_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()

    # ---- the child -------------------------------------------------------------------------------------------

    async def _running(self) -> "LlamaCpp":
        """The client of a child that runs."""
        await self.start()
        assert self._client is not None
        return self._client

    async def _start(self) -> None:
        weights = self.voice.weights
        if isinstance(weights, CatalogueWeights):
            if weights is not SMOLLM2 and not await asyncio.to_thread(are_intact, weights):
                raise DungeonError(
                    f"The weights of the voice '{self.name}' are damaged or gone. Fetch them again: "
                    f"dungeon voices get {self.name}"
                )
            weights = await asyncio.to_thread(ensure_weights, weights, self.on_download, self._closing)
        self.fingerprint = self.fingerprint or await asyncio.to_thread(_fingerprint, self.voice)
        if self._client:
            await self._client.close()
        self._check_open()
        if self._child and self._child.returncode is None:  # an earlier start was cancelled when it was almost done
            self._child.kill()
            await self._child.wait()
        self._child = await _spawn_engine()
        try:
            self._check_open()
        except DownloadCancelled:
            self._child.kill()
            raise
        url = await self._handshake(self._child, weights)
        self._client = await asyncio.to_thread(_make_client, url, self.name, self._key)
        self._client.connection.on_silence = self._notice_silence
        if self.voice.prompt_format == "frame" and (frame := await learn_frame(self._client.chat_template_prompt)):
            self.prompt_format = ChatFormat(frame)

    def _notice_silence(self) -> None:
        from dungeon.storyteller.servers.http import SILENCE_SECONDS

        self.on_notice(f"The voice '{self.name}' has not answered for {SILENCE_SECONDS:.0f} seconds.")

    def _check_open(self) -> None:
        """Raises DownloadCancelled if the storyteller was closed meanwhile: its engine must not start."""
        if self._closing.is_set():
            raise DownloadCancelled

    async def _handshake(self, child: Process, weights: Path) -> str:
        """Sends the child what to load, and waits for its address and the context that it has."""
        assert child.stdin is not None
        assert child.stdout is not None
        settings = {
            "model": str(weights),
            "adapter": str(self.voice.adapter) if self.voice.adapter else None,
            "context": self.voice.context,
            "key": self._key,
        }
        child.stdin.write(json.dumps(settings).encode() + b"\n")
        try:
            await child.stdin.drain()
            line = await asyncio.wait_for(child.stdout.readline(), _READY_SECONDS)
        except (TimeoutError, ConnectionError):
            line = b""
        except asyncio.CancelledError:
            child.kill()
            raise
        if not line:
            if child.returncode is None:
                child.kill()
            await child.wait()
            raise DungeonError(self._load_error())
        answer = json.loads(line)
        self.context_size = int(answer["context"])
        return str(answer["url"])

    async def _has_died(self) -> bool:
        """Whether the child is gone; a broken connection shows it a moment before the system does."""
        assert self._child is not None
        try:
            await asyncio.wait_for(self._child.wait(), 1.0)
        except TimeoutError:
            return False
        return True

    def _load_error(self) -> str:
        # llama.cpp writes the reason into its log only: the first error is the cause, the rest follow from it.
        with_adapter = f" with its adapter {self.voice.adapter}" if self.voice.adapter else ""
        lines = _log_lines()
        errors = (found[1] for line in lines if (found := re.match(r"[\d.]+ E (.*)", line)))
        reason = next(errors, lines[-1] if lines else "no reason given")
        hint = "If the adapter was tuned on another base, tune it again on this one. " if self.voice.adapter else ""
        return f"The voice '{self.name}' does not load{with_adapter}: {reason.strip()[-300:]}\n{hint}{_log_hint()}"


def _fingerprint(voice: Voice) -> str:
    """A hash that tells this voice from others: of the whole adapter, or of both ends of large weights."""
    try:
        if voice.adapter:
            return hashlib.sha256(voice.adapter.read_bytes()).hexdigest()
        weights = voice.weights
        if isinstance(weights, CatalogueWeights):
            if weights.sha256:
                return weights.sha256
            weights = weights_path(weights)
        with weights.open("rb") as file:
            digest = hashlib.sha256(file.read(_HASHED_BYTES))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _HASHED_BYTES))
            digest.update(file.read() + str(size).encode())
            return digest.hexdigest()
    except OSError:
        return ""  # the engine will report what is wrong with the file


def _make_client(url: str, name: str, key: str) -> "LlamaCpp":
    # The HTTP library takes 80 ms to import: not before the first screen, and not in the way of typing.
    from dungeon.storyteller.servers.address import parse_address
    from dungeon.storyteller.servers.completions import LlamaCpp
    from dungeon.storyteller.servers.http import Connection

    return LlamaCpp(Connection(parse_address(url), key), name)


async def _spawn_engine() -> Process:
    log = log_file()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # there is none, or another game has just moved it
            log.replace(log.with_suffix(".previous.log"))
        stderr = log.open("wb")
    except OSError as error:
        raise DungeonError(
            f"The storyteller's log {log} can't be written: {error}. Set DUNGEON_HOME to a folder that can."
        ) from error
    # Between the hundreds of steps of a token, libgomp's threads wait for each other by spinning, for so long that two
    # programs on the same cores starve each other: 0.3 tokens a second were measured beside a training. Never spinning
    # costs an idle machine two thirds of its speed (33 tokens a second); 2000 turns cost it nothing (90) and gave 9 to
    # 38 on a busy one. Other systems' builds do not read this.
    environment = {"GOMP_SPINCOUNT": "2000"} | os.environ
    with stderr:
        # -P: the working folder is the player's; a folder there named like one of our packages is not ours.
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "dungeon.storyteller.local.engine"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            env=environment,
        )


def _log_lines() -> list[str]:
    path = log_file()
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _log_hint() -> str:
    return f"The engine's log is {log_file()}."
