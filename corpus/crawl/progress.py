"""The progress of a crawl on the terminal: stories, pages, pages per second, time left.

    progress = Progress(sys.stderr)
    crawl(..., progress.show)
    progress.end()

On a terminal it is one line that is overwritten; otherwise, one line per minute. The time left is estimated from the
known links and the length of the stories so far, so it grows while the crawl discovers more.
"""

import time
from typing import TextIO

from corpus.crawl.crawler import Summary
from corpus.text import visible


class Progress:
    """Writes progress to a stream; see the module."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._shown = -float("inf") if self._terminal else time.monotonic()

    def show(self, summary: Summary) -> None:
        """Show the progress, unless it was shown a moment ago."""
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 60):
            return
        self._shown = now
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line(summary)}")
        else:
            self._stream.write(f"{line(summary)}\n")
        self._stream.flush()

    def print(self, text: str) -> None:
        """Print a line that stays. It may contain text of the site, so what hides or commands in it is made visible."""
        self.end()
        self._stream.write(f"{visible(text)}\n")
        self._stream.flush()

    def end(self) -> None:
        """Remove the progress line."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def line(summary: Summary) -> str:
    """Return the progress line: `3 of 40 stories · 512 pages · 0.9 pages/s · 1 h 20 min left`."""
    done = summary.stories + summary.already_done
    total = done + summary.in_progress + summary.queued
    rate = summary.pages / summary.seconds if summary.seconds else 0.0
    parts = [f"{done} of {total} stories", f"{summary.pages} pages", f"{rate:.1f} pages/s"]
    if rate and (summary.stories or not summary.queued):
        mean = summary.pages / summary.stories if summary.stories else 0
        parts.append(f"{_duration((summary.links + mean * summary.queued) / rate)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
