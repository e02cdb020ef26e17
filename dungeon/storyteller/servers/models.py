"""A model that a server has, and readers of what servers answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has."""

    name: str
    """What to ask the server for."""
    context: int | None = None
    """Tokens of prompt and answer together; None where the server does not say, or the model is not loaded."""
    is_loaded: bool = False
    """Whether the server says that the model is in memory."""

    @property
    def title(self) -> str:
        """The name for people: of a file, its name alone."""
        if self.name.lower().endswith(".gguf"):
            return self.name.replace("\\", "/").rsplit("/", 1)[-1][: -len(".gguf")]
        return self.name.removeprefix("koboldcpp/")


def below(answer: object, *names: str) -> object:
    """Return what stands below these names in an answer; None if nothing does."""
    for name in names:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def entries(listed: object) -> list[dict[str, object]]:
    """Return the objects of a list; of anything else, none."""
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def size(value: object) -> int | None:
    """Return a number of tokens; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
