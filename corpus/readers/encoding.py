"""The text of a file that may not be UTF-8.

    text, note = text_of(source)

`Source.text` guesses nothing. Old files of Windows and the Mac are common, though, so an encoding is taken where the
letters leave no doubt about it, and a note says which.

Limits: the judgement sees the first `_SAMPLE` bytes of lines with unusual letters.
"""

from corpus.readers.source import Source
from corpus.story import StoryError

_SAMPLE = 1 << 16
_COMMON = "cp1252"
"""Of the encodings that differ in a few letters, the one nearly all such files are in."""
_ITS_KIN = ("cp125", "iso8859", "latin_1")
_MIN_COHERENCE = 20.0
"""Percent of the letters that fit a language: fewer, and it is none that the judge knows."""


def text_of(source: Source) -> tuple[str, str]:
    """The text, and a sentence on its encoding ("" for Unicode).

    Raises StoryError where the encoding is not known beyond doubt.
    """
    source.data  # noqa: B018 - too large is another error than the one caught below
    try:
        return source.text, ""
    except StoryError as error:
        encoding = _encoding(source.data)
        if encoding is None:
            raise
        try:
            text = source.data.decode(encoding)
        except UnicodeDecodeError:
            raise error from None
    note = f"{source.name} is not UTF-8; it was read as {encoding}. If letters are wrong, save it as UTF-8."
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _encoding(data: bytes) -> str | None:
    """The one encoding that fits, or None."""
    from charset_normalizer import from_bytes

    if b"\0" in data:
        return None  # no text
    lines = [line for line in data.replace(b"\r", b"\n").split(b"\n") if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    matches = list(from_bytes(sample))
    if not matches or matches[0].percent_chaos > 0 or matches[0].percent_coherence < _MIN_COHERENCE:
        return None
    # The equally good guesses, one for each text that the bytes would be.
    ties = [match for match in matches if match.percent_chaos == 0]
    kin = [match for match in ties if match.encoding.startswith(_ITS_KIN)]
    if len(ties) == 1:
        return str(ties[0].encoding)
    if len(kin) < len(ties):
        return None
    common = next((match for match in kin if _COMMON in match.could_be_from_charset), None)
    return _COMMON if common else None
