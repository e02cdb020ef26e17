"""The bundled weights: a Llama-type GGUF file as a transformers model in 32 bits.

    model, tokenizer = read_gguf(bundled_weights())

Only architectures of Llama's layout are read; the bundled file is one.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import torch
from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM, PreTrainedModel
from transformers.initialization import no_init_weights

from finetune.errors import FinetuneError
from finetune.models.folders import BUNDLED

BUNDLED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_BUNDLED_END = "<|endoftext|>"  # of prose; the file names the end of a chat turn instead


def bundled_weights() -> Path:
    """Return the bundled weights on this machine; the game's own command fetches and checks them.

    Raises:
        FinetuneError: that command failed; its lines on stderr say why.
    """
    # -P: a folder named like one of our packages in the user's working folder is not our package.
    command = [sys.executable, "-P", "-m", "dungeon", "fetch", BUNDLED]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise FinetuneError("The bundled weights can't be had; the lines above say why.")
    return Path(done.stdout.strip())


def read_gguf(file: Path) -> tuple[PreTrainedModel, Any]:
    """Return model and tokenizer of a Llama-type GGUF, its weights dequantised."""
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer.eos_token = tokenizer.pad_token = _BUNDLED_END
    config.eos_token_id = config.pad_token_id = tokenizer.eos_token_id
    config.bos_token_id = None
    config.dtype = torch.float32
    with no_init_weights():  # every weight is in the file
        model = LlamaForCausalLM(config)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    state = {}
    for name in model.state_dict():
        tensor = tensors.get(str(names.get_name(name, (".weight",))))
        if tensor is None:  # the head, which is tied to the embedding
            continue
        weight = torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            weight = weight[rotary_row_order(len(weight), heads).argsort()]
        state[name] = weight
    missing, unexpected = model.load_state_dict(state, strict=False, assign=True)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model, tokenizer


def rotary_row_order(rows: int, heads: int) -> torch.Tensor:
    """Return the order in which llama.cpp stores the rows of a Llama-type query or key matrix: `ours[order]`.

    transformers keeps the two halves of each head one after the other; llama.cpp interleaves them.
    """
    return torch.arange(rows).reshape(heads, 2, rows // heads // 2).transpose(1, 2).flatten()
