"""Ink's engine, as far as a reader needs it: the text and the choices after a choice.

    with Engine(json_text, externals, "tale.json") as engine:
        [[opening]] = engine.play([("", [])])
        [[first], [second, third]] = engine.play([(opening.state, [0]), (opening.state, [1, 0])])

The engine is the package `bink` in a process of its own (`ink_player`), because it is native code and a story may be
hostile: what ends that process is a choice that can't be followed, and a new process plays on. Several ways are played
at once, because a busy computer takes longer to switch between two processes than to play a step.

Limits: `_MAX_STEPS` steps, `_MAX_BYTES` of states, `_MAX_PROBLEMS` choices that can't be played, and, if all else
fails, `_MAX_SECONDS`.
"""

import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import msgspec

from corpus.extras import install_line
from corpus.story import StoryError

_PLAYER = Path(__file__).with_name("ink_player.py")
_MAX_STEPS = 100_000
_MAX_BYTES = 1 << 29
_MAX_PROBLEMS = 30
_MAX_SECONDS = 900
"""A story takes seconds, but a computer that has much to do may give them only now and then."""

_TOO_LONG = f"it takes longer than {_MAX_SECONDS} seconds"
TOO_LARGE = "the story is too large to be played in all its ways"

T = TypeVar("T")
Way = tuple[str, Sequence[int]]
"""A state, "" for the beginning, and the choices to take from there on; a number that is too large counts on."""


class Choice(NamedTuple):
    """A choice that is offered: its label, and the place in the ink that it leads to."""

    label: str
    place: str


class Step(msgspec.Struct, frozen=True):
    """What the engine shows up to the next choices."""

    text: str = ""
    choices: tuple[Choice, ...] = ()
    end: str = ""
    """The place in the ink where the text ended."""
    state: str = ""
    broken: str = ""
    """Why the choice can't be played; all else is empty then."""


class _Opened(msgspec.Struct):
    tags: list[str] = []
    broken: str = ""


class LimitReached(Exception):
    """No more can be played; the message says which limit was reached."""


class Engine:
    """A story that is played. As a context, it ends its process at the end."""

    def __init__(self, story: str, externals: Sequence[str], name: str) -> None:
        """`externals` are functions that the story expects of its game; `name` names the story in messages."""
        if find_spec("bink") is None:
            raise StoryError(
                f"{name} is an Ink story, which the package bink plays, and that is not installed. Install it: "
                f"{install_line('corpus')}. If there is no bink for this system (as for Linux with musl), "
                "`dungeon corpus convert` the story on another computer."
            )
        self._name = name
        self._opening = {"story": story, "externals": externals}
        self._process: subprocess.Popen[bytes] | None = None
        self._timer = threading.Timer(_MAX_SECONDS, self._stop)
        self._timer.daemon = True
        self._out_of_time = False
        self._opens = True
        self._bytes = 0
        self._steps = 0
        self.problems: list[str] = []
        """What the engine could not play."""
        self.tags: list[str] = []
        """The tags of the whole story."""

    def __enter__(self) -> Self:
        self._timer.start()
        try:
            opened = self._open()
            if opened is None or opened.broken:
                crash = _TOO_LONG if self._out_of_time else "it crashes"
                reason = opened.broken if opened else crash
                raise StoryError(f"{self._name}: Ink's engine can't play this story: {reason}. Compile it again.")
            self.tags = opened.tags
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def play(self, ways: Sequence[Way]) -> list[list[Step]]:
        """Return the steps of each way: none if there were too many, and a broken one where it can't be played.

        Raise LimitReached if no more is played.
        """
        if self._steps >= _MAX_STEPS or self._bytes >= _MAX_BYTES:
            raise LimitReached(TOO_LARGE)
        if len(self.problems) >= _MAX_PROBLEMS:
            raise LimitReached("too many choices can't be played")
        if self._process is None and self._opens:
            opened = self._open()
            self._opens = opened is not None and not opened.broken
        if not self._opens:
            raise LimitReached("the engine crashed, and can't be started again")
        states = {state: index for index, state in enumerate(dict.fromkeys(state for state, _ in ways))}
        request = {"states": list(states), "ways": [(states[state], choices) for state, choices in ways]}
        played = self._ask(request, list[list[Step]])
        if self._out_of_time:
            raise LimitReached(_TOO_LONG)
        if played is None:
            if len(ways) > 1:
                return [steps for way in ways for steps in self.play([way])]
            played = [[Step(broken="the engine crashes")]]
        for (state, _), steps in zip(ways, played, strict=True):
            self._steps += len(steps)
            self._bytes += sum(len(step.state) for step in steps) + len(state) * bool(steps)
            self.problems += (step.broken for step in steps if step.broken)
        return played

    def _open(self) -> _Opened | None:
        self._process = subprocess.Popen(
            # -P: else the modules beside the program would be found before those of other packages.
            [sys.executable, "-P", str(_PLAYER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._ask(self._opening, _Opened)

    def _ask(self, request: Any, shape: type[T]) -> T | None:
        """Return the answer; None if the process ended."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self._close_process(process)
            return None
        return msgspec.json.decode(line, type=shape)

    def _stop(self) -> None:
        self._out_of_time = True
        if self._process is not None:
            self._process.kill()

    def _close(self) -> None:
        self._timer.cancel()
        if self._process is not None:
            self._close_process(self._process)

    def _close_process(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        with process:  # waits, and closes the pipes
            self._process = None
