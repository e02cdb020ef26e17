"""AI Dungeon's adventures -> Stories: exports of the game, and the saves of its open version of 2019 and of Clover.

An export is one adventure, a list of them, `{"stories": […]}`, or the server's answer as saved by exporters in the
browser, `{"data": {"adventure": {…}}}`. The turns of an adventure are in `actions` or `actionWindow`, each
`{"text", "type"}`; the first is the opening, and the player's texts begin with `>`. Undone turns become branches if the
export has them.

A save of 2019 is `{"story_start", "actions": […], "results": […]}`; in Clover's, the first action is the opening.

Limits: a scenario, which is an opening without turns, is not recognised as an adventure. Pictures are left out.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from corpus.readers.playthrough import ROOT, Playthrough
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
        """The turns that were not deleted."""
        found = max(self.actions or [], self.actionWindow or [], key=len)
        return [action for action in found if action is not None and action.text and action.deletedAt is None]

    @property
    def is_adventure(self) -> bool:
        """Whether it has fields of an adventure, not only a list of texts."""
        fields = (self.memory, self.authorsNote, self.worldInfo, self.storyCards, self.publicId)
        return bool(self.turns) and (self.actionWindow is not None or any(map(bytes, fields)))


class _Answer(msgspec.Struct):
    adventure: _Adventure | None = None


class _Export(_Adventure):
    stories: list[_Adventure | None] | None = None
    data: _Answer | None = None
    adventure: _Adventure | None = None


class _Save(msgspec.Struct):
    story_start: str = ""
    context: str | None = None
    memory: msgspec.Raw = msgspec.Raw(b"")
    actions: list[str | None] = []
    results: list[str | None] = []
    possible_action_results: list[list[str]] | None = None


def _adventures(source: Source) -> list[_Adventure]:
    """Return the adventures of an export that have turns. Raise StoryError if it is not an export."""
    if source.head_text.lstrip("\ufeff \t\r\n").startswith("["):
        return [found for found in decode(source, list[_Adventure | None], _WHAT) if found and found.is_adventure]
    export = decode(source, _Export, _WHAT)
    found = [*(export.stories or []), export.data.adventure if export.data else None, export.adventure, export]
    return [adventure for adventure in found if adventure and adventure.is_adventure]


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
        raise StoryError(f"{source.name} has more than {_MOST_ADVENTURES:,} adventures, more than anybody played.")
    count = 0
    for adventure in adventures:
        play = Playthrough(source)
        _add_adventure(adventure, play)
        if play.has_prose:
            count += 1
            yield play.to_story(adventure.title or "")
    if not count:
        raise StoryError(f"There is no played adventure in {source.name}.")


def _add_adventure(adventure: _Adventure, play: Playthrough) -> None:
    path: list[tuple[int, _Action]] = []  # the pieces from the opening to the last turn
    for action in _in_order(adventure.turns):
        while path and _was_undone(path[-1][1], action):
            path.pop()
        parent = path[-1][0] if path else ROOT
        text = action.text or ""
        if action.type == "see":
            play.left_out["picture"] += 1
        elif action.type in ("do", "say") and ">" not in text:
            path.append((play.add_action(parent, text), action))
        else:
            path.append((play.append_text(parent, text), action))
    play.left_out["memory"] += bool(count(adventure.memory))
    play.left_out["author's note"] += bool(count(adventure.authorsNote))
    play.left_out["story card"] += count(adventure.worldInfo) + count(adventure.storyCards)


def _in_order(turns: list[_Action]) -> list[_Action]:
    """Return the turns from the oldest to the newest; the server may give them in reverse."""
    times = [turn.createdAt for turn in turns if isinstance(turn.createdAt, str)]
    if len(times) == len(turns) and times[0] > times[-1]:
        return turns[::-1]
    return turns


def _was_undone(last: _Action, action: _Action) -> bool:
    """Return whether the last turn was undone before this one."""
    if last.undoneAt is None:
        return False
    later = isinstance(last.undoneAt, str) and isinstance(action.createdAt, str) and last.undoneAt > action.createdAt
    return not later


def _read_save(source: Source) -> Iterator[Story]:
    save = decode(source, _Save, "AI Dungeon save")
    play = Playthrough(source)
    turns = list(zip_longest(save.actions, save.results))
    if save.story_start:
        parent = play.add_prose(ROOT, save.story_start)
        play.left_out["memory"] += bool(save.context)
    else:
        prompt, answer = turns.pop(0) if turns else (None, None)
        opening = " ".join(filter(None, (save.context, prompt, answer)))
        parent = play.append_text(ROOT, _SPACE_BEFORE_SIGN.sub("", opening))
        play.left_out["memory"] += count(save.memory)
    for action, result in turns:
        parent = play.add_prose(play.add_action(parent, action or ""), result or "")
    for offered in save.possible_action_results or []:
        if len(offered) == 2:
            play.add_prose(play.add_action(parent, offered[0]), offered[1])
    yield play.to_story("")


FORMATS = (
    Format(
        "AI Dungeon adventures",
        (),
        _looks_like,
        _read,
        about="Exports of one adventure or of many. Undone turns are branches. Pictures, memory, author's note and "
        "story cards are left out. No scenarios.",
    ),
    Format(
        "AI Dungeon save of 2019",
        (),
        lambda source: first_name(source) == "story_start" or holds(source, *_CLOVER),
        _read_save,
        about="Saves of the open version and of Clover Edition. The actions that were "
        "offered last are branches. The memory is left out.",
    ),
)
