"""The content of a page of a story site, which a site's module reads from the HTML.

    page = chooseyourstory.read(html, url)
    if isinstance(page, Viewer): ...

Pages are plain data without HTML. The journal stores them as JSON, so the tags and JSON names of their fields must not
change. Limits: only types are checked.
"""

import hashlib
from typing import TypeAlias

import msgspec


class Ratings(msgspec.Struct, frozen=True):
    """The site's ratings of a story, on its own scale; None if there is none."""

    length: int | None = None
    difficulty: int | None = None
    maturity: int | None = None


class Listed(msgspec.Struct, frozen=True):
    """A story in a list."""

    url: str
    author: str = ""
    ratings: Ratings = Ratings()


class Listing(msgspec.Struct, frozen=True, tag="list"):
    """A page that leads to stories, or to other lists."""

    stories: tuple[Listed, ...] = ()
    pages: tuple[str, ...] = ()


class Info(msgspec.Struct, frozen=True, tag="info"):
    """The page about one story."""

    viewer: str
    """The address at which the story is played."""
    title: str = ""
    author: str = ""
    ratings: Ratings = Ratings()
    rights: str = "unknown"


class Link(msgspec.Struct, frozen=True):
    """A link of a story's page. Where it leads is unknown until it is followed."""

    id: str
    label: str


class Form(msgspec.Struct, frozen=True):
    """What has to be sent back to follow a link: it tells the server the reader's position in the story."""

    url: str
    fields: dict[str, str]


class Viewer(msgspec.Struct, frozen=True, tag="viewer"):
    """A page of a story as the reader sees it."""

    story: str
    """The title of the story."""
    title: str
    """The heading of the page."""
    text: str
    """Paragraphs separated by a blank line."""
    links: tuple[Link, ...]
    form: Form
    items: tuple[str, ...] = ()
    """What the reader has with him."""
    info: str = ""
    """The address of the page about the story, if this page links to it."""
    picture: bool = False
    """Whether there is a picture in the prose."""

    @property
    def key(self) -> str:
        """The page's name: pages with the same title and text count as one page."""
        return digest(self.title, self.text)

    @property
    def state(self) -> str:
        """The page's name together with the visible part of the server's hidden state."""
        return digest(self.title, self.text, *(f"{link.id} {link.label}" for link in self.links), "", *self.items)


class ExitPage(msgspec.Struct, frozen=True, tag="leaf"):
    """A page outside the story, for example the page to rate it or to save it; `name` says which."""

    name: str = msgspec.field(name="what")


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The site doesn't know this link, or no longer knows it."""

    reason: str
    session_lost: bool = msgspec.field(default=False, name="lost")
    """Whether the site has forgotten the reader, rather than the link."""


class UnknownPage(msgspec.Struct, frozen=True, tag="strange"):
    """A page of another kind."""

    reason: str


Page: TypeAlias = Listing | Info | Viewer | ExitPage | Refused | UnknownPage


def digest(*parts: str) -> str:
    """Return a short hash of these texts: 16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
