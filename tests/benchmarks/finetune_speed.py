"""How fast training steps are here, in what memory, and how far that is from the arithmetic's floor.

    OMP_WAIT_POLICY=passive python tests/benchmarks/finetune_speed.py [--length 512] [--batch 4] [--steps 5]

Trains a LoRA on random tokens, a quarter of each row being target, in every precision that makes sense on this
device. The floor is the time that the step's matrix products alone would take at the speed this device reaches in one
large product: a forward pass, and a backward pass for activations only, for the base's weights are frozen.
"""

import argparse
import resource
import sys
import time

import torch

from finetune.data import IGNORED, Collator, Row
from finetune.evaluate import target_loss
from finetune.model import Arithmetic, add_lora, choose_arithmetic, cpu_has_bf16, open_base
from finetune.recipe import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="smollm2")
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    base = open_base(options.base)
    head = sum(weight.numel() for weight in base.model.get_output_embeddings().parameters())
    embedding = sum(weight.numel() for weight in base.model.get_input_embeddings().parameters())
    tied = base.model.get_output_embeddings().weight is base.model.get_input_embeddings().weight
    layers = base.model.num_parameters() - embedding - (0 if tied else head)
    model = add_lora(base.model, load("laptop")).to(device)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    targets = options.length // 4
    print(f"{base.name}: {layers:,} weights in layers, {sum(w.numel() for w in trained):,} trained, on {device}")
    print(f"auto would take: {choose_arithmetic('auto')}")
    print("precision  s/step  tokens/s  target tokens/s  floor s  share of floor's speed")
    for precision in ["fp32", "bf16"] if cuda or cpu_has_bf16() else ["fp32"]:
        arithmetic = Arithmetic(precision, "")
        seconds = []
        for _ in range(options.steps + 1):  # the first warms up
            rows = torch.randint(2, base.model.config.vocab_size, (options.batch, options.length)).tolist()
            labels = [[IGNORED] * (options.length - targets) + ids[-targets:] for ids in rows]
            batch = Collator(0)([Row(input_ids=a, labels=b) for a, b in zip(rows, labels, strict=True)])
            inputs = {k: v.to(device) if torch.is_tensor(v) else v for k, v in batch.items()}
            wanted = inputs.pop("labels")
            begin = time.perf_counter()
            with arithmetic.autocast(device):
                logits = model(**inputs, use_cache=False).logits
            (target_loss(logits, wanted) / wanted.numel()).backward()
            optimizer.step()
            optimizer.zero_grad()
            if cuda:
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - begin)
        step = sorted(seconds[1:])[len(seconds[1:]) // 2]
        tokens = options.batch * options.length
        operations = 4 * (layers * tokens + head * options.batch * (targets + 1))
        floor = operations / _speed(arithmetic, device)
        print(
            f"{precision:<9}  {step:6.2f}  {tokens / step:8.0f}  {options.batch * targets / step:15.0f}  "
            f"{floor:7.2f}  {floor / step:7.0%}"
        )
    if cuda:
        print(f"peak GPU memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    unit = 2**30 if sys.platform == "darwin" else 2**20
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.1f} GiB")


def _speed(arithmetic: Arithmetic, device: torch.device) -> float:
    """Operations a second in a large matrix product."""
    size = 4096 if device.type == "cuda" else 2048
    left, right = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    best = float("inf")
    with arithmetic.autocast(device):
        for _ in range(4):
            begin = time.perf_counter()
            left @ right
            if device.type == "cuda":
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best


if __name__ == "__main__":
    main()
