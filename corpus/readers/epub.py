"""EPUB 2 and 3 -> Document: the texts of the spine in reading order.

Read with zipfile and lxml: the reader that most projects use is under the AGPL, and the permissive ones are not kept.
Written after EPUB 3.3 and OPF 2.0.1: META-INF/container.xml names the package file, that one the manifest and spine.

Left out and counted: navigation and contents, cover, title page and copyright page (by `properties`, by the EPUB 2
guide, or by `epub:type`), and what is outside the reading order (`linear="no"`).

Limits: books locked by DRM are refused; books of pictures have no text.
"""

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from corpus.readers.archive import Archive
from corpus.readers.document import SCENE_BREAK, Block, Document
from corpus.readers.hypertext import parse_xhtml, take
from corpus.readers.source import Source
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

_CONTAINER = "META-INF/container.xml"
_LOCKS = "META-INF/encryption.xml"
# Ways to scramble a font, which leave the text readable.
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_TEXTS = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_NO_PROSE = re.compile(
    r"cover|toc|title-?page|copyright-page|colophon|index|bibliography|glossary|landmarks|loi|lot|notes|footnotes|endnotes|"
    r"rearnotes|acknowledg(?:e)?ments|halftitlepage|imprint|other-credits|contributors|errata",
    re.IGNORECASE,
)
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


def read_epub(source: Source) -> Document:
    """The book's text. Raises StoryError for a book that is damaged, locked or empty."""
    archive = Archive(source)
    package = _package_path(archive, source)
    root = archive.xml(package)
    document = Document(
        title=_metadata(root, "title"), author=_metadata(root, "creator"), rights=_metadata(root, "rights")
    )
    if _LOCKS in archive.names:
        _check_locks(archive, source)
    manifest = {item.get("id"): item for item in root.iter("{*}item") if item.get("id")}
    guided = {
        _member(package, reference.get("href"))
        for reference in root.iter("{*}reference")
        if _NO_PROSE.fullmatch(reference.get("type") or "")
    }
    missing = 0
    seen: set[str] = set()
    for reference in root.iter("{*}itemref"):
        item = manifest.get(reference.get("idref"))
        name = _member(package, item.get("href")) if item is not None else ""
        if item is None or name not in archive.names:
            missing += 1
            continue
        if name in seen or (item.get("media-type") or "") not in _TEXTS:
            continue  # pictures as pages, and chapters named twice
        seen.add(name)
        properties = (item.get("properties") or "").split()
        if reference.get("linear") == "no" or "nav" in properties or name in guided:
            document.left_out["cover, contents or other matter page"] += 1
            continue
        page = parse_xhtml(archive.read(name))
        if page is None:
            missing += 1
            continue
        body = next(iter(page.iter("{*}body", "body")), page)
        if _is_matter(body):
            document.left_out["cover, contents or other matter page"] += 1
            continue
        document.blocks.append(Block("", SCENE_BREAK))
        take(body, document)
    if missing:
        document.notes.append(f"{missing} of the book's texts {'is' if missing == 1 else 'are'} missing or unreadable.")
    return document


def _package_path(archive: Archive, source: Source) -> str:
    for rootfile in archive.xml(_CONTAINER).iter("{*}rootfile"):
        path = rootfile.get("full-path")
        if path and path in archive.names:
            return str(path)
    raise StoryError(f"{source.name} is no proper EPUB: {_CONTAINER} names no package file that is there.")


def _metadata(root: "etree._Element", name: str) -> str:
    """The texts of a Dublin Core element, which may be there several times."""
    found = (" ".join("".join(str(t) for t in element.itertext()).split()) for element in root.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"))
    texts = [text for text in found if text]
    return texts[0] if name == "title" and texts else ", ".join(texts)


def _check_locks(archive: Archive, source: Source) -> None:
    for method in archive.xml(_LOCKS).iter("{*}EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS_ONLY:
            raise StoryError(
                f"{source.name} is locked against copying (DRM), so its text can't be read. "
                "Ask its author or publisher for a copy without a lock."
            )


def _member(package: str, href: str | None) -> str:
    """The member that a reference in the package file means; "" for one that leaves the book."""
    try:
        parts = urlsplit(href or "")
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not parts.path:
        return ""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(parts.path)))
    return "" if name.startswith(("/", "..")) else name


def _is_matter(body: "etree._Element") -> bool:
    """Whether a page says that all of it is no part of the story: on its body, or on the one element in that."""
    for element in (body, *(list(body) if len(body) == 1 else [])):
        kinds = (element.get(_EPUB_TYPE) or element.get("epub:type") or "").split()
        if any(_NO_PROSE.fullmatch(kind) for kind in kinds):
            return True
    return False
