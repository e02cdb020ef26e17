"""The site's pages, the journal of a crawl, and the files of crawled stories."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from corpus.crawl import chooseyourstory as site
from corpus.crawl.crawler import Summary
from corpus.crawl.explore import Edge, Graph, Node
from corpus.crawl.journal import Answer, Journal, JournalError
from corpus.crawl.page import ExitPage, Form, Info, Link, Listed, Listing, Ratings, Refused, UnknownPage, Viewer
from corpus.crawl.progress import line
from corpus.crawl.story_file import to_story, write
from corpus.readers import crawled
from corpus.readers.source import Source
from corpus.story import StoryError

URL = "https://stories.test/story/viewer/default.aspx?StoryId=1037"
VIEWER = """<!DOCTYPE html><html><head><title>The  Well :: Viewer</title></head><body>
<div id="svbanner"><ul><li><a href="#" onclick="PostBack('FollowLink','1');return false;">Back</a></li>
<li><a href="/story/the-well">Leave</a></li></ul></div>
<div><h1 id="_storyTitle">Down</h1></div>
<div style="padding:0px 30px 50px 30px">
<!-- BEGIN MAIN -->
<div>{prose}</div>
<!-- Links -->
<ul><li> <a onclick="PostBack(&#39;FollowLink&#39;,&#39;6924&#39;);return false;" href="#"> Climb
 <b>out</b></a> </li>
<li><a href="#" onclick="PostBack('FollowLink','2');return false;"></a></li>
<li><a href="#" onclick='PostBack("FollowLink","3");'>Save Game</a></li>
<li><a href="https://elsewhere.test/">An advert</a></li></ul>
<!-- Inventory --><table><tr><td><a href="#" onclick="PostBack('UseItem','9')">Iron  key</a></td></tr></table>
<!-- END MAIN --></div>
<form method="post" action="./default.aspx?StoryId=1037" id="pbForm">
<input type="hidden" name="__VIEWSTATE" value="a&amp;b=" /><input type="hidden" name="SS" value="" />
<input type="hidden" name="pbAction" /><input type="submit" /></form></body></html>"""


def viewer(prose: str) -> Viewer:
    page = site.read(VIEWER.format(prose=prose), URL)
    assert isinstance(page, Viewer)
    return page


def test_viewer_page() -> None:
    page = viewer("<p>It is dark.</p>")
    assert (page.story, page.title, page.text) == ("The Well", "Down", "It is dark.")
    assert page.links == (Link("6924", "Climb out"), Link("2", ""), Link("3", "Save Game"))
    assert page.items == ("Iron key",)
    assert page.info == "https://stories.test/story/the-well"
    assert page.form.url == URL
    fields = site.post(page.form, page.links[0])
    assert fields == {"__VIEWSTATE": "a&b=", "SS": "", "pbAction": "FollowLink", "pbValue": "6924"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>&nbsp;</p><p><span></span></p>", ""),
        ("<p>One\n  two.</p><p>Three.</p>", "One two.\n\nThree."),
        ("<p>One.<br />Two.<br><br />Three.</p>", "One.\nTwo.\n\nThree."),
        ("One.<div>Two.</div>Three.", "One.\n\nTwo.\n\nThree."),
        ("<p>S<b>o</b>, <span>%NAME</span>: 5 &lt; 6 &amp;amp;</p>", "So, %NAME: 5 < 6 &amp;"),
        ("<style>p { }</style><script>alert('<p>no</p>')</script><!-- no --><p>Yes.</p>", "Yes."),
        ("<ul><li>One</li><li>Two</li></ul><h2>Three</h2>", "One\n\nTwo\n\nThree"),
        ("<p>unclosed <i>and <b>crossed</i> tags</b>", "unclosed and crossed tags"),
        ("<p>&#x1f409; “hush” &#8212; ﷽</p>", "🐉 “hush” — ﷽"),
    ],
)
def test_prose_of_a_page(html: str, text: str) -> None:
    assert viewer(html).text == text


@pytest.mark.parametrize("kept", ["", "<!-- Links -->", "<!-- END MAIN -->"])
def test_viewer_page_without_comments(kept: str) -> None:
    html = VIEWER.format(prose="<p>It is dark.</p><table><tr><td>7</td></tr></table><ul><li>A list</li></ul>")
    for mark in {"<!-- BEGIN MAIN -->", "<!-- Links -->", "<!-- Inventory -->", "<!-- END MAIN -->"} - {kept}:
        html = html.replace(mark, "")
    page = site.read(html, URL)
    assert isinstance(page, Viewer)
    assert page.text == "It is dark.\n\n7\n\nA list"
    assert [link.id for link in page.links] == ["6924", "2", "3"]
    assert page.items == ("Iron key",)


def test_picture_on_a_page() -> None:
    assert viewer('<p><img src="cover.png"></p>').picture
    assert not viewer("<p>It is dark.</p>").picture


def test_page_key_and_state() -> None:
    page, other = viewer("<p>One.</p>"), viewer("<p>Two.</p>")
    with_items = Viewer(page.story, page.title, page.text, page.links[:1], page.form, ())
    assert page.key == with_items.key != other.key
    assert page.state != with_items.state


@pytest.mark.parametrize("number", ["<td>1.</td>", ""])
def test_list_page(number: str) -> None:
    row = (
        f'<tr>{number}<td><a id="MainContentPlaceHolder_StoriesGridView_HyperLink1_0" href="../story/the-well">The '
        'Well</a></td><td><a href="../member/?Username=Ada">Ada</a></td><td><img alt="4 - a while" /></td>'
        '<td><img alt="no mark" /></td><td>6.51</td></tr>'
    )
    table = f'<table id="MainContentPlaceHolder_StoriesGridView"><tr><th>Title</th></tr>{row}</table>'
    page = site.read(f'<a href="/story/advert">x</a>{table}', "https://stories.test/Stories/top.aspx")
    assert page == Listing((Listed("https://stories.test/story/the-well", "Ada", Ratings(4, None)),))


def test_index_page() -> None:
    block = '<div class="dark1border"><div class="categoryBoxExtras">{}</div></div>'
    links = ('<a href="Horror.aspx">All</a>', '<a href="/forums/">Forum</a>', "none")
    page = site.read("".join(map(block.format, links)), "https://stories.test/Stories/")
    assert page == Listing(pages=("https://stories.test/Stories/Horror.aspx",))


def test_story_page() -> None:
    html = (
        '<h1 id="ctl09">The Well</h1><a href="/member/?Username=Ada">Ada</a> Player Rating2.88/8 Story Difficulty'
        "<b>3/8</b><br>Play Length4/8<br>Maturity Level 5/8 {licence}"
        '<input type="submit" value="Play" onclick="window.location=&#39;/story/viewer/?1037&#39;" />'
        "<h2>Player Comments</h2><a href='/member/?Username=Bob'>Bob</a> Maturity Level 8/8"
    )
    page = site.read(html.format(licence=""), "https://stories.test/story/the-well")
    assert page == Info(URL, "The Well", "Ada", Ratings(4, 3, 5))
    licence = '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>'
    page = site.read(html.format(licence=licence), "https://stories.test/story/the-well")
    assert isinstance(page, Info)
    assert page.rights == "CC BY 4.0"


@pytest.mark.parametrize(
    ("html", "page"),
    [
        ("<form action='/story/viewer/rate.aspx?StoryId=1'><h1>Anything</h1></form>", ExitPage("rate")),
        ("<form action='/elsewhere'><div><h1>Rate The Well</h1></div></form>", ExitPage("rate")),
        ("<form action='./save.aspx?StoryId=1'></form>", ExitPage("save")),
        ("<title>Link Resultset not loaded</title>", Refused("Link Resultset not loaded")),
        ("<title>Gone</title><form action='./default.aspx?StoryId=1'></form>", Refused("Gone", session_lost=True)),
        ("<title>News</title>", UnknownPage("an unknown kind of page (News)")),
        ("", UnknownPage("an unknown kind of page (without a title)")),
    ],
)
def test_pages_at_which_a_story_ends(html: str, page: object) -> None:
    assert site.read(html, URL) == page


@pytest.mark.parametrize(
    "html",
    ["<" * 5000, "<div>" * 5000, "<!--", "&" * 999, "\0<p\0>", "<form id=pbForm>", "<a onclick>"],
    ids=["opened", "nested", "comment", "ampersands", "nulls", "form", "empty call"],
)
def test_any_html_is_a_page(html: str) -> None:
    site.read(html, URL)
    site.read(VIEWER.format(prose=html), URL)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (URL, URL),
        ("https://stories.test/story/viewer/?1037", URL),
        ("https://stories.test/story/viewer?1037", URL),
        ("https://stories.test/story/viewer?StoryId=1037", URL),
        ("https://stories.test/Story/Viewer/Default.aspx?storyid=1037&x=1", URL),
        ("https://stories.test/story/viewer/rate.aspx?StoryId=1037", ""),
        ("https://stories.test/story/viewer/?../../etc", ""),
        ("https://stories.test/story/the-well", ""),
    ],
)
def test_viewer_addresses_are_normalised(url: str, same: str) -> None:
    assert site.viewer_url(url) == same


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        ("naïve “x”".encode(), "text/html; charset=iso-8859-1", "naïve “x”"),
        ("naïve “x”".encode(), "", "naïve “x”"),
        (b"\xef\xbb\xbfna\xc3\xafve", "", "naïve"),
        ("naïve “x”".encode("cp1252"), "text/html; charset=utf-8", "naïve “x”"),
        ("naïve “x”".encode("cp1252"), "text/html; charset=iso-8859-1", "naïve “x”"),
        ("ночь".encode("cp1251"), "text/html; charset=windows-1251", "ночь"),
        ('<meta charset="windows-1251">ночь'.encode("cp1251"), "", '<meta charset="windows-1251">ночь'),
        (b"\x81\xff", "text/html; charset=no-such-thing", "\x81ÿ"),
    ],
)
def test_wrong_charset_declarations(body: bytes, header: str, text: str) -> None:
    assert site.decode(body, header).replace("\ufffd", "\x81") == text


# ---- the journal and the files -------------------------------------------------------------------------------


def test_journal_returns_the_latest_answer(tmp_path: Path) -> None:
    old = Answer(viewer("<p>1</p>"), URL, {"ASP.NET_SessionId": "x"}, False, "2026-01-01T00:00:00+00:00")
    new = Answer(ExitPage("rate"), URL, {}, True, "2026-01-02T00:00:00+00:00")
    with Journal(tmp_path / "j.sqlite3") as journal:
        journal.put("a", old)
        assert journal.get("a") == old
        journal.put("a", new)
        journal.set_fact("done", "yes")
        with pytest.raises(JournalError, match="in use by another crawl"):
            Journal(tmp_path / "j.sqlite3")
    with Journal(tmp_path / "j.sqlite3") as journal:
        assert journal.get("a") == new
        assert journal.get("b") is None
        assert (journal.get_fact("done"), journal.get_fact("undone")) == ("yes", "")


@pytest.mark.parametrize(
    ("stored", "page"),
    [
        (
            '{"type":"list","stories":[{"url":"u","author":"Ada","ratings":{"length":4}}],"pages":["c"]}',
            Listing((Listed("u", "Ada", Ratings(4)),), ("c",)),
        ),
        (
            '{"type":"info","viewer":"v","title":"T","author":"Ada","ratings":{"maturity":3},"rights":"CC0"}',
            Info("v", "T", "Ada", Ratings(maturity=3), "CC0"),
        ),
        (
            '{"type":"viewer","story":"S","title":"T","text":"x","links":[{"id":"1","label":"Go"}],'
            '"form":{"url":"u","fields":{"a":"b"}},"items":["key"],"info":"i"}',
            Viewer("S", "T", "x", (Link("1", "Go"),), Form("u", {"a": "b"}), ("key",), "i"),
        ),
        ('{"type":"leaf","what":"rate"}', ExitPage("rate")),
        ('{"type":"refused","reason":"gone","lost":true}', Refused("gone", session_lost=True)),
        ('{"type":"strange","reason":"odd"}', UnknownPage("odd")),
    ],
)
def test_journal_of_an_earlier_version_is_read(stored: str, page: object, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite3") as journal:
        journal.set_fact("not before", "0.0")
    content = f'{{"page":{stored},"url":"u","cookies":{{"s":"1"}},"redirected":false,"fetched":"2026-01-01T00:00:00"}}'
    with closing(sqlite3.connect(tmp_path / "j.sqlite3")) as db, db:
        db.execute("INSERT INTO answer (key, content) VALUES ('GET u', ?)", (content.encode(),))
    with Journal(tmp_path / "j.sqlite3") as journal:
        assert journal.get("GET u") == Answer(page, "u", {"s": "1"}, False, "2026-01-01T00:00:00")  # type: ignore[arg-type]


def test_links_of_all_states_keep_their_order() -> None:
    node = Node(viewer(""))
    assert node.merge((Link("1", "a"), Link("4", "d"))) == ["1", "4"]
    assert node.merge((Link("1", "a"), Link("2", "b"), Link("3", "c"), Link("4", "d"))) == ["2", "3"]
    assert node.merge((Link("0", "z"), Link("4", "d"), Link("5", "e"))) == ["0", "5"]
    assert [edge.label for edge in node.edges.values()] == ["z", "a", "b", "c", "d", "e"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a story of two pages, as the crawler writes it."""
    pages = [viewer("<p>One é \ud800?</p>".encode("utf-8", "replace").decode()), viewer("<p>Two</p>")]
    graph = Graph({page.key: Node(page) for page in pages})
    graph.nodes[pages[0].key].edges = {"1": Edge("Go", [("", pages[1].key)]), "2": Edge("End", role="rate")}
    graph.nodes[pages[1].key].edges = {"3": Edge("Lost", role="broken"), "4": Edge("Far")}
    graph.limit_reached = True
    info = Info(URL, "The Well", "Ada", Ratings(maturity=3), "CC0")
    write(to_story(graph, info, URL, "2026-01-01T00:00:00+00:00"), tmp_path / "1037.json")
    assert [path.name for path in tmp_path.iterdir()] == ["1037.json"]
    return tmp_path / "1037.json"


def read(path: Path) -> object:
    return next(crawled.FORMAT.read(Source.of(path)))


def test_crawled_file_is_read_with_its_provenance(file: Path) -> None:
    (story,) = crawled.FORMAT.read(Source.of(file))
    assert crawled.FORMAT.looks_like(Source.of(file))
    assert (story.title, story.author, story.rights, story.source) == ("The Well", "Ada", "CC0", URL)
    assert [passage.text for passage in story.passages.values()] == ["One é ??", "Two"]
    assert [(passage.name, choice.label) for passage, choice in story.edges()] == [(story.start, "Go")]
    assert story.dangling() == []
    assert story.provenance is not None
    assert (story.provenance.maturity, story.provenance.length) == (3, None)
    assert story.notes == (
        "Choices that the site can't follow are left out: 1.",
        "Choices that were not followed are left out: 1 (the crawl's limit).",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-40], "not a complete story"),
        (lambda text: text.replace('"version": 1', '"version": 9'), "newer version"),
        (lambda text: text.replace('"start": "', '"start": "x'), "first passage 'x"),
        (lambda text: text.replace('"label": "Go"', '"label": 5'), "damaged: Expected `str`"),
        (lambda text: text.replace('"name": "', '"name": "x', 1), "has another name"),
        (lambda text: json.dumps({"kind": crawled.KIND, "version": 1}), "damaged"),
    ],
)
def test_error_for_a_changed_file(file: Path, change: object, message: str) -> None:
    text = file.read_text(encoding="utf-8")
    changed = change(text)  # type: ignore[operator]
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(StoryError, match=message):
        read(file)


def test_no_terminal_control_characters_from_names(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("The Well", "\\u001b[2JThe\\nWell"), encoding="utf-8")
    (story,) = crawled.FORMAT.read(Source.of(file))
    assert story.title == "[2JThe Well"


def test_progress_line() -> None:
    summary = Summary(stories=2, already_done=1, queued=10, in_progress=True, pages=600, links=60, seconds=600)
    assert line(summary) == "3 of 14 stories · 600 pages · 1.0 pages/s · 51 min left"
    summary.queued = 200
    assert line(summary).endswith("16 h 41 min left")
    assert line(Summary(queued=5, pages=3, seconds=3)) == "0 of 5 stories · 3 pages · 1.0 pages/s"
