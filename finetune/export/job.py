"""What an export is asked to do, and every check of it that needs no heavy import."""

from dataclasses import dataclass
from pathlib import Path

from finetune.errors import FinetuneError
from finetune.models.folders import has_adapter, read_training

PRECISIONS = {
    "merged": ("fp32", "bf16", "fp16"),
    "gguf": ("q8_0", "f32", "f16", "bf16", "q5_1", "q5_0", "q4_1", "q4_0"),
}
"""What the weights of a target may be held in, the default first; the other targets copy the adapter's."""


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Which voice is exported, as what, and where to."""

    voice: Path
    target: str
    """adapter, merged, gguf or gguf-adapter."""
    out: Path
    """The folder or, for GGUF, the file to write; must not exist."""
    precision: str | None = None
    """One of `PRECISIONS`; None takes the default."""
    base: str | None = None
    """Where an adapter's base is now, if it has moved."""
    corpus: Path | None = None
    """Where the turns to compare on come from, if not from the voice."""
    repository: str | None = None
    """The Hub repository to push the export to; None pushes nothing."""

    @property
    def is_whole_model(self) -> bool:
        """Whether the base's weights are in the export."""
        return self.target in PRECISIONS

    @property
    def weight_form(self) -> str:
        """The precision of the weights, or "" where the adapter's are copied."""
        return self.precision or PRECISIONS.get(self.target, ("",))[0]

    def check(self) -> None:
        """Check the job before anything heavy is imported.

        Raises:
            FinetuneError: the voice is not one or has nothing for the target, the target has no such precision, or
                something is at `out`.
        """
        read_training(self.voice)
        if self.precision is not None and not self.is_whole_model:
            raise FinetuneError(f"--to {self.target} copies the adapter. Leave --precision out.")
        if self.precision is not None and self.precision not in (known := PRECISIONS[self.target]):
            raise FinetuneError(f"--to {self.target} has no precision {self.precision}; it has {', '.join(known)}.")
        if not self.is_whole_model and not has_adapter(self.voice):
            raise FinetuneError(
                f"The voice {self.voice} is a whole model and has no adapter. Take --to merged or --to gguf."
            )
        if self.target == "gguf-adapter" and not (self.voice / "adapter.gguf").is_file():
            raise FinetuneError(
                f"The voice {self.voice} has no adapter that llama.cpp can apply to a base. "
                "Take --to gguf, or --to adapter for peft."
            )
        if self.out.exists():
            raise FinetuneError(f"{self.out} is there already. Name another place with --out, or move it away.")
