"""The engine: llama.cpp's server on the loopback interface, as a child process of the game.

`dungeon.storyteller.local` starts it with `python -m dungeon.storyteller.engine`. It reads one line of JSON from stdin
(model, adapter, context, key) and writes one line to stdout (`{"url": …}`). stderr is the log. After that it only
watches stdin, which the system closes when the parent dies, however it dies; then the engine exits at once.

A process of its own, so that a crash or an out-of-memory kill in native code never takes the game down.
"""

import json
import os
import sys
import threading


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
    params.n_ctx = settings["context"]
    params.n_parallel = 1
    # One game plays one story, and the slot's own cache holds it. The prompt cache beside the slot (8 GB by default)
    # would only fill the memory.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    cpu = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    if all(device["type"] == cpu for device in xllamacpp.get_device_info()):
        # A request can be cancelled only between two batches of its prompt, and a token costs no more in batches of 64
        # than of 512.
        params.n_batch = 64
        # Flash attention on a CPU costs a third of the decoding speed at 1,400 tokens, and its last digits depend on
        # how a prompt is split into batches: without it a replayed story comes out the same.
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free port
    params.api_keys = [settings["key"]]
    params.cors_origins = ""  # no web page may ask
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.offline = True
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address}), file=answer, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    """Exit as soon as stdin is closed."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
