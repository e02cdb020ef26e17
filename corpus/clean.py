"""Text as a reader found it -> prose: what the site, the page and its author's desk left in it is taken out.

    cleaned = clean(text, title=story.title)
    cleaned.text, cleaned.drops        # 'You wake.', {'navigation line': 1}

In order: text that was decoded wrongly is decoded again (ftfy, where its heuristics find it bad); quotation marks are
made straight, as the library and the player's keyboard have them; HTML rests and invisible characters go; several
spaces become one; whole lines that are no prose go: navigation, author's notes, page marks, separators (a blank line
stays), the title where it is repeated at the top. Last comes `turns.clean_prose`. Dashes, ellipses, guillemets,
emphasis and every other sign stay the author's.

Only what is plainly no prose goes: better a leftover than a lost sentence. Cleaning what is clean changes nothing.

Limits: the furniture of English sites. Of an author's note in several paragraphs only the marked one goes. Markup or
entities nested in themselves more than `_PASSES` deep leave a rest.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html.entities import html5

import ftfy
import ftfy.badness

from corpus.turns import clean_prose

_PASSES = 12


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The prose, and how many pieces of which sort were taken out of it. Repairs are not counted: they lose nothing."""

    text: str
    drops: Mapping[str, int]
    """Reasons: "HTML tag", "navigation line", "author's note", "page mark", "separator", "repeated title"."""


def clean(text: str, title: str = "") -> Cleaned:
    """`text` as prose. `title`, of the story or the passage, goes where it stands alone above the prose."""
    drops: Counter[str] = Counter()
    for _ in range(_PASSES):
        before = text
        if not text.isascii():
            text = _decoded(text).translate(_PLAINER)
        if "<" in text or "&" in text:
            text = _without_html(text, drops)
        if "  " in text or "\t" in text:
            text = _INNER_SPACES.sub(" ", text)
        text = clean_prose(_without_lines(text, title, drops))
        if text == before:
            break
    return Cleaned(text, drops)


# ---- characters ----------------------------------------------------------------------------------------------

_PLAINER = str.maketrans(
    dict.fromkeys("“”„‟", '"')
    | dict.fromkeys("‘’‚‛", "'")
    | dict.fromkeys("\xa0\u202f\u2007", " ")
    | dict.fromkeys("\xad\u200b\u2060\ufeff")  # breaks nobody sees; joiners stay, for emoji and scripts need them
)
_INNER_SPACES = re.compile(r"(?<=\S)(?: {2,}| *\t[ \t]*)(?=\S)")

# A letter that a wrongly read UTF-8 byte becomes, and one that its follower becomes. Cheap; ftfy decides.
_TWO_BYTES = re.compile(
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


def _decoded(text: str) -> str:
    """`text` with mojibake (`donâ€™t`) read as what it was."""
    if _TWO_BYTES.search(text) and ftfy.badness.is_bad(text):
        return ftfy.fix_text(text, _ENCODING_ONLY)
    return text


# ---- HTML ----------------------------------------------------------------------------------------------------

# A start that meets another start before its end gives up, so that no text makes these slow.
_UNSEEN = re.compile(
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


def _without_html(text: str, drops: Counter[str]) -> str:
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
        text, unseen = _UNSEEN.subn("", text)
        if unseen:
            drops["HTML tag"] += unseen
        text = _TAG.sub(tag, text)
    return _ENTITY.sub(entity, text) if "&" in text else text


# ---- lines ---------------------------------------------------------------------------------------------------

_LONGEST = 160
"""Characters of the longest line that can be furniture; author's notes, which say that they are, may be longer."""

# What a line of furniture begins with, in any case, behind its marks. Most lines of prose end their visit here.
_PERHAPS = re.compile(
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
_MARKED = re.compile(
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


def _without_lines(text: str, title: str, drops: Counter[str]) -> str:
    lines = text.split("\n")
    gone: dict[int, str] = {}
    for n, line in enumerate(lines):
        if 0 < len(line) <= _LONGEST and _PERHAPS.match(line):
            reason = _furniture(line.strip())
            if reason:
                gone[n] = reason
    if title and len(lines) > 1:
        n = next((n for n, line in enumerate(lines) if line.strip() and n not in gone), 0)
        if (
            len(lines[n]) <= _LONGEST
            and _letters(lines[n]) == _letters(title) != ""
            and any(line.strip() for line in lines[n + 1 :])
        ):
            gone[n] = "repeated title"
    noted = _may_be_noted(text)
    if noted:
        for n, line in enumerate(lines):
            if _NOTE.fullmatch(line):
                gone[n] = "author's note"
            elif n not in gone:
                lines[n], notes = _NOTE_INSIDE.subn("", line)
                if notes:
                    drops["author's note"] += notes
    if gone:
        drops.update(gone.values())
    elif not noted:
        return text
    return "\n".join("" if n in gone else line for n, line in enumerate(lines))


def _may_be_noted(text: str) -> bool:
    """Whether the patterns of author's notes are worth trying."""
    return "uthor" in text or "UTHOR" in text or "A/N" in text or "a/n" in text or "riter" in text or "AN:" in text


def _furniture(line: str) -> str:
    """Why a line is no prose; "" for prose."""
    if _SEPARATOR.fullmatch(line):
        return "separator"
    if _PAGE_MARK.fullmatch(line):
        return "page mark"
    bare = line.strip(_ARROWS)
    marked = bare != line and (line[0] in "[({<«»→←►▶◄◀|=-" or line[-1] in "])}>»→►▶|")
    if _NAVIGATION.fullmatch(bare.rstrip(".!… ") if marked else bare) or (marked and _MARKED.fullmatch(bare)):
        return "navigation line"
    return "author's note" if _REQUEST.fullmatch(bare) else ""


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
