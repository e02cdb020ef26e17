"""A program that plays a compiled Ink story with the package `bink`, one step a line: see `ink_engine`, which runs it.

    python -P ink_player.py

It reads JSON from its input and answers on its output. First `{"story", "externals"}` -> `{"tags"}`. Then
`{"states", "ways"}`, where a way is the index of a state ("" is the beginning) and the choices to take from there on; a
number that is too large counts on from the first choice. The answer is a list with the steps of each way:
`{"text", "choices", "state", "end"}`, what the story shows after a choice, the choices as pairs of a label and the
place of the ink that it leads to, the state after it, and the place where the text ended. A step that can't be played
is `{"broken"}`, and the last of its way.

It is a process of its own because the engine is native code: a crash, an endless loop or a flood of memory ends this
process, and not the build. It imports nothing of this project, so that it starts in a moment.

Limits: a step of `_SECONDS` of computing or `_LINES` lines is broken. On Linux the process has `_MEMORY` bytes; other
systems can't limit it, but it computes for seconds only.
"""

import json
import os
import re
import sys
import threading
import time
from math import inf
from typing import Any

from bink.story import Story

_SECONDS = 0.5
_AT_ONCE = 100.0
"""Milliseconds after which the engine returns from a line that isn't finished."""
_LINES = 2_000
_MEMORY = 2 << 30
_ANSWER = 32 << 20
"""Characters of states in a request and its answer, beyond which the other ways are left out."""


_HANGS = 2.0
"""Seconds of computing after which a call of the engine is taken never to return, and the process ends."""


class Player:
    """A story, and the state in which it is."""

    def __init__(self, story: str, externals: list[str]) -> None:
        self._text = story
        self._externals = externals
        self.began = inf
        """When, in seconds of computing, the current step began."""
        self._story = self._opened()
        self._beginning = self._story.save_state()
        self.tags = list(self._story.get_global_tags())

    def _opened(self) -> Story:
        story = Story(self._text)
        story.set_allow_external_function_fallbacks(True)
        for name in self._externals:
            story.bind_external_function(name, lambda *_: 0)
        return story

    def play(self, state: str, choices: list[int]) -> list[dict[str, Any]]:
        """Return the steps of a way: the one up to the first choices if it begins at the beginning, and so on."""
        steps: list[dict[str, Any]] = []
        self.began = time.process_time()
        try:
            # Chance has to fall alike in every build.
            self._story.load_state(state or re.sub(r'"storySeed":-?\d+', '"storySeed":1', self._beginning))
            if not state:
                steps.append(self._step())
            for choice in choices:
                # A restored state also lists the choice that the engine takes by itself, which has no label.
                visible = [index for index, label in enumerate(self._story.get_current_choices()) if label.strip()]
                if not visible:
                    break
                self._story.choose_choice_index(visible[choice % len(visible)])
                steps.append(self._step())
                if len(steps) * len(steps[-1]["state"]) > _ANSWER:
                    break
        except RuntimeError as error:
            self._story = self._opened()  # nothing else leads out of an unfinished line
            steps.append({"broken": str(error).strip().removeprefix("Invalid story state: ")})
        self.began = inf
        return steps

    def _step(self) -> dict[str, Any]:
        self.began = time.process_time()
        text = self._continued()
        state = self._story.save_state()
        labels = [label for label in self._story.get_current_choices() if label.strip()]
        return {"text": text, "state": state, **_position(state, labels)}

    def _continued(self) -> str:
        """Return the text up to the next choices. Raise RuntimeError if there is no end to it."""
        lines: list[str] = []
        end = self.began + _SECONDS
        while self._story.can_continue():
            while not self._story.continue_async(_AT_ONCE):
                if time.process_time() > end:
                    raise RuntimeError("a loop that shows nothing and has no end")
            lines.append(self._story.get_current_text())
            if len(lines) > _LINES or time.process_time() > end:
                raise RuntimeError("text without end")
        return "".join(lines)


def _position(state: str, labels: list[str]) -> dict[str, Any]:
    """Return where the text of a state ended, and its visible choices with the places that they lead to."""
    saved = json.loads(state)
    flow = saved["flows"][saved["currentFlowName"]]
    choices = []
    all_choices = iter(flow.get("currentChoices", ()))
    for label in labels:  # the engine's own list leaves out the choice that it takes when no other is left
        places = (choice["targetPath"] for choice in all_choices if choice["text"] == label)
        choices.append((label, next(places, "")))
    return {"choices": choices, "end": flow["callstack"]["threads"][-1].get("previousContentObject", "")}


def _watch(player: Player) -> None:
    """End the process if the engine hangs; it runs beside it, in a thread."""
    while time.process_time() < player.began + _HANGS:
        time.sleep(0.2)
    os._exit(1)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """Answer each line of the input until it ends."""
    _limit_memory()
    first = json.loads(sys.stdin.buffer.readline())
    try:
        player = Player(first["story"], first["externals"])
    except RuntimeError as error:
        _answer({"broken": str(error).strip(" .")})
        return
    _answer({"tags": player.tags})
    threading.Thread(target=_watch, args=(player,), daemon=True).start()
    for line in sys.stdin.buffer:
        played: list[list[dict[str, Any]]] = []
        size = 0
        request = json.loads(line)
        for index, choices in request["ways"]:
            state = request["states"][index]
            played.append(player.play(state, choices) if size < _ANSWER else [])
            size += len(state) + sum(len(step.get("state", "")) for step in played[-1])
        _answer(played)


def _answer(message: Any) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
