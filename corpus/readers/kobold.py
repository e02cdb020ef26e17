r"""KoboldAI's saves -> Story: of KoboldAI (also United's of version 2) and of KoboldAI Lite.

A save is one long text in pieces, `prompt` and `actions`. What the player did is a line that begins with `>`; in Lite's
other modes it follows `{{[INPUT]}}`, or the player's name. Texts that were tried before, or offered and not taken, are
siblings of the one that stands; texts that were undone go on from the end. Earlier wordings of an edited text, Lite's
pictures, and comments (`<|…|>`), which the voice does not see either, are left out.

Limits: a `.kaistory` is a zip file and is not read; the `story.json` in it is. What a save says of undone texts is by
place only, so one that was undone together with the text before it may follow that one's successor.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from corpus.readers.playthrough import ROOT, Play
from corpus.readers.save_json import count, decode, first_name, holds
from corpus.readers.source import Format, Source
from corpus.story import Story

_PICTURE = re.compile(r"\[<\|(\w)\|[^<>]*\|\1\|>\]")
_COMMENT = re.compile(r"<\|[^<>]*\|>")
_TURN = re.compile(r"\{\{\[(INPUT|OUTPUT|SYSTEM)(?:_END)?\]\}\}")
_CHAT = 3


class _Option(msgspec.Struct):
    """A text that doesn't stand; version 1 spells its name with a capital."""

    text: str | None = None
    old_text: str | None = msgspec.field(default=None, name="Text")
    edited: bool | None = msgspec.field(default=None, name="Edited")
    chosen_once: bool | None = msgspec.field(default=None, name="Previous Selection")

    @property
    def words(self) -> str:
        return self.text or self.old_text or ""


class _Place(msgspec.Struct):
    """One piece of the text, and the others that were tried there."""

    selected: str | None = msgspec.field(default=None, name="Selected Text")
    options: list[_Option] | None = msgspec.field(default=None, name="Options")
    old_options: list[_Option] | None = msgspec.field(default=None, name="Alternative Text")

    @property
    def others(self) -> list[_Option]:
        found = self.options or self.old_options or []
        return [option for option in found if option.words and option.words != self.selected]


class _Actions(msgspec.Struct):
    """Of version 2."""

    actions: dict[str, _Place] = {}
    action_count: int | None = None


class _Settings(msgspec.Struct):
    """Of Lite."""

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
    play = Play(source)
    reader = _Reader(play, save.savedsettings or _Settings())
    if isinstance(save.actions, _Actions):
        places = _in_order(save.actions.actions)
        last = len(places) - 1 if save.actions.action_count is None else save.actions.action_count
        standing = [place.selected or "" for place in places[: max(0, last + 1)]]
    else:
        standing = [text or "" for text in save.actions or []]
        metadata = save.actions_metadata or {}
        places = _matched(standing, metadata if isinstance(metadata, list) else _in_order(metadata), play)
    at = reader.add(ROOT, save.prompt or "")
    for n, text in enumerate(standing):
        for option in places[n].others if n < len(places) else ():
            if option.edited:
                play.left_out["earlier wording"] += 1
            else:
                reader.add(at, option.words)
        at = reader.add(at, text)
    for place in places[len(standing) :]:
        at = _undone(reader, at, place)
    for branch in save.altbranches or []:
        at = ROOT
        for text in branch or []:
            at = reader.add(at, text)
    play.left_out["memory"] += bool(count(save.memory))
    play.left_out["author's note"] += bool(count(save.authorsnote) or count(save.authornote))
    play.left_out["world info card"] += count(save.worldinfo)
    yield play.story(save.story_name or "")


def _in_order(places: dict[str, _Place]) -> list[_Place]:
    return [places[name] for name in sorted((name for name in places if name.isdecimal()), key=int)]


def _matched(standing: Sequence[str], places: Sequence[_Place], play: Play) -> list[_Place]:
    """The places of the texts that stand, and behind them those of undone texts.

    KoboldAI does not renumber the places when a text is deleted in the middle, so they are told by their texts.
    """
    matched: list[_Place] = []
    for place in places:
        if len(matched) < len(standing) and not place.selected and standing[len(matched)]:
            play.left_out["deleted text"] += 1
        elif len(matched) >= len(standing) or place.selected == standing[len(matched)]:
            matched.append(place)
        else:
            play.left_out["stray text"] += len(place.others)
            matched.append(_Place())
    return matched


def _undone(reader: "_Reader", at: int, place: _Place) -> int:
    """The texts at a place behind the end; what is further behind follows the one that stood there."""
    after = at
    for option in place.others:
        if not option.edited:
            last = reader.add(at, option.words)
            if option.chosen_once or after == at:
                after = last
    return after


class _Reader:
    """Adds pieces of the long text to a play, in the way of the save's mode."""

    def __init__(self, play: Play, settings: _Settings) -> None:
        self._play = play
        self._speakers: re.Pattern[str] | None = None
        self._player = settings.chatname or "You"
        if settings.opmode == _CHAT:
            others = (settings.chatopponent or "KoboldAI").split("||$||")
            names = "|".join(re.escape(name) for name in (self._player, *others) if name)
            self._speakers = re.compile(rf"^({names}):[ \t]*", re.MULTILINE)

    def add(self, at: int, text: str) -> int:
        """The piece of text behind the piece `at`; gives the last piece that comes of it."""
        if "<|" in text:
            text = _COMMENT.sub("", _PICTURE.sub("", text))
        if "{{[" in text:
            return self._exchange(at, text)
        if self._speakers:
            return self._chat(at, text, self._speakers)
        return self._play.go_on(at, text)

    def _exchange(self, at: int, text: str) -> int:
        parts = _TURN.split(text)
        at = self._play.go_on(at, parts[0]) if parts[0].strip() else at
        for sort, words in zip(parts[1::2], parts[2::2], strict=True):
            if sort == "INPUT":
                at = self._play.act(at, words)
            elif sort == "OUTPUT":
                at = self._play.tell(at, words)
            else:
                self._play.left_out["system message"] += bool(words.strip())
        return at

    def _chat(self, at: int, text: str, speakers: re.Pattern[str]) -> int:
        parts = speakers.split(text)
        at = self._play.go_on(at, parts[0]) if parts[0].strip() else at
        for name, words in zip(parts[1::2], parts[2::2], strict=True):
            at = self._play.message(at, words) if name == self._player else self._play.tell(at, words)
        return at


FORMATS = (Format("KoboldAI save", (), _looks_like, _read),)
