"""Walk a ChoiceScript game from one place to its next choices; the caller chooses at forks.

    walk = Walk(game, choose, seen, limit=10_000)
    outcome = walk.run(Place("startup", 0))

It shows text, choices, jumps and subroutines as the player would see them. It knows nothing of variables and chance: at
each `*if` it calls `choose`. Choices are offered whether or not their condition holds.

A walk stops where the player acts. It also stops, to continue as a passage of its own, where several paths meet (after
an `*if` or a choice, at a label) and before a paragraph with a fork in it. So a text that many paths lead to is one
passage, and the text of each branch is shown once, instead of whole pages in every combination. Sentences stay whole.

Limits: `_MAX_FRAMES` nested subroutines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from corpus.readers.choicescript_scene import (
    BLOCKS,
    CHOICES,
    ENDINGS,
    INPUTS,
    OPTION,
    PAGE_BREAKS,
    TEXT,
    Join,
    Line,
    Scene,
    first_word,
)
from corpus.readers.choicescript_text import Values, possible, shown, value
from corpus.readers.passage_splitter import CONTINUE
from corpus.turns import PARAGRAPH

_MAX_FRAMES = 20
_NOWHERE = -1
_CHARACTERS_PER_STEP = 32
"""Characters of a line that cost another step."""
_SENTENCE_ENDS = (".", "!", "?", "…", ":", "*", "—")
_CLOSING = "\"”’')]»"


@dataclass(frozen=True, slots=True)
class Game:
    """The scenes by lower-case name, the order in which `*finish` leads through them, and the values of variables."""

    scenes: Mapping[str, Scene]
    order: Sequence[str]
    values: Values


class Place(NamedTuple):
    """Where a passage begins: a line of a scene, and the positions that running subroutines return to."""

    scene: str
    """In lower case; for a place that doesn't exist, a description of it."""
    line: int
    frames: tuple[tuple[str, int], ...] = ()

    @property
    def missing(self) -> bool:
        """Whether the game leads here, but has no such label or scene."""
        return self.line == _NOWHERE


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a walk."""

    text: str
    choices: tuple[tuple[str, Place], ...]
    """By label."""
    runs_on: Place | None
    """Where it continues by itself, if it does."""
    lead: str
    """Line breaks before the text; without text, all line breaks."""
    gap: str
    """What separates the text from the following one: a space or line breaks."""
    turns: bool
    """Whether its only choice just turns the page."""
    impossible: bool
    """Whether the author marked this path as impossible."""


class Walk:
    """The state of one walk."""

    def __init__(
        self, game: Game, choose: Callable[[Place, int], int], seen: Mapping[str, bytearray], limit: int
    ) -> None:
        """`seen` collects the lines of each scene that a walk reached. `limit` is the number of steps, at most."""
        self._game = game
        self._choose = choose
        self._seen = seen
        self._limit = limit
        self._frames: tuple[tuple[str, int], ...] = ()
        self._out: list[str] = []
        self._lead = ""
        self._gap = " "
        self._paragraph: tuple[Place, int] | None = None
        """The beginning of the last paragraph, and the length of `_out` before it."""
        self._meeting: Place | None = None
        """Where paths met since the last text, if the text may be split there."""
        self._passed: set[Place] = set()
        self._forked = False
        self._choices: dict[tuple[str, Place], None] = {}
        self._runs_on: Place | None = None
        self._turns = False
        self._impossible = False
        self.steps = 0
        self.broken = ""
        """What could not be followed, if anything."""

    def run(self, place: Place) -> Outcome:
        """Walk from `place` until the player acts, the game ends, or another passage begins."""
        self._enter(place)
        at: int | None = place.line
        begins = True
        self._passed.add(self._here(place.line))
        while at is not None:
            at = self._scene.continues_at[at]
            if at >= len(self._scene.lines):
                self._finish(at, None)
                break
            line = self._scene.lines[at]
            if line.after_blank:
                self._break(PARAGRAPH)
            if self._out and self._gap == PARAGRAPH and (not self._paragraph or self._paragraph[1] < len(self._out)):
                self._paragraph = self._here(at), len(self._out)
            if line.join and not begins and self._meets(at, line.join):
                break
            begins = False
            self.steps += 1
            if self.steps > self._limit:
                break
            self._seen[self._key][at] = 1
            handle = _HANDLERS.get(line.command)
            at = handle(self, at, line) if handle else at + 1
        return Outcome(
            text="".join(self._out),
            choices=tuple(self._choices),
            runs_on=self._runs_on,
            lead=self._lead,
            gap=self._gap,
            turns=self._turns,
            impossible=self._impossible,
        )

    def _meets(self, at: int, join: Join) -> bool:
        """Return whether to stop here, where paths meet: at once without text, else only when more text comes."""
        here = self._here(at)
        if not self._out or here in self._passed:
            self._runs_on = here
            return True
        self._passed.add(here)
        ended = self._gap == PARAGRAPH or (join >= Join.SENTENCE and self._sentence_ended())
        if self._meeting is None and (ended or join is Join.ALWAYS):
            self._meeting = here
        return False

    def _fork(self, at: int, options: int) -> int | None:
        """Return the branch to take; None if the walk stops so that the next one begins at the fork."""
        if options == 1:
            return 0
        if self._meeting:
            self._runs_on = self._meeting
        elif self._paragraph:
            self._runs_on, length = self._paragraph
            del self._out[length:]
            self._gap = PARAGRAPH
        elif self._forked and not self._out:
            self._runs_on = self._here(at)
        else:
            self._forked = True
            return self._choose(self._here(at), options)
        return None

    def _sentence_ended(self) -> bool:
        return self._gap != " " or self._out[-1][-8:].rstrip(_CLOSING).endswith(_SENTENCE_ENDS)

    def _text(self, at: int, line: Line) -> int | None:
        return self._write(at, shown(line.rest, self._game.values))

    def _print(self, at: int, line: Line) -> int | None:
        return self._write(at, value(line.rest, self._game.values))

    def _write(self, at: int, text: str) -> int | None:
        """Write text; line breaks around it separate it from what is before and after."""
        words = text.strip()
        if words and self._meeting:
            self._runs_on = self._meeting
            return None
        before, after = text.partition(words)[::2] if words else (text, "")
        self._break(before)
        if words:
            self.steps += len(words) // _CHARACTERS_PER_STEP
            self._out += (self._gap, words) if self._out else (words,)
            self._gap = " "
            self._break(after)
        return at + 1

    def _break(self, breaks: str) -> None:
        """Add line breaks, two of which separate paragraphs."""
        for _ in range(breaks.count("\n")):
            if self._out:
                self._gap = PARAGRAPH if "\n" in self._gap else "\n"
            else:
                self._lead = PARAGRAPH if self._lead else "\n"

    def _line_break(self, at: int, _: Line) -> int:
        self._break("\n")
        return at + 1

    def _input(self, at: int, _: Line) -> int:
        self._break(PARAGRAPH)
        return at + 1

    def _choice(self, at: int, line: Line) -> int | None:
        self.steps += len(line.branches)
        for option in line.branches:
            self._seen[self._key][option] = 1
            offered = self._scene.lines[option]
            self._choices[_label(offered.rest, self._game.values), self._here(self._body(option))] = None
        return None if line.branches else at + 1

    def _body(self, option: int) -> int:
        """Return where an option's body begins, or what follows the choice if it has none."""
        line = self._scene.lines[option]
        return option + 1 if line.end > option + 1 else line.after

    def _page_break(self, at: int, line: Line) -> None:
        # What follows the other page break commands is not a label.
        label = line.rest if line.command == "page_break" else ""
        self._turn(label, self._here(at + 1))

    def _finish(self, _: int, line: Line | None) -> None:
        order = self._game.order
        following = order.index(self._key) + 1 if self._key in order else len(order)
        if following < len(order):
            self._turn(line.rest if line else "", self._start_of(order[following]))

    def _turn(self, label: str, to: Place) -> None:
        self._choices[_label(label, self._game.values), to] = None
        self._turns = True

    def _end(self, _: int, line: Line) -> None:
        self._impossible = line.command == "bug"

    def _if(self, at: int, line: Line) -> int | None:
        branch = self._fork(at, len(line.branches))
        return None if branch is None else line.branches[branch]

    def _goto(self, at: int, line: Line) -> int | None:
        return self._jump(at, self._labelled(self._key, line.rest, self._frames))

    def _goto_scene(self, at: int, line: Line) -> int | None:
        return self._jump(at, self._in_scene(line.rest, ()))

    def _gosub(self, at: int, line: Line) -> int | None:
        return self._call(at, line, self._labelled)

    def _gosub_scene(self, at: int, line: Line) -> int | None:
        return self._call(at, line, lambda _, reference, frames: self._in_scene(reference, frames))

    def _call(
        self, at: int, line: Line, find: Callable[[str, str, tuple[tuple[str, int], ...]], Sequence[Place]]
    ) -> int | None:
        back = self._key, self._scene.continues_at[at + 1]
        # A subroutine that calls itself from the same line continues as the first call.
        outer = self._frames[: self._frames.index(back)] if back in self._frames else self._frames
        places = find(self._key, line.rest, (*outer, back))
        if places[0].missing or len(outer) >= _MAX_FRAMES:
            self.broken = f"*{line.command} {line.rest} in line {line.number} of {self._scene.name}"
            return at + 1
        return self._jump(at, places)

    def _return(self, _: int, line: Line) -> int | None:
        if not self._frames:
            self.broken = f"*return in line {line.number} of {self._scene.name}, which was not called"
            return None
        key, at = self._frames[-1]
        self._enter(Place(key, at, self._frames[:-1]))
        return at

    def _goto_random_scene(self, at: int, line: Line) -> int | None:
        self.steps += line.end - at
        names = (inner.rest.split()[-1] for inner in self._scene.lines[at + 1 : line.end] if inner.rest)
        places = [self._start_of(name) for name in dict.fromkeys(names)]
        behind = self._skip(at, line)
        return self._jump(at, places) if places else behind

    def _jump(self, at: int, places: Sequence[Place]) -> int | None:
        target = self._fork(at, len(places))
        if target is None:
            return None
        if places[target].missing:
            self._runs_on = places[target]
            return None
        self._enter(places[target])
        return places[target].line

    def _labelled(self, key: str, reference: str, frames: tuple[tuple[str, int], ...]) -> Sequence[Place]:
        """Return the places that a label, or an expression in braces, may refer to: at least one."""
        scene = self._game.scenes[key]
        names = self._named(reference)
        self.steps += len(names)
        found = [Place(key, scene.labels[name.lower()], frames) for name in names if name.lower() in scene.labels]
        return found or [Place(f"label {names[0]} in {scene.name}", _NOWHERE)]

    def _in_scene(self, reference: str, frames: tuple[tuple[str, int], ...]) -> Sequence[Place]:
        """Return the places that the name of a scene, with or without a label, may refer to: at least one."""
        braced = reference.startswith("{")
        name, _, label = reference.partition("}" if braced else " ")
        places = [self._start_of(found, frames) for found in self._named(name)]
        places = [place for place in places if not place.missing] or places[:1]
        if not label.strip() or places[0].missing:
            return places
        return [place for found in places for place in self._labelled(found.scene, label.strip(), frames)]

    def _named(self, reference: str) -> Sequence[str]:
        if reference.startswith("{"):
            return possible(reference[1:].partition("}")[0], self._game.values)
        return (first_word(reference),)

    def _start_of(self, name: str, frames: tuple[tuple[str, int], ...] = ()) -> Place:
        return Place(name.lower(), 0, frames) if name.lower() in self._game.scenes else Place(f"scene {name}", _NOWHERE)

    def _enter(self, place: Place) -> None:
        self._key = place.scene
        self._scene = self._game.scenes[place.scene]
        self._frames = place.frames

    def _here(self, at: int) -> Place:
        return Place(self._key, self._scene.continues_at[at], self._frames)

    def _skip(self, at: int, line: Line) -> int:
        self._seen[self._key][at : line.end] = b"\x01" * (line.end - at)
        return line.end


def _label(text: str, values: Values) -> str:
    return " ".join(shown(text, values).split()) or CONTINUE


_Handler = Callable[[Walk, int, Line], int | None]

# All other commands show nothing and don't jump.
_HANDLERS: Mapping[str, _Handler] = {
    TEXT: Walk._text,
    "print": Walk._print,
    "line_break": Walk._line_break,
    "if": Walk._if,
    "goto": Walk._goto,
    "goto_scene": Walk._goto_scene,
    "redirect_scene": Walk._goto_scene,
    "gosub": Walk._gosub,
    "gosub_scene": Walk._gosub_scene,
    "return": Walk._return,
    "finish": Walk._finish,
    **dict.fromkeys(CHOICES | {OPTION}, Walk._choice),
    **dict.fromkeys(PAGE_BREAKS, Walk._page_break),
    **dict.fromkeys(ENDINGS | {"bug"}, Walk._end),
    **dict.fromkeys(INPUTS, Walk._input),
    **dict.fromkeys(BLOCKS, Walk._skip),
    "goto_random_scene": Walk._goto_random_scene,
}
