"""Read EPUB 2 and 3 as a Document: the texts of the spine in reading order.

Uses zipfile and lxml: the most common EPUB reader is under the AGPL, and the permissive ones are not maintained.
Follows EPUB 3.3 and OPF 2.0.1: META-INF/container.xml names the package file, which has the manifest and the spine.

Left out and counted: navigation and contents, cover, title page and copyright page (by `properties`, by the EPUB 2
guide, or by `epub:type`), and what is outside the reading order (`linear="no"`).

Limits: books locked by DRM are refused; books of pictures have no text.
"""

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from corpus.readers.document import SCENE_BREAK, Block, Document
from corpus.readers.encoding import declared_text
from corpus.readers.html_page import MAX_MARKUP, NOT_STORY, add_html, count_markup
from corpus.readers.source import Source
from corpus.readers.zip_archive import Archive
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

_CONTAINER = "META-INF/container.xml"
_LOCKS = "META-INF/encryption.xml"
# Algorithms that only obfuscate fonts.
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_TEXTS = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_DC = "{http://purl.org/dc/elements/1.1/}"
_MATTER = "cover or contents page"


def read_epub(source: Source) -> Document:
    """Return the book's text. Raise StoryError if it is damaged, locked or an attack."""
    archive = Archive(source)
    package = _package_path(archive, source)
    root = archive.xml(package)
    if _LOCKS in archive.names:
        _check_locks(archive, source)
    document = Document(
        title="".join(_metadata(root, "title")[:1]),
        author=", ".join(_metadata(root, "creator")),
        rights=", ".join(_metadata(root, "rights")),
    )
    manifest = {item.get("id"): item for item in root.iter("{*}item") if item.get("id")}
    guided = {
        _member(package, reference.get("href"))
        for reference in root.iter("{*}reference")
        if NOT_STORY.fullmatch(reference.get("type") or "")
    }
    missing = count = 0
    seen: set[str] = set()
    for reference in root.iter("{*}itemref"):
        item = manifest.get(reference.get("idref"))
        name = _member(package, item.get("href")) if item is not None else ""
        if item is None or name not in archive.names:
            missing += 1
            continue
        if name in seen or (item.get("media-type") or "") not in _TEXTS:
            continue  # pages that are pictures, and repeated chapters
        seen.add(name)
        if reference.get("linear") == "no" or "nav" in (item.get("properties") or "").split() or name in guided:
            document.left_out[_MATTER] += 1
            continue
        text = declared_text(archive.read(name))
        if text is None:
            missing += 1
            continue
        count += count_markup(text)
        if count > MAX_MARKUP:
            raise StoryError(
                f"{source.name} has too many tags for a book. Save it as plain text (.txt), and try again."
            )
        document.blocks.append(Block("", SCENE_BREAK))
        add_html(text, document)
    if missing:
        document.notes.append(f"{missing} of the book's texts {'is' if missing == 1 else 'are'} missing or unreadable.")
    return document


def _package_path(archive: Archive, source: Source) -> str:
    for rootfile in archive.xml(_CONTAINER).iter("{*}rootfile"):
        path = rootfile.get("full-path")
        if path and path in archive.names:
            return str(path)
    raise StoryError(f"{source.name} is not a valid EPUB: {_CONTAINER} names no package file that exists.")


def _metadata(root: "etree._Element", name: str) -> list[str]:
    """Return the texts of a Dublin Core element, which can occur several times."""
    texts = (" ".join("".join(map(str, element.itertext())).split()) for element in root.iter(_DC + name))
    return [text for text in texts if text]


def _check_locks(archive: Archive, source: Source) -> None:
    for method in archive.xml(_LOCKS).iter("{*}EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS_ONLY:
            raise StoryError(
                f"{source.name} is locked by copy protection (DRM), so its text can't be read. "
                "Ask its author or publisher for an unlocked copy."
            )


def _member(package: str, href: str | None) -> str:
    """Return the member that a reference in the package file means; "" for one outside the book."""
    try:
        parts = urlsplit(href or "")
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not parts.path:
        return ""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(parts.path)))
    return "" if name.startswith(("/", "..")) else name
