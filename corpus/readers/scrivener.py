"""Read a Scrivener project (.scriv): the draft's texts in the order of the binder, as one document.

    document = read_project(Source.of(Path("novel.scriv/novel.scrivx")))

The folders of the draft are chapters, the texts in them scenes; a text beside the folders is a chapter. What is not to
be compiled is left out and counted. Research, notes, synopses and the trash are no part of the story.

Limits: Scrivener 2 and 3; each text is read as Rich Text (`corpus.readers.rtf`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.readers import plain_text
from corpus.readers.document import SCENE_BREAK, Block, Document
from corpus.readers.source import Source
from corpus.readers.zip_archive import careful
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

SUFFIX = ".scrivx"
_ID = re.compile(r"[0-9A-Fa-f-]{1,36}")
_DEEPEST = 40


def looks_like(source: Source) -> bool:
    """Return whether the file is the binder of a project."""
    return source.suffix == SUFFIX and "<ScrivenerProject" in source.head_text


def covered(files: Sequence[Path]) -> set[Path]:
    """Return the files of projects that are read through their binder."""
    folders = {file.parent for file in files if file.suffix.lower() == SUFFIX}
    return {file for file in files if file.suffix.lower() != SUFFIX and not folders.isdisjoint(file.parents)}


def read_project(source: Source) -> Document:
    """Return the draft of the project whose binder `source` is. Raise StoryError if a file of it can't be read."""
    from lxml import etree

    try:
        binder = etree.fromstring(source.data, etree.XMLParser(**careful()))
    except etree.LxmlError as error:
        raise StoryError(f"{source.name} is damaged: {error}. Open the project in Scrivener and save it.") from error
    drafts = [item for item in binder.iter("BinderItem") if item.get("Type") == "DraftFolder"]
    all_compile = not any(_compiles(item) for draft in drafts for item in draft.iter("BinderItem"))
    document = Document()
    for draft in drafts:
        _add(_children(draft), Path(source.name).parent, 1, document, all_compile)
    return document


def _add(items: "Iterable[etree._Element]", folder: Path, level: int, document: Document, all_compile: bool) -> None:
    """Add the texts of binder items and of those in them; `level` is that of their headings."""
    for item in items:
        children = list(_children(item))
        if all_compile or _compiles(item):
            text = _text(item, folder)
            if children or level == 1:
                document.add(item.findtext("Title") or "", level)
            elif document.blocks:
                document.blocks.append(Block("", SCENE_BREAK))
            document.blocks += plain_text.blocks(text)
        elif item.get("Type") == "Text":
            document.left_out["text that is not to be compiled"] += 1
        if level < _DEEPEST:
            _add(children, folder, level + 1, document, all_compile)


def _children(item: "etree._Element") -> "Iterator[etree._Element]":
    return item.iterfind("Children/BinderItem")


def _compiles(item: "etree._Element") -> bool:
    return (item.findtext("MetaData/IncludeInCompile") or "").strip() == "Yes"


def _text(item: "etree._Element", folder: Path) -> str:
    """Return the text of an item: "" if it has none."""
    from corpus.readers.rtf import rtf_text

    name = item.get("UUID") or item.get("ID") or ""
    if not _ID.fullmatch(name):
        return ""
    for path in (folder / "Files" / "Data" / name / "content.rtf", folder / "Files" / "Docs" / f"{name}.rtf"):
        if path.is_file():
            source = Source.of(path)
            return rtf_text(source.data, source.name)
    return ""
