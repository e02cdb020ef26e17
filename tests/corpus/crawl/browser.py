"""A browser for the replica that is independent of the crawler: the standard library's HTTP client, and lxml.

It uses the paths in the site's HTML that public scrapers use. `walk` is the simplest way to read a complete story: it
follows each link of each state of a page, in memory.
"""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

from lxml import html as lxml_html

from corpus.story import Choice, Passage, Story

BODY = "/html/body/div[3]"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status."""

    status: int
    url: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def find(self, xpath: str) -> list[lxml_html.HtmlElement]:
        """Return the elements at this path."""
        found: list[lxml_html.HtmlElement] = self._tree().xpath(xpath)
        return found

    def words(self, xpath: str) -> str:
        """Return the text of the only element there, with single spaces."""
        (element,) = self.find(xpath)
        return " ".join(element.text_content().split())

    def _tree(self) -> lxml_html.HtmlElement:
        return lxml_html.document_fromstring(self.body, parser=lxml_html.HTMLParser(encoding="utf-8"))

    # ---- a page of a story -----------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        return self.words("//h1[@id='_storyTitle']")

    @property
    def prose(self) -> str:
        """Paragraphs separated by a blank line, with the author's line breaks."""
        paragraphs = []
        for paragraph in self.find(f"{BODY}/div[1]//p"):
            for line_end in paragraph.xpath(".//br"):
                line_end.tail = "\n" + (line_end.tail or "").lstrip("\n")
            lines = (" ".join(line.split()) for line in paragraph.text_content().split("\n"))
            paragraphs.append("\n".join(line for line in lines if line))
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Number and label of each link under the page."""
        anchors = self.find(f"{BODY}/ul/li/a")
        calls = (re.fullmatch(r"PostBack\('FollowLink','(\d+)'\);return false;", a.get("onclick", "")) for a in anchors)
        return [(call[1], " ".join(a.text_content().split())) for a, call in zip(anchors, calls, strict=True) if call]

    @property
    def items(self) -> list[str]:
        return [" ".join(a.text_content().split()) for a in self.find(f"{BODY}/table[2]//a[@onclick]")]

    @property
    def form(self) -> dict[str, str]:
        """The hidden inputs, in order."""
        return {field.get("name", ""): field.get("value", "") for field in self.find("//form[@id='pbForm']/input")}

    @property
    def key(self) -> str:
        """The page's name: its title and text."""
        return f"{self.title}\0{self.prose}"


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Return None, so that a redirect is an answer like others."""


class Browser:
    """A browser with one cookie jar."""

    def __init__(self, agent: str = "stranger", follow_redirects: bool = True, timeout: float = 10) -> None:
        handlers: list[object] = [ProxyHandler({}), HTTPCookieProcessor(CookieJar())]
        if not follow_redirects:
            handlers.append(_NoRedirects())
        self._opener = build_opener(*handlers)  # type: ignore[arg-type]
        self._opener.addheaders = [("User-Agent", agent)]
        self._timeout = timeout

    def get(self, url: str, form: dict[str, str] | None = None) -> Answer:
        """Send a GET request, or a POST with a form. An error status is an answer; other errors are those of urllib."""
        request = Request(url, data=None if form is None else urlencode(form).encode())  # noqa: S310 (the replica)
        try:
            response = self._opener.open(request, timeout=self._timeout)
        except HTTPError as error:
            response = error
        with response:
            body = response.read()
        if response.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        return Answer(response.status, response.url, response.headers, body)

    def post(self, page: Answer, action: str, value: str) -> Answer:
        """Send the page's form, filled in like the page's script does."""
        return self.get(page.url, {**page.form, "pbAction": action, "pbValue": value})

    def follow(self, page: Answer, number: str) -> Answer:
        """Follow the link with this number."""
        return self.post(page, "FollowLink", number)


Hop = Callable[[Answer, str, tuple[str, ...]], Answer]
"""Returns the answer to a link of a page; the last argument is the path of links to the page."""


def walk(browser: Browser, url: str, hop: Hop | None = None) -> Story:
    """Return the complete story at a viewer's address. Passages are named by title and text; `hop` follows a link."""
    hop = hop or (lambda page, number, path: browser.follow(page, number))
    first = browser.get(url)
    passages: dict[str, tuple[str, dict[int, Choice]]] = {}
    seen = set[object]()
    queue: list[tuple[Answer, tuple[str, ...]]] = [(first, ())]
    while queue:
        page, path = queue.pop(0)
        state = (page.key, tuple(page.links), tuple(page.items))
        if state in seen:
            continue
        seen.add(state)
        _, choices = passages.setdefault(page.key, (page.prose, {}))
        for number, label in page.links:
            answer = hop(page, number, path)
            if answer.find("//h1[@id='_storyTitle']"):
                choices[int(number)] = Choice(label, answer.key)
                queue.append((answer, (*path, number)))
    named = {
        key: Passage(key, prose, tuple(choices[number] for number in sorted(choices)))
        for key, (prose, choices) in passages.items()
    }
    return Story(first.title, first.key, named, source=url)
