"""What llama.cpp predicts with a GGUF: token ids of texts and log-probabilities of next tokens, in its own process.

    predict(Path("base.gguf"), Path("adapter.gguf"), [Probe([1, 15, 3], next_id=7)], ["You wait."], top=200)

A process of its own, because native code that crashes must not take an export down. On the CPU, so that the result does
not depend on the graphics card.
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

from finetune.files import read_json
from finetune.models.gguf_convert import LlamaCppError


@dataclass(frozen=True, slots=True)
class Probe:
    """A place in a text: which token follows these?"""

    prefix: list[int]
    next_id: int
    """The token that really follows."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Log-probabilities (natural) of the token after a probe's prefix."""

    logprob: float
    """Of the token that really follows."""
    top: list[tuple[int, float]]
    """Token ids and log-probabilities of the likeliest tokens, best first."""


def predict(
    model: Path, adapter: Path | None, probes: Sequence[Probe], texts: Sequence[str], top: int
) -> tuple[list[Prediction], list[list[int]]]:
    """Return the predictions of the GGUF `model` under the GGUF `adapter`, and the token ids of `texts`.

    A prediction has the `top` likeliest tokens. The token ids start with beginning-of-text where the model wants one.

    Raises:
        LlamaCppError: the process failed.
    """
    request: dict[str, Any] = {
        "model": str(model.resolve()),
        "adapter": str(adapter.resolve()) if adapter else None,
        "probes": [asdict(probe) for probe in probes],
        "texts": list(texts),
        "top": top,
    }
    with tempfile.TemporaryDirectory(prefix="dungeon-llama-") as folder:
        out = Path(folder) / "predictions.json"
        # -P: a folder named like one of our packages in the user's working folder is not our package.
        command = [sys.executable, "-P", "-m", "finetune.export.llama_cpp"]
        request["out"] = str(out)
        done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"it ended with {done.returncode}"]
            raise LlamaCppError(lines[-1][:300])
        found = read_json(out)
    predictions = [
        Prediction(one["logprob"], [(token, value) for token, value in one["top"]]) for one in found["predictions"]
    ]
    return predictions, found["tokens"]


def main() -> None:
    """The child: one JSON object comes in on stdin, the result goes to the file that it names."""
    import httpx2

    request = json.loads(sys.stdin.read())
    server, key = _start_server(request)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=server.listening_address, headers=headers, timeout=600) as client:

        def post(path: str, body: dict[str, Any]) -> Any:
            answer = client.post(path, json=body)
            answer.raise_for_status()
            return answer.json()

        # As the trainer reads a text: what looks like a special token in it is prose.
        bodies = ({"content": text, "add_special": True, "parse_special": False} for text in request["texts"])
        tokens = [post("/tokenize", body)["tokens"] for body in bodies]
        predictions = []
        for probe in request["probes"]:
            body = {
                "prompt": probe["prefix"],
                "n_predict": 1,
                "n_probs": request["top"],
                "temperature": 0,
                "post_sampling_probs": False,
                # The token that is taken is returned with its probability, which the bias does not enter.
                "logit_bias": [[probe["next_id"], 1000]],
            }
            (position,) = post("/completion", body)["completion_probabilities"]
            top = [[entry["id"], entry["logprob"]] for entry in position["top_logprobs"]]
            predictions.append({"logprob": position["logprob"], "top": top})
    Path(request["out"]).write_text(json.dumps({"predictions": predictions, "tokens": tokens}), encoding="utf-8")


def _start_server(request: dict[str, Any]) -> tuple[Any, str]:
    """Start llama.cpp's server on loopback; return it and its key."""
    import xllamacpp

    key = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = request["model"]
    if request["adapter"]:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path = request["adapter"]
        adapter.scale = 1.0
        params.lora_adapters = [adapter]
    params.n_ctx = max(len(probe["prefix"]) for probe in request["probes"]) + 8
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
    return xllamacpp.Server(params), key


if __name__ == "__main__":
    main()
