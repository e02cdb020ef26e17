"""Rows of a Parquet file, one by one, as `row_files` gives those of other files."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from finetune.data.row_files import Row
from finetune.errors import FinetuneError, cause


def parquet_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield each row with its place, for messages.

    Raises:
        FinetuneError: the file can't be read.
    """
    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except (pa.ArrowException, OSError) as error:
        raise FinetuneError(f"{path} is not a Parquet file that can be read: {cause(error)}.") from error
