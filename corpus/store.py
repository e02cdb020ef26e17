"""A corpus on disk: the folder that `datasets.load_from_disk` opens, with `report.json` beside the splits.

`save` writes beside the place and moves the whole into it, so a folder there is always a complete corpus. An earlier
corpus is replaced; anything else that lies there is refused and left alone.
"""

import json
import tempfile
from dataclasses import fields
from pathlib import Path

from datasets import DatasetDict, disable_progress_bars

from corpus.build import SPLITS, CorpusError, Report

REPORT = "report.json"
_DATASET = "dataset_dict.json"  # by which `datasets` knows its folder
_ENTRIES = frozenset({REPORT, _DATASET, *SPLITS})


def check_place(out: Path) -> None:
    """Raises CorpusError where something lies at `out` that a corpus must not replace."""
    if not out.exists():
        return
    if not out.is_dir() or not all((out / name).is_file() for name in (REPORT, _DATASET)):
        raise CorpusError(f"{out} is there already and is no earlier corpus. Name another place with --out.")
    strange = sorted(entry.name for entry in out.iterdir() if entry.name not in _ENTRIES)
    if strange:
        raise CorpusError(
            f"{out} is to be replaced, but holds something that is no part of a corpus: {strange[0]}. "
            "Move it away, or name another place with --out."
        )


def save(dataset: DatasetDict, report: Report, out: Path) -> None:
    """Writes the corpus to the folder `out`, in place of an earlier one.

    Raises CorpusError like `check_place`, and OSError where the place can't be written.
    """
    check_place(out)
    disable_progress_bars()
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    # One staging folder on the same disk: the new corpus grows in it, the old one goes away with it.
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        new, old = Path(staging, "new"), Path(staging, "old")
        dataset.save_to_disk(new)
        content = {field.name: getattr(report, field.name) for field in fields(report)}
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        # A file name need not be proper Unicode; Python's escape for what isn't is JSON's as well.
        (new / REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")
        if out.exists():
            out.rename(old)
        try:
            new.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise
