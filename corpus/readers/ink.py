"""Ink stories, compiled or not -> Story.

A compiled story (`inklecate`, Inky's "Export to JSON") is walked, not played: from each knot, stitch, gather and choice
to the next choices, taking every branch of each condition and every text of each sequence once. If these show different
texts, the passage has several forms, and a choice leads to each of them. A text that repeats its choice loses the
repetition. Choices are offered whether or not their condition holds, once-only ones as often as they are reached.

An `.ink` source is compiled by `inklecate` or `inkjs-compiler` if one is installed. No maintained compiler is a Python
package: `bink`, `inkpython` and `inkcpp-py` only run compiled stories, and a runtime shows only the path that is
played, which is why none of them is used here.

Limits: variables show their first value. At most `_MAX_FORMS` forms of a passage, `_MAX_PASSAGES` passages and
`_MAX_STEPS` steps; a note says what was cut.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpus.readers.ink_graph import read_ink
from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError

_COMPILERS = ("inklecate", "inkjs-compiler")
_COMPILE_SECONDS = 60
_INCLUDE = re.compile(r"^[ \t]*INCLUDE[ \t]+(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_MAX_INCLUDED = 1000


def covered(files: Iterable[Path]) -> set[Path]:
    """Return the Ink sources among `files` that are read as their compiled form, or as part of another source."""
    given = set(files)
    sources = [file for file in given if file.suffix.lower() == ".ink"]
    found: set[Path] = set()
    for source in sources:
        compiled = (source.with_name(source.name + ".json"), source.with_suffix(".json"))
        if any(file in given and _looks_compiled(Source.of(file)) for file in compiled):
            found.add(source)
        found |= {source.parent / name for name in _INCLUDE.findall(Source.of(source).text)} - {source}
    return found & given


def _looks_compiled(source: Source) -> bool:
    head = source.head_text.lstrip("\ufeff \t\r\n")
    return head.startswith("{") and '"inkVersion"' in head


def _read_compiled(source: Source) -> Iterator[Story]:
    if source.json is None:
        raise StoryError(f"{source.name} looks like a compiled Ink story, but is not valid JSON. Compile it again.")
    yield read_ink(source.json, source.name)


def _read_source(source: Source) -> Iterator[Story]:
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise StoryError(
            f"{source.name} is Ink source, which has to be compiled: `inklecate -o story.ink.json {source.name}`, or "
            "File, Export to JSON in Inky. Then read story.ink.json. If inklecate or inkjs-compiler is "
            "installed, it is used automatically."
        )
    path = Path(source.name)
    _check_includes(path, path.parent.resolve(), set())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "story.json")
        try:
            done = subprocess.run(
                [compiler, "-o", str(out), str(path.resolve())],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_COMPILE_SECONDS,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoryError(f"{source.name} could not be compiled by {compiler}: {error}.") from error
        if not out.is_file():
            output = (done.stderr + done.stdout).splitlines()
            message = next((line for line in output if "ERROR" in line.upper()), f"{compiler} failed")
            raise StoryError(f"{source.name} could not be compiled: {message}.")
        compiled = Source(source.name, out.read_bytes())
        yield from _read_compiled(compiled)


def _check_includes(path: Path, folder: Path, seen: set[Path]) -> None:
    """Raise StoryError if a source includes a file outside its own folder, which could be any file on the disk."""
    for name in _INCLUDE.findall(Source.of(path).text):
        included = (folder / name).resolve()
        if not included.is_relative_to(folder):
            raise StoryError(f"{path} includes {name}, which is outside its folder. Move it there.")
        if included not in seen and len(seen) < _MAX_INCLUDED and included.is_file():
            seen.add(included)
            _check_includes(included, folder, seen)


FORMATS = (
    Format("Ink, compiled", (), _looks_compiled, _read_compiled),
    Format("Ink", (".ink",), lambda source: source.suffix == ".ink", _read_source),
)
