"""Turns that the voice generates as it learns, from the same prompts at each evaluation: a log, and a page to read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.files import write_atomic
from corpus.text import printable


def write_samples_page(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write samples, each with `step`, `prompt` and `text`, as a Markdown page."""
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_prompt.setdefault(entry["prompt"], []).append(entry)
    page = ["# What the voice writes as it learns"]
    for n, (prompt, samples) in enumerate(by_prompt.items(), 1):
        page += [f"## Prompt {n}", _code_block(prompt)]
        for entry in sorted(samples, key=lambda entry: int(entry["step"])):
            page += [f"After {entry['step']} steps:", _code_block(entry["text"])]
    write_atomic(path, "\n\n".join(page) + "\n")


def _code_block(text: str) -> str:
    """Return text as a block of Markdown in which nothing is markup."""
    return "\n".join("    " + line for line in printable(text).strip("\n").splitlines()) or "    …"
