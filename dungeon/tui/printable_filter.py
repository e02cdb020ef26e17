"""The last look at each line before it goes to the terminal: what is not text is left out of it.

    def get_line_filters(self):  # of the app
        return [*super().get_line_filters(), ONLY_TEXT]

Textual hands over what a widget holds as it stands, escape characters and all. Text is cleaned where it comes in; but a
shelf, a file or a server that somebody else made could bring along what was forgotten there, and what a terminal takes
for a command (another title, something in the clipboard) must not depend on that.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from corpus.text import printable


class PrintableFilter(LineFilter):
    """Takes out control characters. They have no width, so the rest of the line stays where it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The line without them."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(printable(text), style, control) for text, style, control in segments]


PRINTABLE_ONLY = PrintableFilter()
"""One for all: Textual caches lines by their filter."""
