"""Tiny random models of two architectures, tokenizers trained on the library, corpora of its prose, and tiny voices."""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner, Result
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from finetune.cli import main
from finetune.models.gguf_convert import LlamaCppError

LIBRARY = Path(__file__).parents[2] / "corpus" / "library"
Run = Callable[..., Result]
Voices = dict[str, tuple[Path, Result]]
WriteCorpus = Callable[..., Path]


def set_options(*changes: str) -> tuple[str, ...]:
    """KEY=VALUE as options of the command line."""
    return tuple(word for change in changes for word in ("--set", change))


def logged(voice: Path, key: str) -> list[Any]:
    """The values of a key in a voice's log, step by step."""
    entries = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
    return [entry[key] for entry in entries if key in entry]


CHATML_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QUICK = set_options("max_steps=8", "length=64", "learning_rate=0.01", "precision=fp32", "evaluate_every=4", "samples=0")
"""Options of a training that takes seconds."""


@cache
def prose() -> list[str]:
    """Paragraphs of the library."""
    text = "\n\n".join(path.read_text(encoding="utf-8") for path in sorted(LIBRARY.glob("*.twee")))
    return [block for block in text.split("\n\n") if len(block) > 80 and not set("[]{}:") & set(block)]


def train_tokenizer(bos: bool) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(prose(), trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", bos_token="<s>" if bos else None
    )


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, PreTrainedTokenizerFast]:
    return {"gpt2": train_tokenizer(bos=False), "llama": train_tokenizer(bos=True)}


@pytest.fixture(scope="session")
def chat_tokenizer() -> PreTrainedTokenizerFast:
    """With ChatML's control tokens and its template."""
    made = train_tokenizer(bos=False)
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    made.chat_template = CHATML_TEMPLATE
    return made


@pytest.fixture(scope="session")
def chat_base(tmp_path_factory: pytest.TempPathFactory, chat_tokenizer: PreTrainedTokenizerFast) -> Path:
    """The folder of a Llama for chats, which can read the narrator's instructions."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=602,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
    )
    folder = tmp_path_factory.mktemp("bases") / "tiny-chat"
    LlamaForCausalLM(config).save_pretrained(folder)
    chat_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory, tokenizers: dict[str, PreTrainedTokenizerFast]) -> dict[str, Path]:
    """Folders of a GPT-2 and a Llama as transformers writes them."""
    torch.manual_seed(0)
    made: dict[str, Any] = {
        "gpt2": GPT2LMHeadModel(
            GPT2Config(vocab_size=600, n_positions=128, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
        ),
        "llama": LlamaForCausalLM(
            LlamaConfig(
                vocab_size=600,
                hidden_size=64,
                intermediate_size=96,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=128,
            )
        ),
    }
    folders = {}
    for name, model in made.items():
        folders[name] = tmp_path_factory.mktemp("bases") / f"tiny-{name}"
        model.save_pretrained(folders[name])
        tokenizers[name].save_pretrained(folders[name])
        (folders[name] / "README.md").write_text("---\nlicense: mit\n---\n")
    return folders


def _write_corpus(folder: Path, *, test: bool = True, titles: list[str] | None = None) -> Path:
    """A small corpus: each example continues the paragraph before it."""
    blocks = prose()
    rows = [
        {
            "story": f"story-{n // 4}",
            "context": blocks[n] if n % 4 else "",
            "target": ("\n\n> You go on.\n\n" if n % 4 else "") + blocks[n + 1],
            "ends": n % 4 == 3,
        }
        for n in range(40)
    ]
    parts = {"train": rows[:32], "validation": rows[32:36]} | ({"test": rows[36:]} if test else {})
    (folder / "data").mkdir(parents=True)
    for name, part in parts.items():
        pq.write_table(pa.Table.from_pylist(part), folder / "data" / f"{name}-00000-of-00001.parquet")
    report = {"rights": {"CC-BY-4.0": 9, "unknown": 1}, "titles": {"train": titles or ["A Tale"], "test": ["Another"]}}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


@pytest.fixture(scope="session")
def write_corpus() -> WriteCorpus:
    return _write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_corpus(tmp_path_factory.mktemp("corpora") / "corpus", titles=["A *Bold* [Tale]\n# Really"])


@pytest.fixture(scope="session")
def run() -> Run:
    """The command line, in this process."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="dungeon finetune")

    return call


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory, bases: dict[str, Path], corpus: Path, run: Run) -> Voices:
    """A voice tuned on each base, and the result of the command."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        refuse_conversion(patch)
        for name, base in bases.items():
            out = tmp_path_factory.mktemp("voices") / f"voice-{name}"
            made[name] = (out, run("--corpus", corpus, "--base", base, "--out", out, *QUICK))
    return made


@pytest.fixture(scope="session")
def command() -> Callable[..., list[str]]:
    """The command line, as arguments of a process."""
    return lambda *arguments: [sys.executable, "-m", "finetune", *map(str, arguments)]


@pytest.fixture
def no_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the conversion to GGUF, which fails anyway: llama.cpp does not know the tokenizers of `bases`."""
    refuse_conversion(monkeypatch)


def refuse_conversion(patch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise LlamaCppError("the tokenizer is not known")

    patch.setattr("finetune.training.voice_writer.write_gguf", refuse)
