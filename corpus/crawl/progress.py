"""How far a crawl is, on the terminal: stories, pages, pages a second, time left.

    progress = Progress(sys.stderr)
    crawl(..., progress.show)
    progress.end()

One line that is written over on a terminal; a line a minute anywhere else. The time left is guessed from the links that
are known and from the length of the stories so far, so it grows while a crawl discovers what there is.
"""

import time
from typing import TextIO

from corpus.crawl.crawler import Summary
from corpus.text import printable


class Progress:
    """See the module."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._shown = -float("inf") if self._terminal else time.monotonic()

    def show(self, summary: Summary) -> None:
        """Shows how far it is, if the last time was long enough ago."""
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 60):
            return
        self._shown = now
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line(summary)}")
        else:
            self._stream.write(f"{line(summary)}\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """A line that stays. It may hold words of the site, so nothing in it commands the terminal."""
        self.end()
        self._stream.write(f"{printable(text)}\n")
        self._stream.flush()

    def end(self) -> None:
        """Takes the line away."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def line(summary: Summary) -> str:
    """The line: `3 of 40 stories · 512 pages · 0.9 pages/s · 1 h 20 min left`."""
    done = summary.stories + summary.known
    total = done + summary.at_work + summary.waiting
    rate = summary.pages / summary.seconds if summary.seconds else 0.0
    parts = [f"{done} of {total} stories", f"{summary.pages} pages", f"{rate:.1f} pages/s"]
    if rate and (summary.stories or not summary.waiting):
        mean = summary.pages / summary.stories if summary.stories else 0
        parts.append(f"{_span((summary.links + mean * summary.waiting) / rate)} left")
    return " · ".join(parts)


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
