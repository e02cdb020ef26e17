"""Small files of this package: JSON, logs of JSON lines, and hashes."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus.files import write_atomic


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises OSError or ValueError where it can't be read."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file atomically."""
    write_atomic(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class StepLog:
    """A file of JSON objects, one per line, each with the step it belongs to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, entry: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """Return what was logged; without the last line of a process that was killed while it wrote."""
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []:
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def cut(self, step: int) -> None:
        """Drop what an interrupted run logged after the checkpoint that the training resumes from."""
        kept = [entry for entry in self.entries() if entry["step"] <= step]
        if self.path.is_file():
            self.path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept), "utf-8")
