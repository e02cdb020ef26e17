"""What other programs read: a base as GGUF, and a voice merged into one model folder.

`python -m finetune export VOICE --to merged --out DIR` writes safetensors and the tokenizer; the folder opens with
`from_pretrained` and `transformers serve DIR`. Conversion to GGUF is llama.cpp's own converter, run as a process.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from finetune.errors import FinetuneError
from finetune.model import Base, open_base

VOICE = "voice.json"
TRAINING = "training.json"


class ConversionFailed(Exception):
    """llama.cpp's converter refused the model; the message is its last line."""


def convert_base(base: Base, out: Path) -> None:
    """Writes the base as GGUF, Q8_0 where a tensor's width allows and F16 where not.

    Raises ConversionFailed, for example for a tokenizer that llama.cpp does not know.
    """
    with tempfile.TemporaryDirectory(prefix=".base-", dir=out.parent) as staging:
        save_model(base.model, base.tokenizer, Path(staging))
        made = out.with_name(f".{out.name}.partial")
        command = [sys.executable, "-P", "-m", "convert_hf_to_gguf", staging, "--outfile", str(made)]
        done = subprocess.run([*command, "--outtype", "q8_0"], capture_output=True, text=True, check=False)
        if done.returncode != 0 or not made.is_file():
            made.unlink(missing_ok=True)
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gave no reason"]
            raise ConversionFailed(lines[-1])
        made.rename(out)


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """A model folder as transformers writes it, with the one key that llama.cpp's converter misses for GPT-2."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if "n_positions" in config and "n_ctx" not in config:
        config["n_ctx"] = config["n_positions"]
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def read_voice(folder: Path) -> dict[str, Any]:
    """A voice's `training.json`. Raises FinetuneError where `folder` is no voice that this program wrote."""
    if not (folder / VOICE).is_file():
        raise FinetuneError(f"{folder} is not a voice: it has no {VOICE}. Training makes one with --out.")
    try:
        training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
        training["base"]["given"], training["base"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(f"The voice {folder} has no readable {TRAINING}: {error}. Tune it again.") from error
    return training  # type: ignore[no-any-return]


def merge(voice: Path, out: Path, precision: str, base_name: str | None = None) -> None:
    """Writes the voice merged into its base to the folder `out`, which must not exist.

    `base_name` says where the base is now, if it has moved. Raises FinetuneError for a foreign folder, a base that
    can't be had or isn't the one the voice was tuned on, and an `out` that is there already.
    """
    training = read_voice(voice)
    if out.exists():
        raise FinetuneError(f"{out} is there already. Name another place with --out, or move it away.")
    base = open_base(base_name or training["base"]["given"])
    if base.sha256 != training["base"]["sha256"]:
        raise FinetuneError(f"The voice {voice} was tuned on other weights than {base.name} has now. Tune it again.")
    model = PeftModel.from_pretrained(base.model, str(voice)).merge_and_unload()
    model.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        save_model(model, base.tokenizer, staging)
        staging.chmod(0o755)
        staging.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
