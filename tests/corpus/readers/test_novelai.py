"""NovelAI: the current text of stories of both editors, and the MessagePack of the new one."""

import base64
import contextlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.readers import msgpackr
from corpus.readers.novelai import FORMATS
from corpus.readers.novelai_document import NOVELAI_CLASSES, current_text
from corpus.readers.source import Source
from corpus.story import CONTEXT_ONLY, Story, StoryError
from corpus.text import printable

[FORMAT] = FORMATS

# Written by msgpackr itself, with the options and the extensions of NovelAI: see `test_story_of_the_new_editor`.
DOCUMENT = (
    "1BQA1HJAldZiAAACPsEIwQXBB8ENwQSGzGXUckGTwQTBBMEEAcHQ3oDMZkEBwReAzGdBAcErgMxoQQGggMxpQQHBHYDMakEBwRGAlsxlzGbMZ8"
    "xozGnMatQeANRyQpPBBMEHwQUBCIoB1B8A1HJDlMEGwQjBB8EE1AAA1HMAkgIDgcxl1HJEk8EEwQfBBQBBAcHQ3oDUAADX/wA9CQBpVbkAAtQf"
    "AEMB1HMAkgUGgsxmRABBAcEXgMxlzGdEAEEBwRKAzGbX/wB6EgBpVbkAA9QfAEMB1HMAkQSCzMlEAEEBwRSAzGXMykQAQQHBHYDMydf/ALcbAG"
    "lVuQAE1B8AQwPUcwCQgczK1HJFksEEwQQB1CgA1HJGkcEE1CkA1HJHkcEFkdRySJPBBMEGwQYdoMEL1/8A9CQAaVW5AAXUHwBDAtRzAJIHCYHM"
    "Z0UB1CgARtQpAEeRSBKgwRnX/wExLQBpVbkABtQfAEMC1HMAkIHMZ0UB1CgARtQpAEeRSBKgwQrX/wFuNgBpVbkAB9QfAEMF1HMAkggKg8xoRA"
    "BBAaCAzGfMaUQAQQHBHYDMaMxqRABBAcEPgMxp1/8Bqz8AaVW5AAjUHwBDB9RzAJCBzGpFAdQoAEbUKQBHkUgAwQbBCNf/AehIAGlVuQAJ1B8A"
    "QwXUcwCQgcxlRQHUKABG1CkAR5FIAMEJwQfX/wIlUQBpVbkACtQfAEMH1HMAkIHMa0QAQQHBFoDMatf/AmJaAGlVuQCBzGpFAdQoAEbUKQBHkU"
    "gRoMEMCdlIWW91IHN0YW5kIHVuZGVyIHRoZSBiZWxsIHRvd2VyLiDwn5SUWW91IHN0YW5kIHVuZGVyIHRoZSBiZWxsIHRvd2VyLiDwn5SU2gHv"
    "c2VjdGlvbnNvcmRlcmhpc3RvcnlkaXJ0eVNlY3Rpb25zc3RlcHR5cGV0ZXh0bWV0YT4gWW91IGNsaW1iIHRoZSBzdGFpcnMuVGhlIHN0ZXBzIG"
    "FyZSB3ZXQuIEEgYmF0IGZsdXR0ZXJzIHBhc3QgeW91Lj4gWW91IHNheSAiSXMgYW55Ym9keSB0aGVyZT8iVGhlIGJlbGwgYW5zd2Vycy5yb290"
    "Y3VycmVudG5vZGVzcGFyZW50Y2hpbGRyZW5jaGFuZ2VzZGF0ZXR5cGVzZWN0aW9uYWZ0ZXI+IFlvdSBjbGltYiB0aGUgc3RhaXJzLlRoZSBzdG"
    "VwcyBhcmUgd2V0Lj4gWW91IHJpbmcgdGhlIGJlbGwuSXQgaXMgY3JhY2tlZC4gSXQgbWFrZXMgbm8gc290eXBlZGlmZmRpZmZwYXJ0c2Zyb21k"
    "ZWxldGVpbnNlcnR1bmQgYXQgYWxsLiBBIGJhdCBmbHV0dGVycyBwYXN0IHlvdS4gWW91IHNsaXAuPiBZb3Ugc2F5ICJJcyBhbnlib2R5IHRoZX"
    "JlPyJOb2JvZHkgYW5zd2Vycy5Ob2JvZHlUaGUgYmVsbFlvdSBzdGFuZFlvdSBzaXRUcmllZCBiZWZvcmUgdGhlIGVkaXQuIEl0IGlzIGxhdGUu"
)


def container(**content: Any) -> dict[str, Any]:
    return {
        "storyContainerVersion": 1,
        "metadata": {"storyMetadataVersion": 1, "title": "The Bell Tower", "isTA": True},
        "content": {
            "storyContentVersion": 6,
            "context": [{"text": "It is winter."}, {"text": ""}],
            "lorebook": {"lorebookVersion": 5, "entries": [{"text": "The bell"}, {"text": "The bats"}]},
            **content,
        },
    }


def read(content: Any) -> Story:
    source = Source("bell.story", content if isinstance(content, bytes) else json.dumps(content).encode())
    assert FORMAT.looks_like(source)
    [story] = FORMAT.read(source)
    return story


def turns(story: Story) -> list[tuple[str, str, str]]:
    return [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()]


# ---- the new editor ------------------------------------------------------------------------------------------


def test_story_of_the_new_editor() -> None:
    story = read(container(document=DOCUMENT))
    assert story.title == "The Bell Tower"
    assert turns(story) == [
        ("It is winter.", "Continue", "You stand under the bell tower. 🔔"),
        ("You stand under the bell tower. 🔔", "You climb the stairs.", "The steps are wet. A bat flutters past you."),
        ("The steps are wet. A bat flutters past you.", 'You say "Is anybody there?"', "The bell answers. It is late."),
    ]
    actions = [action for node in make_graph(story).nodes.values() for action, _ in node.edges]
    assert 'You say "Is anybody there?"' in actions
    assert story.notes == ("Left out: 4 tried texts, 2 lorebook cards.",)


def test_memory_is_context_and_never_trained_on() -> None:
    story = read(container(document=DOCUMENT))
    assert story.passages[story.start].text == "It is winter."
    assert [passage.text for passage in story.passages.values() if CONTEXT_ONLY in passage.tags] == ["It is winter."]
    assert not any("It is winter." in example.target for example in edge_cover(make_graph(story), 4000))
    assert any("It is winter." in example.context for example in edge_cover(make_graph(story), 4000))


def packed(document: Any) -> str:
    return base64.b64encode(msgspec.msgpack.encode(document)).decode()


def sections(*texts: str) -> dict[int, Any]:
    return {n: {"type": 1, "text": text} for n, text in enumerate(texts, 1)}


def created(text: str, after: Any = None) -> dict[str, Any]:
    return {"type": 0, "section": {"type": 1, "text": text}, "after": after}


def changed(*parts: tuple[int, str, str]) -> dict[str, Any]:
    return {"type": 1, "diff": {"parts": [{"from": n, "delete": old, "insert": new} for n, old, new in parts]}}


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        ({}, ["One.", "Two."]),
        ({9: created("Nine.")}, ["One.", "Two.", "Nine."]),
        ({9: created("Nine.", 0), 8: created("Eight.", 0)}, ["Eight.", "Nine.", "One.", "Two."]),
        ({9: created("Nine.", 1), 8: created("Eight.", 1)}, ["One.", "Eight.", "Nine.", "Two."]),
        ({9: created("Nine.", 8), 8: created("Eight.", 1)}, ["One.", "Eight.", "Nine.", "Two."]),
        ({1: changed((0, "One", "1"), (0, ".", "!"))}, ["1!", "Two."]),
        ({1: changed((3, "", " more"))}, ["One more.", "Two."]),
        ({1: {"type": 2}}, ["Two."]),
        ({1: {"type": 2}, 9: created("Nine.", 1)}, ["Nine.", "Two."]),
        ({1: {"type": 1, "diff": {"diff": {"to": {"type": 1, "text": "New."}}}}}, ["New.", "Two."]),
        ({1: {"type": 1, "diff": {"to": {"type": 2}}}}, ["Two."]),
    ],
    ids=range(11),
)
def test_unsaved_steps_are_applied(steps: Any, lines: list[str]) -> None:
    text = current_text({"sections": sections("One.", "Two."), "order": [1, 2], "dirtySections": steps})
    assert text.split("\n") == lines


def test_document_with_pictures_and_without_history() -> None:
    document = {"sections": {**sections("A.", "B."), 3: {"type": 2}}, "order": [1, 3, 2], "history": None}
    assert turns(read(container(document=packed(document)))) == [("It is winter.", "Continue", "A.\n\nB.")]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("!!", "can't be read"),
        (base64.b64encode(b"\xd4\x14\x00\x81").decode(), "can't be read: it is incomplete"),
        (packed([1]), "its structure is unknown"),
        (packed({"order": [1], "sections": {}}), "its structure is unknown"),
        (packed({"order": [1, 1], "sections": sections("A.")}), "a section occurs twice"),
        (packed({"order": [], "sections": {}, "dirtySections": {1: {"type": 7}}}), "can't be read"),
        (
            packed({"order": [1], "sections": sections("A."), "dirtySections": {1: changed((0, "B", ""))}}),
            "does not fit",
        ),
        (
            packed({"order": [], "sections": {}, "dirtySections": {1: created("A.", 2), 2: created("B.", 1)}}),
            "does not exist",
        ),
        (base64.b64encode(b"\x92" * 200).decode(), "too deeply nested"),
        (base64.b64encode(b"\xdd\xff\xff\xff\xff" + b"\xc0" * 1_200_000).decode(), "it has too many"),
        (base64.b64encode(b"\xd4\x99\x00\xc0").decode(), "unknown extension, 153"),
        (base64.b64encode(b"\x81\x90\xc0").decode(), "a name in it is not a text or number"),
    ],
    ids=range(12),
)
def test_error_for_a_broken_document(document: str, message: str) -> None:
    with pytest.raises(StoryError, match=message) as error:
        read(container(document=document))
    assert "bell.story" in str(error.value)


# ---- MessagePack ---------------------------------------------------------------------------------------------

# The same value with bundled texts, without records, and with records.
PACKED = (
    (
        "1HJAltZiAAAAZsEEoW7BBKNtYXCjc2V0wQTBDZsB+8xAzQEszgABEXDR/zjLP/gAAAAAAADLQm0alKIAAADDwNQAAJPUckGSoXiheQHBBU"
        "ECwRlBA8H0ggGjb25loWuQ1HMAkaFh1v8AAAAAscWBw7Nkxbog8J+UlCBiZWxs2TduYW1lc2FtZW1hZGVBZGEgdGhlIGRpdmVyc2hvcnRs"
        "b25nIGVub3VnaCB0byBiZSBidW5kbGVk"
    ),
    (
        "3gAGpG5hbWWtQWRhIHRoZSBkaXZlcqFumwH7QM0BLM4AARFw0f84yz/4AAAAAAAAy0JtGpSiAAAAw8DUAACkc2FtZZPeAAKheAGheaVzaG"
        "9ydN4AAqF4AqF5uWxvbmcgZW5vdWdoIHRvIGJlIGJ1bmRsZWTeAAKheAOhebHFgcOzZMW6IPCflJQgYmVsbKNtYXCCAaNvbmWha5Cjc2V0"
        "kaFhpG1hZGXW/wAAAAA="
    ),
    (
        "1HJAlqRuYW1loW6kc2FtZaNtYXCjc2V0pG1hZGWtQWRhIHRoZSBkaXZlcpsB+8xAzQEszgABEXDR/zjLP/gAAAAAAADLQm0alKIAAADDwN"
        "QAAJPUckGSoXiheQGlc2hvcnRBArlsb25nIGVub3VnaCB0byBiZSBidW5kbGVkQQOxxYHDs2TFuiDwn5SUIGJlbGyCAaNvbmWha5CRoWHW"
        "/wAAAAA="
    ),
)


@pytest.mark.parametrize("packed", PACKED, ids=["bundled", "maps", "records"])
def test_output_of_msgpackr(packed: str) -> None:
    value = msgpackr.decode(base64.b64decode(packed))
    assert msgpackr.text(value["same"][2].pop("y")) == "Łódź 🔔 bell"
    assert value == {
        "name": "Ada the diver",
        "n": [1, -5, 64, 300, 70000, -200, 1.5, 1e12, True, None, None],
        "same": [{"x": 1, "y": "short"}, {"x": 2, "y": "long enough to be bundled"}, {"x": 3}],
        "map": {1: "one", "k": []},
        "set": ["a"],
        "made": None,
    }


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text() | st.integers(0, 300), inner, max_size=20),
    max_leaves=40,
)


@given(PLAIN)
def test_plain_messagepack(value: Any) -> None:
    def text(value: Any) -> Any:
        if isinstance(value, dict):
            return {text(key): text(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [text(inner) for inner in value]
        return msgpackr.text(value) if isinstance(value, str) else value

    assert text(msgpackr.decode(msgspec.msgpack.encode(value))) == value


@given(st.text())
def test_utf_16_units(text: str) -> None:
    assert len(msgpackr.units(text)) == len(text.encode("utf-16-le")) // 2
    assert msgpackr.text(msgpackr.units(text)) == text


@given(st.binary(max_size=80) | st.binary(max_size=12).map(lambda data: base64.b64decode(DOCUMENT)[:30] + data))
def test_any_bytes_are_a_value_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        msgpackr.decode(data, NOVELAI_CLASSES)


# ---- the old editor ------------------------------------------------------------------------------------------


def test_story_of_the_old_editor() -> None:
    steps = [{"prevBlock": before, "startIndex": 0, "dataFragment": {"data": "Once."}} for before in (-1, 0, 1, 1, 2)]
    fragments = [
        {"data": "You stand at the mill.", "origin": "prompt"},
        {"data": "\n> You go in.\n", "origin": "user"},
        {"data": "Flour ", "origin": "ai"},
        {"data": "everywhere.", "origin": "edit"},
    ]
    story = read(container(story={"fragments": fragments, "datablocks": steps, "currentBlock": 4}))
    assert turns(story) == [
        ("It is winter.", "Continue", "You stand at the mill."),
        ("You stand at the mill.", "You go in.", "Flour everywhere."),
    ]
    assert story.notes == ("Left out: 1 tried text, 2 lorebook cards.",)


def test_story_of_the_old_editor_without_steps() -> None:
    story = read(container(story={"fragments": [{"data": "A.\nB.\n> go\nC."}]}, document="", context=None))
    assert turns(story) == [("A.\n\nB.", "go", "C.")]


# ---- malformed and hostile input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"scenarioVersion": 2, "title": "A", "prompt": "You are ${name}."}, "is a scenario"),
        ({"storyContainerVersion": 1, "metadata": {}}, "There is no text in"),
        (container(), "There is no text in"),
        (container(story={"fragments": []}), "has no story text yet"),
        (container(story={"fragments": [{"data": 1}]}), r"at `\$.content.story.fragments\[0\].data`"),
        (b'{"storyContainerVersion": 1, "content": {"story"', "damaged or incomplete"),
    ],
    ids=range(6),
)
def test_error_for_a_file_without_a_story(content: Any, message: str) -> None:
    with pytest.raises(StoryError, match=message):
        read(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
WORDS = st.text(st.sampled_from('\n>." aB🔔'), max_size=12)
PART = st.fixed_dictionaries({"from": st.integers(-1, 4), "delete": st.just("") | WORDS, "insert": WORDS}) | JSON
STEP = (
    st.fixed_dictionaries(
        {"type": st.integers(0, 3)},
        optional={
            "section": st.fixed_dictionaries({"type": st.integers(0, 2), "text": WORDS | JSON}) | JSON,
            "after": st.integers(0, 5) | JSON,
            "diff": st.fixed_dictionaries({"parts": st.lists(PART, max_size=2)}) | JSON,
        },
    )
    | JSON
)
STEPS = st.dictionaries(st.integers(1, 5), STEP, max_size=3) | JSON
ODD_DOCUMENT = st.fixed_dictionaries(
    {
        "sections": st.dictionaries(
            st.integers(1, 4), st.fixed_dictionaries({"type": st.integers(0, 2), "text": WORDS}) | JSON, max_size=4
        )
        | JSON,
        "order": st.lists(st.integers(1, 4), unique=True, max_size=4) | JSON,
    },
    optional={
        "dirtySections": STEPS,
        "history": st.fixed_dictionaries(
            {"nodes": st.dictionaries(st.integers(1, 4), st.fixed_dictionaries({"parent": JSON}) | JSON, max_size=4)}
        )
        | JSON,
    },
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "document": ODD_DOCUMENT.map(packed) | JSON,
        "story": st.fixed_dictionaries(
            {"fragments": st.lists(st.fixed_dictionaries({"data": WORDS}), max_size=3)},
            optional={"datablocks": st.lists(st.fixed_dictionaries({"prevBlock": st.integers(-1, 5)})) | JSON},
        )
        | JSON,
        "context": JSON,
        "lorebook": JSON,
    },
)


@given(ODD)
def test_malformed_story(content: Any) -> None:
    check(json.dumps({"storyContainerVersion": 1, "content": content}).encode())


@given(st.binary(max_size=60) | st.text('{}[]",:\\ua1e', max_size=40).map(str.encode))
def test_any_bytes_after_a_valid_beginning(rest: bytes) -> None:
    check(b'{"storyContainerVersion":1,"content":{"story":' + rest)


def check(data: bytes) -> None:
    source = Source("a.story", data)
    assert FORMAT.looks_like(source)
    try:
        [story] = FORMAT.read(source)
    except StoryError as error:
        assert str(error) == printable(str(error))
        return
    assert not story.dangling()
    assert story.reachable() == story.passages.keys()
    assert all(note == printable(note) for note in story.notes)


@pytest.mark.usefixtures("untraced")
def test_hostile_stories_are_read_quickly() -> None:
    chain = {n: created("A", n + 1) for n in range(1, 20_000)} | {20_000: created("A", 0)}
    jump = b"\xd6b" + (6).to_bytes(4, "big")
    start = time.process_time()
    for document in (
        packed({"sections": {}, "order": [], "dirtySections": chain}),
        base64.b64encode(jump * 50_000 + b"\xdb\x00\x10\x00\x00" + b"a" * 2**20).decode(),
        base64.b64encode(b"\xd4\x72\x40\xdc\xff\xff" + b"\xa1a" * 65535 + b"\x40" * 300_000).decode(),
    ):
        check(json.dumps(container(document=document)).encode())
    assert time.process_time() - start < 10
