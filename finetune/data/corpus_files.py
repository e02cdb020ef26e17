"""The files of a corpus folder, found without opening one. Light: nothing heavy is imported here."""

import shlex
from pathlib import Path

from finetune.data.row_files import is_row_file
from finetune.errors import FinetuneError

SPLITS = ("train", "validation", "test")
BUILD_ONE = "Build one with: dungeon corpus build STORIES --out FOLDER"


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Return the Parquet files of each split.

    Raises:
        FinetuneError: `folder` is not the folder of a corpus.
    """
    if folder.is_file():
        raise FinetuneError(
            f"{folder} is a file, and --corpus takes the folder of a corpus, or a .jsonl, .json, .csv or .parquet file "
            "with a column text or messages. Build a corpus from your text with: "
            f"dungeon corpus build {shlex.quote(str(folder))} --out FOLDER"
        )
    if is_row_file(folder) and not folder.exists():
        raise FinetuneError(f"There is no file {folder}. Check the path.")
    if not folder.is_dir():
        raise FinetuneError(f"There is no corpus folder {folder}. {BUILD_ONE}")
    if (folder / "dataset_dict.json").is_file():
        raise FinetuneError(
            f"The corpus {folder} is in the form of save_to_disk; it was built by an earlier version of this program, "
            "or by another one. Build it again with: dungeon corpus build STORIES --out FOLDER"
        )
    files = {split: sorted(folder.glob(f"data/{split}-*.parquet")) for split in SPLITS}
    if not any(files.values()):
        raise FinetuneError(f"{folder} is not a corpus: it has no data/train-….parquet. {BUILD_ONE}")
    return files
