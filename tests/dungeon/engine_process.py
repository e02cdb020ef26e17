"""The game's engine as a child of a test or a benchmark, with what it decides changed.

    with EngineProcess(path, 4096, setup="engine.free_memory = lambda: 10**9") as engine:
        client = llama_cpp(engine.url, "tiny", engine.key)

`setup` is Python that runs in the child before the engine, with `engine` and `engine_params` as names of those modules.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_SCRIPT = "from dungeon.storyteller.local import engine, engine_params; {setup}; engine.main()"


class EngineProcess:
    """An engine that serves until `close`."""

    key = "of-a-test"

    def __init__(self, model: Path, context: int, setup: str = "") -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT.format(setup=setup or "pass")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"GOMP_SPINCOUNT": "2000"} | os.environ,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        settings = {"model": str(model), "adapter": None, "context": context, "key": self.key}
        self._child.stdin.write(json.dumps(settings).encode() + b"\n")
        self._child.stdin.flush()
        answer = json.loads(self._child.stdout.readline())
        self.pid = self._child.pid
        self.url: str = answer["url"]
        self.context: int = answer["context"]

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
