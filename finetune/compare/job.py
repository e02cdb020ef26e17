"""What an evaluation is asked to compare, and every check of it that needs no heavy import."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.corpus_check import check_corpus
from finetune.errors import FinetuneError
from finetune.models.base_check import check_base
from finetune.models.folders import BUNDLED, VOICE, is_path, is_voice, read_training


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationJob:
    """Which voices are compared, and on what."""

    voices: tuple[str, ...]
    """Voice folders, and bases as `open_base` takes them."""
    corpus: Path | None = None
    base: str | None = None
    """Where the voices' base is now, if it has moved."""
    turns: int = 32
    tokens: int = 60
    """Most tokens per turn."""
    seed: int = 0
    examples: int = 32
    """Most examples of the held-out split whose loss is measured, spread evenly over it; 0 means all."""

    def check(self) -> dict[str, dict[str, Any] | None]:
        """Check the names before anything heavy is imported; return each one's `training.json`, None for a base.

        Raises:
            FinetuneError: a name is neither a voice nor a base, or is given twice, or there is no such corpus.
        """
        if self.corpus:
            check_corpus(self.corpus)
        trainings = {name: _read_training(name) for name in self.voices}
        if len(trainings) < len(self.voices):
            raise FinetuneError("A voice is named twice. Name each once.")
        return trainings


def _read_training(name: str) -> dict[str, Any] | None:
    path = Path(name).expanduser()
    if is_voice(path):
        return read_training(path)
    if not path.exists() and is_path(name):
        raise FinetuneError(f"There is no voice and no model folder {path}. Check the path.")
    if path.exists() and not (path / "config.json").is_file():
        raise FinetuneError(
            f"{path} is neither a voice (it has no {VOICE}) nor a model folder (no config.json). "
            f"Name a folder that training wrote, or a base: a model folder or {BUNDLED}."
        )
    check_base(name)
    return None
