"""Made-up studies for the tests of findings and page."""

from finetune.report.study import Run, Study


def run(method: str, share: float, bits: float, **other: object) -> Run:
    values = {
        "method": method,
        "stories": 0 if method == "base" else round(share / 10),
        "share": share,
        "words": int(share * 100),
        "learning_rate": 1e-3,
        "trained": 1000,
        "steps": 0 if method == "base" else 20,
        "budget": 0 if method == "base" else 20,
        "passes": 2.0,
        "best_step": 0 if method == "base" else 16,
        "bits_per_byte": bits,
        "nats_per_token": 3 * bits,
        "seconds": 0.0 if method == "base" else 120.0,
        "tokens_per_second": 500.0,
        "memory": 2**30,
    }
    return Run(**{**values, **other})  # type: ignore[arg-type]


def study(*runs: Run, **other: object) -> Study:
    values = {
        "base": "tiny",
        "parameters": 135_000_000,
        "device": "CPU",
        "precision": "fp32",
        "stories": 10,
        "words": 10_000,
        "split": "test",
        "held_out_tokens": 500,
        "held_out_bytes": 2000,
        "recipe_name": "laptop",
        "recipe": {"patience": 3},
        "price": 0.3,
        "prompts": (),
        "runs": runs,
    }
    return Study(**{**values, **other})  # type: ignore[arg-type]


BASE = run("base", 0, 1.2)
TUNED = (run("lora", 10, 1.1), run("lora", 100, 1.0), run("full", 10, 1.15), run("full", 100, 1.05))
SCRATCH = (run("scratch", 10, 2.5), run("scratch", 100, 2.0))
