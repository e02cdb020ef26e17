r"""Twee, the text form of Twine stories -> Story.

Follows the Twee 3 specification 3.0.2 of the Interactive Fiction Technology Foundation
(github.com/iftechfoundation/twine-specs, twee-3-specification.md) and the link forms of Twine's own editor:

    :: Lamp room [indoors] {"position":"600,400"}
    The bell rings twice.

    [[Go down->Stair]]  [[Stair<-Go down]]  [[Go down|Stair]]  [[Stair]]

`StoryTitle`, `StoryAuthor` and `StoryData` are read; we add `rights` and `genre` to the specified keys of StoryData.
Twee 1, which has no StoryData, is read as well. Passages tagged `script` or `stylesheet`, and the special passages of
compilers and story formats, are not prose and are left out. For macros, see `corpus.readers.twine_formats`.

Limits: a `start` that isn't a name is ignored. `read_project` reads a story in several files;
`corpus.readers.projects` says which files belong together.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from corpus.readers.source import Format
from corpus.readers.twine_formats import ABOUT, Section, read_passages
from corpus.story import Story, StoryError
from corpus.text import one_line, printable

_HEADER = re.compile(
    r"(?P<name>(?:\\.|[^\\\[\]{}])*)"  # brackets in a name are escaped with a backslash
    r"(?:\[(?P<tags>(?:\\.|[^\\\[\]{}])*)\])?"
    r"[ \t]*(?:\{.*\})?[ \t]*"  # the passage's position in the editor
)
_SIGNS = re.compile(r"[\\\[\]{}]")
DEFAULT_START = "Start"


def looks_like(text: str) -> bool:
    """Return whether `text` is Twee: its first line that isn't blank is a passage header."""
    return re.match(r"\s*^::[ \t]*[^\s:]", text, re.MULTILINE) is not None


def read_twee(text: str, source: str) -> Story:
    """Return the story in `text`; `source` names it in messages. Choices that lead nowhere are kept and noted.

    Raises:
        StoryError: a header can't be read, two passages have the same name, StoryData is invalid, or the start or all
            passages are missing. The message has the line.
    """
    return read_project([(source, text)])


def read_project(files: Sequence[tuple[str, str]]) -> Story:
    """Return the story in several files, each (name, text); the first is its source. Raises like `read_twee`."""
    source = files[0][0]
    sections: dict[str, Section] = {}
    places: dict[str, str] = {}
    preamble = False
    for name, text in files:
        before, found = _sections(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text, name)
        preamble = preamble or bool(before)
        for section in found:
            if section.name in sections:
                first = sections[section.name].line
                where = f"in line {first}" if places[section.name] == name else f"in {places[section.name]}:{first}"
                raise StoryError(
                    f"{name}:{section.line}: there is already a passage '{section.name}', {where}. Rename one."
                )
            sections[section.name] = section
            places[section.name] = name
    data = _story_data(sections.get("StoryData"), places.get("StoryData", source))
    start = data.get("start", DEFAULT_START)
    read = read_passages(sections.values(), [start], data.get("format", ""))
    if not read.passages:
        raise StoryError(f"{source}:1: there are no passages. A passage starts with a line like ':: Start'.")
    if not read.start:
        line = sections["StoryData"].line if "start" in data else 1
        raise StoryError(
            f"{places.get('StoryData', source)}:{line}: the start of the story is '{start}', but there is no such "
            'passage. Name a passage like that, or name another passage as "start" in StoryData.'
        )
    notes = read.notes
    story = Story(
        title=_line(sections, "StoryTitle") or printable(PurePath(source).stem),
        start=read.start,
        passages=read.passages,
        source=source,
        author=_line(sections, "StoryAuthor"),
        rights=one_line(data.get("rights", "")) or "unknown",
        genre=one_line(data.get("genre", "")),
        work=one_line(str(data.get("ifid", ""))),
        left_out=read.left_out,
    )
    if preamble:
        notes.insert(0, "Text before the first passage header is left out.")
    return replace(story, notes=(*notes, *dangling_note(story)))


def dangling_note(story: Story) -> list[str]:
    """Return a note about choices that lead nowhere, if there are any."""
    missing = [f"'{choice.target}' (in '{passage.name}')" for passage, choice in story.dangling()]
    if not missing:
        return []
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return [f"Choices lead to passages that do not exist: {', '.join(missing[:3])}{more}."]


FORMAT = Format(
    "Twee 3",
    (".twee", ".tw"),
    lambda source: looks_like(source.head_text),
    lambda source: iter([read_twee(source.text, source.name)]),
    read_project,
    ABOUT,
)


def _sections(text: str, source: str) -> tuple[str, list[Section]]:
    """Return the text before the first header, and the sections in order."""
    before, *parts = ("\n" + text).split("\n::")
    sections = []
    line = before.count("\n") + 1
    for part in parts:
        header, _, body = part.partition("\n")
        name, tags = header.strip(), frozenset[str]()
        if _SIGNS.search(header):
            match = _HEADER.fullmatch(header)
            name = _unescape(match["name"]).strip() if match else ""
            tags = frozenset(_unescape(match["tags"] or "").split()) if match else tags
        if not name:
            raise StoryError(
                f"{source}:{line}: this passage header can't be read. Write ':: Name [tags]', with a "
                "backslash before any other [ ] { } or \\."
            )
        sections.append(Section(name, tags, body.rstrip(), line))
        line += part.count("\n") + 1
    return before.strip(), sections


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _story_data(section: Section | None, source: str) -> Mapping[str, Any]:
    """Return the JSON object in StoryData, with its texts checked."""
    if section is None:
        return {}
    try:
        data = json.loads(section.body)
    except json.JSONDecodeError as error:
        line = section.line + error.lineno
        raise StoryError(f"{source}:{line}: StoryData is not valid JSON: {error.msg}.") from error
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise StoryError(f"{source}:{section.line}: StoryData has too deep a nesting or too long a number.") from error
    if not isinstance(data, dict):
        raise StoryError(f'{source}:{section.line}: StoryData must be a JSON object, {{"ifid": …}}.')
    if not isinstance(data.get("start", ""), str):
        del data["start"]  # a number, as in Twine's HTML, says nothing in Twee
    for key in ("rights", "genre", "format"):
        if not isinstance(data.get(key, ""), str):
            raise StoryError(f'{source}:{section.line}: "{key}" in StoryData must be a string.')
    return data


def _line(sections: Mapping[str, Section], name: str) -> str:
    """Return the text of a special passage that has one line."""
    return one_line(sections[name].body) if name in sections else ""
