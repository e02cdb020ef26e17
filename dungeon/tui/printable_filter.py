"""The last check of each line before it goes to the terminal: control characters are left out.

    def get_line_filters(self):  # of the app
        return [*super().get_line_filters(), PRINTABLE_ONLY]

Textual writes what a widget holds unchanged, escape characters and all. Text is cleaned where it enters the game, but a
shelf, a file or a server made by somebody else may hold a control character that was missed there, and such a
character can command the terminal: change its title, or write to the clipboard.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from corpus.text import printable


class PrintableFilter(LineFilter):
    """Removes control characters. They have no width, so the rest of the line stays in place."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line without control characters."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(printable(text), style, control) for text, style, control in segments]


PRINTABLE_ONLY = PrintableFilter()
"""The one instance: Textual caches lines by their filter."""
