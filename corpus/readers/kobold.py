r"""KoboldAI's saves -> Story: of KoboldAI (also United's of version 2) and of KoboldAI Lite.

A save is one long text in pieces, `prompt` and `actions`. The player's lines begin with `>`; in Lite's other modes they
follow `{{[INPUT]}}` or the player's name. Texts that were tried before, or offered and not used, are siblings of the
current text; undone texts continue from the end. Earlier versions of an edited text, Lite's pictures and comments
(`<|…|>`), which the model doesn't see either, are left out.

Limits: a `.kaistory` is a zip file and is not read; the `story.json` in it is. A save locates undone texts only by
position, so one that was undone together with the text before it may follow that one's successor.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.save_json import count, decode, first_name, holds
from corpus.readers.source import Format, Source
from corpus.story import Story

_PICTURE = re.compile(r"\[<\|(\w)\|[^<>]*\|\1\|>\]")
_COMMENT = re.compile(r"<\|[^<>]*\|>")
_TURN = re.compile(r"\{\{\[(INPUT|OUTPUT|SYSTEM)(?:_END)?\]\}\}")
_CHAT = 3


class _Option(msgspec.Struct):
    """A text that is not current; version 1 capitalises its name."""

    text: str | None = None
    old_text: str | None = msgspec.field(default=None, name="Text")
    edited: bool | None = msgspec.field(default=None, name="Edited")
    chosen_once: bool | None = msgspec.field(default=None, name="Previous Selection")

    @property
    def words(self) -> str:
        return self.text or self.old_text or ""


class _Place(msgspec.Struct):
    """A position in the text, with its current text and the others that were tried there."""

    selected: str | None = msgspec.field(default=None, name="Selected Text")
    options: list[_Option] | None = msgspec.field(default=None, name="Options")
    old_options: list[_Option] | None = msgspec.field(default=None, name="Alternative Text")

    @property
    def others(self) -> list[_Option]:
        found = self.options or self.old_options or []
        return [option for option in found if option.words and option.words != self.selected]


class _Actions(msgspec.Struct):
    actions: dict[str, _Place] = {}
    action_count: int | None = None


class _Settings(msgspec.Struct):
    opmode: int | str | None = None
    chatname: str | None = None
    chatopponent: str | None = None


class _Save(msgspec.Struct):
    prompt: str | None = None
    story_name: str | None = None
    actions: list[str | None] | _Actions | None = None
    actions_metadata: dict[str, _Place] | list[_Place] | None = None
    altbranches: list[list[str] | None] | None = None
    savedsettings: _Settings | None = None
    memory: msgspec.Raw = msgspec.Raw(b"")
    authorsnote: msgspec.Raw = msgspec.Raw(b"")
    authornote: msgspec.Raw = msgspec.Raw(b"")
    worldinfo: msgspec.Raw = msgspec.Raw(b"")


def _looks_like(source: Source) -> bool:
    if first_name(source) == "gamestarted":
        return True
    return holds(source, "gamestarted", "actions") or holds(source, "file_version", "prompt", "actions")


def _read(source: Source) -> Iterator[Story]:
    save = decode(source, _Save, "KoboldAI save")
    play = Playthrough(source)
    reader = _Reader(play, save.savedsettings or _Settings())
    if isinstance(save.actions, _Actions):
        places = _in_order(save.actions.actions)
        last = len(places) - 1 if save.actions.action_count is None else save.actions.action_count
        current = [place.selected or "" for place in places[: max(0, last + 1)]]
    else:
        current = [text or "" for text in save.actions or []]
        metadata = save.actions_metadata or {}
        places = _matched(current, metadata if isinstance(metadata, list) else _in_order(metadata), play)
    parent = reader.add(ROOT, save.prompt or "")
    for n, text in enumerate(current):
        for option in places[n].others if n < len(places) else ():
            if option.edited:
                play.left_out["earlier wording"] += 1
            else:
                reader.add(parent, option.words)
        parent = reader.add(parent, text)
    for place in places[len(current) :]:
        parent = _add_undone(reader, parent, place)
    for branch in save.altbranches or []:
        parent = ROOT
        for text in branch or []:
            parent = reader.add(parent, text)
    play.left_out["memory"] += bool(count(save.memory))
    play.left_out["author's note"] += bool(count(save.authorsnote) or count(save.authornote))
    play.left_out["world info card"] += count(save.worldinfo)
    yield play.to_story(save.story_name or "")


def _in_order(places: dict[str, _Place]) -> list[_Place]:
    return [places[name] for name in sorted((name for name in places if name.isdecimal()), key=int)]


def _matched(current: Sequence[str], places: Sequence[_Place], play: Playthrough) -> list[_Place]:
    """Return the places of the current texts, followed by those of undone texts.

    KoboldAI doesn't renumber the places when a text in the middle is deleted, so they are matched by their texts.
    """
    matched: list[_Place] = []
    for place in places:
        if len(matched) < len(current) and not place.selected and current[len(matched)]:
            play.left_out["deleted text"] += 1
        elif len(matched) >= len(current) or place.selected == current[len(matched)]:
            matched.append(place)
        else:
            play.left_out["stray text"] += len(place.others)
            matched.append(_Place())
    return matched


def _add_undone(reader: "_Reader", parent: int, place: _Place) -> int:
    """Add the texts at a place after the end; return the one that was current there, which later places follow."""
    after = parent
    for option in place.others:
        if not option.edited:
            last = reader.add(parent, option.words)
            if option.chosen_once or after == parent:
                after = last
    return after


class _Reader:
    """Adds pieces of the long text to a playthrough, according to the save's mode."""

    def __init__(self, play: Playthrough, settings: _Settings) -> None:
        self._play = play
        self._speakers: re.Pattern[str] | None = None
        self._player = settings.chatname or "You"
        if settings.opmode == _CHAT:
            others = (settings.chatopponent or "KoboldAI").split("||$||")
            names = "|".join(re.escape(name) for name in (self._player, *others) if name)
            self._speakers = re.compile(rf"^({names}):[ \t]*", re.MULTILINE)

    def add(self, parent: int, text: str) -> int:
        """Add text after a piece; return the last piece of it."""
        if "<|" in text:
            text = _COMMENT.sub("", _PICTURE.sub("", text))
        if "{{[" in text:
            return self._add_exchange(parent, text)
        if self._speakers:
            return self._add_chat(parent, text, self._speakers)
        return self._play.append_text(parent, text)

    def _add_exchange(self, parent: int, text: str) -> int:
        parts = _TURN.split(text)
        parent = self._play.append_text(parent, parts[0]) if parts[0].strip() else parent
        for kind, words in zip(parts[1::2], parts[2::2], strict=True):
            if kind == "INPUT":
                parent = self._play.add_action(parent, words)
            elif kind == "OUTPUT":
                parent = self._play.add_prose(parent, words)
            else:
                self._play.left_out["system message"] += bool(words.strip())
        return parent

    def _add_chat(self, parent: int, text: str, speakers: re.Pattern[str]) -> int:
        parts = speakers.split(text)
        parent = self._play.append_text(parent, parts[0]) if parts[0].strip() else parent
        for name, words in zip(parts[1::2], parts[2::2], strict=True):
            add = self._play.add_message if name == self._player else self._play.add_prose
            parent = add(parent, words)
        return parent


FORMATS = (
    Format(
        "KoboldAI save",
        (),
        _looks_like,
        _read,
        about="Saves of KoboldAI, United and Lite, but no .kaistory: unpack this zip file, and read the story.json in "
        "it. Texts that were tried or undone are branches. Earlier wordings, pictures, comments, memory, author's note "
        "and world info are left out.",
    ),
)
