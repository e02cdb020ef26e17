"""HTML and XHTML as a row of tags and texts, however badly written.

    for piece in pieces("<p class=odd>Hello &amp; good bye"):
        # Tag("p", " class=odd"), "Hello & good bye"

Written after the tokens of the HTML standard. Nothing is built of them, so a page costs what its length is. The kept
parsers were tried: libxml2 takes minutes for an element with 100,000 attributes and drops, without a word, what is
nested deeper than 256; the one in Python's library takes a time that grows with the square, before Python 3.13.6.

Limits: a document type that declares things is skipped to its end, so no entity of its own is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

# Each part takes what it can and never gives it back, so that no page makes them slow.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[\s/]++|{_ATTRIBUTE})*+)(?P<closed>>?)")
_NAMED = re.compile(r"""([^\s"'=/<>]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++)))?+""")
_RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "textarea", "title", "xmp")}
"""Elements whose text has no tags in it, and where it ends."""
_CDATA = "<![CDATA["


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, or an end tag."""

    name: str
    """Lower case."""
    written: str = ""
    """The attributes as they are written; `attributes` reads them."""
    is_end: bool = False
    is_empty: bool = False
    """Whether it says that it has no content: `<br/>`."""

    def attributes(self) -> dict[str, str]:
        """The attributes by name, lower case."""
        return {
            match[1].lower(): unescape(match[2] or match[3] or match[4] or "")
            for match in _NAMED.finditer(self.written)
        }


def pieces(text: str) -> Iterator[Tag | str]:
    """The tags and the texts of a page in order, comments and the like left out."""
    place = 0
    while place < len(text):
        begin = text.find("<", place)
        if begin < 0:
            begin = len(text)
        if begin > place:
            yield unescape(text[place:begin])
        if begin == len(text):
            return
        tag = _TAG.match(text, begin)
        if tag:
            place = tag.end()
            if not tag["closed"]:
                return  # the page ends within a tag
            name = tag["name"].lower()
            empty = _is_empty(tag["attributes"])
            yield Tag(name, tag["attributes"], bool(tag["end"]), empty)
            if name in _RAW and not tag["end"] and not empty:
                end = _RAW[name].search(text, place)
                stop = end.start() if end else len(text)
                yield unescape(text[place:stop]) if name in ("title", "textarea") else ""
                place = stop
        elif text.startswith("<!--", begin):
            place = _behind(text, "-->", begin + 4)
        elif text.startswith(_CDATA, begin):
            place = _behind(text, "]]>", begin)
            yield text[begin + len(_CDATA) : place].removesuffix("]]>")
        elif text.startswith(("<!", "<?", "</"), begin):
            place = _behind(text, ">", begin)
            if text[begin + 1 : begin + 9].lower() == "!doctype" and "[" in text[begin:place]:
                place = _behind(text, "]>", begin)
        else:
            yield "<"  # a sign, and no tag
            place = begin + 1


def _is_empty(attributes: str) -> bool:
    """Whether a tag ends with a slash of its own, and not with one of an unquoted value (`<a href=b/>`)."""
    if not attributes.endswith("/"):
        return False
    _, equals, value = attributes.rsplit(None, 1)[-1].partition("=")
    return not equals or value.startswith(('"', "'"))


def _behind(text: str, mark: str, start: int) -> int:
    """Where what `mark` closes is over: the end of the text where it is never closed."""
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else len(text)
