"""Hostile and broken zip files raise a StoryError, quickly and in little memory."""

import io
import socket
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.readers.source import Source
from corpus.readers.zip_archive import MAX_INFLATED, Archive
from corpus.story import StoryError
from tests.corpus.readers import documents
from tests.corpus.readers.documents import novel, page, read, words, zipped

TALE = novel(chapters=2)
BOOKS: dict[str, bytes] = {
    "a.docx": documents.docx(TALE),
    "a.odt": documents.odt(TALE),
    "a.epub": documents.epub(TALE),
}
TEXT = {"a.docx": "word/document.xml", "a.odt": "content.xml", "a.epub": "OEBPS/text/chapter 1.xhtml"}
FILES = pytest.mark.parametrize("name", BOOKS)


def with_member(name: str, content: str | bytes, stored: bool = False) -> bytes:
    """Return the file with its main text replaced."""
    with zipfile.ZipFile(io.BytesIO(BOOKS[name])) as archive:
        members: dict[str, str | bytes] = {member: archive.read(member) for member in archive.namelist()}
    return zipped({**members, TEXT[name]: content}, stored=("mimetype", TEXT[name]) if stored else ("mimetype",))


def patched(data: bytes, member: str, offset: int, value: bytes) -> bytes:
    """Return the zip file with some bytes of a member's directory entry changed."""
    changed = bytearray(data)
    entry = 0
    while (entry := data.index(b"PK\x01\x02", entry)) >= 0:
        length = struct.unpack_from("<H", data, entry + 28)[0]
        if data[entry + 46 : entry + 46 + length] == member.encode():
            changed[entry + offset : entry + offset + len(value)] = value
            return bytes(changed)
        entry += 4
    raise AssertionError(member)


def assert_refused(data: bytes, name: str, *phrases: str) -> None:
    with pytest.raises(StoryError) as error:
        read(data, name)
    message = str(error.value)
    assert message.startswith(name)
    assert all(phrase in message for phrase in phrases)


def peak(work: Callable[[], None]) -> int:
    """Return the peak memory of `work` in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ---- bombs ---------------------------------------------------------------------------------------------------


@FILES
def test_zip_bomb_is_not_unpacked(name: str) -> None:
    data = with_member(name, bytes(MAX_INFLATED + 1))
    assert len(data) < 200_000
    assert peak(lambda: assert_refused(data, name, "more than 32 MiB", "an attack")) < 8 << 20


@FILES
def test_zip_bomb_with_a_false_size_is_not_unpacked(name: str) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join([compressor.compress(bytes(1 << 20)) for _ in range(200)]) + compressor.flush()
    false = patched(with_member(name, bomb, stored=True), TEXT[name], 10, struct.pack("<H", zipfile.ZIP_DEFLATED))
    false = patched(false, TEXT[name], 24, struct.pack("<I", 1000))
    assert peak(lambda: assert_refused(false, name, "damaged")) < 8 << 20


def test_thousand_small_zip_bombs() -> None:
    chapters = {f"OEBPS/{n}.xhtml": page("<p>" + "a " * 30_000) for n in range(700)}
    items = "".join(f'<item id="x{n}" href="{n}.xhtml" media-type="text/html"/>' for n in range(700))
    order = "".join(f'<itemref idref="x{n}"/>' for n in range(700))
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{order}</spine></package>'
    )
    assert_refused(documents.epub(TALE, more={**chapters, "OEBPS/book.opf": package}), "a.epub", "more than 32 MiB")


@FILES
def test_too_many_members(name: str) -> None:
    assert_refused(BOOKS[name] + b"PK\x01\x02" * 20_001, name, "too many files for a story")


def test_overlapping_entries() -> None:
    data = BOOKS["a.epub"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first, second = (archive.getinfo(f"OEBPS/text/chapter {n}.xhtml") for n in (1, 2))
    both = patched(data, second.filename, 42, struct.pack("<I", first.header_offset))
    assert_refused(both, "a.epub", "damaged")


# ---- entities ------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@FILES
@pytest.mark.parametrize("where", ["text", "attribute"])
def test_billion_laughs(name: str, where: str) -> None:
    body = "<p>&a11;</p>" if where == "text" else '<p class="&a11;">x</p>'
    data = with_member(name, f'<!DOCTYPE p [<!ENTITY a0 "ha">{LAUGHS}]>{body}')

    def read_book() -> None:
        if name == "a.epub":
            assert "haha" not in " ".join(words(read(data, name)))
        else:
            assert_refused(data, name, "not valid XML")

    assert peak(read_book) < 8 << 20


def test_entities_in_a_small_document() -> None:
    data = documents.epub(
        TALE, more={"META-INF/container.xml": f'<!DOCTYPE c [<!ENTITY a0 "ha">{LAUGHS}]><c>&a11;</c>'}
    )
    assert_refused(data, "a.epub", "container.xml")


@FILES
@pytest.mark.parametrize(
    "declared", ['<!ENTITY x SYSTEM "{0}">', '<!ENTITY % y SYSTEM "{0}"> %y;', '<!ENTITY x PUBLIC "-//X" "{1}">', ""]
)
def test_nothing_outside_the_file_is_read(name: str, declared: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret word", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        file, url = secret.as_uri(), f"http://127.0.0.1:{server.getsockname()[1]}/x"
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>'
        doctype = f'<!DOCTYPE p SYSTEM "{url}" [{declared.format(file, url)}]>'
        data = with_member(name, f'{doctype}<body xmlns="x">One &x; two{include}<img src="{url}"/></body>')
        try:
            found = " ".join(words(read(data, name)))
        except StoryError as error:
            found = str(error)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "secret word" not in found


# ---- encrypted and broken ------------------------------------------------------------------------------------


@FILES
def test_member_with_a_password(name: str) -> None:
    assert_refused(patched(BOOKS[name], TEXT[name], 8, b"\x01\x00"), name, "locked with a password")


@FILES
def test_member_with_an_unknown_compression(name: str) -> None:
    assert_refused(
        patched(BOOKS[name], TEXT[name], 10, struct.pack("<H", zipfile.ZIP_LZMA)), name, "unusual compression"
    )


@FILES
@pytest.mark.parametrize("kept", [0, 4, 60, 0.5, 0.9, -1])
def test_incomplete_file(name: str, kept: float) -> None:
    data = BOOKS[name]
    cut = data[: int(kept * len(data)) if 0 < kept < 1 else int(kept)]
    assert_refused(cut, name, "damaged", "save it")


@FILES
@pytest.mark.parametrize("content", ["", "<", "<a>", "<a/><b/>", "\x00", "no XML"])
def test_invalid_xml(name: str, content: str) -> None:
    if name == "a.epub":
        expected = " ".join(text for scene in TALE.chapters[1].scenes for text in scene).split()
        assert words(read(with_member(name, content), name))[-len(expected) :] == expected
    else:
        assert_refused(with_member(name, content), name, "not valid XML")


@pytest.mark.parametrize(
    ("name", "without", "member"),
    [
        ("a.docx", "word/document.xml", "'word/document.xml'"),
        ("a.odt", "content.xml", "'content.xml'"),
        ("a.epub", "META-INF/container.xml", "'META-INF/container.xml'"),
    ],
)
def test_missing_member(name: str, without: str, member: str) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOKS[name])) as archive:
        others: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist() if part != without}
    assert_refused(zipped(others), name, f"it has no {member}")


def test_member_names_are_not_paths(tmp_path: Path) -> None:
    archive = Archive(Source("a.zip", zipped({"../../evil.txt": "x", "/etc/passwd": "y"})))
    assert archive.names == {"../../evil.txt", "/etc/passwd"}
    assert archive.read("/etc/passwd") == b"y"
    assert list(tmp_path.iterdir()) == []


# ---- size ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.docx", "a.odt"])
def test_too_many_tags(name: str) -> None:
    assert_refused(with_member(name, "<a>" + "<b/>" * 1_500_001 + "</a>"), name, "too many tags")


@pytest.mark.parametrize("name", ["a.docx", "a.odt"])
def test_deep_nesting(name: str) -> None:
    assert_refused(with_member(name, "<a>" * 100_000), name, "not valid XML")
