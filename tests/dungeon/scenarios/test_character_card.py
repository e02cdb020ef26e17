"""Character cards of other programs become scenarios."""

import base64
import json
import struct
import zlib
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.scenarios.model import fill_placeholders, read_scenario
from dungeon.tale.lore import Card

ADA = {
    "name": "Ada",
    "description": "{{char}} keeps the lamp of the mill. She knows {{user}}.",
    "personality": "Dry, brave.",
    "scenario": "The mill has stood still for a year.",
    "first_mes": '"You again, {{user}}," says {{char}}.',
    "mes_example": "<START>{{user}}: Hello",
    "system_prompt": "{{original}} Keep it short.",
    "character_book": {
        "entries": [
            {"keys": ["wheel", "the: wheel"], "content": "The wheel turns for nobody.", "enabled": True},
            {"keys": [], "content": "It always rains.", "enabled": True, "constant": True},
            {"keys": ["cat"], "content": "Nobody has a cat.", "enabled": False},
        ]
    },
}


def picture(card: object, keyword: bytes = b"chara") -> bytes:
    """Return a PNG of one pixel with a card in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", keyword + b"\0" + base64.b64encode(json.dumps(card).encode()))
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ada.json", json.dumps(ADA).encode()),
        ("ada.json", json.dumps({"spec": "chara_card_v2", "data": ADA}).encode()),
        ("ada.png", picture({"spec": "chara_card_v2", "data": ADA})),
        ("ada.png", picture({"spec": "chara_card_v3", "data": ADA}, b"ccv3") + b"\0" * 300_000),
    ],
)
def test_card_is_a_scenario(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    scenario = fill_placeholders(read_scenario(tmp_path / name), {"name": "Ito"})
    assert scenario.title == "Ada"
    assert scenario.opening == '"You again, Ito," says Ada.'
    assert scenario.memory == (
        "Ada keeps the lamp of the mill. She knows Ito.\n\nDry, brave.\n\nThe mill has stood still for a year."
    )
    assert scenario.instructions == "Keep it short."
    assert scenario.cards == (
        Card(("wheel", "the wheel"), "The wheel turns for nobody."),
        Card((), "It always rains.", always=True),
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (json.dumps({"entries": {"0": {"key": ["wheel"], "content": "It turns."}}}).encode(), "world info"),
        (json.dumps({**ADA, "first_mes": " "}).encode(), "no first message"),
        (picture({}, b"comment"), "without a character card"),
        (picture(ADA)[:80], "is damaged"),
        (b'{"name": 5}', "no character card"),
        (b"{", "no character card"),
    ],
)
def test_what_is_no_card_is_named_with_a_way_on(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / "ada.png"
    file.write_bytes(data)
    with pytest.raises(DungeonError, match=says) as error:
        read_scenario(file)
    assert "ada.png" in str(error.value)
