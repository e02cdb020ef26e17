r"""The child process: llama.cpp's server on this machine's loopback, until whoever started it is gone.

Started by `dungeon.storyteller.local` as `python -m dungeon.storyteller.engine`. One line of JSON comes in on stdin
(model, adapter, context, key), one goes out on stdout (`{"url": …}`); after that stdin is only watched. The system
closes it when the parent dies, however it dies, and then this process ends at once. stderr is the log.

A process of its own, so that a crash or an out-of-memory kill in native code never takes the game down.
"""

import json
import os
import sys
import threading


def main() -> None:
    """Serves until stdin closes."""
    # llama.cpp may print: what is meant for the parent goes through a copy of stdout, everything else to the log.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    if sys.platform != "win32":
        # The game's own work comes first: typing was on the screen in 36 ms (p95) while a turn streamed, without this
        # in 90. The game needs little, so the voice is as fast as before; beside other busy programs it gets less.
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
    # One game has one tale: what the slot holds is all that will be wanted again, and copies of it beside the slot
    # (eight gigabytes of them by default) would only fill the memory.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    cpu = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    if all(device["type"] == cpu for device in xllamacpp.get_device_info()):
        # A request can be left only between two batches of its prompt, and 64 tokens cost no more apiece than 512.
        params.n_batch = 64
        # Flash attention on a CPU costs a third of the speed of decoding at 1,400 tokens, and its digits hang on how
        # a prompt falls into batches: without it a tale told again comes out the same.
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free one
    params.api_keys = [settings["key"]]
    params.cors_origins = ""  # no web page has business here
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.offline = True
    server = xllamacpp.Server(params)
    print(json.dumps({"url": server.listening_address}), file=answer, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
