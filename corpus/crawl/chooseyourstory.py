"""Read the HTML of chooseyourstory.com (ASP.NET WebForms) as a `Page`; no I/O.

    page = read(decode(body, response.headers["Content-Type"]), response.url)
    url, fields = post(page.form, page.links[0])

Pages are recognised by their content: lists by their table, a story's own page by its Play button, the viewer by the
form `#pbForm`, the pages to rate and to save by the target of their form. Labels are never used, because authors write
anything on their links. Prose is text only: paragraphs separated by a blank line, no scripts, no pictures.

Limits: of a list with several pages, only the first is read. Using an item is not followed as a link.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urljoin, urlsplit

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, PageElement, Tag
from w3lib.encoding import html_to_unicode, resolve_encoding

from corpus.crawl.page import ExitPage, Form, Info, Link, Listed, Listing, Page, Ratings, Refused, UnknownPage, Viewer

_POST_BACK = re.compile(r"PostBack\(\s*(['\"])(\w+)\1\s*,\s*(['\"])([^'\"]*)\3")
_PLAY = re.compile(r"/viewer(?:/[^'\"]*?)?\?(?:StoryId=)?(\d+)", re.IGNORECASE)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_SILENT = frozenset({"script", "style", "noscript", "template", "title", "head", "textarea", "select"})
_BREAK, _PARAGRAPH = "\v", "\f"  # white space that HTML doesn't allow, so it is not in the text


def decode(body: bytes, content_type: str) -> str:
    """Return the page's text. Valid UTF-8 wins over any declaration; then the header counts, then the meta element."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        claimed = html_to_unicode(content_type, body, default_encoding="cp1252")
        # A declaration of UTF-8 is wrong here; browsers, too, then use Windows-1252.
        if resolve_encoding(claimed[0]) == "utf-8":
            return body.decode("cp1252", "replace")
        return claimed[1]


def complete(body: bytes) -> bool:
    """Return whether the page has its end: a broken connection can look like a complete answer."""
    return b"</html" in body[-8192:].replace(b"\0", b"").lower()  # nulls: in UTF-16


def viewer_url(url: str) -> str:
    """Return the canonical viewer address of a story for any of its viewer addresses; "" for any other address."""
    parts = urlsplit(url)
    if not re.match(r"/story/viewer(?:/(?:default\.aspx)?)?$", parts.path, re.IGNORECASE):
        return ""
    fields = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
    number = fields.get("storyid", parts.query)
    return urljoin(url, f"/story/viewer/default.aspx?StoryId={number}") if re.fullmatch("[0-9]+", number) else ""


def story_id(viewer: str) -> str:
    """Return the number of the story at this viewer address."""
    return viewer.rpartition("=")[2]


def post(form: Form, link: Link) -> dict[str, str]:
    """Return the fields to send to `form.url` in order to follow `link`."""
    return {**form.fields, "pbAction": "FollowLink", "pbValue": link.id}


def read(html: str, url: str) -> Page:
    """Return the content of the page at `url`."""
    soup = BeautifulSoup(html, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    form = soup.find("form", id="pbForm")
    if isinstance(form, Tag):
        return _viewer(soup, form, title, url)
    if "not loaded" in title or "viewstate" in title.lower():
        return Refused(title, session_lost="viewstate" in title.lower())
    table = soup.find("table", id="MainContentPlaceHolder_StoriesGridView")
    if isinstance(table, Tag):
        return Listing(stories=tuple(_rows(table, url)))
    blocks = soup.find_all(class_="dark1border")
    if blocks:
        return Listing(pages=tuple(dict.fromkeys(_categories(blocks, url))))
    info = _info(soup, url)
    if info is not None:
        return info
    for other in soup.find_all("form", action=True):
        path = urlsplit(urljoin(url, str(other["action"]))).path.lower()
        if f"{path}/".startswith("/story/viewer/"):
            name = path.rpartition("/")[2].removesuffix(".aspx")
            # A viewer page without its form has lost the reader's position in the story.
            if name in ("", "default", "viewer"):
                return Refused(title or "the story was aborted", session_lost=True)
            return ExitPage(name)
    heading = soup.find("h1")
    if isinstance(heading, Tag) and re.match(r"\s*Rate\b", heading.get_text()):
        return ExitPage("rate")
    return UnknownPage(f"an unknown kind of page ({title or 'without a title'})")


def _rows(table: Tag, url: str) -> Iterator[Listed]:
    """Yield the stories of a list: a number in some lists, then title, author, length, difficulty, rating."""
    for cell in table.select("td:has(a[href*='/story/'])"):
        [anchor] = cell.select("a[href*='/story/']")[:1]
        after = cell.find_next_siblings("td")[:3]
        ratings = [_number(str(image.get("alt", ""))) for each in after[1:] for image in each.find_all("img")[:1]]
        length, difficulty = ratings if len(ratings) == 2 else (None, None)
        author = after[0].get_text(" ", strip=True) if after else ""
        yield Listed(urljoin(url, str(anchor["href"])), author, Ratings(length, difficulty))


def _categories(blocks: list[Tag], url: str) -> Iterator[str]:
    """Yield the addresses of whole categories, not of stories."""
    for block in blocks:
        for anchor in block.select(".categoryBoxExtras a[href]"):
            address = urljoin(url, str(anchor["href"]))
            if urlsplit(address).path.lower().startswith("/stories/"):
                yield address


def _info(soup: BeautifulSoup, url: str) -> Info | None:
    for button in soup.select("input[type=submit][onclick]"):
        match = _PLAY.search(str(button["onclick"]))
        if match is None:
            continue
        members = soup.find_all("a", href=re.compile(r"/member/\?Username=", re.IGNORECASE))
        text = soup.get_text(" ").partition("Player Comments")[0]
        ratings = (
            _number(found[1]) if (found := re.search(rf"{name}\s*:?\s*(\d+)\s*/\s*8", text)) else None
            for name in ("Play Length", "Story Difficulty", "Maturity Level")
        )
        title = soup.find(id="ctl09") or soup.find("h1")
        licence = soup.select_one("a[rel~=license], link[rel~=license]")
        return Info(
            viewer=urljoin(url, f"/story/viewer/default.aspx?StoryId={match[1]}"),
            title=_line(title or soup.title),
            author=_line(members[0]) if members else "",
            ratings=Ratings(*ratings),
            rights=(_line(licence) or str(licence.get("href", "")) or "unknown") if licence else "unknown",
        )
    return None


def _viewer(soup: BeautifulSoup, form: Tag, title: str, url: str) -> Viewer:
    banner = soup.find(id="svbanner")
    links: dict[str, Link] = {}
    for anchor in soup.find_all("a", onclick=True):
        call = _POST_BACK.search(str(anchor["onclick"]))
        if call and call[2] == "FollowLink" and not (banner and banner in anchor.parents):
            links.setdefault(call[4], Link(call[4], _line(anchor)))
    regions = _regions(soup)
    prose = regions.get("BEGIN MAIN", [])
    story = title.rpartition(" :: ")[0] or title
    leave = banner.select_one("a[href*='/story/']:not([href*='/story/viewer'])") if isinstance(banner, Tag) else None
    return Viewer(
        story=" ".join(story.split()),
        title=_line(soup.find(id="_storyTitle")),
        text=_prose(prose),
        links=tuple(links.values()),
        form=Form(
            urljoin(url, str(form.get("action") or url)),
            {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input", attrs={"name": True})},
        ),
        items=tuple(_items(regions.get("Inventory", []))),
        info=urljoin(url, str(leave["href"])) if leave else "",
        picture=any(isinstance(part, Tag) and (part.name == "img" or part.find("img")) for part in prose),
    )


def _regions(soup: BeautifulSoup) -> dict[str, list[PageElement]]:
    """Return the elements of a viewer page's main part, by the comment before them that names the part.

    On a page without these comments, the prose ends at the list of links, and the items are in tables after that.
    """
    regions: dict[str, list[PageElement]] = {}
    begin = soup.find(string=lambda text: isinstance(text, Comment) and text.strip() == "BEGIN MAIN")
    name = "BEGIN MAIN"
    for element in begin.next_siblings if begin else _main_part(soup):
        if isinstance(element, Comment):
            if element.strip() in ("Links", "Inventory", "END MAIN"):
                name = element.strip()
            continue
        if isinstance(element, Tag) and not begin:
            if element.name == "ul" or "smallerText" in (element.get("class") or ()):
                name = "Links"
            elif element.name == "table":
                name = "Inventory"
        regions.setdefault(name, []).append(element)
    return regions


def _main_part(soup: BeautifulSoup) -> list[PageElement]:
    """Return what is in the first block after the heading of a viewer page."""
    heading = soup.find(id="_storyTitle") or soup.find("h1")
    block = heading.find_next("div") if isinstance(heading, Tag) else None
    return block.contents if isinstance(block, Tag) else []


def _items(inventory: list[PageElement]) -> Iterator[str]:
    for element in inventory:
        if isinstance(element, Tag):
            for anchor in element.find_all("a", onclick=True):
                yield _line(anchor)


def _prose(elements: list[PageElement]) -> str:
    """Return the text as a browser shows it: white space collapsed, blocks as paragraphs, <br> as a line end."""
    text = "".join(_parts(elements))
    paragraphs = []
    for paragraph in re.split(rf"{_PARAGRAPH}|{_BREAK}\s*{_BREAK}", text):
        lines = (" ".join(line.split()) for line in paragraph.split(_BREAK))
        paragraphs.append("\n".join(line for line in lines if line))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _parts(elements: list[PageElement]) -> Iterator[str]:
    """Yield the texts and breaks in order, without recursion, because the nesting of a page is not limited."""
    todo: list[PageElement | str] = [*reversed(elements)]
    while todo:
        element = todo.pop()
        if isinstance(element, Tag):
            if element.name == "br":
                yield _BREAK
            elif element.name not in _SILENT:
                edge = _PARAGRAPH if element.name in _BLOCKS else ""
                yield edge
                todo += [edge, *reversed(element.contents)]
        elif type(element) is NavigableString:  # its subclasses are comments and the like
            yield re.sub(r"[\v\f]", " ", element)
        elif type(element) is str:
            yield element


def _line(element: PageElement | None) -> str:
    """Return the text of a short element as one line."""
    return " ".join(element.get_text().split()) if element else ""


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,3})\b", text)
    return int(match[1]) if match else None
