"""SillyTavern's chats (.jsonl) -> Story: the user's messages are actions, the characters' messages are prose.

The first line has the names, each other line is a message. Other versions of a message ("swipes") become siblings. A
user's message in several paragraphs, or of more than a few sentences, is narration. Hidden messages, those of the
program and greetings that were not chosen are left out and counted.

Limits: `{{user}}` and `{{char}}` become names, other placeholders stay. SillyTavern stores checkpoints and branches as
separate chats, and they are read as such.
"""

import re
from collections.abc import Iterator

import msgspec

from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.save_json import decode, first_name, holds, utf8
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError

_USER = re.compile(r"\{\{user\}\}|<USER>", re.IGNORECASE)
_CHARACTER = re.compile(r"\{\{char\}\}|<BOT>", re.IGNORECASE)
_NO_NAMES = ("", "unused")
"""What newer versions write in a chat without a single name."""
_MAX_LINES = 200_000


class _Line(msgspec.Struct):
    """A message, or the first line with the names."""

    name: str | None = None
    mes: str | None = None
    is_user: bool | None = None
    is_system: bool | None = None
    swipes: list[str | None] | None = None
    user_name: str | None = None
    character_name: str | None = None


def _looks_like(source: Source) -> bool:
    return bool(first_name(source)) and any(
        sign in source.head_text for sign in ('"chat_metadata"', '"character_name"', '"is_user"')
    )


def _read(source: Source) -> Iterator[Story]:
    play = Playthrough(source)
    lines = list(_lines(source))
    header = lines[0]
    user, character = _valid_name(header.user_name), _valid_name(header.character_name)
    user = user or next((line.name for line in lines if line.is_user and line.name), None) or "You"
    character = (
        character or next((line.name for line in lines if line.mes and not line.is_user and line.name), "") or ""
    )

    def filled(text: str) -> str:
        text = _USER.sub(lambda _: user, text)
        return _CHARACTER.sub(lambda _: character, text) if character else text

    parent = ROOT
    for line in lines:
        if line.mes is None:
            play.left_out["empty message"] += line is not header
        elif line.is_system:
            play.left_out["hidden message"] += 1
        elif line.is_user:
            parent = play.add_message(parent, filled(line.mes))
        else:
            others = [filled(swipe) for swipe in line.swipes or [] if swipe and swipe != line.mes]
            before, parent = parent, play.add_prose(parent, filled(line.mes))
            if before == ROOT:
                play.left_out["unchosen greeting"] += len(others)
                continue
            for other in others:
                play.add_prose(before, other)
    yield play.to_story(character)


def _lines(source: Source) -> Iterator[_Line]:
    """Yield every line that isn't blank. Raise StoryError if one can't be read (with its number), or there is none."""
    if source.data.count(b"\n") > _MAX_LINES:
        raise StoryError(f"{source.name} has more than {_MAX_LINES:,} lines, too many for a chat.")
    found = 0
    for number, line in enumerate(utf8(source).split(b"\n"), 1):
        if line.strip():
            found += 1
            yield decode(Source(f"{source.name}:{number}", line), _Line, "message of a SillyTavern chat")
    if not found:
        raise StoryError(f"{source.name} is empty.")


def _valid_name(name: str | None) -> str:
    return "" if name is None or name in _NO_NAMES else name


_PNG = b"\x89PNG\r\n\x1a\n"
_SPEC = re.compile(r'"spec"\s*:\s*"(?:chara_card|lorebook)_v\d"')


def _is_card(source: Source) -> bool:
    """Return whether the file is a character card, in a picture or not, or world info."""
    if source.head.startswith(_PNG):
        return b"tEXtchara\0" in source.head or b"tEXtccv3\0" in source.head
    if not source.head_text.lstrip("\ufeff \t\r\n").startswith("{"):
        return False
    is_info = '"entries"' in source.head_text and '"content"' in source.head_text and holds(source, "entries")
    return _SPEC.search(source.head_text) is not None or is_info or holds(source, "name", "first_mes")


def _refuse_card(source: Source) -> Iterator[Story]:
    raise NoStoryError(
        f"{source.name} is a character card or world info: facts and at most an opening, no story to learn from. To "
        f"play with a card: dungeon play --scenario {source.name}"
    )


FORMATS = (
    Format(
        "SillyTavern chat",
        (),
        _looks_like,
        _read,
        about="Swipes are branches. Hidden messages and greetings that were not chosen are left out.",
    ),
    Format(
        "Character card or world info",
        (),
        _is_card,
        _refuse_card,
        about="No story: it is skipped. `dungeon play --scenario FILE` plays a card, .png or .json.",
    ),
)
