"""Decode a file that may not be UTF-8.

    text, note = decode_text(source)

`Source.text` doesn't guess. But old Windows files are common, so Windows-1252 is accepted if its characters leave no
doubt: quotation marks, dashes and accents where a western European language has them. A note says so.

Limits: no other old encoding is recognised. Detectors (charset-normalizer, chardet) were tried: they take English in
Windows-1252 for central European or an old DOS code page, and their results can't be checked.
"""

import codecs
import re

from corpus.readers.source import Source
from corpus.story import StoryError

_LETTERS = "À-ÖØ-öø-ÿŒœŠšŽžŸ"
_SIGNS = "“”‘’‚„–—…•«»‹›¡¿£€¢¥§©®™°ªº¹²³¼½¾·×÷†‡¶ˆ˜´¨¸\xa0\xad"
_DOUBTFUL = re.compile(
    rf"[^\x00-\x7f{_LETTERS}{_SIGNS}]"
    rf"|(?<=[a-zß-ÿ])[À-ÖØ-ÞŒŠŽŸ]"  # a lower-case letter, then a capital: typical of other encodings
    rf"|(?<=[A-Za-z{_LETTERS}])[“«‹£€¢¥§ªº¹²³¼½¾¨¸¶˜ˆ×÷](?=[A-Za-z{_LETTERS}])"
    rf"|(?<=[A-Za-z{_LETTERS}])[„‚¡¿]"
    r"|(?<=\s)[ÒÔÕºª¹²³](?=[A-Za-z])|œ(?=\d)|[ðþýÐÞÝ]"  # marks and letters of the old Mac, of Turkish, of DOS
)
_MOST_DOUBTFUL = 0.005
"""The share of unusual characters that may be in unexpected places: misprints."""
_MOST_LETTERS = 0.12
"""Accented letters among all letters. French has 4%, Czech 20%, wrongly decoded Russian nearly all."""
_SAMPLE = 1 << 20
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,80}encoding=["']([\w-]{1,40})|<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE
)
# The encodings of the web. Others, which Python also has, take quadratic time.
_OF_THE_WEB = re.compile(
    r"utf-?(8|16(le|be)?)|windows-125\d|cp125\d|iso-?8859-\d{1,2}|koi8-[ru]|(x-)?mac(intosh|-cyrillic)|shift[_-]jis"
    r"|euc-(jp|kr)|gbk|gb2312|gb18030|big5",
    re.IGNORECASE,
)
# Browsers read these as Windows-1252, too.
_ACTUAL_ENCODINGS = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}


def decode_text(source: Source) -> tuple[str, str]:
    """Return the text, with newlines as line ends, and a sentence about its encoding ("" for Unicode).

    Raise StoryError if the encoding is not known beyond doubt.
    """
    data = source.data
    if b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise StoryError(
            f"{source.name} has zero bytes, which text doesn't have. If it is text, open it in an editor, save it with "
            "the encoding UTF-8, and try again."
        )
    try:
        return source.text, ""
    except StoryError:
        text = _as_windows_1252(data)
        if text is None:
            raise
    note = f"{source.name} is not UTF-8; it was read as Windows-1252. If letters are wrong, save it as UTF-8."
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def declared_text(data: bytes) -> str | None:
    """Return a page decoded as it declares, or as UTF-8; None if neither works."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        names = ["utf-16"]
    else:
        declared = _DECLARED.search(data[:2048])
        name = (declared[1] or declared[2]).decode("ascii", "replace").lower() if declared else ""
        name = _ACTUAL_ENCODINGS.get(name, name)
        names = ["utf-8-sig", name] if name == "cp1252" or _OF_THE_WEB.fullmatch(name) else ["utf-8-sig"]
    for name in names:
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return None


def _as_windows_1252(data: bytes) -> str | None:
    """Return the text if it is Windows-1252 beyond doubt."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    sample = "\n".join(line for line in text.replace("\r", "\n").split("\n") if not line.isascii())[:_SAMPLE]
    unusual = len(re.findall(r"[^\x00-\x7f]", sample))
    accented = len(re.findall(f"[{_LETTERS}]", sample))
    plain = len(re.findall(r"[A-Za-z]", sample))
    if len(_DOUBTFUL.findall(sample)) > _MOST_DOUBTFUL * unusual or accented > _MOST_LETTERS * (plain + accented):
        return None
    return text
