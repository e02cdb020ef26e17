"""How fast the engine runs a model with other batches or threads: ready, reading, decoding, cancelling, memory.

    python -m tests.benchmarks.engine MODEL.gguf [--batches 64,256] [--threads 2] [--tokens 250] [--runs 3]

Starts the game's own engine once for each size of batch and number of threads, side by side, and asks them in turn, so
that what else the machine does strikes all alike. For each: seconds until ready; tokens a second read and generated;
processor seconds for 1,000 tokens read, which other programs change less (with one thread: others spin while they
wait); seconds from closing a request that is being read until the next one begins; memory at the end. Medians, and
their ratios to the first.
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from http.client import HTTPConnection, HTTPResponse
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.benchmarks.figures import argument_parser
from tests.dungeon.engine_process import EngineProcess

_CONTEXT = 4096
_GENERATED = 24
_CANCEL_AFTER = 0.5


class Engine:
    """One engine with one size of batch."""

    def __init__(self, model: Path, batch: int, threads: int) -> None:
        self.name = f"batch {batch}, threads {threads or 'default'}"
        began = time.perf_counter()
        # Without the engine's low priority: beside other programs it would hardly run at all.
        setup = f"engine.os.nice = int; engine_params.CPU_BATCH = {batch}"
        setup += f"; engine_params.thread_limit = lambda: {threads} or None"
        self._engine = EngineProcess(model, _CONTEXT, setup)
        address = urlsplit(self._engine.url)
        self.figures = defaultdict[str, list[float]](list)
        self.figures["ready s"].append(time.perf_counter() - began)
        self._host, self._port = address.hostname or "", address.port
        self._process = psutil.Process(self._engine.pid)

    def measure(self, prompt: str, cancelled_prompt: str) -> None:
        """Have one prompt read and continued, and another cancelled while it is read."""
        before = self._processor_seconds()
        timings = self.ask({"prompt": prompt, "max_tokens": 1})["timings"]
        used = self._processor_seconds() - before
        self.figures["read tokens/s"].append(timings["prompt_per_second"])
        self.figures["read cpu s/1000"].append(1000 * used / timings["prompt_n"])
        decoded = self.ask({"prompt": prompt, "max_tokens": _GENERATED, "ignore_eos": True})["timings"]
        self.figures["decode tokens/s"].append(decoded["predicted_per_second"])
        response, connection = self._post({"prompt": cancelled_prompt, "stream": True, "return_progress": True})
        response.readline()
        time.sleep(_CANCEL_AFTER)
        began = time.perf_counter()
        connection.close()
        response.close()
        timings = self.ask({"prompt": "Hi", "max_tokens": 1})["timings"]
        self.figures["cancel s"].append(time.perf_counter() - began - timings["prompt_ms"] / 1000)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the whole answer to a request."""
        response, connection = self._post(body)
        answer: dict[str, Any] = json.loads(response.read())
        connection.close()
        return answer

    def close(self) -> None:
        """Note the memory that it holds, and end it."""
        self.figures["resident MB"].append(self._process.memory_info().rss / 1e6)
        self._engine.close()

    def _post(self, body: dict[str, Any]) -> tuple[HTTPResponse, HTTPConnection]:
        connection = HTTPConnection(self._host, self._port or 80)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {EngineProcess.key}"}
        connection.request("POST", "/v1/completions", json.dumps(body), headers)
        return connection.getresponse(), connection

    def _processor_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--batches", default="64,256")
    parser.add_argument("--threads", default="0", help="numbers with commas; 0 is llama.cpp's own")
    parser.add_argument("--tokens", type=int, default=250, help="of a prompt, about")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    pairs = product(map(int, arguments.batches.split(",")), map(int, arguments.threads.split(",")))
    engines = [Engine(arguments.model.resolve(), batch, threads) for batch, threads in pairs]
    for run in range(arguments.runs):
        # Each number is a few tokens; every prompt begins with another, so that no cache holds it.
        prompts = [" ".join(f"{run}{side} door {n}," for n in range(arguments.tokens // 5)) for side in (1, 2)]
        for engine in engines if run % 2 == 0 else reversed(engines):
            engine.measure(*prompts)
        print(f"run {run + 1} of {arguments.runs}", file=sys.stderr, flush=True)
    for engine in engines:
        engine.close()
        medians = {name: statistics.median(values) for name, values in engine.figures.items()}
        print(f"{engine.name:28}" + "  ".join(f"{name} {value:.2f}" for name, value in medians.items()))
        ratios = {
            name: statistics.median(a / b for a, b in zip(values, engines[0].figures[name], strict=True))
            for name, values in engine.figures.items()
        }
        print(f"{'  to the first':28}" + "  ".join(f"{name} ×{value:.2f}" for name, value in ratios.items()))


if __name__ == "__main__":
    main()
