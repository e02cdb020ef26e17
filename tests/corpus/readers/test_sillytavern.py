"""SillyTavern: speakers, swipes, names and hidden messages of a chat."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.graph import make_graph
from corpus.readers import read as read_path
from corpus.readers.sillytavern import FORMATS
from corpus.readers.source import Source
from corpus.story import NoStoryError, Story, StoryError
from corpus.text import printable

FORMAT = FORMATS[0]

HEADER = {"user_name": "Ada", "character_name": "Bram", "create_date": "2026-1-5", "chat_metadata": {"note_prompt": ""}}


def by(name: str, mes: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "is_user": name == "Ada",
        "is_system": False,
        "send_date": "",
        "mes": mes,
        "extra": {},
        **more,
    }


def read(*lines: Any) -> Story:
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    source = Source("chats/Bram - 2026.jsonl", data)
    assert FORMAT.looks_like(source)
    [story] = FORMAT.read(source)
    return story


def turns(story: Story) -> list[tuple[str, str, str]]:
    return [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()]


def test_messages_are_actions_and_answers() -> None:
    story = read(
        HEADER,
        by(
            "Bram",
            '{{char}} looks up.\n"Late again, {{user}}?"',
            swipes=['{{char}} looks up.\n"Late again, {{user}}?"', "Hm."],
        ),
        by("Ada", "I sit down."),
        by("Bram", "He pours tea.", swipes=["He says nothing.", "He pours tea.", ""], swipe_id=1),
        by("System", "/help", is_system=True),
        by("Ada", '*sighs* "Fine."'),
        by("Bram", "The clock ticks."),
        by("Ida", "The door opens."),
        by("Ada", "Hello?"),
    )
    assert story.title == "Bram"
    opening = 'Bram looks up.\n\n"Late again, Ada?"'
    assert turns(story) == [
        (opening, "I sit down.", "He pours tea."),
        (opening, "I sit down.", "He says nothing."),
        ("He pours tea.", '*sighs* "Fine."', "The clock ticks."),
        ("The clock ticks.", "Continue", "The door opens."),
    ]
    actions = [action for node in make_graph(story).nodes.values() for action, _ in node.edges]
    assert actions == ["You sit down.", "You sit down.", 'You sigh and say "Fine."', ""]
    assert story.notes == ("Left out: 1 unchosen greeting, 1 hidden message, 1 unanswered action.",)


def test_long_messages_of_the_user_are_narration() -> None:
    long = "Ada walked through the rain.\n\nThe lamps went out."
    story = read(HEADER, by("Bram", "Rain."), by("Ada", long), by("Bram", "Dark."))
    assert [label for _, label, _ in turns(story)] == ["Continue", "Continue"]


@pytest.mark.parametrize("header", [[], [{"chat_metadata": {}, "user_name": "unused", "character_name": "unused"}]])
def test_missing_names(header: list[Any]) -> None:
    story = read(*header, by("Bram", "{{user}} knocks. <BOT> opens."), by("Ada", "go in"), by("Bram", "Warm."))
    assert story.passages["Opening"].text == "Ada knocks. Bram opens."
    assert story.title == "Bram"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER], "has no story text yet"),
        ([HEADER, by("Bram", "Hi."), b"{"], r"Bram - 2026\.jsonl:3 is damaged or incomplete"),
        (
            [HEADER, b"", {**by("Bram", "Hi."), "swipes": "x"}],
            r"jsonl:3 is not a known kind of message .* at `\$.swipes`",
        ),
        ([HEADER, b"[1]"], r"jsonl:2 is not a known kind of message"),
        ([HEADER, b'{"mes": "caf\xe9"}'], r"jsonl:2.*not UTF-8"),
        ([HEADER, b"\n" * 300_000], r"more than 200,000 lines"),
    ],
    ids=range(6),
)
def test_error_for_a_broken_chat_names_the_line(lines: list[Any], message: str) -> None:
    with pytest.raises(StoryError, match=message):
        read(*lines)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"prompt": "Hi", "completion": "Ho"}', b'["is_user"]', b'"is_user"'])
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert not FORMAT.looks_like(Source("a.jsonl", content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
LINE = st.fixed_dictionaries(
    {"name": st.text(max_size=5) | st.none(), "is_user": st.booleans()},
    optional={
        "mes": st.text(max_size=20) | st.just("{{user}} {{char}}") | st.none(),
        "is_system": st.booleans() | JSON,
        "swipes": st.lists(st.text(max_size=5) | st.none(), max_size=3) | JSON,
    },
)


@given(st.lists(LINE | JSON, max_size=5).map(lambda lines: [json.dumps(line).encode() for line in lines]))
def test_malformed_chat(lines: list[bytes]) -> None:
    check(b"\n".join([json.dumps(HEADER).encode(), *lines]))


@given(st.binary(max_size=80))
def test_any_bytes_after_a_valid_beginning(rest: bytes) -> None:
    check(b'{"user_name":"A","chat_metadata":{' + rest)


def check(data: bytes) -> None:
    source = Source("a.jsonl", data)
    assert FORMAT.looks_like(source)
    try:
        [story] = FORMAT.read(source)
    except StoryError as error:
        assert str(error) == printable(str(error))
        return
    assert not story.dangling()
    assert story.title == printable(story.title)


def test_hostile_chats_are_read_quickly() -> None:
    start = time.process_time()
    check(b'{"is_user":1}\n' + b'{"mes":"a"}\n' * 20_000)
    check(b'{"is_user":false,"mes":"' + b"{{user}}" * 100_000 + b'"}')
    check(b'{"is_user":false,"mes":"a","swipes":[' + b'"",' * 100_000 + b'"b"]}')
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "data",
    [
        b'{"spec": "chara_card_v2", "data": {"name": "Ada", "first_mes": "You again."}}',
        b'{"name": "Ada", "description": "", "first_mes": "You again."}',
        b'{"entries": {"0": {"key": ["wheel"], "content": "It turns."}}}',
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17) + b"\0\0\0\x09tEXtchara\0AA==",
    ],
)
def test_cards_are_named_with_a_way_to_play_them(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "ada.card"
    file.write_bytes(data)
    with pytest.raises(NoStoryError, match="dungeon play --scenario"):
        list(read_path(file))
