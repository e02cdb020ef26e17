"""Request fields that a server has refused: learned from its answers, and never sent to it again.

    while True:
        body = fields.allowed(body)
        ...                                  # send it; a status of 400 or 422 comes back
        if not fields.learn(answer, body):   # nothing left to leave out
            raise

An answer that names a field teaches that field. Where it names none, all that is not OpenAI's is left out, and then
what OpenAI's own models may refuse as well.
"""

import re
from collections.abc import Mapping

_REQUIRED = frozenset({"model", "prompt", "messages", "stream", "max_tokens", "max_completion_tokens"})
_STANDARD = _REQUIRED | {
    *("temperature", "top_p", "seed", "stop", "stream_options", "presence_penalty", "frequency_penalty"),
}
"""The fields of OpenAI's own API."""
_DISPENSABLE = frozenset({"seed", "stream_options", "presence_penalty", "frequency_penalty"})
_FEW_STOPS = 4
"""What OpenAI's API and most services allow."""


class RefusedFields:
    """What one server does not take."""

    def __init__(self, most_stops: int | None = None, optional: frozenset[str] | None = None) -> None:
        self._refused: set[str] = set()
        self._optional = optional
        """The fields that may be left out; None: all but those without which a request means nothing."""
        self._most_stops = most_stops
        self._length_field = "max_tokens"
        self._before: tuple[set[str], int | None, str] | None = None

    def allowed(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return the body as this server takes it."""
        allowed = {name: value for name, value in body.items() if name not in self._refused}
        stops = allowed.get("stop")
        if self._most_stops is not None and isinstance(stops, list):
            allowed["stop"] = stops[: self._most_stops]
        if "max_tokens" in allowed:
            allowed[self._length_field] = allowed.pop("max_tokens")
        return allowed

    def learn(self, answer: str, body: Mapping[str, object]) -> bool:
        """Learn from the server's answer to a body that `allowed` returned; return whether it may help to ask again."""
        is_again = self._before is not None
        if self._before is None:
            self._before = (set(self._refused), self._most_stops, self._length_field)
        if "max_tokens" in body and _names(answer, "max_completion_tokens"):
            self._length_field = "max_completion_tokens"
            return True
        stops = body.get("stop")
        if _names(answer, "stop") and isinstance(stops, list) and len(stops) > _FEW_STOPS:
            self._most_stops = _FEW_STOPS
            return True
        optional = body.keys() - _REQUIRED if self._optional is None else body.keys() & self._optional
        named = {name for name in optional if _names(answer, name)}
        extensions = optional - _STANDARD
        if is_again and named & extensions:  # one at a time: not for each of them a request
            named |= extensions
        for refused in (named, extensions, optional & _DISPENSABLE):
            if refused:
                self._refused |= refused
                return True
        return False

    def keep(self) -> None:
        """The server took what was left: what was learned on the way holds."""
        self._before = None

    def forget(self) -> None:
        """The server refused that, too: the reason was another, and nothing was learned."""
        if self._before is not None:
            self._refused, self._most_stops, self._length_field = self._before
            self._before = None


def _names(answer: str, field: str) -> bool:
    """Whether the answer names the field, as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(field)}(?![\w-])", answer, re.IGNORECASE) is not None
