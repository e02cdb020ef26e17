"""How a tale becomes tokens, by the recipe's prompt format: plain text, or a chat model's own frame.

encoder = make_encoder("frame", tokenizer, "ember")
encoder.rows(corpus.splits["train"], length=512), encoder.prompt_ids("You wait.\n\n> You go on.\n")
"""

from typing import Any

from datasets import Dataset

from finetune.data.chat_rows import FrameEncoder, learn_frame
from finetune.data.rows import Row, bos_ids, make_rows, token_ids


class TaleEncoder:
    """Writes tales as plain text, as `FrameEncoder` writes them in a frame."""

    overhead = 0

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        end = tokenizer.eos_token_id
        self.end_ids: list[int] = [] if end is None else [end]

    def rows(
        self, examples: Dataset, length: int, learn_context: bool = False, skip_player_speech: bool = False
    ) -> list[list[Row]]:
        """Return each example's rows: see `rows.make_rows`."""
        end = self.tokenizer.eos_token_id
        return make_rows(examples, self.tokenizer, length, end, learn_context, skip_player_speech)

    def target_bytes(self, examples: Dataset) -> list[int]:
        """Return how many bytes each example's target has."""
        return [len(target.encode()) for target in examples["target"]]

    def prompt_ids(self, tale: str, room: int | None = None) -> list[int]:
        """Return the tokens of a prompt, at most `room`: without its start."""
        start, ids = bos_ids(self.tokenizer), token_ids(self.tokenizer, tale)
        return [*start, *(ids if room is None else ids[-max(1, room - len(start)) :])]


Encoder = TaleEncoder | FrameEncoder


def make_encoder(prompt_format: str, tokenizer: Any, name: str) -> Encoder:
    """Return the encoder for a recipe's prompt format; `name` is the base's.

    Raises:
        FinetuneError: the base has no chat template to learn a frame from.
    """
    return TaleEncoder(tokenizer) if prompt_format == "tale" else FrameEncoder(tokenizer, learn_frame(tokenizer, name))
