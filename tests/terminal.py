"""Runs a command in a pseudo-terminal, for tests that must see what a player sees. Unix only.

with Terminal(["dungeon"]) as terminal:
    terminal.expect("Enter begins")
    terminal.send("\r")
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType


class Terminal:
    """A command in a pseudo-terminal of `size` rows and columns. The end of the block kills it, if it still runs."""

    def __init__(self, argv: list[str], *, cwd: Path | None = None, size: tuple[int, int] = (30, 100)) -> None:
        self.seen = b""
        """What the command has written since the text that `expect` found last."""
        self.drawn = b""
        """Everything that the command has written."""
        self.code: int | None = None
        """The exit code, once the command has ended."""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            if cwd:
                os.chdir(cwd)
            os.execvp(argv[0], argv)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def expect(self, text: str, seconds: float = 60.0) -> None:
        """Wait until the command has written the text, in one piece, since the last call."""
        wanted = text.encode()
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._fd], [], [], max(0.0, left))
            assert ready, f"{text!r} was not written in {seconds} s, but {self.seen[-2000:]!r}"
            piece = self._read()
            assert piece, f"the command has ended without writing {text!r}: {self.seen[-2000:]!r}"
            self.seen += piece
        self.seen = self.seen[self.seen.index(wanted) + len(wanted) :]

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let the command run until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if select.select([self._fd], [], [], 0.02)[0]:
                self.seen += self._read()
            assert time.monotonic() < deadline, f"the condition does not hold after {seconds} s: {self.seen[-2000:]!r}"

    def send(self, keys: str | bytes) -> None:
        """Type these keys."""
        os.write(self._fd, keys.encode() if isinstance(keys, str) else keys)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for the command's end and return its exit code."""
        deadline = time.monotonic() + seconds
        while self.code is None:
            ready, _, _ = select.select([self._fd], [], [], 0.05)
            if ready:
                self.seen += self._read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, f"still running after {seconds} s: {self.seen[-2000:]!r}"
        return self.code

    def _read(self) -> bytes:
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # raised on Linux when the other side has closed
            return b""
        self.drawn += data
        return data

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)
