"""Web pages, also badly written ones: their prose, without navigation and the like."""

import pytest

from corpus.readers.document import PARAGRAPH, Document
from corpus.readers.html_page import add_html
from corpus.readers.html_tokens import Tag, tokens
from tests.corpus.readers import documents
from tests.corpus.readers.documents import novel, page, read, words

TALE = novel(chapters=4)
CHAPTERS = "\n".join(map(documents.chapter_html, TALE.chapters))
LONG = "He put the lamp on the table and looked at the wall for a time, and nobody in the house spoke of it again."


def html(body: str) -> list[str]:
    document = Document()
    add_html(body, document)
    return [f"<{block.text}>" if block.level > PARAGRAPH else block.text or "***" for block in document.blocks]


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<p>One <b>tw</b>o\nthree<p>Four", ["One two three", "Four"]),
        ("One<br>two<br><br>Three<hr>Four", ["One\ntwo", "Three", "***", "Four"]),
        (f"{LONG}<br>{LONG}<br>", [LONG, LONG]),
        ("<h2>One<br>two</h2>Three<h3>Four<p>Five", ["<One two>", "Three", "<Four>", "Five"]),
        ("<ul><li>One<li>Two</ul><table><tr><td>Three<td>Four</table>", ["One", "Two", "Three", "Four"]),
        ("<div>One<aside>no</aside>two</div><nav>no<nav>no</nav></nav>Three", ["One", "two", "Three"]),
        ('<p class="footnote">no<p>One', ["One"]),
        ('<div id="toc">no<div>no</div></div><div class="intro toc">no</div>One', ["One"]),
        ('<p class="cover-story index2">One</p>', ["One"]),
        ("<form><p>One<input><textarea><p>no</textarea></form>", ["One"]),
        ("<pre>One\ntwo\n\nThree <i>four</i></pre>Five", ["One\ntwo", "Three four", "Five"]),
        ("<style>p{}</style><script>if (a<b) no</script><p>One<!-- <p>no --> two</p>", ["One two"]),
        ("One <! no> two <? no ?> three </ no> 1 < 2 & 3 &lt; 4", ["One two three 1 < 2 & 3 < 4"]),
        ("<P CLASS=FootNote>no</P><p title='a > b' data-x=\"</p>\">One", ["One"]),
        ("<svg><title>no</title></svg><figure>no</figure><p>\x07</p>One\x9b", ["One"]),
        ("<p>One</p><script>never closed", ["One"]),
        ("<p>One <a href='x", ["One"]),
    ],
)
def test_parts_of_a_page(body: str, blocks: list[str]) -> None:
    assert html(body) == blocks


def test_unclosed_elements_are_noted() -> None:
    document = Document()
    add_html("<p>One</p><nav><p>Two</p>", document)
    assert "unclosed <nav> was left out" in document.notes[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"<p>Menu</p><main>{CHAPTERS}</main><p>More</p>", TALE.words()),
        (f"<p>Menu</p><main><p>Ad</p><article>{CHAPTERS}</article></main>", TALE.words()),
        (f"<div>{CHAPTERS}</div><article>A teaser</article>", [*TALE.words(), "A", "teaser"]),
    ],
)
def test_main_part_of_a_page(body: str, expected: list[str]) -> None:
    assert words(read(page(body).encode(), "a.html")) == expected


def test_metadata_of_a_page() -> None:
    head = (
        '<title>\n The  Mill\x1b[2J Road </title><META NAME="Author" CONTENT="Anna &amp; Ito">'
        '<link rel="license" href="https://example.org/by/4.0">'
    )
    story = read(page(f"<p>{LONG}</p>", head).encode(), "a.html")
    assert (story.title, story.author, story.rights) == ("The Mill[2J Road", "Anna & Ito", "https://example.org/by/4.0")
    assert read(page(f"<p>{LONG}</p>").encode(), "tales/a mill.html").title == "a mill"


@pytest.mark.parametrize("meta", ['<meta charset="windows-1252">', '<meta charset="iso-8859-1">', ""])
def test_page_in_an_old_encoding(meta: str) -> None:
    story = read(page(f"<p>“Café,” {LONG}</p>", meta).encode("cp1252"), "a.html")
    assert words(story)[0] == "“Café,”"
    assert bool(story.notes) == (meta == "")


def test_tags_and_texts() -> None:
    found = list(tokens("a<P Class=x Data-A='1 > 0' hidden epub:type=\"toc\">b &eacute;<br/></p x><a b=c/>"))
    assert found[0] == "a"
    assert isinstance(found[1], Tag)
    assert found[1].attributes() == {"class": "x", "data-a": "1 > 0", "hidden": "", "epub:type": "toc"}
    assert found[2] == "b é"
    assert [(tag.name, tag.is_end, tag.is_empty) for tag in found[3:] if isinstance(tag, Tag)] == [
        ("br", False, True),
        ("p", True, False),
        ("a", False, False),
    ]
