"""Ollama: raw text by `/api/generate` with `raw`, answered in lines of JSON.

Its OpenAI-style `/v1/completions` puts the prompt into the model's chat template, lets the model think, and takes
neither min_p nor a context size; so it is not used. A prompt that is too long would be cut without a word: `truncate`
and `shift` make that an error. Ollama has no tokenizer to ask; its answers say how many tokens the prompt had.
"""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.messages import Message
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.servers.client import COUNT_SECONDS, DEFAULT_CONTEXT, TEMPLATE_SECONDS, ServerClient
from dungeon.storyteller.servers.completions import STANDARD_SAMPLING, as_json
from dungeon.storyteller.servers.http import BrokeOff, Refusal, error_message
from dungeon.storyteller.servers.models import below, entries, size

_WANTED_CONTEXT = 8192
"""Tokens to ask for if the model is not loaded yet: its default on most machines, 4,096, is a short memory."""
_KEEP_ALIVE = "30m"
"""How long the model stays loaded after a turn; with the default of 5 minutes a slow reader waits for it again."""
_SAMPLING_NAMES = {
    **STANDARD_SAMPLING,
    **{name: name for name in ("top_k", "min_p", "repeat_penalty", "repeat_last_n")},
}


class Ollama(ServerClient):
    """An Ollama server and one of its models."""

    capabilities = Capabilities(raw_text=True, counts_tokens=False)
    optional_fields = frozenset({"think", "truncate", "shift", "keep_alive"})

    async def prepare(self) -> None:
        """Chooses the context: what the model is loaded with, else what its author set, else up to 8,192 tokens.

        Another context than the loaded one would have Ollama load the model again, for all who use it.
        """
        shown = await self.connection.post_json(f"{self.url}/api/show", {"model": self.model}, COUNT_SECONDS)
        trained = _context_length(below(shown, "model_info"))
        chosen = re.search(r"^num_ctx\s+(\d+)", str(below(shown, "parameters")), re.MULTILINE)
        self.context_size = (
            await self.loaded_context()
            or (int(chosen[1]) if chosen else None)
            or (min(_WANTED_CONTEXT, trained) if trained else DEFAULT_CONTEXT)
        )
        self._is_context_known = False  # whether the server gave as much is asked after the first answer

    async def loaded_context(self) -> int | None:
        """See `ServerClient.loaded_context`."""
        try:
            running = await self.connection.get_json(f"{self.url}/api/ps", COUNT_SECONDS)
        except StorytellerError:
            return None
        for model in entries(below(running, "models")):
            if self.model in (model.get("name"), model.get("model")):
                return size(model.get("context_length"))
        return None

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The request in JSON."""
        sampling = request.params.sampling
        return {
            "model": self.model,
            "prompt": request.prompt,
            "raw": True,
            "stream": True,
            "think": False,  # or Ollama takes what stands in the model's thinking tags out of a raw answer, too
            "truncate": False,
            "shift": False,
            "keep_alive": _KEEP_ALIVE,
            "options": {
                "num_ctx": self.context_size,
                "num_predict": request.max_tokens,
                "seed": request.params.seed,
                "stop": list(request.stop),
                **self._sampling(sampling, _SAMPLING_NAMES),
            },
        }

    async def _pieces(self, body: dict[str, object]) -> AsyncGenerator[str]:
        prompt = str(body["prompt"])
        text = ""
        received = is_whole = False
        async with aclosing(self.connection.stream_lines(f"{self.url}/api/generate", body)) as lines:
            async for line in lines:
                if not line.strip():
                    continue
                event = self._event(line)
                received = True
                if piece := str(event.get("response") or ""):
                    text += piece
                    self.cached_text = prompt + text
                    yield piece
                if event.get("done"):
                    used = {
                        "prompt_tokens": event.get("prompt_eval_count"),
                        "completion_tokens": event.get("eval_count"),
                    }
                    self._learn_usage(prompt, used)
                    is_whole = True
                    break
        if not received:
            raise StorytellerError(f"{self.url} answered nothing. Is it an Ollama server?")
        if not is_whole:
            raise BrokeOff(self.url)
        self.cached_text = prompt + text

    def _event(self, line: str) -> dict[str, object]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise StorytellerError(f"{self.url} sent what is not a completion: {line[:200]}") from error
        if not isinstance(event, dict):
            raise StorytellerError(f"{self.url} sent what is not a completion: {line[:200]}")
        if "error" in event:
            # What goes wrong before the first token comes with the status that the answer should have had.
            status = event.get("status")
            text = f"The storyteller at {self.url} failed: {error_message(event)}"
            raise Refusal(text, status if isinstance(status, int) else 500, line)
        return event

    async def chat_template_prompt(self, messages: Sequence[Message]) -> str | None:
        """See `ServerClient.chat_template_prompt`. Ollama renders the prompt instead of answering if asked to."""
        body = {
            "model": self.model,
            "messages": as_json(messages),
            "think": False,
            "stream": False,
            "_debug_render_only": True,
            "options": {
                "num_ctx": self.context_size,
                "num_predict": 1,
            },  # a version without the flag answers
        }
        try:
            answer = await self.connection.post_json(f"{self.url}/api/chat", body, TEMPLATE_SECONDS)
        except StorytellerError:
            return None
        text = below(answer, "_debug_info", "rendered_template")
        return text if isinstance(text, str) and text else None


def _context_length(model_info: object) -> int | None:
    """The context that the model was trained for: `model_info` has it as "llama.context_length" or the like."""
    for name, value in model_info.items() if isinstance(model_info, dict) else ():
        if name.endswith(".context_length") and isinstance(value, int) and value > 0:
            return value
    return None
