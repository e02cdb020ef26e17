"""The text of a file that may not be UTF-8.

    text, note = text_of(source)

`Source.text` guesses nothing. Old files of Windows are common, though, so Windows-1252 is taken where its letters leave
no doubt: quotes, dashes and accents where a language of western Europe has them. A note says so.

Limits: no other old encoding is known. The judges that name one (charset-normalizer, chardet) were tried: they take
English in Windows-1252 for central European or for an old DOS page, and what they name cannot be checked.
"""

import codecs
import re

from corpus.readers.source import Source
from corpus.story import StoryError

_LETTERS = "À-ÖØ-öø-ÿŒœŠšŽžŸ"
_SIGNS = "“”‘’‚„–—…•«»‹›¡¿£€¢¥§©®™°ªº¹²³¼½¾·×÷†‡¶ˆ˜´¨¸\xa0\xad"
_DOUBTFUL = re.compile(
    rf"[^\x00-\x7f{_LETTERS}{_SIGNS}]"
    rf"|(?<=[a-zß-ÿ])[À-ÖØ-ÞŒŠŽŸ]"  # a small letter, then a capital: what other encodings become
    rf"|(?<=[A-Za-z{_LETTERS}])[“«‹£€¢¥§ªº¹²³¼½¾¨¸¶˜ˆ×÷](?=[A-Za-z{_LETTERS}])"
    rf"|(?<=[A-Za-z{_LETTERS}])[„‚¡¿]"
    r"|(?<=\s)[ÒÔÕºª¹²³](?=[A-Za-z])|œ(?=\d)|[ðþýÐÞÝ]"  # marks and letters of the old Mac, of Turkish, of DOS
)
_MOST_DOUBTFUL = 0.005
"""The share of unusual characters that may stand where none is expected: misprints."""
_MOST_LETTERS = 0.12
"""Accented letters among all letters. French has 4%, Czech 20%, Russian that was read wrongly nearly all."""
_SAMPLE = 1 << 20
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,80}encoding=["']([\w-]{1,40})|<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE
)
# The encodings that the web has. Others, which Python knows as well, take a time that grows with the square.
_OF_THE_WEB = re.compile(
    r"utf-?(8|16(le|be)?)|windows-125\d|cp125\d|iso-?8859-\d{1,2}|koi8-[ru]|(x-)?mac(intosh|-cyrillic)|shift[_-]jis"
    r"|euc-(jp|kr)|gbk|gb2312|gb18030|big5",
    re.IGNORECASE,
)
# What browsers do: everybody who declares these means Windows-1252.
_MEANT = {"iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}


def text_of(source: Source) -> tuple[str, str]:
    """The text, line ends as newlines, and a sentence on its encoding ("" for Unicode).

    Raises StoryError where the encoding is not known beyond doubt.
    """
    data = source.data
    if b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise StoryError(
            f"{source.name} holds zero bytes, as no text does. If it is one, open it in a text editor, save it with "
            "the encoding UTF-8, and try again."
        )
    try:
        return source.text, ""
    except StoryError:
        text = _windows(data)
        if text is None:
            raise
    note = f"{source.name} is not UTF-8; it was read as Windows-1252. If letters are wrong, save it as UTF-8."
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def declared_text(data: bytes) -> str | None:
    """A page as the text that it declares to be, or as UTF-8; None where it is neither."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        names = ["utf-16"]
    else:
        declared = _DECLARED.search(data[:2048])
        name = (declared[1] or declared[2]).decode("ascii", "replace").lower() if declared else ""
        name = _MEANT.get(name, name)
        names = ["utf-8-sig", name] if name == "cp1252" or _OF_THE_WEB.fullmatch(name) else ["utf-8-sig"]
    for name in names:
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return None


def _windows(data: bytes) -> str | None:
    """The text, if it is Windows-1252 beyond doubt."""
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
