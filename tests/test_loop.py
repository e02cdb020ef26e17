"""The whole loop on a GPT-2, as processes: stories in, a corpus, a tuned voice, a turn played through each engine.

The model is tiny and random, with the bundled base's tokenizer (llama.cpp's converter must know it). It generates
nonsense, but its turn is generated and saved, and its voice exported, as with the real GPT-2.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("home_with_weights", "untraced")]

LIBRARY = Path(__file__).parent.parent / "corpus" / "library"
DUNGEON = [sys.executable, "-m", "dungeon"]
QUICK = ["max_steps=10", "length=128", "batch=2", "learning_rate=0.02", "held_out_rows=8", "warmup=0"]


def run(*command: object, lines: str = "") -> str:
    result = subprocess.run(
        [str(word) for word in command], input=lines, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def play_a_turn(*options: object) -> None:
    """Plays one turn with these options; its prose must not be empty."""
    play = [*DUNGEON, "play", "--plain", "--scenario", "iron-door", "--seed", "1", *options]
    _, _, prose = run(*play, lines="open the iron door\n").partition("> You open the iron door.\n\n")
    assert prose.strip()


def test_from_stories_to_a_turn_with_a_tuned_gpt2(tmp_path: Path, weights: Path) -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name, eos_token="<|endoftext|>")
    shape = {"n_positions": 1024, "n_embd": 64, "n_layer": 2, "n_head": 2, "initializer_range": 0.15}
    # Untied: with its embedding for a head, a random model only ever repeats the last token, which is a line's end.
    config = GPT2Config(vocab_size=len(tokenizer), **shape, bos_token_id=0, eos_token_id=0, tie_word_embeddings=False)
    base, corpus, voice, merged = (tmp_path / name for name in ("gpt2", "corpus", "voice", "merged"))
    GPT2LMHeadModel(config).save_pretrained(base)
    tokenizer.save_pretrained(base)

    run(*DUNGEON, "corpus", "build", *sorted(LIBRARY.glob("*.twee"))[::6], "--out", corpus)
    changes = [word for change in QUICK for word in ("--set", change)]
    run(*DUNGEON, "finetune", "--corpus", corpus, "--base", base, "--out", voice, *changes)
    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"]
    play_a_turn("--voice", voice)

    run(*DUNGEON, "finetune", "export", voice, "--to", "merged", "--out", merged)
    log = tmp_path / "serve.log"
    serve = [str(Path(sys.executable).with_name("transformers")), "serve", str(merged), "--port", "0"]
    with log.open("w") as output, subprocess.Popen(serve, stdout=output, stderr=output) as server:
        try:
            play_a_turn("--endpoint", address(log, server), "--model", merged)
        finally:
            server.terminate()


def address(log: Path, server: "subprocess.Popen[bytes]") -> str:
    """The URL of the server, once it has printed it."""
    with log.open() as lines:
        printed = ""
        while server.poll() is None:
            printed += lines.readline()
            if found := re.search(r"running on (http://\S+)", printed):
                return found[1]
    raise AssertionError(f"transformers serve ended: {log.read_text()}")
