"""Checks what --corpus names before anything heavy is imported: a corpus folder, a data file, or a data set of the Hub.

    check_corpus(Path("my-corpus"))
    check_corpus(Path("stories.jsonl"))
    check_corpus(Path("roneneldan/TinyStories"))

Limits: of a large file only the first rows are looked at, and of Parquet only the name, which takes a heavy import;
`read_corpus` finds what else is wrong.
"""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from finetune.data.corpus_files import find_files
from finetune.data.documents import Document, document_id, read_document
from finetune.data.row_files import Row, is_parquet, is_row_file, read_rows
from finetune.errors import FinetuneError
from finetune.hub import ask_hub, cached_file

FEWEST = 3
"""Documents that a corpus needs: one each for training, validation and test."""
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_CHECKED = 20_000
"""Rows that are looked at, which takes under a second."""


def check_corpus(corpus: Path) -> None:
    """Check a corpus by its name and its first rows; asks the Hub about a data set that was never fetched.

    Raises:
        FinetuneError: there is no such corpus, the Hub can't be reached, or the file holds nothing to learn.
    """
    if is_documents_file(corpus):
        if not is_parquet(corpus):
            _check_file(corpus)
    elif is_data_set(corpus):
        _check_data_set(corpus.as_posix())
    else:
        find_files(corpus)


def is_documents_file(corpus: Path) -> bool:
    """Return whether a corpus is a file whose rows may be documents."""
    return corpus.is_file() and is_row_file(corpus)


def is_data_set(corpus: Path) -> bool:
    """Return whether a corpus can only be a data set of the Hub: OWNER/NAME, and no such path."""
    return bool(_HUB_ID.fullmatch(corpus.as_posix())) and not corpus.exists() and not is_row_file(corpus)


def read_documents(rows: Iterable[tuple[str, Row]], name: str) -> Iterable[Document]:
    """Yield each row's document; `name` is the source's, for messages."""
    return (read_document(row, f"{name}, {place}") for place, row in rows)


def too_few(name: str, count: int) -> FinetuneError:
    """Return the error for a source that holds too few documents."""
    documents = f"{count or 'no'} different document{'s' * (count != 1)}"
    return FinetuneError(
        f"{name} holds {documents} with text, one on each row. A corpus needs at least {FEWEST}: one for training, "
        "one for validation, one for the test. Cut a long text with: dungeon corpus build TEXT --out FOLDER"
    )


def _check_file(path: Path) -> None:
    rows = read_rows(path)
    found = {document_id(document) for document in read_documents(islice(rows, _CHECKED), str(path)) if document}
    if len(found) < FEWEST and next(rows, None) is None:
        raise too_few(str(path), len(found))


def _check_data_set(name: str) -> None:
    if cached_file(name, "README.md", "dataset"):
        return
    if problem := ask_hub(name, "README.md", "dataset"):
        reason, source = problem
        raise no_data_set(name, reason) from source


def no_data_set(name: str, reason: str) -> FinetuneError:
    """Return the error for a data set that can't be had."""
    return FinetuneError(
        f"'{name}', which is not a local folder or file and was looked up on the Hub, can't be read as a corpus. "
        f"The cause: {reason}\n--corpus also takes a local file with a column text or messages (.jsonl, .csv, "
        ".parquet), and the folder of a corpus. Build one from your text with: "
        "dungeon corpus build STORIES --out FOLDER"
    )
