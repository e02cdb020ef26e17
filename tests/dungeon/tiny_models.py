"""Writes tiny random models that llama.cpp loads: one for each kind of memory that a model may have.

    path = write_tiny_model(folder / "mamba.gguf", "mamba")

They write nonsense, but cache, forget, and refuse to go back as the large models of their architecture do. The
tokenizer knows bytes only: a token for each byte of the text, and one for the beginning. A file is about 300 kB.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

WIDTH = 64
HEADS = 4
KV_HEADS = 2
HEAD_WIDTH = WIDTH // HEADS
INNER = 2 * WIDTH
"""Of a feed-forward layer, and of a state-space layer."""
STATE = 8
KERNEL = 4
"""Tokens under the convolution of a recurrent layer."""
WINDOW = 128
"""Tokens that a sliding-window layer sees."""
CONTEXT = 4096
_BYTES = 256
_SPECIALS = (b"<unk>", b"<s>", b"</s>")
_SPACE = "\u2581".encode()
"""What this kind of tokenizer makes of a space before it looks for pieces."""
_VOCABULARY = len(_SPECIALS) + 1 + _BYTES


def write_tiny_model(path: Path, architecture: str) -> Path:
    """Write a model of that architecture, one of `ARCHITECTURES`, and return its path."""
    writer = GGUFWriter(path, architecture)
    writer.add_name(f"tiny {architecture}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_vocab_size(_VOCABULARY)
    _add_tokenizer(writer)
    tensors = _Tensors(writer)
    tensors.random("token_embd", _VOCABULARY, WIDTH)
    ARCHITECTURES[architecture](writer, tensors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class _Tensors:
    """Adds tensors with values from a generator of its own, so that a model is the same every time."""

    def __init__(self, writer: GGUFWriter) -> None:
        self._writer = writer
        self._values = np.random.default_rng(7)

    def random(self, name: str, *shape: int) -> None:
        """A matrix of small values."""
        values = self._values.standard_normal(shape, dtype=np.float32) / np.sqrt(shape[-1])
        self._writer.add_tensor(f"{name}.weight", values.astype(np.float32))

    def ones(self, name: str, *shape: int) -> None:
        """The weights of a norm."""
        self._writer.add_tensor(f"{name}.weight", np.ones(shape, dtype=np.float32))

    def raw(self, name: str, values: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> None:
        """A tensor under its whole name."""
        self._writer.add_tensor(name, values.astype(np.float32))

    def attention(self, block: str) -> None:
        """The matrices of an attention layer."""
        self.random(f"{block}.attn_q", WIDTH, WIDTH)
        self.random(f"{block}.attn_k", KV_HEADS * HEAD_WIDTH, WIDTH)
        self.random(f"{block}.attn_v", KV_HEADS * HEAD_WIDTH, WIDTH)
        self.random(f"{block}.attn_output", WIDTH, WIDTH)

    def feed_forward(self, block: str) -> None:
        """The matrices of a gated feed-forward layer."""
        self.random(f"{block}.ffn_gate", INNER, WIDTH)
        self.random(f"{block}.ffn_up", INNER, WIDTH)
        self.random(f"{block}.ffn_down", WIDTH, INNER)


def _add_tokenizer(writer: GGUFWriter) -> None:
    pieces = [*_SPECIALS, _SPACE, *(f"<0x{byte:02X}>".encode() for byte in range(_BYTES))]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, TokenType.NORMAL] + [TokenType.BYTE] * _BYTES
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * len(pieces))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)


def _add_attention_keys(writer: GGUFWriter, blocks: int, kv_heads: int | list[int] = KV_HEADS) -> None:
    writer.add_block_count(blocks)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)


def _llama(writer: GGUFWriter, tensors: _Tensors) -> None:
    """Full attention: the cache can be cut anywhere."""
    _add_attention_keys(writer, 2)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    for block in ("blk.0", "blk.1"):
        tensors.ones(f"{block}.attn_norm", WIDTH)
        tensors.attention(block)
        tensors.ones(f"{block}.ffn_norm", WIDTH)
        tensors.feed_forward(block)
    tensors.ones("output_norm", WIDTH)


def _gemma3(writer: GGUFWriter, tensors: _Tensors) -> None:
    """A sliding window in five layers of six."""
    blocks = 6
    _add_attention_keys(writer, blocks)
    writer.add_key_length(HEAD_WIDTH)
    writer.add_value_length(HEAD_WIDTH)
    writer.add_sliding_window(WINDOW)
    for number in range(blocks):
        block = f"blk.{number}"
        tensors.ones(f"{block}.attn_norm", WIDTH)
        tensors.attention(block)
        tensors.ones(f"{block}.attn_q_norm", HEAD_WIDTH)
        tensors.ones(f"{block}.attn_k_norm", HEAD_WIDTH)
        tensors.ones(f"{block}.post_attention_norm", WIDTH)
        tensors.ones(f"{block}.ffn_norm", WIDTH)
        tensors.feed_forward(block)
        tensors.ones(f"{block}.post_ffw_norm", WIDTH)
    tensors.ones("output_norm", WIDTH)


def _mamba(writer: GGUFWriter, tensors: _Tensors) -> None:
    """Recurrent layers only: one state for all that was read, which can't be taken back."""
    rank = 4
    writer.add_block_count(2)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(rank)
    for block in ("blk.0", "blk.1"):
        tensors.ones(f"{block}.attn_norm", WIDTH)
        tensors.random(f"{block}.ssm_in", 2 * INNER, WIDTH)
        tensors.random(f"{block}.ssm_conv1d", INNER, KERNEL)
        tensors.raw(f"{block}.ssm_conv1d.bias", np.zeros(INNER))
        tensors.random(f"{block}.ssm_x", rank + 2 * STATE, INNER)
        tensors.random(f"{block}.ssm_dt", INNER, rank)
        tensors.raw(f"{block}.ssm_dt.bias", np.zeros(INNER))
        tensors.raw(f"{block}.ssm_a", -np.ones((INNER, STATE)))
        tensors.raw(f"{block}.ssm_d", np.ones(INNER))
        tensors.random(f"{block}.ssm_out", WIDTH, INNER)
    tensors.ones("output_norm", WIDTH)


def _lfm2(writer: GGUFWriter, tensors: _Tensors) -> None:
    """A hybrid: a convolution with a state in the first layer, attention in the second."""
    _add_attention_keys(writer, 2, [0, KV_HEADS])
    writer.add_shortconv_l_cache(KERNEL)
    for block in ("blk.0", "blk.1"):
        tensors.ones(f"{block}.attn_norm", WIDTH)
        if block == "blk.0":
            tensors.random(f"{block}.shortconv.in_proj", 3 * WIDTH, WIDTH)
            tensors.random(f"{block}.shortconv.conv", WIDTH, KERNEL)
            tensors.random(f"{block}.shortconv.out_proj", WIDTH, WIDTH)
        else:
            tensors.attention(block)
            tensors.ones(f"{block}.attn_q_norm", HEAD_WIDTH)
            tensors.ones(f"{block}.attn_k_norm", HEAD_WIDTH)
        tensors.ones(f"{block}.ffn_norm", WIDTH)
        tensors.feed_forward(block)
    tensors.ones("token_embd_norm", WIDTH)


ARCHITECTURES: dict[str, Callable[[GGUFWriter, _Tensors], None]] = {
    "llama": _llama,
    "gemma3": _gemma3,
    "mamba": _mamba,
    "lfm2": _lfm2,
}
