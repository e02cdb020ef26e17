"""What a page of a story site says: the structure that a site's module reads out of its HTML.

    page = chooseyourstory.read(html, url)
    if isinstance(page, Viewer): ...

Pages are plain data without any HTML in them, written as JSON and read back by msgspec. Limits: nothing is checked
here beyond the types.
"""

import hashlib
from typing import TypeAlias

import msgspec


class Ratings(msgspec.Struct, frozen=True):
    """What the site says about a story, on its own scale; None where it doesn't say."""

    length: int | None = None
    difficulty: int | None = None
    maturity: int | None = None


class Listed(msgspec.Struct, frozen=True):
    """A story in a list."""

    url: str
    author: str = ""
    ratings: Ratings = Ratings()


class Listing(msgspec.Struct, frozen=True, tag="list"):
    """A page that leads to stories, or to further such pages."""

    stories: tuple[Listed, ...] = ()
    pages: tuple[str, ...] = ()


class Info(msgspec.Struct, frozen=True, tag="info"):
    """The page about one story."""

    viewer: str
    """Where it is played."""
    title: str = ""
    author: str = ""
    ratings: Ratings = Ratings()
    rights: str = "unknown"


class Link(msgspec.Struct, frozen=True):
    """A way on from a page of a story. Where it leads shows only when it is followed."""

    id: str
    label: str


class Form(msgspec.Struct, frozen=True):
    """What has to be sent back to follow a link: the server finds its place in the story by it."""

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
    """What the reader carries."""
    info: str = ""
    """The page about the story, where this one leads to it."""

    @property
    def key(self) -> str:
        """The page's name: title and text are all that tells one page from another."""
        return digest(self.title, self.text)

    @property
    def state(self) -> str:
        """The page's name together with all that the server's hidden state shows of itself on it."""
        return digest(self.title, self.text, *(f"{link.id} {link.label}" for link in self.links), "", *self.items)


class Leaf(msgspec.Struct, frozen=True, tag="leaf"):
    """A page at which the story is left, such as those to rate it and to save it; `what` is its name."""

    what: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The site doesn't know this link, or not any more."""

    reason: str
    lost: bool = False
    """Whether it is the reader that it has forgotten, and not the link."""


class Strange(msgspec.Struct, frozen=True, tag="strange"):
    """None of these."""

    reason: str


Page: TypeAlias = Listing | Info | Viewer | Leaf | Refused | Strange


def digest(*parts: str) -> str:
    """A short name for these texts: 16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
