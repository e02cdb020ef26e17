"""What llama.cpp makes of a model: tokens of texts and log-probabilities of next tokens, asked in its own process.

    ask(Path("base.gguf"), Path("adapter.gguf"), [Question([1, 15, 3], true=7)], ["You wait."], top=200)

A process of its own, for native code that crashes must not take an export down. On the CPU, so that the answer does
not depend on what card there is.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What comes after these tokens?"""

    before: list[int]
    true: int
    """The token that really follows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Natural logarithms of probabilities."""

    true: float
    top: list[tuple[int, float]]
    """The likeliest tokens, best first."""


class LlamaFailed(Exception):
    """llama.cpp could not load or run the model; the message is its last line."""


def ask(
    model: Path, adapter: Path | None, questions: Sequence[Question], texts: Sequence[str], top: int
) -> tuple[list[Answer], list[list[int]]]:
    """The answers of the GGUF `model` under the GGUF `adapter`, with the `top` likeliest tokens of each, and the tokens
    that it makes of `texts`, a beginning-of-text among them where the model wants one.

    Raises LlamaFailed.
    """
    asked: dict[str, Any] = {
        "model": str(model.resolve()),
        "adapter": str(adapter.resolve()) if adapter else None,
        "questions": [asdict(question) for question in questions],
        "texts": list(texts),
        "top": top,
    }
    with tempfile.TemporaryDirectory(prefix="dungeon-llama-") as folder:
        asked["out"] = str(Path(folder) / "answers.json")
        # -P: a folder named like one of our packages in the user's working folder is not our package.
        command = [sys.executable, "-P", "-m", "finetune.export.llama_cpp"]
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"it ended with {done.returncode}"]
            raise LlamaFailed(lines[-1][:300])
        found = json.loads(Path(asked["out"]).read_text(encoding="utf-8"))
    answers = [Answer(one["true"], [(token, value) for token, value in one["top"]]) for one in found["answers"]]
    return answers, found["tokens"]


def main() -> None:
    """The child: one JSON object comes in on stdin, the answers go to the file that it names."""
    import httpx2
    import xllamacpp

    asked = json.loads(sys.stdin.read())
    key = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = asked["model"]
    if asked["adapter"]:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path = asked["adapter"]
        adapter.scale = 1.0
        params.lora_adapters = [adapter]
    params.n_ctx = max(len(question["before"]) for question in asked["questions"]) + 8
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 2) // 2)
    params.warmup = False
    params.fit_params = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free one
    params.api_keys = [key]
    params.cors_origins = ""
    params.ui = False
    params.offline = True
    server = xllamacpp.Server(params)
    answers, tokens = [], []
    with httpx2.Client(
        base_url=server.listening_address, headers={"Authorization": f"Bearer {key}"}, timeout=600
    ) as client:
        for text in asked["texts"]:
            # As the trainer reads a text: what looks like a special token in it is prose.
            answer = client.post("/tokenize", json={"content": text, "add_special": True, "parse_special": False})
            answer.raise_for_status()
            tokens.append(answer.json()["tokens"])
        for question in asked["questions"]:
            body: dict[str, Any] = {
                "prompt": question["before"],
                "n_predict": 1,
                "n_probs": asked["top"],
                "temperature": 0,
                "post_sampling_probs": False,
                # What is taken is told with its probability, however unlikely; the bias itself does not enter that.
                "logit_bias": [[question["true"], 1000]],
            }
            answer = client.post("/completion", json=body)
            answer.raise_for_status()
            (position,) = answer.json()["completion_probabilities"]
            top = [[entry["id"], entry["logprob"]] for entry in position["top_logprobs"]]
            answers.append({"true": position["logprob"], "top": top})
    Path(asked["out"]).write_text(json.dumps({"answers": answers, "tokens": tokens}), encoding="utf-8")


if __name__ == "__main__":
    main()
