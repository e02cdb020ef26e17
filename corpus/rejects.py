"""What is in the sources but not in the corpus: each item with its reason, counted, and written to a file on request.

    with rejects_file(Path("rejects.jsonl")) as write:
        write(json_lines([Reject("empty passage", "tale.twee", "The Tale", "Cellar", "")]))

Limits: what cleaning removes from a passage is one line per reason, with the whole text of the passage.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.errors import CorpusError

_BEGINNING = b'{"reason": '


@dataclass(frozen=True, slots=True)
class Reject:
    """Something in a source that is not in the corpus."""

    reason: str
    source: str
    """The path or address that the story was read from."""
    story: str
    """The story's title."""
    passage: str
    """The passage's name; empty if the reject is a whole story or file."""
    text: str
    """The prose or label that is left out; for what cleaning removes, the passage before cleaning; for a file, why."""
    count: int = 1
    """How many such items the passage has."""


def json_lines(rejects: Iterable[Reject]) -> bytes:
    """Return each reject as a line of JSON with the fields of `Reject`."""
    lines = (json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)
    # A file name may not be valid Unicode; Python's escape for such bytes is also valid in JSON.
    return "".join(lines).encode(errors="backslashreplace")


def count_by_reason(rejects: Iterable[Reject]) -> Counter[str]:
    """Return the number of items for each reason."""
    counts: Counter[str] = Counter()
    for reject in rejects:
        counts[reject.reason] += reject.count
    return counts


@contextmanager
def rejects_file(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Give a function that writes lines to the file at `path`, which replaces an earlier one if the block succeeds.

    Without a path the lines are discarded.

    Raises:
        CorpusError: `path` holds something else.
        OSError: the file can't be written.
    """
    if path is None:
        yield len
        return
    _check_replaceable(path)
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as staging:
        new = Path(staging, "new")
        with new.open("wb") as file:
            yield file.write
        new.replace(path)


def _check_replaceable(path: Path) -> None:
    """Raise CorpusError unless `path` is free, an empty file or an earlier file of rejects."""
    if not path.exists():
        return
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_BEGINNING)) in (b"", _BEGINNING):
                return
    raise CorpusError(f"{path} already exists and is not a file of rejects. Name another file with --rejects.")
