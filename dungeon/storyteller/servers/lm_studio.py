"""LM Studio: raw text by `/v1/completions`; its own routes say which models it has, and which of them are loaded.

It loads a model when it is first asked for, and only then says how long the context is.
"""

from collections.abc import Sequence

from dungeon.errors import StorytellerError
from dungeon.storyteller.servers.client import COUNT_SECONDS
from dungeon.storyteller.servers.completions import STANDARD_SAMPLING, CompletionsClient
from dungeon.storyteller.servers.models import ServedModel, below, entries, size

LM_STUDIO_PATHS = ("/api/v1/models", "/api/v0/models")
"""Its lists of models: since version 0.4, and since 0.3.6."""


class LmStudio(CompletionsClient):
    """An LM Studio server and one of its models."""

    sampling_names = {**STANDARD_SAMPLING, "top_k": "top_k", "repeat_penalty": "repeat_penalty", "min_p": "min_p"}

    async def loaded_context(self) -> int | None:
        """See `ServerClient.loaded_context`."""
        answers: list[object] = []
        for path in LM_STUDIO_PATHS:
            try:
                answers.append(await self.connection.get_json(self.url + path, COUNT_SECONDS))
            except StorytellerError:
                answers.append(None)
        models = lm_studio_models(answers) or ()
        return next((model.context for model in models if model.name == self.model and model.is_loaded), None)


def lm_studio_models(answers: Sequence[object]) -> tuple[ServedModel, ...] | None:
    """Return the models from the answers to `LM_STUDIO_PATHS`; None if they are not LM Studio's."""
    new, old = answers
    listed = entries(below(new, "models"))
    if any("loaded_instances" in entry for entry in listed):
        return tuple(model for entry in listed if entry.get("type") != "embedding" for model in _instances(entry))
    listed = entries(below(old, "data"))
    if any("state" in entry for entry in listed):
        return tuple(
            ServedModel(str(entry.get("id")), size(entry.get("loaded_context_length")), entry.get("state") == "loaded")
            for entry in listed
            if entry.get("type") != "embeddings"
        )
    return None


def _instances(entry: dict[str, object]) -> list[ServedModel]:
    """A model of the newer list: once for each time that it is loaded, by the name of that instance."""
    key = str(entry.get("key"))
    loaded = entries(entry.get("loaded_instances"))
    return [
        ServedModel(str(instance.get("id") or key), size(below(instance, "config", "context_length")), True)
        for instance in loaded
    ] or [ServedModel(key)]
