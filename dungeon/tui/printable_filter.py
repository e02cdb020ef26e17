"""The last check of each line before it goes to the terminal: no character that commands it, turns or hides text.

    def get_line_filters(self):  # of the app
        return [*super().get_line_filters(), PRINTABLE_ONLY]

Textual writes what a widget holds unchanged, escape characters and all. Text is cleaned where it enters the game, but a
shelf, a file or a server made by somebody else may hold a control character that was missed there, and such a
character can command the terminal: change its title, or write to the clipboard. What turns the direction of a text, or
takes no room in it, is kept in the game's files as it came; here a mark stands for it.
"""

from bisect import bisect
from itertools import accumulate, groupby

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from corpus.text import unshown_stretches, visible

_MOST_MARKS = 100
"""In a line; one with more is a flood, which takes long to lay out, and none are shown."""
_Piece = tuple[str, int]
"""A character, and the number of the segment that it is in."""


class PrintableFilter(LineFilter):
    """Shows text as `corpus.text.visible` does, in lines that are laid out already: their width stays.

    A mark takes the place of a space that can be spared to the right of it, so that columns and borders stay where they
    are; where there is none, it is left out.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line as it is shown."""
        texts = [segment for segment in segments if not segment.control]
        line = "".join(segment.text for segment in texts)
        if line.isprintable() or visible(line) == line:
            return segments
        return _with_marks(texts, line)


def _with_marks(segments: list[Segment], line: str) -> list[Segment]:
    ends = list(accumulate(len(segment.text) for segment in segments))
    pieces = [(character, bisect(ends, place)) for place, character in enumerate(line)]
    stretches = list(unshown_stretches(line))
    if len(stretches) > _MOST_MARKS:
        unshown = {place for start, stop, _ in stretches for place in range(start, stop)}
        pieces = [piece for place, piece in enumerate(pieces) if place not in unshown]
        stretches.clear()
    for start, stop, instead in reversed(stretches):
        owner = pieces[start][1]
        shown = [(character, owner) for character in instead]
        before, after = pieces[:start], pieces[stop:]
        marked = _made_wider(shown + after, _cells(pieces) - _cells(before + shown + after))
        if marked is None:
            marked = _made_wider(after, _cells(pieces) - _cells(before + after)) or after
        pieces = before + marked
    shown_segments = [
        Segment("".join(character for character, _ in group), segments[owner].style)
        for owner, group in groupby(pieces, key=lambda piece: piece[1])
    ]
    # Still too wide where Rich had taken a joiner and the letter behind it for one cell: cut at its end.
    return Segment.adjust_line_length(shown_segments, sum(segment.cell_length for segment in segments))


def _made_wider(pieces: list[_Piece], cells: int) -> list[_Piece] | None:
    """So many spaces more, or fewer, where spaces are; None if there are none to spare."""
    pieces = pieces.copy()
    for _ in range(abs(cells)):
        spare = next((place for place in range(len(pieces)) if _is_spare(pieces, place)), None)
        if cells > 0:
            place = len(pieces) if spare is None else spare
            pieces.insert(place, (" ", pieces[place - 1][1] if pieces else 0))
        elif spare is None:
            return None
        else:
            del pieces[spare]
    return pieces


def _is_spare(pieces: list[_Piece], place: int) -> bool:
    """Whether this is a space that another one follows, or that ends the line."""
    return pieces[place][0] == " " and (place + 1 == len(pieces) or pieces[place + 1][0] == " ")


def _cells(pieces: list[_Piece]) -> int:
    return cell_len("".join(character for character, _ in pieces))


PRINTABLE_ONLY = PrintableFilter()
"""The one instance: Textual caches lines by their filter."""
