"""Split HTML and XHTML into tags and texts, however badly it is written.

    for token in tokens("<p class=odd>Hello &amp; good bye"):
        # Tag("p", " class=odd"), "Hello & good bye"

Follows the tokenizer of the HTML standard. No tree is built, so the cost is proportional to the length. Existing
parsers were tried: libxml2 takes minutes for an element with 100,000 attributes and silently drops what is nested
deeper than 256; the parser in Python's library takes quadratic time before Python 3.13.6.

Limits: an internal document type subset is skipped, so entities that a page declares are unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

# Each part is possessive, so that no page takes more than linear time.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[\s/]++|{_ATTRIBUTE})*+)(?P<closed>>?)")
_NAMED = re.compile(r"""([^\s"'=/<>]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++)))?+""")
_RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "textarea", "title", "xmp")}
"""Elements whose text contains no tags, and what ends it."""
_CDATA = "<![CDATA["


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag or an end tag."""

    name: str
    """In lower case."""
    written: str = ""
    """The attributes as written; `attributes` parses them."""
    is_end: bool = False
    is_empty: bool = False
    """Whether it is self-closing: `<br/>`."""

    def attributes(self) -> dict[str, str]:
        """Return the attributes by name, in lower case."""
        return {
            match[1].lower(): unescape(match[2] or match[3] or match[4] or "")
            for match in _NAMED.finditer(self.written)
        }


def tokens(text: str) -> Iterator[Tag | str]:
    """Yield the tags and texts of a page in order, without comments."""
    at = 0
    while at < len(text):
        begin = text.find("<", at)
        if begin < 0:
            begin = len(text)
        if begin > at:
            yield unescape(text[at:begin])
        if begin == len(text):
            return
        match = _TAG.match(text, begin)
        if match is None:
            content, at = _other_markup(text, begin)
            if content:
                yield content
            continue
        if not match["closed"]:
            return  # the page ends within a tag
        at = match.end()
        tag = Tag(match["name"].lower(), match["attributes"], bool(match["end"]), _is_empty(match["attributes"]))
        yield tag
        if tag.name in _RAW and not tag.is_end and not tag.is_empty:
            end = _RAW[tag.name].search(text, at)
            stop = end.start() if end else len(text)
            yield unescape(text[at:stop]) if tag.name in ("title", "textarea") else ""
            at = stop


def _other_markup(text: str, begin: int) -> tuple[str, int]:
    """Return the text of what begins with `<` but isn't a tag, and where it ends."""
    if text.startswith("<!--", begin):
        return "", _end_of(text, "-->", begin + 4)
    if text.startswith(_CDATA, begin):
        end = _end_of(text, "]]>", begin)
        return text[begin + len(_CDATA) : end].removesuffix("]]>"), end
    if text.startswith(("<!", "<?", "</"), begin):
        end = _end_of(text, ">", begin)
        if text[begin + 1 : begin + 9].lower() == "!doctype" and "[" in text[begin:end]:
            end = _end_of(text, "]>", begin)
        return "", end
    return "<", begin + 1


def _is_empty(attributes: str) -> bool:
    """Return whether a tag ends with a slash of its own, not that of an unquoted value (`<a href=b/>`)."""
    if not attributes.endswith("/"):
        return False
    _, equals, value = attributes.rsplit(None, 1)[-1].partition("=")
    return not equals or value.startswith(('"', "'"))


def _end_of(text: str, closing: str, start: int) -> int:
    """Return the position after the next `closing`; the end of the text if there is none."""
    found = text.find(closing, start)
    return found + len(closing) if found >= 0 else len(text)
