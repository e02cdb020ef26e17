"""KoboldAI: old saves with retries, version 2 of United, and the modes and branches of Lite."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.graph import make_graph
from corpus.readers.kobold import FORMATS
from corpus.readers.source import Source
from corpus.story import Story, StoryError
from corpus.text import printable

[FORMAT] = FORMATS

SAVE = {
    "gamestarted": True,
    "prompt": "The kitchen of the inn is dark. Something moves behind the",
    "memory": "Mira is a cook.",
    "authorsnote": "",
    "anotetemplate": "[Author's note: <|>]",
    "actions": [
        " stove. It is the cat.",
        "\n\n> You light a candle\n",
        "The cat yawns. <|a comment|>It is",
        " hungry.\n",
    ],
    "actions_metadata": {},
    "worldinfo": [{"key": "cat", "keysecondary": "", "content": "It is called Soot.", "selective": False}],
    "wifolders_d": {},
    "wifolders_l": [],
}


def read(content: Any, name: str = "inn.json") -> Story:
    source = Source(name, content if isinstance(content, bytes) else json.dumps(content).encode())
    assert FORMAT.looks_like(source)
    [story] = FORMAT.read(source)
    return story


def texts(story: Story) -> list[str]:
    return [passage.text for passage in story.passages.values()]


def turns(story: Story) -> list[tuple[str, str, str]]:
    return [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()]


def option(text: str, **fields: bool) -> dict[str, Any]:
    return {"Text": text, "text": text, "Pinned": False, "Previous Selection": False, "Edited": False, **fields}


def test_turns_of_a_save() -> None:
    story = read(SAVE)
    assert story.title == "inn"
    assert turns(story) == [
        ("The kitchen of the inn is dark.", "Continue", "Something moves behind the stove. It is the cat."),
        ("Something moves behind the stove. It is the cat.", "You light a candle", "The cat yawns."),
        ("The cat yawns.", "Continue", "It is hungry."),
    ]
    edges = [action for node in make_graph(story).nodes.values() for action, _ in node.edges]
    assert edges == ["", "You light a candle.", ""]
    assert story.notes == ("Left out: 1 memory, 1 world info card.",)


def test_first_text_is_the_opening_without_a_prompt() -> None:
    story = read({"gamestarted": True, "prompt": "", "actions": ["", "It rains.", "\n\n> go out\n\n", "You are wet."]})
    assert turns(story) == [("It rains.", "go out", "You are wet.")]


def test_retries_are_siblings_and_undone_turns_continue() -> None:
    metadata = {
        "7": {"Selected Text": " stove.", "Alternative Text": []},
        "0": {"Selected Text": "", "Alternative Text": [option("Deleted.", **{"Previous Selection": True})]},
        "9": {"Selected Text": "> sit\n", "Alternative Text": []},
        "12": {
            "Selected Text": "You sit.",
            "Alternative Text": [
                option("The chair breaks.", **{"Previous Selection": True}),
                option("You sitt.", Edited=True),
                option("You sit."),
            ],
        },
        "13": {"Selected Text": "", "Alternative Text": [option("\n> sleep\n", **{"Previous Selection": True})]},
        "14": {
            "Selected Text": "",
            "Alternative Text": [
                option("You snore.", **{"Previous Selection": True}),
                option("You dream.", Pinned=True),
            ],
        },
        "x": {},
    }
    story = read(
        {
            "gamestarted": True,
            "prompt": "A",
            "actions": [" stove.", "> sit\n", "You sit."],
            "actions_metadata": metadata,
        }
    )
    assert turns(story) == [
        ("A stove.", "sit", "The chair breaks."),
        ("A stove.", "sit", "You sit."),
        ("You sit.", "sleep", "You snore."),
        ("You sit.", "sleep", "You dream."),
    ]
    assert story.notes == ("Left out: 1 deleted text, 1 earlier wording.",)


def test_save_of_version_2() -> None:
    places = {
        "10": {"Selected Text": "", "Options": [option("It grins.", **{"Previous Selection": True})]},
        "0": {"Selected Text": "\n> You knock\n", "Options": []},
        "1": {"Selected Text": "Nobody.", "Options": [option("A dog."), option("Nobodyy.", Edited=True)]},
        "2": {"Selected Text": "\n\nIt grows late.", "Options": []},
    }
    save = {
        "story_name": "The Door",
        "file_version": 2,
        "prompt": "A door with a face.",
        "actions": {"action_count": 2, "actions": places},
        "worldinfo_v2": {"entries": {}, "folders": {}},
        "odd": "base64:gASVCg==",
    }
    story = read(save)
    assert story.title == "The Door"
    assert turns(story) == [
        ("A door with a face.", "You knock", "A dog."),
        ("A door with a face.", "You knock", "Nobody."),
        ("Nobody.", "Continue", "It grows late."),
        ("It grows late.", "Continue", "It grins."),
    ]


# ---- Lite ----------------------------------------------------------------------------------------------------


def lite(prompt: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"gamestarted": True, "prompt": prompt, "actions": list(actions), "actions_metadata": {}, **more}


def test_branches_of_lite() -> None:
    save = lite(
        "A fork in the road.",
        "\n\n> go left (Rolled 1d20+0=15/20, Outcome: Good)\n\n",
        "A mill.[<|p|abc|p|>]",
        altbranches=[
            None,
            ["A fork in the road.", "\n\n> go right\n\n", "A swamp."],
            ["Another story."],
            [],
        ],
    )
    story = read(save)
    assert [(before, after) for before, _, after in turns(story)] == [
        ("A fork in the road.", "A mill."),
        ("A fork in the road.", "A swamp."),
    ]
    assert [action for action, _ in make_graph(story).nodes["Opening"].edges] == ["You go left.", "You go right."]
    assert story.notes == ("Left out: 1 other opening.",)


def test_instruct_mode_of_lite() -> None:
    save = lite(
        "{{[SYSTEM]}}Be brief.{{[INPUT]}}Tell me of the sea.{{[OUTPUT]}}",
        "It is deep.",
        "\n{{[INPUT]}}\nDive in\n{{[OUTPUT]}}\n",
        "It is cold.",
    )
    story = read(save)
    assert [(label, after) for _, label, after in turns(story)] == [
        ("Tell me of the sea.", "It is deep."),
        ("Dive in", "It is cold."),
    ]
    assert story.notes == ("Left out: 1 system message.",)


def test_chat_mode_of_lite() -> None:
    save = lite(
        "The tavern is loud.",
        "\nAda: Where is the bard?\nBram:",
        " On the roof. He sings",
        " badly.\nIda: Very.\nAda: I climb up.",
        savedsettings={"opmode": 3, "chatname": "Ada", "chatopponent": "Bram||$||Ida"},
    )
    story = read(save)
    assert texts(story) == ["The tavern is loud.", "On the roof.", "He sings badly.", "Very."]
    assert turns(story)[0][1] == "Where is the bard?"
    assert story.notes == ("Left out: 1 unanswered action.",)


# ---- malformed and hostile input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"gamestarted": true, "prompt": "A.", "actions": ["b"', "damaged or incomplete"),
        (b'{"gamestarted": true, "prompt": "", "actions": []}', "has no story text yet"),
        (b'{"gamestarted": true, "prompt": 1}', r"Expected `str \| null`, got `int` - at `\$.prompt`"),
        (b'{"gamestarted": true, "prompt": "A.", "actions": [["b"]]}', r"at `\$.actions\[0\]`"),
        (b'{"gamestarted": true, "prompt": "caf\xe9"}', "inn.json:1: this is not UTF-8"),
        (b'{"gamestarted": true, "prompt": "A.", "actions": "' + b"," * 4_000_000 + b'"}', "too many values for a"),
    ],
    ids=range(6),
)
def test_error_for_a_broken_save(content: bytes, message: str) -> None:
    with pytest.raises(StoryError, match=message) as error:
        read(content)
    assert "inn.json" in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"file_version": 2, "prompt": "A"}',
        b'{"name": "gamestarted"}',
        b"PK\x03\x04",
        b"\x80\x04\x95",
    ],
)
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert not FORMAT.looks_like(Source("a.json", content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
TEXT = (
    st.text(st.sampled_from('\n>." aB<|p|>{[]}:You'), max_size=30)
    | st.sampled_from(["{{[INPUT]}}go", "You: hi"])
    | JSON
)
OPTION = st.fixed_dictionaries({"Text": TEXT, "Edited": st.booleans() | JSON}) | JSON
PLACE = (
    st.fixed_dictionaries({"Selected Text": TEXT}, optional={"Alternative Text": st.lists(OPTION), "Options": JSON})
    | JSON
)
ODD = st.fixed_dictionaries(
    {"gamestarted": st.booleans() | JSON},
    optional={
        "prompt": TEXT,
        "actions": st.lists(TEXT, max_size=5)
        | st.fixed_dictionaries(
            {"action_count": st.integers(-3, 5)},
            optional={"actions": st.dictionaries(st.sampled_from(["0", "1", "2", "²", "-1"]), PLACE)},
        )
        | JSON,
        "actions_metadata": st.dictionaries(st.sampled_from(["0", "1", "٣", "x"]), PLACE) | st.lists(PLACE) | JSON,
        "altbranches": st.lists(st.lists(TEXT, max_size=3) | st.none(), max_size=3) | JSON,
        "savedsettings": st.fixed_dictionaries({"opmode": st.integers(1, 4)}, optional={"chatname": TEXT}) | JSON,
        "memory": JSON,
        "worldinfo": JSON,
    },
)


@given(ODD)
def test_malformed_save(content: Any) -> None:
    check(json.dumps(content).encode())


@given(st.binary(max_size=60) | st.text('{}[]",:\\ua1e', max_size=40).map(str.encode))
def test_any_bytes_after_a_valid_beginning(rest: bytes) -> None:
    check(b'{"gamestarted":true,"prompt":"A.","actions":' + rest)


def check(data: bytes) -> None:
    source = Source("a.json", data)
    if not FORMAT.looks_like(source):
        return
    try:
        [story] = FORMAT.read(source)
    except StoryError as error:
        assert str(error) == printable(str(error))
        return
    assert not story.dangling()
    assert story.reachable() == story.passages.keys()


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "data",
    [
        b'{"gamestarted":1,"prompt":"A.","actions":[' + b'"a",' * 20_000 + b'"b"]}',
        b'{"gamestarted":1,"prompt":"A.","actions":["' + b"<|" * 200_000 + b"[<|p|" * 100_000 + b'"]}',
        b'{"gamestarted":1,"prompt":"A.","actions":["' + b"\\n> " * 100_000 + b'"]}',
        b'{"gamestarted":1,"prompt":"A.","actions":["' + b"\\n\\n\\n \\n" * 100_000 + b'x","y"]}',
        b'{"gamestarted":1,"prompt":"A.","actions":["' + b"{{[INPUT]}}" * 50_000 + b'"]}',
    ],
    ids=["many", "comments", "marks", "blank lines", "inputs"],
)
def test_hostile_saves_are_read_quickly(data: bytes) -> None:
    start = time.process_time()
    check(data)
    assert time.process_time() - start < 5
