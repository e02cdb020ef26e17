"""A real pseudo-terminal around a command, for tests that must see what a player sees. Unix only, as are they."""

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
    """`with Terminal(["dungeon"]) as terminal: terminal.expect("Enter begins")`."""

    def __init__(self, argv: list[str], *, cwd: Path | None = None, size: tuple[int, int] = (30, 100)) -> None:
        self.seen = b""
        self.drawn = b""
        """Everything so far."""
        self.code: int | None = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            if cwd:
                os.chdir(cwd)
            os.execvp(argv[0], argv)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def expect(self, text: str, seconds: float = 60.0) -> None:
        """Reads until the text has been drawn, in one piece, since the last call."""
        wanted = text.encode()
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._fd], [], [], max(0.0, left))
            assert ready, f"{text!r} was not drawn in {seconds} s. Drawn: {self.seen[-2000:]!r}"
            self.seen += self._read()
        self.seen = self.seen[self.seen.index(wanted) + len(wanted) :]

    def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Lets the command draw until something holds."""
        deadline = time.monotonic() + seconds
        while not true():
            if select.select([self._fd], [], [], 0.02)[0]:
                self.seen += self._read()
            assert time.monotonic() < deadline, f"not so in {seconds} s. Drawn: {self.seen[-2000:]!r}"

    def send(self, keys: str | bytes) -> None:
        """Types."""
        os.write(self._fd, keys.encode() if isinstance(keys, str) else keys)

    def wait(self, seconds: float = 30.0) -> int:
        """The exit code; fails if the command does not end."""
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
        except OSError:  # Linux's way to say that the other side has closed
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
