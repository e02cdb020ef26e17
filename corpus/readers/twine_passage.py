r"""Parse the source of one Twine passage, without macros, into prose and choices.

    parse_passage("You see a [[bell->Bell]] here.\n\n[[Go on]]")
    ("You see a bell here.", (Choice("bell", "Bell"), Choice("Go on", "Go on")))

It handles what all story formats share: the links of Twine's own editor, HTML, character references. `link` and
`escape` write what this module reads; the modules of the formats rewrite macros in that form, `corpus.writers` whole
stories.

Every pattern is linear in the length of its input: possessive, and stopped by the character that would start it again.
"""

import re
from collections.abc import Callable
from html import unescape

from corpus.story import Choice

LINK = re.compile(r"\[\[([^\[\]\n]*+(?:(?:\](?!\])|\[(?!\[))[^\[\]\n]*+)*+)\]\]")
REMOVED = "\x00"
"""Marks where a macro was, so that a line with nothing else can be removed."""

_ADDRESS = re.compile(r"\w+:/|mailto:", re.IGNORECASE)
# A line of links with "or" between them is still a list of choices.
_WORD = re.compile(r"\b(?!(?:or|and)\b)\w", re.IGNORECASE)
_SENTENCE_END = re.compile(r"""[.!?…]["”'’)\]*_]*\s*\Z""")
_LONGEST_END = 40
_LONG_GAP = re.compile(r"\n{3,}")
_REMOVED_LINE = re.compile(r"^[ \t]*+\x00[ \t\x00]*+(?:\n|\Z)", re.MULTILINE)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)(?:\s[^<>]*+)?/?>")
_PASSAGE_TAG = re.compile(r"""<(a|button|span)\s[^<>]*?\bdata-passage=(["'])([^<>"']*)\2[^<>]*>([^<>]*)</\1>""")
_RAW = re.compile(r"<(script|style|svg|noscript)\b[^<>]*>", re.IGNORECASE)
_PARAGRAPH_TAGS = frozenset(
    "address article aside blockquote center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table tbody thead tr ul".split()
)
_INLINE_TAGS = frozenset(
    "a abbr acronym area audio b bdi bdo big br button canvas caption cite code col colgroup data del details dfn em "
    "embed font i iframe img input ins kbd label legend map mark meter nobr object option param picture progress q "
    "rp rt ruby s samp select small source span strike strong sub summary sup td template textarea tfoot th time "
    "track tt u var video wbr".split()
)
# What at least one story format would read as markup, each in the context where it would.
_SIGNS = (
    r"[\[\]{}<>&\\`*|\r]"
    r"|\$(?=[\w$])|(?<!\w)_|_(?!\w)|(?<=_)_|\((?=[\w$-]+:)"
    r"|(?<=')'|(?<=/)(?<!:/)/|(?<=~)~|(?<=\^)\^|(?<==)=|(?<=@)@|(?<=-)-|(?<=\"\")\"|(?<=/)%"
    r"|^[^\S\n]*[#!+=:;-]|^[^\S\n]*\d+[.)]|^[^\S\n]+|[^\S\n]+$|(?<=\n\n)\n+|\A\n+|\n+\Z"
)
_MARKUP = re.compile(_SIGNS, re.MULTILINE)
_IN_LABEL = re.compile(r"\A\s+|\s+\Z|\n|-(?=>)|" + _SIGNS, re.MULTILINE)
_IN_TARGET = re.compile(r"(?<=\w):(?=/)|(?<=mailto):|\A\s|\s\Z|[\[\]&|\n\r<>]|-(?=>)")
# Precedes a label that is only the target's name: a zero-width space, as a character reference.
_NO_LABEL = "&#8203;"


def parse_passage(source: str) -> tuple[str, tuple[Choice, ...]]:
    """Return the words that the player reads, with paragraphs as in the source, and the links in their order.

    A line of links only is a list of choices and is removed from the prose. A link in a sentence leaves its label
    there; links after the last sentence of a line leave nothing. A link to a web address is not a choice.
    """
    if "<" in source:
        source = _without_html(source)
    if REMOVED in source:
        source = _REMOVED_LINE.sub("", source).replace(REMOVED, "")
    parts = LINK.split(source)
    if len(parts) == 1:
        return _tidy(source), ()
    choices: list[Choice] = []
    out: list[str] = []
    text, at, end = parts[0], 1, len(parts)
    while at < end:
        begin = text.rfind("\n") + 1
        out.append(text[:begin])
        line = [text[begin:]]
        words = has_word(line[0])
        while True:  # the links of one line
            choice = _read_link(parts[at])
            if choice.target:
                choices.append(choice)
            line.append(escape(choice.label) if "&" in parts[at] else choice.label)
            after = parts[at + 1]
            at += 2
            newline = after.find("\n")
            tail = after if newline < 0 else after[: newline + 1]
            words = words or has_word(tail)
            line.append(tail)
            if newline >= 0 or at >= end:
                break
        if words:
            out += _without_last_links(line)
        text = after[newline + 1 :] if newline >= 0 else ""
    out.append(text)
    return _tidy("".join(out)), tuple(choices)


def _without_last_links(line: list[str]) -> list[str]:
    """Return a line of prose without the labels of links after its last sentence; labels are every second item."""
    last = len(line)
    while last > 2 and not has_word(line[last - 1]):
        last -= 2
    before = "".join(line[:last])
    if last == len(line) or not ends_sentence(before):
        return line
    return [before.rstrip(), "\n" if line[-1].endswith("\n") else ""]


def link(label: str, target: str, markup: re.Pattern[str] = _IN_LABEL) -> str:
    """Return the link with this label and target, written so that `parse_passage` reads both.

    `markup` is what has to be written as references in a label. Without one, the player sees the target's name, marked
    as such.
    """
    shown = markup.sub(references, label) if label else _NO_LABEL + markup.sub(references, target)
    return f"[[{shown}->{_IN_TARGET.sub(references, target)}]]"


def relabel(inner: str, change: Callable[[str], str]) -> str:
    """Return the link with `inner` between its brackets and its label changed; its target stays."""
    divider = next((sign for sign in ("->", "<-", "|") if sign in inner), "")
    if not divider:
        return f"[[{inner}]]"
    before, _, after = inner.partition(divider) if divider == "<-" else inner.rpartition(divider)
    return f"[[{before}<-{change(after)}]]" if divider == "<-" else f"[[{change(before)}{divider}{after}]]"


def escape(text: str) -> str:
    """Return `text` with character references for everything that a story format would read as markup."""
    return _MARKUP.sub(references, text)


def remove_between(text: str, opening: str, closing: str) -> str:
    """Return `text` without the parts from `opening` to `closing`; an unclosed part stays."""
    begin = text.find(opening)
    if begin < 0:
        return text
    out: list[str] = []
    at = 0
    while begin >= 0:
        end = text.find(closing, begin + len(opening))
        if end < 0:
            break
        out += (text[at:begin], REMOVED)
        at = end + len(closing)
        begin = text.find(opening, at)
    return "".join([*out, text[at:]])


def references(match: re.Match[str]) -> str:
    """Return a character reference for each matched character, except the digits of a numbered list."""
    return "".join(sign if sign.isdecimal() else f"&#{ord(sign)};" for sign in match[0])


def _read_link(inner: str) -> Choice:
    """Parse what is between `[[` and `]]`."""
    label, target, _ = link_parts(inner)
    if target and label.startswith(_NO_LABEL):
        return Choice("", target)
    return Choice(unescape(label) if "&" in label else label, target)


def link_parts(inner: str) -> tuple[str, str, str]:
    """Return the label as written, the target's name, and the setter of the link with `inner` between its brackets.

    Of several arrows or bars, the divider is the one that Twine takes. A web address is not a target, which is empty
    then.
    """
    inner, _, setter = inner.partition("][")
    if "->" in inner:
        label, _, target = inner.rpartition("->")
    elif "<-" in inner:
        target, _, label = inner.partition("<-")
    elif "|" in inner:
        label, _, target = inner.rpartition("|")
    else:
        label = target = inner
    label, target = label.strip() or target.strip(), target.strip()
    if is_address(target):
        return label, "", setter
    return label, unescape(target) if "&" in target else target, setter


def is_address(target: str) -> bool:
    """Return whether a link to `target` leads to the web."""
    return ":" in target and _ADDRESS.match(target) is not None


def ends_sentence(text: str) -> bool:
    """Return whether a sentence ends at the end of a text."""
    return _SENTENCE_END.search(text[-_LONGEST_END:]) is not None


def has_word(text: str) -> bool:
    """Return whether a line has more to read than its links."""
    if not text or text == "\n":
        return False
    return _WORD.search(unescape(text) if "&" in text else text) is not None


def _tidy(text: str) -> str:
    if "\n\n\n" in text:
        text = _LONG_GAP.sub("\n\n", text)
    text = text.strip("\n")
    return unescape(text) if "&" in text else text


def _without_html(source: str) -> str:
    """Return HTML as text: scripts, comments and inline tags are removed, paragraphs and line breaks are shown."""
    source = remove_between(source, "<!--", "-->")
    if "<s" in source or "<n" in source or "<S" in source:
        source = _without_raw(source)
    if "data-passage" in source:
        source = _PASSAGE_TAG.sub(lambda match: link(unescape(match[4]), unescape(match[3])), source)
    parts = LINK.split(source)
    parts[::2] = [_TAG.sub(_tag_text, part) for part in parts[::2]]
    # The target of a link is a name, which can't contain tags.
    parts[1::2] = [relabel(part, lambda label: _TAG.sub(_tag_text, label).replace("\n", " ")) for part in parts[1::2]]
    return "".join(parts)


def _without_raw(source: str) -> str:
    lower = source.lower() if len(source.lower()) == len(source) else source
    out: list[str] = []
    at = 0
    for match in _RAW.finditer(source):
        if match.start() < at:
            continue
        close = f"</{match[1].lower()}"
        end = lower.find(close, match.end())
        if end < 0:
            break
        out += (source[at : match.start()], REMOVED)
        end = source.find(">", end)
        at = end + 1 if end >= 0 else len(source)
    return "".join([*out, source[at:]])


def _tag_text(match: re.Match[str]) -> str:
    name = match[1].lower()
    if name == "br":
        return "\n"
    if name in _PARAGRAPH_TAGS:
        return "\n\n"
    return "" if name in _INLINE_TAGS else match[0]
