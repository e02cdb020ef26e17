"""The engine: llama.cpp's server on the loopback interface, as a child process of the game.

`dungeon.storyteller.local.storyteller` starts it with `python -m dungeon.storyteller.local.engine`. It reads one line
of JSON from stdin (model, adapter, context, key) and writes one line to stdout (`{"url": …, "context": …}`): where it
listens, and the tokens of its context, at most those asked for (`engine_params` says how many). stderr is the log.
After that it only watches stdin, which the system closes when the parent dies, however it dies; then the engine exits
at once.

A process of its own, so that a crash or an out-of-memory kill in native code never takes the game down.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from dungeon.errors import DungeonError
from dungeon.storyteller.gguf_header import read_header
from dungeon.storyteller.hardware.memory import free_memory, model_file_size
from dungeon.storyteller.local.engine_params import engine_params


def main() -> None:
    """Serve until stdin closes."""
    # llama.cpp may print: stdout goes to the log from here on, and the answer to the parent through a copy of it.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    if sys.platform != "win32":
        # The screen comes first: while a turn streamed, a typed letter was shown within 36 ms (p95), without this 90.
        # The game needs little, so the engine is as fast as before; beside other busy programs it gets less.
        os.nice(5)

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    if settings["adapter"]:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path = settings["adapter"]
        adapter.scale = 1.0
        params.lora_adapters = [adapter]
    try:
        _set_for_model(params, Path(settings["model"]), settings["context"])
    except DungeonError as error:
        sys.exit(str(error).replace("\n", " "))  # the last line of the log: the parent shows it
    params.n_parallel = 1
    # One game plays one story, and the slot's own cache holds it. The prompt cache beside the slot (8 GB by default)
    # would only fill the memory.
    params.cache_ram_mib = 0
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free port
    params.api_keys = [settings["key"]]
    params.cors_origins = ""  # no web page may ask
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.offline = True
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address, "context": params.n_ctx}), file=answer, flush=True)
    threading.Event().wait()


def _set_for_model(params: Any, model: Path, context: int) -> None:
    """Set what depends on the model's architecture and on this machine.

    Raises:
        DungeonError: the file is not a valid GGUF file.
    """
    import xllamacpp

    kinds = xllamacpp.ggml_backend_dev_type
    on_cpu = (kinds.GGML_BACKEND_DEVICE_TYPE_CPU, kinds.GGML_BACKEND_DEVICE_TYPE_ACCEL)
    gpus = [device for device in xllamacpp.get_device_info() if device["type"] not in on_cpu]
    free = free_memory()
    if free is not None and sys.platform != "darwin":  # a Mac's GPU has the machine's own memory
        free += sum(gpu["memory_free"] for gpu in gpus if gpu["type"] == kinds.GGML_BACKEND_DEVICE_TYPE_GPU)
    chosen = engine_params(read_header(model), model_file_size(model), context, free, on_gpu=bool(gpus))
    print(f"free memory: {free}; {chosen}", file=sys.stderr)
    params.n_ctx = chosen.n_ctx
    params.n_ctx_checkpoints = chosen.n_ctx_checkpoints
    params.checkpoint_min_step = chosen.checkpoint_min_step
    params.swa_full = chosen.swa_full
    if chosen.n_batch is not None:
        params.n_batch = chosen.n_batch
    if chosen.n_threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = chosen.n_threads
    if not gpus:
        # Flash attention on a CPU costs a third of the decoding speed at 1,400 tokens, and its last digits depend on
        # how a prompt is split into batches: without it a replayed story comes out the same.
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED


def _end_with_parent() -> None:
    """Exit as soon as stdin is closed."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
