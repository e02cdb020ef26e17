"""Write a story as Twee 3 or as a Twine 2 archive, to be opened in Twine or Tweego and read back by `corpus.readers`.

    Path("tale.twee").write_text(write_twee(story), encoding="utf-8")

The story format is SugarCube, which takes little for markup, so that the text stays readable. What it would take for
markup is written as a reference (`<<` as `&#60;<`), and so are blank lines and spaces at the edges of a text. Reading
the file back gives the same story: title, author, rights, genre, start, and each passage with its text, tags and
choices.

Limits: other story formats show some signs as markup (Harlowe a word in brackets, Chapbook emphasis). A passage name
that a header can't hold (with a line break, or with spaces at its ends) is changed. A choice without a label gets its
target's name. Control characters, `Story.source`, provenance and notes are not written.
"""

import json
import re
import uuid
from collections.abc import Mapping
from html import escape as escape_html

from corpus.readers.twine_formats import SPECIAL
from corpus.readers.twine_passage import link, references
from corpus.story import Passage, Story
from corpus.text import one_line

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_IFID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
_FORMAT = {"format": "SugarCube", "format-version": "2.37.3"}
# What SugarCube, HTML or Twee would read as markup: mostly the first sign of it.
_SIGNS = (
    r"\[(?=\[|img\[)|<(?=[A-Za-z/!<%])|&(?=[#A-Za-z])|\$(?=[A-Za-z_$])|(?<!\w)_(?=[A-Za-z])|(?<=_)_"
    r"|(?<=')'|(?<=/)(?<!:/)/|(?<=~)~|(?<=\^)\^|(?<==)=|(?<=@)@|\{(?=\{\{)|(?<=\"\")\"|/(?=[*%])|\\(?=\s|\Z)|\r"
)
_MARKUP = re.compile(rf"{_SIGNS}|^[^\S\n]*(?:[#!*>]|:(?=:)|-(?=-+[^\S\n]*$))|(?<=\n\n)\n+|\A\s+|\s+\Z", re.MULTILINE)
_IN_LABEL = re.compile(rf"{_SIGNS}|[\[\]|\n]|-(?=>)|<(?=-)|\A\s+|\s+\Z")


def write_twee(story: Story) -> str:
    """Return the story as Twee 3."""
    names = _names(story)
    data = {"ifid": _ifid(story), **_FORMAT, "start": names[story.start], **_metadata(story)}
    blocks = [f":: StoryTitle\n{_paragraph(story.title)}"]
    if story.author:
        blocks.append(f":: StoryAuthor\n{_paragraph(story.author)}")
    blocks.append(f":: StoryData\n{json.dumps(data, ensure_ascii=False, indent=2)}")
    for passage in story.passages.values():
        tags = " ".join(_header(tag) for tag in _tags(passage))
        header = f":: {_header(names[passage.name])}" + (f" [{tags}]" if tags else "")
        blocks.append(f"{header}\n{_body(passage, names)}")
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def write_twine(story: Story) -> str:
    """Return the story as a Twine 2 archive: HTML that Twine imports."""
    names = _names(story)
    numbers = {name: str(number) for number, name in enumerate(story.passages, start=1)}
    attributes = {
        "name": one_line(story.title),
        "startnode": numbers[story.start],
        "creator": "Dungeon",
        "ifid": _ifid(story),
        **_FORMAT,
        **({"author": story.author} if story.author else {}),
        **_metadata(story),
    }
    lines = [f"<tw-storydata{_attributes(attributes)} hidden>"]
    for passage in story.passages.values():
        attributes = {"pid": numbers[passage.name], "name": names[passage.name], "tags": " ".join(_tags(passage))}
        body = escape_html(_body(passage, names))
        lines.append(f"<tw-passagedata{_attributes(attributes)}>{body}</tw-passagedata>")
    return "\n".join([*lines, "</tw-storydata>"]) + "\n"


def _names(story: Story) -> dict[str, str]:
    """Return the name that each passage is written under: its own, unless a header can't hold it."""
    targets = [choice.target for _, choice in story.edges()]
    names: dict[str, str] = {}
    taken = set(SPECIAL)
    for name in [*story.passages, *targets]:
        if name in names:
            continue
        valid = _printable(name).replace("\n", " ").strip() or "Passage"
        written, number = valid, 2
        while written in taken or (written != name and written in story.passages):
            written, number = f"{valid} {number}", number + 1
        names[name] = written
        taken.add(written)
    return names


def _body(passage: Passage, names: Mapping[str, str]) -> str:
    links = "\n".join(link(_printable(choice.label), names[choice.target], _IN_LABEL) for choice in passage.choices)
    text = _MARKUP.sub(references, _printable(passage.text))
    return f"{text}\n\n{links}" if text and links else text or links


def _tags(passage: Passage) -> list[str]:
    return sorted("-".join(tag.split()) for tag in passage.tags if tag.split())


def _paragraph(text: str) -> str:
    """Return one line that doesn't read as a passage header."""
    return re.sub(r"^::", "&#58;:", one_line(text))


def _printable(text: str) -> str:
    """Return `text` without control characters; unlike `corpus.text.printable`, tabs are kept."""
    return _CONTROL.sub("", text)


def _header(text: str) -> str:
    return re.sub(r"([\\\[\]{}])", r"\\\1", text)


def _metadata(story: Story) -> dict[str, str]:
    stated = {"genre": story.genre, "rights": "" if story.rights == "unknown" else story.rights}
    return {key: one_line(text) for key, text in stated.items() if text}


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape_html(text)}"' for name, text in values.items())


def _ifid(story: Story) -> str:
    """Return the Interactive Fiction ID: the story's own, or one that is the same whenever the story is written."""
    if _IFID.fullmatch(story.work):
        return story.work.upper()
    text = "\n".join([story.title, story.author, *(passage.text for passage in story.passages.values())])
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text.encode("utf-8", "replace").decode())).upper()
