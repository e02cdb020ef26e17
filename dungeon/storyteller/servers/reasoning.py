"""Hides what a model thinks before it answers, where the server sends it as part of the text.

hidden = HiddenReasoning()
for piece in stream: shown = hidden.add(piece)
shown = hidden.finish()
"""

from corpus.control_strings import THINKING_MARKS

_LONGEST_TAG = max(len(end) for _, end in THINKING_MARKS)


class HiddenReasoning:
    """A text without the block of thoughts that it begins with.

    `begins_inside`: the prompt has opened the block already, as some chat templates do; the text is hidden up to its
    end, and if that never comes, all of it was the answer.
    """

    def __init__(self, *, begins_inside: bool = False) -> None:
        self._held = self._tail = ""
        self._end = THINKING_MARKS[0][1] if begins_inside else None
        self._begins_inside = begins_inside
        self._is_past = False
        self.found = False
        """Whether there were thoughts."""
        self.unopened = False
        """Whether the text closed a block that it had not opened: what came before were thoughts."""

    def add(self, piece: str) -> str:
        """Return what of the text so far can be shown and has not been."""
        if self._is_past:
            self._tail = (self._tail + piece)[-len(piece) - _LONGEST_TAG :]
            self.unopened = self.unopened or any(end in self._tail for _, end in THINKING_MARKS)
            return piece
        self._held += piece
        if self._end is None and (self._held.strip() == "" or not self._find_start()):
            return ""
        if self._end is not None:
            _, end, after = self._held.partition(self._end)
            if not end:
                return ""
            self.found = True
            return self._release(after.lstrip())
        return self._release(self._held)

    def finish(self) -> str:
        """Return what is left to show at the end of the stream."""
        held, self._held = self._held, ""
        if self._is_past or (self._end is not None and not self._begins_inside):
            return ""
        return held

    def _find_start(self) -> bool:
        """Whether it is settled if the text begins with a block; if it does, `_end` is what ends it."""
        text = self._held.lstrip()
        for start, end in THINKING_MARKS:
            if text.startswith(start):
                self._end = end
                self.found = True
                return True
        return not any(start.startswith(text) for start, _ in THINKING_MARKS)

    def _release(self, text: str) -> str:
        self._held, self._is_past = "", True
        return text
