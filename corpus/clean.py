"""Clean a text: remove what is not prose, such as HTML remains, navigation lines and author's notes.

    cleaned = clean(text, title=story.title)
    cleaned.text, cleaned.drops        # 'You wake.', {'navigation line': 1}

In order: mojibake is repaired (by ftfy, if its heuristics find it bad); quotation marks become straight, as in the
library and on keyboards; HTML and invisible characters are removed; runs of spaces become one; whole lines that are
boilerplate are removed: navigation, author's notes, page numbers, separators (a blank line stays), the title repeated
at the top. `turns.clean_prose` comes last. Dashes, ellipses, guillemets, emphasis and all other characters stay.

A line is removed only if it is clearly not prose: a leftover is better than a lost sentence. Cleaning is idempotent.

Limits: it knows the boilerplate of English sites. Of an author's note in several paragraphs, only the marked one is
removed. Markup or entities nested more than `_PASSES` deep leave a remainder.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html.entities import html5

import ftfy
import ftfy.badness

from corpus.turns import clean_prose

_PASSES = 12


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The prose, and how many pieces of each sort were removed. Repairs are not counted, because they lose nothing."""

    text: str
    drops: Mapping[str, int]
    """Reasons: "HTML tag", "navigation line", "author's note", "page mark", "separator", "repeated title"."""


def clean(text: str, title: str = "") -> Cleaned:
    """Return `text` as prose. A first line that equals `title` (of the story or the passage) is removed."""
    drops: defaultdict[str, int] = defaultdict(int)  # a Counter is slow to make
    for _ in range(_PASSES):
        before = text
        if not text.isascii():
            text = _fix_mojibake(text)
            for sign, simpler in _SIMPLER.items():  # much faster than str.translate
                text = text.replace(sign, simpler)
        if "<" in text or "&" in text:
            text = _without_html(text, drops)
        if "  " in text or "\t" in text:
            text = _INNER_SPACES.sub(" ", text)
        text = clean_prose(_without_boilerplate(text, title, drops))
        if text == before:
            break
    return Cleaned(text, drops)


_SIMPLER = (
    dict.fromkeys("“”„‟", '"')
    | dict.fromkeys("‘’‚‛", "'")
    | dict.fromkeys("\xa0\u202f\u2007", " ")
    | dict.fromkeys("\xad\u200b\u2060\ufeff", "")  # invisible breaks; joiners stay, as emoji and some scripts need them
)
_INNER_SPACES = re.compile(r"(?<=\S)(?: {2,}| *\t[ \t]*)(?=\S)")

# What a misread first byte of UTF-8 becomes, then what the second byte becomes. A cheap test before ftfy.
_MISREAD_BYTES = re.compile(
    "[\xc2-\xf4\u0102-\u0110][\x80-\xbf\u0152-\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\ufffd"
)
_ENCODING_ONLY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)


def _fix_mojibake(text: str) -> str:
    """Return `text` with wrongly decoded characters (`donâ€™t`) decoded as intended."""
    data = text.encode(errors="surrogatepass")
    # The first characters of the pattern, in UTF-8, have one of these bytes first: a test for nearly all text.
    if not (b"\xc3" in data or b"\xc4" in data or b"\xef" in data):
        return text
    if _MISREAD_BYTES.search(text) and ftfy.badness.is_bad(text):
        return ftfy.fix_text(text, _ENCODING_ONLY)
    return text


# A start that meets another start before its end fails to match, so these take linear time on any text.
_INVISIBLE = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<(script|style)\b[^<>]*>(?:(?!<\1\b).)*?</\1\s*>", re.IGNORECASE | re.DOTALL
)
_BLOCK = (
    "blockquote|body|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|head|header|hr|html|li|main|nav|ol|p|pre"
    "|section|table|tbody|thead|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|audio|b|big|button|cite|code|del|em|embed|figcaption|font|i|iframe|img|input|ins|kbd|label|link"
    "|mark|meta|noscript|object|option|param|q|s|samp|script|select|small|source|span|strike|strong|style|sub|sup|td"
    "|textarea|th|title|tt|u|var|video|wbr"
)
_TAG = re.compile(rf"</?(?:(?P<line>br)|(?P<block>{_BLOCK})|(?:{_INLINE}))(?:\s[^<>]*|/)?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")


def _without_html(text: str, drops: defaultdict[str, int]) -> str:
    def tag(match: re.Match[str]) -> str:
        drops["HTML tag"] += 1
        return "\n" if match["line"] else "\n\n" if match["block"] else ""

    def entity(match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if name:
            return html5.get(name + ";", match[0])
        number = int(decimal) if decimal else int(hexadecimal, 16)
        return chr(number) if number <= 0x10FFFF else match[0]

    if "<" in text:
        text, invisible = _INVISIBLE.subn("", text)
        if invisible:
            drops["HTML tag"] += invisible
        text = _TAG.sub(tag, text)
    return _ENTITY.sub(entity, text) if "&" in text else text


_LONGEST = 160
"""Characters of the longest line that can be boilerplate; author's notes, which are marked as such, may be longer."""

# How a boilerplate line begins, in any case, after its marks. Most lines of prose fail this test, and need no other.
_MAYBE_BOILERPLATE = re.compile(
    r"[\W\d_]*(?:\Z|(?:back|be|begin|click|comments?|continue|credits|don't|end|exit|feedback|feel|go|home|leave|load|main"
    r"|menu|more|new|next|o[o0]o|page|pg|p|play|please|press|previous|quit|rate|read|remember|reset|restart|return|reviews?"
    r"|save|start|table|tap|thanks?|top|try|undo)\b)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"(?:[-*–—_~=#•·+○●◦☆★✦✧❦❧✻§<>]\s*){3,}|⁂|[-~*= ]*(?:oOo|o0o)[-~*= ]*")
_PAGE_MARK = re.compile(
    r"[\[(|]?\s*(?:page|pg\.?|p\.)\s*\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\s*[\])|]?|[-–—]\s*\d{1,4}\s*[-–—]", re.IGNORECASE
)
_PLACE = (
    r"(?:the )?(?:very )?(?:start|beginning|title(?: screen| page)?|main menu|menu|index|(?:table of )?contents"
    r"|top(?: of (?:the )?page)?|home ?page)"
)
_STORY = r"(?:(?:the|this|your|my|a|new) )*(?:game|story|adventure)"
_NAVIGATION = re.compile(
    rf"(?:click|tap|press)(?: on)? (?:here|below|next|continue|enter|any key|the (?:link|button|arrow)s?)"
    rf"(?:\W*|(?: (?:above|below))? (?:to|for|if|when|and|or)\b[^\"]{{0,60}})"
    rf"|(?:click|tap) (?:to|and) (?:continue|go|proceed|read|start|begin|restart)\b.{{0,60}}"
    rf"|(?:go )?back to {_PLACE}|return to {_PLACE}|end game and leave comments|leave comments"
    rf"|(?:save|load|restart|reset|quit|exit|end|new) {_STORY}|main menu|table of contents|continue reading|read more"
    rf"|(?:next|previous) (?:page|chapter|part|scene)|play again\??|start over|restart|continue|next",
    re.IGNORECASE,
)
_BRACKETED_NAVIGATION = re.compile(
    r"back|begin|continue|credits|end|exit|home|load|menu|more|next|play|previous|quit|reset|restart|return|save|start"
    r"|top|try again\??|undo",
    re.IGNORECASE,
)
_ARROWS = "[](){}<>«»|→←►▶◄◀=-•*_~ "
_REQUEST = re.compile(
    r"(?:(?:please|(?:please )?(?:don't forget|remember|feel free|be sure) to) )"
    r"(?:rate|review|comment|leave|give|write)\b(?: [\w']+){0,4} (?:comments?|rating|reviews?|feedback|story"
    r"|game|storygame)"
    r"\b[^\"]{0,80}"
    r"|(?:please )?(?:rate|comment|review)(?:[ ,&]+(?:and|or|rate|comment|review)\b)+\W*"
    r"|please (?:rate|comment|review)\W*"
    r"|(?:rate|review|comment on) (?:this|my) (?:story|game|storygame|adventure)\W*"
    r"|thank(?:s| you)(?: (?:so|very) much)? for (?:playing|reading)(?: (?:this|my|the|our))?(?: [\w-]+)?[!. :)]*"
    r"(?:\W{1,3}[^\"]{0,80}\b(?:rate|comments?|feedback|review)\b[^\"]{0,60})?"
    r"|(?:comments?|feedback|reviews?)(?: (?:and|or|&) \w+)* (?:is|are) (?:(?:always|very|much|greatly) )*"
    r"(?:welcome|appreciated)\W*",
    re.IGNORECASE,
)
_AUTHOR = (
    r"(?:[aA]/[nN]|(?:[aA]uthor|AUTHOR|[wW]riter)(?:'?[sS]'?)? (?:[nN]otes?|NOTES?|[cC]omments?)"
    r"|[nN]otes? from the [aA]uthor)"
)
_NOTE = re.compile(rf"\W{{0,3}}(?:{_AUTHOR}|AN(?=:))(?:\s*[:–—-].*|[\])*_.]*)")
_NOTE_INSIDE = re.compile(rf" ?[(\[]\s*(?:{_AUTHOR}\s*[:–—-]|[aA]uthor:)[^()\[\]\n]*[)\]]")


def _without_boilerplate(text: str, title: str, drops: defaultdict[str, int]) -> str:
    lines = text.split("\n")
    removed: dict[int, str] = {}
    for n, line in enumerate(lines):
        if 0 < len(line) <= _LONGEST and _MAYBE_BOILERPLATE.match(line) and (reason := _boilerplate(line.strip())):
            removed[n] = reason
    title_line = _repeated_title(lines, title, removed)
    if title_line is not None:
        removed[title_line] = "repeated title"
    if _may_have_notes(text):
        _find_notes(lines, removed, drops)
    elif not removed:
        return text
    for reason in removed.values():
        drops[reason] += 1
    return "\n".join("" if n in removed else line for n, line in enumerate(lines))


def _repeated_title(lines: list[str], title: str, removed: Mapping[int, str]) -> int | None:
    """Return the first line that isn't removed, if it repeats the title and text follows it."""
    if not title or len(lines) == 1:
        return None
    first = next((n for n, line in enumerate(lines) if line.strip() and n not in removed), 0)
    repeats = len(lines[first]) <= _LONGEST and _letters(lines[first]) == _letters(title) != ""
    return first if repeats and any(line.strip() for line in lines[first + 1 :]) else None


def _find_notes(lines: list[str], removed: dict[int, str], drops: defaultdict[str, int]) -> None:
    """Mark the lines that are author's notes as removed, and take bracketed notes out of the others."""
    for n, line in enumerate(lines):
        if _NOTE.fullmatch(line):
            removed[n] = "author's note"
        elif n not in removed:
            lines[n], notes = _NOTE_INSIDE.subn("", line)
            if notes:
                drops["author's note"] += notes


def _may_have_notes(text: str) -> bool:
    """Return whether the patterns of author's notes are worth trying."""
    if "uthor" in text or "UTHOR" in text or "riter" in text:
        return True
    return ("/" in text and ("A/N" in text or "a/n" in text)) or (":" in text and "AN:" in text)


def _boilerplate(line: str) -> str:
    """Return which sort of boilerplate a line is; "" for prose."""
    if _SEPARATOR.fullmatch(line):
        return "separator"
    if _PAGE_MARK.fullmatch(line):
        return "page mark"
    bare = line.strip(_ARROWS)
    bracketed = bare != line and (line[0] in "[({<«»→←►▶◄◀|=-" or line[-1] in "])}>»→►▶|")
    if _NAVIGATION.fullmatch(bare.rstrip(".!… ") if bracketed else bare):
        return "navigation line"
    if bracketed and _BRACKETED_NAVIGATION.fullmatch(bare):
        return "navigation line"
    return "author's note" if _REQUEST.fullmatch(bare) else ""


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
