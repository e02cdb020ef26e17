"""AI Dungeon's adventures -> Stories: exports of the game, and the saves of its open version of 2019 and of Clover.

An export is one adventure, a list of them, `{"stories": […]}`, or the answer of the game's server that the exporters in
the browser save, `{"data": {"adventure": {…}}}`. An adventure has its turns in `actions` or `actionWindow`, each
`{"text", "type"}`; the first is the opening, what the player did or said begins with `>`. Turns that were undone are
kept where the export has them, as branches.

A save of 2019 is `{"story_start", "actions": […], "results": […]}`; Clover's has the opening as its first action.

Limits: a scenario, which is an opening without a play, is not known as an adventure. Pictures are left out.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from corpus.readers.playthrough import ROOT, Play
from corpus.readers.save_json import count, decode, first_name, holds, utf8
from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError

_WHAT = "AI Dungeon export"
_SPACE_BEFORE_SIGN = re.compile(r" (?=[,.;:!?])")
_MOST_ADVENTURES = 20_000
_CLOVER = ("context", "memory", "actions", "results")


class _Action(msgspec.Struct):
    text: str | None = None
    type: str | None = None
    createdAt: str | float | None = None
    undoneAt: str | float | None = None
    deletedAt: str | float | None = None


class _Adventure(msgspec.Struct):
    title: str | None = None
    actions: list[_Action | None] | None = None
    actionWindow: list[_Action | None] | None = None
    memory: msgspec.Raw = msgspec.Raw(b"")
    authorsNote: msgspec.Raw = msgspec.Raw(b"")
    worldInfo: msgspec.Raw = msgspec.Raw(b"")
    storyCards: msgspec.Raw = msgspec.Raw(b"")
    publicId: msgspec.Raw = msgspec.Raw(b"")

    @property
    def turns(self) -> list[_Action]:
        """Without those that were erased."""
        found = max(self.actions or [], self.actionWindow or [], key=len)
        return [action for action in found if action is not None and action.text and action.deletedAt is None]

    @property
    def known(self) -> bool:
        """Whether it has more of an adventure than a list of texts."""
        marks = (self.memory, self.authorsNote, self.worldInfo, self.storyCards, self.publicId)
        return bool(self.turns) and (self.actionWindow is not None or any(map(bytes, marks)))


class _Answer(msgspec.Struct):
    adventure: _Adventure | None = None


class _Export(_Adventure):
    stories: list[_Adventure | None] | None = None
    data: _Answer | None = None
    adventure: _Adventure | None = None


class _Save(msgspec.Struct):
    """Of 2019."""

    story_start: str = ""
    context: str | None = None
    memory: msgspec.Raw = msgspec.Raw(b"")
    actions: list[str | None] = []
    results: list[str | None] = []
    possible_action_results: list[list[str]] | None = None


def _adventures(source: Source) -> list[_Adventure]:
    """The adventures of an export that were played. Raises StoryError for what is none."""
    if source.head_text.lstrip("\ufeff \t\r\n").startswith("["):
        return [found for found in decode(source, list[_Adventure | None], _WHAT) if found and found.known]
    export = decode(source, _Export, _WHAT)
    found = [*(export.stories or []), export.data.adventure if export.data else None, export.adventure, export]
    return [adventure for adventure in found if adventure and adventure.known]


def _looks_like(source: Source) -> bool:
    if not source.head_text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return False
    try:
        data = utf8(source)
        if b'"text"' not in data or not (b'"actions"' in data or b'"actionWindow"' in data):
            return False
        return bool(_adventures(source))
    except StoryError:
        return False


def _read(source: Source) -> Iterator[Story]:
    adventures = _adventures(source)
    if len(adventures) > _MOST_ADVENTURES:
        raise StoryError(f"{source.name} holds more than {_MOST_ADVENTURES:,} adventures, more than anybody played.")
    told = 0
    for adventure in adventures:
        play = Play(source)
        _play(adventure, play)
        if play.told:
            told += 1
            yield play.story(adventure.title or "")
    if not told:
        raise StoryError(f"There is no adventure in {source.name} that was played.")


def _play(adventure: _Adventure, play: Play) -> None:
    """Puts an adventure into `play`."""
    way: list[tuple[int, _Action]] = []  # the pieces from the opening to the last turn
    for action in _in_order(adventure.turns):
        while way and _undone(way[-1][1], action):
            way.pop()
        at = way[-1][0] if way else ROOT
        text = action.text or ""
        if action.type == "see":
            play.left_out["picture"] += 1
        elif action.type in ("do", "say") and ">" not in text:
            way.append((play.act(at, text), action))
        else:
            way.append((play.go_on(at, text), action))
    play.left_out["memory"] += bool(count(adventure.memory))
    play.left_out["author's note"] += bool(count(adventure.authorsNote))
    play.left_out["story card"] += count(adventure.worldInfo) + count(adventure.storyCards)


def _in_order(turns: list[_Action]) -> list[_Action]:
    """The oldest first; the game's server may give them the other way round."""
    times = [turn.createdAt for turn in turns if isinstance(turn.createdAt, str)]
    if len(times) == len(turns) and times[0] > times[-1]:
        return turns[::-1]
    return turns


def _undone(last: _Action, action: _Action) -> bool:
    """Whether the last turn was taken back before this one."""
    if last.undoneAt is None:
        return False
    later = isinstance(last.undoneAt, str) and isinstance(action.createdAt, str) and last.undoneAt > action.createdAt
    return not later


def _looks_like_save(source: Source) -> bool:
    return first_name(source) == "story_start" or holds(source, *_CLOVER)


def _read_save(source: Source) -> Iterator[Story]:
    save = decode(source, _Save, "AI Dungeon save")
    play = Play(source)
    turns = list(zip_longest(save.actions, save.results))
    if save.story_start:
        at = play.tell(ROOT, save.story_start)
        play.left_out["memory"] += bool(save.context)
    else:
        prompt, answer = turns.pop(0) if turns else (None, None)
        opening = " ".join(filter(None, (save.context, prompt, answer)))
        at = play.go_on(ROOT, _SPACE_BEFORE_SIGN.sub("", opening))
        play.left_out["memory"] += count(save.memory)
    for action, result in turns:
        at = play.tell(play.act(at, action or ""), result or "")
    for offered in save.possible_action_results or []:
        if len(offered) == 2:
            play.tell(play.act(at, offered[0]), offered[1])
    yield play.story("")


FORMATS = (
    Format("AI Dungeon adventures", (), _looks_like, _read),
    Format("AI Dungeon save of 2019", (), _looks_like_save, _read_save),
)
