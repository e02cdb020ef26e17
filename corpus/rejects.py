"""What is in the sources and not in the corpus: each thing with the reason, counted, and written out on request.

    with writing(Path("rejects.jsonl")) as write:
        write(json_lines([Reject("empty passage", "tale.twee", "The Tale", "Cellar", "")]))

Limits: what cleaning takes out of a passage is one line for each reason, with all of the passage's text.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.errors import CorpusFailure

_BEGINNING = b'{"reason": '


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that is in a source and not in the corpus."""

    reason: str
    source: str
    """Where it was read from, as the story states it."""
    story: str
    """The story's title."""
    passage: str
    """The passage's name; empty where it is about a whole story or file."""
    text: str
    """What is left out, prose or a choice's label; for what cleaning takes out, the passage as it was."""
    count: int = 1
    """How many such things of a passage: as many are counted."""


def json_lines(rejects: Iterable[Reject]) -> bytes:
    """Each as a line of JSON with the fields of `Reject`."""
    lines = (json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)
    # A file name need not be proper Unicode; Python's escape for what isn't is JSON's as well.
    return "".join(lines).encode(errors="backslashreplace")


def counted(rejects: Iterable[Reject]) -> Counter[str]:
    """How many things are left out for each reason."""
    counts: Counter[str] = Counter()
    for reject in rejects:
        counts[reject.reason] += reject.count
    return counts


@contextmanager
def writing(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """A function that takes lines; the file is there, in place of an earlier one, when the block ends without an error.

    Without a path the lines are thrown away. Raises CorpusFailure where something else lies at `path`, and OSError.
    """
    if path is None:
        yield len
        return
    _check(path)
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as staging:
        new = Path(staging, "new")
        with new.open("wb") as file:
            yield file.write
        new.replace(path)


def _check(path: Path) -> None:
    """An earlier file of rejects may be replaced, and an empty one."""
    if not path.exists():
        return
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_BEGINNING)) in (b"", _BEGINNING):
                return
    raise CorpusFailure(f"{path} is there already and holds no rejects. Name another file with --rejects.")
