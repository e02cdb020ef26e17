"""Beside or below the list of adventures: what there is to say about the highlighted one, as far as there is room."""

from collections.abc import Callable

from textual.content import Content
from textual.widget import Widget

from corpus.text import printable
from dungeon.storage.search import Found

_SPACIOUS = 12
"""Lines from which one stays empty."""


class AdventureDetail(Widget):
    """An adventure's figures, and either where the player is in it or the sentence that was found.

    What has no room ends with "…": it is drawn for the size that it has.
    """

    DEFAULT_CSS = "AdventureDetail { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__(id="detail")
        self._about = ""
        self._text: str | Found = ""

    def show(self, about: str, text: str | Found = "") -> None:
        """Show the figures in one line, or in two, and below them a text."""
        self._about, self._text = about, printable(text) if isinstance(text, str) else text
        self.refresh()

    def render(self) -> Content:
        """Return what is drawn."""
        width, lines = self.content_size
        if width < 1 or lines < 1:
            return Content()
        about = _fitting(lambda length: _cut(self._about, length), width, 1 if lines < _SPACIOUS // 2 else 2)
        gap = 1 if lines < _SPACIOUS else 2
        lines -= len(about.wrap(width)) + gap - 1
        text = self._text
        if lines < 1 or not text:
            return about.stylize("$secondary")
        if isinstance(text, Found):
            below = _fitting(lambda length: _sentence(text, length), width, lines)
        else:
            below = _fitting(lambda length: _cut(text, length), width, lines)
        return Content.assemble(about.stylize("$secondary"), "\n" * gap, below)


def _sentence(found: Found, length: int) -> Content:
    """Return the place and the sentence, of which so many characters are shown, with the words marked."""
    shown = found.shortened(length)
    parts: list[str | tuple[str, str]] = [(f"{found.place}: ", "$foreground 75%")]
    end = 0
    for begin, after in shown.marks:
        parts += [shown.text[end:begin], (shown.text[begin:after], "bold underline $warning")]
        end = after
    return Content.assemble(*parts, shown.text[end:])


def _cut(text: str, length: int) -> Content:
    return Content(text if len(text) <= length else f"{text[: length - 1].rstrip()}…")


def _fitting(shorten: Callable[[int], Content], width: int, lines: int) -> Content:
    """Return the longest text that fits; `shorten` makes one of so many characters."""
    length = width * lines
    while length > 1 and len(shorten(length).wrap(width)) > lines:
        length -= max(1, width // 4)
    return shorten(max(1, length))
