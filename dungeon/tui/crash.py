"""What happens when the program itself fails: one sentence for the player, the traceback in a log, and exit code 1.

    class BaseApp(CrashReports): ...

Where the game can go on (a command or a turn failed), `report` writes the log and gives the sentence to show. Two
things that Textual has no public hook for are set right here; look at them again with each new version of Textual
(8.2.8):

- `App._fatal_error` prints the traceback, with local variables, over the player's terminal.
- The driver's input thread decodes stdin strictly: one byte that is not UTF-8 ends the app, with exit code 0.
"""

import codecs
import importlib
import sys
import traceback
from datetime import datetime
from functools import partial
from importlib.metadata import version
from io import StringIO
from typing import Any

from rich.console import Console
from rich.traceback import Traceback
from textual.app import App

from dungeon.paths import crash_log

_MAX_BYTES = 1 << 20
"""Of the log; a longer one is overwritten."""


def report(error: BaseException) -> str:
    """Writes the error's traceback into the crash log; returns the sentence for the player."""
    return _report("".join(traceback.format_exception(error)))


def _report(details: str) -> str:
    log = crash_log()
    head = f"{datetime.now().astimezone().isoformat(timespec='seconds')} dungeon {version('dungeon')}\n"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        too_long = log.exists() and log.stat().st_size > _MAX_BYTES
        with log.open("w" if too_long else "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{head}{details}\n")
    except OSError as failure:
        return f"Something went wrong in dungeon, and its log {log} can't be written: {failure.strerror}."
    return f"Something went wrong in dungeon. What you played is saved; the details are in {log}"


class CrashReports(App[Any]):
    """A mixin for apps."""

    def panic(self, *renderables: Any) -> None:
        """Ends the app with one sentence; what Textual would print goes into the log."""
        details = StringIO()
        Console(file=details, width=120).print(*renderables, markup=False)
        self.exit(return_code=1, message=_report(details.getvalue()))

    def _fatal_error(self) -> None:
        self.panic(Traceback(show_locals=False))


def tolerate_odd_bytes() -> None:
    """Has Textual read bytes that are not UTF-8 as U+FFFD."""
    if sys.platform == "win32":
        return
    for name in ("linux_driver", "linux_inline_driver"):
        driver = importlib.import_module(f"textual.drivers.{name}")
        driver.getincrementaldecoder = _replacing_decoder  # type: ignore[attr-defined]


def _replacing_decoder(encoding: str) -> Any:
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")
