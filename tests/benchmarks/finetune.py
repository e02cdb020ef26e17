"""The trainer in figures, one after the other:

    OMP_WAIT_POLICY=passive python tests/benchmarks/finetune.py [--only speed|voice|curve] [--minutes 4]

speed   ours beside a plain script around transformers' Trainer: wall clock, CPU time and memory (`training_speed`)
voice   from the command to the finished voice, with the recipe `quick`: seconds, and how many of them are training
curve   which layers learn most in the same time on a CPU: held-out loss against minutes (`training_curve`)

They take 4, 2 and 40 minutes on two cores. On a CUDA card, speed is measured with GPT-2 (fetched from the Hub) and rows
of 1,024 tokens, voice with the recipe `gpu`, and the curve, which is about CPUs, is left out.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # run as a script, this file would stand in the way of the package `finetune`

import torch  # noqa: E402

from tests.benchmarks.figures import argument_parser  # noqa: E402

_CUDA_SPEED = ["--base", "openai-community/gpt2", "--length", "1024", "--batch", "32", "--rows", "640"]


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--only", choices=["speed", "voice", "curve"])
    parser.add_argument("--minutes", type=float, default=4, help="of the curve, for each setting")
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    parts = [options.only] if options.only else ["speed", "voice", *([] if cuda else ["curve"])]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        if parts != ["speed"]:
            run("corpus", "build", "corpus/library", "--out", str(corpus), quiet=True)
        for part in parts:
            print(f"\n{part}", flush=True)
            if part == "speed":
                run("tests.benchmarks.training_speed", *(_CUDA_SPEED if cuda else []))
            elif part == "voice":
                time_voice(corpus, Path(folder) / "voice", "gpu" if cuda else "quick")
            else:
                run("tests.benchmarks.training_curve", "--corpus", str(corpus), "--minutes", str(options.minutes))


def time_voice(corpus: Path, out: Path, recipe: str) -> None:
    """Train a voice as a user would, and print how long it took."""
    began = time.perf_counter()
    run("finetune", "--corpus", str(corpus), "--out", str(out), "--recipe", recipe, quiet=True)
    whole = time.perf_counter() - began
    figures = json.loads((out / "training.json").read_text(encoding="utf-8"))["figures"]
    print(
        f"{recipe}: {whole:.0f} s from the command to the finished voice; {figures['seconds']:.0f} of them in "
        f"{figures['steps']} steps, evaluations and samples included"
    )


def run(module: str, *arguments: str, quiet: bool = False) -> None:
    """Run a module of this project; `quiet` shows what it prints only where it fails."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=quiet, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} failed.\n{done.stderr or ''}")


if __name__ == "__main__":
    main()
