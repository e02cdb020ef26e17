"""Reading any file as prose gives a story or a StoryError, and too large files are refused."""

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers import html_page, markdown, prose
from corpus.readers.prose import FORMATS
from corpus.readers.source import Source
from corpus.story import NoStoryError, Story, StoryError
from corpus.text import printable
from tests.corpus.readers import documents
from tests.corpus.readers.documents import novel, page, read, words, zipped

TALE = novel(chapters=2, scenes=1, paragraphs=3)
ZIPS = {
    "a.docx": documents.docx(TALE),
    "a.odt": documents.odt(TALE),
    "a.epub": documents.epub(TALE),
}
TEXTS = {
    "a.txt": documents.hard_wrapped(TALE, pages=True, notes=True),
    "a.md": documents.markdown(TALE),
    "a.html": page("".join(map(documents.chapter_html, TALE.chapters)), "<title>The Mill</title>"),
}
PIECES = {
    "a.txt": [
        "1\n\n",
        "\n2\n",
        "turn to 2. ",
        "If you go, ",
        "Chapter 1\n",
        "Contents\n",
        "[1] ",
        "-\n",
        "— ",
        "\f",
        "by ",
    ],
    "a.md": ["# ", "---\n", "[a](b)", "![", "```\n", "> ", "- ", "<br>", "[^1]: ", "title: ", "    ", "***\n", "\\"],
    "a.html": [
        "<p",
        ">",
        "<h1>",
        "</",
        "<sup>1</sup>",
        "<!--",
        "-->",
        "<pre>",
        "class=toc",
        "='",
        '"',
        "<script>",
        "&amp",
    ],
}


def check_file(data: bytes, name: str) -> None:
    """Check that the file gives a valid story, or a StoryError that names it."""
    for story_format in FORMATS:
        story_format.looks_like(Source(name, data))
    try:
        story = read(data, name)
    except StoryError as error:
        assert name in str(error)
        return
    assert story.start in story.passages
    assert story.title == printable(story.title)
    for name, passage in story.passages.items():
        assert name == passage.name == printable(name)
        assert "\n" not in name
        for choice in passage.choices:
            assert choice.label == printable(choice.label)
    assert all(note.endswith(".") for note in story.notes)


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
@settings(max_examples=60)
def test_any_text(name: str, data: st.DataObject) -> None:
    parts = st.one_of(st.sampled_from([*PIECES[name], "word. ", "Word ", "\n", "\n\n"]), st.text(max_size=4))
    check_file("".join(data.draw(st.lists(parts, max_size=40))).encode("utf-8", "surrogatepass"), name)


@pytest.mark.parametrize("name", [*TEXTS, *ZIPS])
@given(tail=st.binary(max_size=200))
@settings(max_examples=30)
def test_any_bytes_after_a_valid_beginning(name: str, tail: bytes) -> None:
    content = ZIPS.get(name) or TEXTS[name].encode()
    check_file(tail, name)
    check_file(content[:100] + tail, name)


def mutated(content: bytes, draw: Callable[[st.SearchStrategy[int]], int]) -> bytes:
    """Return the content with pieces of it removed, doubled, or overwritten."""
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = begin + draw(st.sampled_from([0, 1, 4, 40, 4000]))
        other = draw(st.integers(0, len(content)))
        new = (b"", content[begin:end] * 2, content[other : other + 30], b"\x00", b"\xff\xfe", b"<", b'">')
        content = content[:begin] + new[draw(st.integers(0, len(new) - 1))] + content[end:]
    return content


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
@settings(max_examples=40)
def test_mutated_texts(name: str, data: st.DataObject) -> None:
    check_file(mutated(TEXTS[name].encode(), data.draw), name)


@pytest.mark.parametrize("name", ZIPS)
@given(data=st.data())
@settings(max_examples=40)
def test_mutated_zip_files(name: str, data: st.DataObject) -> None:
    check_file(mutated(ZIPS[name], data.draw), name)


@pytest.mark.parametrize("name", ZIPS)
@given(data=st.data())
@settings(max_examples=40)
def test_mutated_members(name: str, data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(ZIPS[name])) as archive:
        members: dict[str, str | bytes] = {member: archive.read(member) for member in archive.namelist()}
    member = data.draw(st.sampled_from([part for part in members if part != "mimetype"]))
    content = members[member]
    assert isinstance(content, bytes)
    check_file(zipped({**members, member: mutated(content, data.draw)}), name)


# ---- size and time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"a" * (prose.MAX_BYTES + 1), "a.txt", "larger than 12 MiB"),
        (b"a" * (prose.MAX_BYTES + 1), "a.md", "larger than 12 MiB"),
        (b"\n" * (prose.MAX_LINES + 1), "a.txt", "more than 300000 lines"),
        (b"a\f" * (prose.MAX_LINES // 2 + 1), "a.txt", "more than 300000 paragraphs"),
        (b"[" * (markdown.MAX_MARKS + 1), "a.md", "too many lines and markup characters"),
        (b"=" * (markdown.MAX_SIGNS + 1), "a.md", "too many lines and markup characters"),
        (b"<html>" + b"<p>" * html_page.MAX_MARKUP, "a.html", "too large for a story"),
        (b"<html>" + b"&" * html_page.MAX_MARKUP, "a.html", "too large for a story"),
        (b"<html>" + b"a" * html_page.MAX_CHARACTERS, "a.html", "too large for a story"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_too_large_files_are_refused(data: bytes, name: str, message: str) -> None:
    with pytest.raises(StoryError, match=message) as error:
        read(data, name)
    assert str(error.value).startswith(name)


def test_too_many_tags_are_refused() -> None:
    chapters: dict[str, str | bytes] = {
        f"OEBPS/text/chapter {n}.xhtml": "<p>" * (html_page.MAX_MARKUP // 2 + 1) for n in (1, 2)
    }
    with pytest.raises(StoryError, match="too many tags for a book"):
        read(documents.epub(novel(chapters=2), more=chapters), "a.epub")


def test_embedded_pictures_do_not_count() -> None:
    picture = f'<img src="data:image/png;base64,{"A" * html_page.MAX_CHARACTERS}">'
    assert words(read(page(f"<p>One {picture} two.</p>").encode(), "a.html")) == ["One", "two."]


HOSTILE: dict[str, tuple[str, str]] = {
    "attributes of one element": ("a.html", "<html><p " + " ".join(f"a{n}" for n in range(200_000)) + ">One."),
    "comments that never end": ("a.html", "<html>One." + "<!--" * 100_000),
    "tags that never end": ("a.html", "<html>One." + "<a b" * 100_000),
    "quotes that never end": ("a.html", "<html>One." + "<a b='\"" * 100_000),
    "declarations that never end": ("a.html", "<html>One." + "<!DOCTYPE [" * 100_000),
    "open elements": ("a.html", "<html>One." + "<b>" * 100_000),
    "brackets": ("a.md", "One. " + "[" * 50_000),
    "quotations in quotations": ("a.md", "One.\n\n" + ">" * 100_000 + " Two."),
    "lines of a list": ("a.md", "- One.\n" * 20_000),
    "commas before a number": (
        "a.txt",
        "1\n\nOne." + ", " * 200_000 + "x turn to 2.\n\n2\n\nTurn to 1.\n\n3\n\nTurn to 1.",
    ),
    "going on and on": ("a.txt", "1\n\nOne." + "go on on on " * 50_000 + "\n\n2\n\nTurn to 1.\n\n3\n\nTurn to 2."),
    "pictures that never end": ("a.txt", "One." + "[image " * 200_000),
    "headings without text": ("a.txt", "One.\n\n" + "Chapter 1\n\n" * 50_000),
    "blank lines": ("a.txt", "One.\n" + "\n \t" * 100_000 + "x"),
    "contents": ("a.txt", "One.\n\n" + "Contents\n\n" + "A 1\n\n" * 50_000),
    "a word": ("a.txt", "One. " + "a-\n" * 100_000),
}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_read_quickly(name: str) -> None:
    file, text = HOSTILE[name]
    try:
        assert "One." in words(read(text.encode(), file))[0]
    except NoStoryError:
        assert name == "open elements"


def test_long_novel_is_read_completely() -> None:
    tale = novel(chapters=7, scenes=6, paragraphs=60)
    written = documents.hard_wrapped(tale, pages=True, notes=True)
    story: Story = read(written.encode(), "mill.txt")
    assert words(story) == [*tale.words(), "THE", "END"]
