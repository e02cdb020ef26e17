"""Read a character card of other programs (SillyTavern and the like), .png or .json, as the parts of a scenario.

    parts = read_card(data, "ada.png")      # title, opening, memory, cards, instructions

The first message is the opening; description, personality and setting are the memory; the card's lore book becomes
cards. `{{char}}` is the character's name, `{{user}}` the placeholder `${name}`. Versions 1, 2 and 3 are read.

Limits: example dialogues, other greetings and notes for the voice's settings are left out. World info alone has no
opening, so it is refused with a word on what to do.
"""

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from dungeon.errors import DungeonError
from dungeon.tale.lore import Card

MAX_BYTES = 24 << 20
"""Of a file; nearly all of it is the picture."""
_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORDS = (b"ccv3", b"chara")
"""Of the PNG's text with the card: the newer version is preferred."""
_CHARACTER = re.compile(r"\{\{char\}\}|<BOT>", re.IGNORECASE)
_PLAYER = re.compile(r"\{\{user\}\}|<USER>", re.IGNORECASE)
_ORIGINAL = re.compile(r"\{\{original\}\}", re.IGNORECASE)
_NOT_IN_KEYS = re.compile(r"[,:\[\]]")


class _Entry(msgspec.Struct):
    """A piece of lore; world info that isn't part of a card has other names."""

    keys: list[str] = []
    content: str = ""
    enabled: bool = True
    constant: bool | None = False


class _Book(msgspec.Struct):
    entries: list[_Entry] | dict[str, _Entry] = []


class _Character(msgspec.Struct):
    name: str = ""
    description: str = ""
    personality: str = ""
    scenario: str = ""
    first_mes: str = ""
    system_prompt: str = ""
    character_book: _Book | None = None


class _File(_Character):
    spec: str = ""
    data: _Character | None = None
    entries: msgspec.Raw = msgspec.Raw(b"")


def is_card(head: bytes) -> bool:
    """Return whether a file that begins so is a picture or JSON, which no scenario of the game is."""
    return head.startswith(_PNG) or head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_card(data: bytes, place: str) -> dict[str, Any]:
    """Return the title, opening, memory, cards and instructions of a character card; `place` names it in messages.

    Raises:
        DungeonError: it is no character card, or damaged, or has no first message.
    """
    if len(data) > MAX_BYTES:
        raise DungeonError(f"{place} is larger than {MAX_BYTES >> 20} MiB, too large for a character card.")
    try:
        file = msgspec.json.decode(_json(data, place), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DungeonError(f"{place} is no character card: {error}.") from error
    character = file.data or file
    if not character.first_mes.strip():
        if file.entries:
            raise DungeonError(
                f"{place} is world info, which has no opening. Attach it to a character in the program that wrote it, "
                "export the character, and use that; or write its entries as [[cards]] into a scenario."
            )
        raise DungeonError(
            f"{place} has no first message, so there is nothing to begin with. Write one, and export it."
        )

    def filled(text: str) -> str:
        return _PLAYER.sub("${name}", _CHARACTER.sub(lambda _: character.name or "the stranger", text))

    facts = (character.description, character.personality, character.scenario)
    entries = character.character_book.entries if character.character_book else []
    return {
        "title": character.name or "A stranger",
        "opening": filled(character.first_mes),
        "memory": filled("\n\n".join(fact.strip() for fact in facts if fact.strip())),
        "instructions": filled(_ORIGINAL.sub("", character.system_prompt)).strip(),
        "cards": tuple(
            Card(
                tuple(_NOT_IN_KEYS.sub(" ", filled(key)) for key in entry.keys),
                filled(entry.content),
                bool(entry.constant),
            )
            for entry in (entries.values() if isinstance(entries, dict) else entries)
            if entry.enabled and entry.content.strip() and (entry.constant or any(key.strip() for key in entry.keys))
        ),
    }


def _json(data: bytes, place: str) -> bytes:
    """Return the card's JSON, which a picture has in its text chunks, in base 64."""
    if not data.startswith(_PNG):
        return data.removeprefix(b"\xef\xbb\xbf")
    texts = dict(_texts(data))
    for keyword in _KEYWORDS:
        if keyword in texts:
            try:
                return base64.b64decode(texts[keyword], validate=True)
            except binascii.Error as error:
                raise DungeonError(f"{place} is damaged: the card in the picture can't be decoded.") from error
    raise DungeonError(
        f"{place} is a picture without a character card in it. Export the character again as PNG or JSON."
    )


def _texts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keyword and text of each text chunk of a PNG."""
    place = len(_PNG)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if data[place + 4 : place + 8] == b"tEXt":
            keyword, _, text = data[place + 8 : place + 8 + length].partition(b"\0")
            yield keyword, text.strip()
        place += 12 + length
