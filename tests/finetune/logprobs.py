"""A process of its own for llama.cpp: `python logprobs.py MODEL [ADAPTER] < prompts.json`.

Reads prompts as lists of token ids, prints for each the log-probabilities of the likeliest next tokens: a list of
[token, log-probability]. Then, under "tokens", how llama.cpp writes the texts of "texts" as tokens.
"""

import json
import sys
from typing import Any

import httpx2
import xllamacpp


def main(model: str, adapter: str | None = None) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 512
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.warmup = False
    if adapter:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path = adapter
        lora.scale = 1.0
        params.lora_adapters = [lora]
    server = xllamacpp.Server(params)

    def ask(path: str, body: dict[str, Any]) -> Any:
        answer = httpx2.post(server.listening_address + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    asked = json.load(sys.stdin)
    options = {"n_predict": 1, "n_probs": 20, "temperature": 0, "post_sampling_probs": False, "cache_prompt": False}
    found = []
    for prompt in asked["prompts"]:
        (position,) = ask("/completion", {"prompt": prompt, **options})["completion_probabilities"]
        found.append([[entry["id"], entry["logprob"]] for entry in position["top_logprobs"]])
    tokens = [ask("/tokenize", {"content": text, "add_special": True})["tokens"] for text in asked["texts"]]
    print(json.dumps({"logprobs": found, "tokens": tokens}))


main(*sys.argv[1:])
