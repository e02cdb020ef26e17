"""Finds out what a server is, by harmless GETs: its kind, its models, and how long their context is.

    server = await detect(connection)
    model = choose_model(server, wanted)
    client = make_client(connection, server, model)

    servers = await find_local_servers()     # what answers on this machine's usual ports

The routes are asked at the same time, so that a server which answers none of them costs one wait; their answers are
read in the order of `_identify`. KoboldCpp comes first: it also answers what llama.cpp and Ollama are known by.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.text import did_you_mean
from dungeon.errors import StorytellerError
from dungeon.storyteller.servers.address import Address, parse_address
from dungeon.storyteller.servers.chat import SERVICES, ChatClient
from dungeon.storyteller.servers.client import ServerClient
from dungeon.storyteller.servers.completions import CompletionsClient, LlamaCpp, Vllm
from dungeon.storyteller.servers.http import Connection, Refusal
from dungeon.storyteller.servers.koboldcpp import KoboldCpp
from dungeon.storyteller.servers.lm_studio import LM_STUDIO_PATHS, LmStudio, lm_studio_models
from dungeon.storyteller.servers.models import ServedModel, below, entries, size
from dungeon.storyteller.servers.ollama import Ollama

PROBE_SECONDS = 1.5
PATIENT_SECONDS = 5.0
LOCAL_SECONDS = 0.7
"""How long a server may take for one answer: on this machine; elsewhere, or where the player need not wait for it; and
one that was not named."""
LOCAL_PORTS = (11434, 1234, 5001, 8080, 9931, 8000)
"""Ollama, LM Studio, KoboldCpp, llama.cpp old and new, vLLM."""
_LISTED = 20
_NO_KEY = (401, 403)


class Kind(StrEnum):
    """What a server is."""

    LLAMA_CPP = "llama.cpp"
    KOBOLDCPP = "KoboldCpp"
    OLLAMA = "Ollama"
    LM_STUDIO = "LM Studio"
    VLLM = "vLLM"
    CHAT = "chat service"
    OTHER = "OpenAI-compatible server"


_CLIENTS: dict[Kind, type[ServerClient]] = {
    Kind.LLAMA_CPP: LlamaCpp,
    Kind.KOBOLDCPP: KoboldCpp,
    Kind.OLLAMA: Ollama,
    Kind.LM_STUDIO: LmStudio,
    Kind.VLLM: Vllm,
    Kind.CHAT: ChatClient,
    Kind.OTHER: CompletionsClient,
}
_LIST_ALL = frozenset({Kind.OLLAMA, Kind.LM_STUDIO, Kind.VLLM})
"""Kinds whose list of models has every name that they take."""


class StillLoading(StorytellerError):
    """The server answers, and will have its model in a while."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answers."""

    url: str
    kind: Kind
    models: tuple[ServedModel, ...]
    needs_key: bool = False
    """Whether it says no more without a key."""


# ---- one server --------------------------------------------------------------------------------------------------


async def detect(connection: Connection, seconds: float | None = None) -> FoundServer:
    """Return what answers at this address; one answer may take so many seconds.

    Raises:
        StillLoading: the server is still loading its model.
        StorytellerError: nothing answers, the server fails, or it does not accept the key.
    """
    address = connection.address
    if seconds is None:
        seconds = PROBE_SECONDS if address.is_local else PATIENT_SECONDS
    models_route = f"{address.api}/models"
    if address.host in SERVICES:
        answers = await _ask(connection, [models_route], seconds)
    else:
        answers = await _ask(connection, [*(address.root + path for path in _PATHS), models_route], seconds)
    failures = [answer for answer in answers.values() if isinstance(answer, StorytellerError)]
    refusals = [failure for failure in failures if isinstance(failure, Refusal)]
    if any(refusal.is_of_loading for refusal in refusals):
        raise StillLoading(f"The server at {address.root} is still loading its model. Try again in a moment.")
    nothing_known = len(failures) == len(answers)
    if nothing_known and (not refusals or any(refusal.status >= 500 for refusal in refusals)):
        raise next((refusal for refusal in refusals if refusal.status >= 500), failures[0])
    found = _Answers(address, answers)
    kind, models = await _identify(connection, found, seconds)
    no_key = [refusal for refusal in refusals if refusal.status in _NO_KEY]
    # llama.cpp lists its models for everybody, and keeps its properties to those who have the key.
    is_locked = bool(no_key) and (not models or kind is Kind.LLAMA_CPP)
    if is_locked and connection.has_key and (kind in (Kind.OTHER, Kind.LLAMA_CPP)):
        raise no_key[0]
    asks_for_key = is_locked or found.get(_KOBOLD, "protected") is True
    return FoundServer(address.root, kind, models, needs_key=asks_for_key and not connection.has_key)


def choose_model(server: FoundServer, wanted: str | None) -> ServedModel:
    """Return the model to play with: the one of that name; without a name the only one, or the only loaded one.

    Raises:
        StorytellerError: there is none, or there are several; lists them.
    """
    models = server.models
    if server.needs_key:
        raise StorytellerError(
            f"The server at {server.url} asks for a key. Set the variable DUNGEON_API_KEY to it, or keep it in the "
            f"system's keyring: pip install keyring, then keyring set dungeon {parse_address(server.url).origin}"
        )
    if wanted is not None:
        for name in (wanted, f"{wanted}:latest"):
            for model in models:
                if name in (model.name, model.title):
                    return model
        if server.kind in _LIST_ALL:
            names = [model.name for model in models]
            raise StorytellerError(
                f"The server at {server.url} ({server.kind}) has no model '{wanted[:200]}'."
                f"{did_you_mean(wanted, names)} {_listed(models)}"
            )
        return ServedModel(wanted, models[0].context if len(models) == 1 else None)
    loaded = [model for model in models if model.is_loaded]
    if len(models) == 1 or len(loaded) == 1:
        return (loaded or models)[0]
    if not models:
        raise StorytellerError(
            f"The server at {server.url} lists no models. Name one: --model NAME\n"
            "If it is no storyteller's server, check the address."
        )
    raise StorytellerError(
        f"The server at {server.url} has several models. Choose one: --model NAME\n{_listed(models)}"
    )


def make_client(connection: Connection, server: FoundServer, model: ServedModel) -> ServerClient:
    """Return the client for this kind of server."""
    return _CLIENTS[server.kind](connection, model.name, model.context)


async def find_local_servers(ports: Sequence[int] = LOCAL_PORTS, seconds: float = LOCAL_SECONDS) -> list[FoundServer]:
    """Return what answers on this machine's usual ports, asked by GETs alone and without any key.

    `seconds` is the limit for one answer. It takes at most twice as long, for some kinds are asked a second time.
    """

    async def look(port: int) -> FoundServer | None:
        connection = Connection(parse_address(f"http://127.0.0.1:{port}"))
        try:
            server = await detect(connection, seconds)
        except StorytellerError:
            return None
        finally:
            await connection.close()
        return server if server.models or server.needs_key else None

    return [server for server in await asyncio.gather(*map(look, ports)) if server]


def _listed(models: Sequence[ServedModel]) -> str:
    names = [f"  {model.name}{' (loaded)' if model.is_loaded else ''}" for model in models[:_LISTED]]
    more = [f"  and {len(models) - _LISTED} more"] if len(models) > _LISTED else []
    return "It has:\n" + "\n".join(names + more) if names else "It has none."


# ---- what the answers mean ---------------------------------------------------------------------------------------

_KOBOLD, _PROPS, _OLLAMA = "/api/extra/version", "/props", "/api/version"
_PATHS = (_KOBOLD, _PROPS, _OLLAMA, *LM_STUDIO_PATHS)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a server answered to each route; errors as they were raised."""

    address: Address
    by_url: dict[str, object]

    def get(self, path: str, *names: str) -> object:
        """Return what stands below these names in the answer to a route; None if nothing does."""
        return below(self.by_url.get(self.address.root + path), *names)

    @property
    def models(self) -> list[dict[str, object]]:
        """The OpenAI-style list of models."""
        answer = self.by_url.get(f"{self.address.api}/models")
        listed = below(answer, "data") or answer  # some answer with the bare list
        return [entry for entry in entries(listed) if isinstance(entry.get("id"), str)]


async def _ask(connection: Connection, urls: Sequence[str], seconds: float) -> dict[str, object]:
    """What a server answers to GETs, all at once; an error stands for an answer."""

    async def ask(url: str) -> object:
        try:
            return await connection.get_json(url, seconds)
        except StorytellerError as error:
            return error

    return dict(zip(urls, await asyncio.gather(*map(ask, urls)), strict=True))


async def _identify(connection: Connection, answers: _Answers, seconds: float) -> tuple[Kind, tuple[ServedModel, ...]]:
    root = answers.address.root
    if answers.address.host in SERVICES:
        return Kind.CHAT, _openai_models(answers)
    if str(answers.get(_KOBOLD, "result")).lower() == "koboldcpp":
        (more,) = (await _ask(connection, [f"{root}/api/extra/true_max_context_length"], seconds)).values()
        context = size(below(more, "value"))
        return Kind.KOBOLDCPP, tuple(ServedModel(str(entry["id"]), context, True) for entry in answers.models)
    has_settings = answers.get(_PROPS, "default_generation_settings") is not None
    if has_settings or any(entry.get("owned_by") == "llamacpp" for entry in answers.models):
        return Kind.LLAMA_CPP, _llama_cpp_models(answers)
    if isinstance(answers.get(_OLLAMA, "version"), str):
        return Kind.OLLAMA, await _ollama_models(connection, seconds)
    if (studio := lm_studio_models([answers.get(path) for path in LM_STUDIO_PATHS])) is not None:
        return Kind.LM_STUDIO, studio
    has_limit = any("max_model_len" in entry for entry in answers.models)
    return Kind.VLLM if has_limit else Kind.OTHER, _openai_models(answers)


def _llama_cpp_models(answers: _Answers) -> tuple[ServedModel, ...]:
    """One model, with the context of each of the server's slots; or a router's, loaded or not."""
    context = size(answers.get(_PROPS, "default_generation_settings", "n_ctx"))
    models = []
    for entry in answers.models:
        state = below(entry, "status", "value")  # a router's only
        models.append(
            ServedModel(
                str(entry["id"]),
                size(below(entry, "meta", "n_ctx")) or (context if state is None else None),
                state in (None, "loaded"),
            )
        )
    if not models and context:
        models.append(ServedModel(str(answers.get(_PROPS, "model_path") or "model"), context, True))
    return tuple(models)


async def _ollama_models(connection: Connection, seconds: float) -> tuple[ServedModel, ...]:
    answers = await _ask(connection, [f"{connection.url}/api/{path}" for path in ("tags", "ps")], seconds)
    tags, running = answers.values()
    loaded = {str(entry.get("name")): size(entry.get("context_length")) for entry in entries(below(running, "models"))}
    names = [
        str(entry.get("name"))
        for entry in entries(below(tags, "models"))
        if "bert" not in str(below(entry, "details", "family"))  # those only embed
    ]
    return tuple(ServedModel(name, loaded.get(name), name in loaded) for name in names)


_CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window", "max_context_length", "max_input_tokens")
"""vLLM; OpenRouter, Together; Groq; Mistral; others."""


def _openai_models(answers: _Answers) -> tuple[ServedModel, ...]:
    """The models of `/v1/models`. vLLM lists an adapter without a context: it has that of its base."""
    contexts = {
        str(entry["id"]): next((found for name in _CONTEXT_FIELDS if (found := size(entry.get(name)))), None)
        for entry in answers.models
    }
    return tuple(
        ServedModel(
            str(entry["id"]),
            contexts[str(entry["id"])] or contexts.get(str(entry.get("parent"))),
            below(entry, "status", "value") == "loaded",
        )
        for entry in answers.models
    )
