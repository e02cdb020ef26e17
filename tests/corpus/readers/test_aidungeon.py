"""AI Dungeon: the kinds of exports, undone turns, saves of 2019 and of Clover, and scraped trees."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.readers import aidungeon, scraped
from corpus.readers.source import Source
from corpus.story import UNFINISHED, Story, StoryError
from corpus.text import printable

FORMATS = (*scraped.FORMATS, *aidungeon.FORMATS)

TURNS = [
    {"text": "You are Ada, a diver.\nThe bell hangs below you.", "type": "story"},
    {"text": "\n> You swim to the bell.\n", "type": "do"},
    {"text": "It is green with age. A fish looks at", "type": "continue"},
    {"text": " you and turns.\n", "type": "continue"},
    {"text": '\n> You say "Who rang?"\n', "type": "say"},
    {"text": "\nBubbles rise.", "type": "continue"},
    {"text": " A shadow passes over the sand.", "type": "story"},
    {"text": "\n> You see a drowned bell.", "type": "see"},
]
ADVENTURE = {
    "publicId": "c0ffee",
    "title": "The Drowned Bell",
    "description": "A dive.",
    "tags": ["sea"],
    "memory": "Ada is a diver.",
    "authorsNote": "Slow and quiet.",
    "actions": TURNS,
    "worldInfo": [{"keys": "bell", "entry": "It rings at low tide."}, {"keys": "fish", "entry": "They listen."}],
}
TEXTS = [
    "You are Ada, a diver.\n\nThe bell hangs below you.",
    "It is green with age.",
    "A fish looks at you and turns.",
    "Bubbles rise.",
    "A shadow passes over the sand.",
]


def read(content: Any, name: str = "bell.json") -> list[Story]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    source = Source(name, data)
    [story_format] = [story_format for story_format in FORMATS if story_format.looks_like(source)]
    return list(story_format.read(source))


def texts(story: Story) -> list[str]:
    return [passage.text for passage in story.passages.values()]


def turns(story: Story) -> list[tuple[str, str, str]]:
    """Return each turn as the text before it, its label, and the text that answers."""
    return [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()]


def actions(story: Story) -> list[str]:
    return [action for node in make_graph(story).nodes.values() for action, _ in node.edges]


# ---- exports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        ADVENTURE,
        [ADVENTURE],
        {"stories": [ADVENTURE], "scenarios": []},
        {"data": {"adventure": {**ADVENTURE, "actionWindow": TURNS, "actions": None}, "adventureState": {"id": "1"}}},
        {"adventure": ADVENTURE},
        json.dumps(ADVENTURE, indent=1).encode("utf-8-sig"),
        json.dumps(ADVENTURE).encode("utf-16"),
    ],
    ids=["one", "list", "stories", "server's answer", "wrapped", "marked", "utf-16"],
)
def test_adventures_of_each_export(content: Any) -> None:
    [story] = read(content)
    assert (story.title, story.rights, story.source) == ("The Drowned Bell", "unknown", "bell.json")
    assert texts(story) == TEXTS
    assert actions(story) == ["You swim to the bell.", "", 'You say "Who rang?"', ""]
    assert story.notes == ("Left out: 1 picture, 1 memory, 1 author's note, 2 story cards.",)


def test_each_adventure_with_turns_is_a_story() -> None:
    without_prose = {**ADVENTURE, "actions": [{"text": "> look", "type": "do"}]}
    stories = read([ADVENTURE, without_prose, {**ADVENTURE, "title": None}, None])
    assert [story.title for story in stories] == ["The Drowned Bell", "bell"]


def test_action_without_a_prompt_sign() -> None:
    written = [{"text": "A hall.", "type": "story"}, {"text": "Open the chest", "type": "do"}, {"text": "Gold."}]
    [story] = read({"memory": "", "actions": written})
    assert turns(story) == [("A hall.", "Open the chest", "Gold.")]


def times(*stamps: tuple[str, str | None, str | None]) -> dict[str, Any]:
    found = [
        {
            "text": text,
            "type": "continue",
            "createdAt": f"2026-01-01T00:0{n}:00Z",
            "undoneAt": undone,
            "deletedAt": deleted,
        }
        for n, (text, undone, deleted) in enumerate(stamps)
    ]
    return {"publicId": "x", "actionWindow": found}


def test_undone_turns_are_branches_and_deleted_turns_are_left_out() -> None:
    minute = "2026-01-01T00:0{}:30Z"
    export = times(
        ("A hall.", None, None),
        ("First try.", minute.format(2), None),
        ("After the first try.", minute.format(2), None),
        ("Second try.", minute.format(3), None),
        ("Erased.", None, "2026-01-01T00:09:00Z"),
        ("Third try.", None, None),
        ("The end of it.", None, None),
    )
    for window in (export["actionWindow"], export["actionWindow"][::-1]):
        [story] = read({**export, "actionWindow": window})
        assert [(before, after) for before, _, after in turns(story)] == [
            ("A hall.", "First try."),
            ("A hall.", "Second try."),
            ("A hall.", "Third try."),
            ("First try.", "After the first try."),
            ("Third try.", "The end of it."),
        ]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"actions": [{"text": "Fetch"}]},
        [{"keys": "bell", "value": "It rings.", "type": "thing"}],
        {"data": {"scenario": {"title": "A", "prompt": "You are ${name}.", "memory": ""}}},
        {"memory": "", "actions": [{"text": 1}]},
        {"name": "x", "actions": {"text": "y"}},
        b'{"memory": "", "actions": [{"text": "cut off',
        b'[{"actions": [{"text": "',
    ],
)
def test_other_json_is_not_recognised(content: Any) -> None:
    source = Source("a.json", content if isinstance(content, bytes) else json.dumps(content).encode())
    assert not any(story_format.looks_like(source) for story_format in FORMATS)


# ---- saves of 2019 -------------------------------------------------------------------------------------------

SAVE: dict[str, Any] = {
    "story_start": "You are a wizard. You wake in a ditch.",
    "seed": None,
    "actions": ["\n> You stand up.\n", 'You say "Hello?"', "\n> You run.\n"],
    "results": ["The road is empty.", "A crow answers.", ""],
    "choices": [],
    "possible_action_results": None,
    "game_state": {},
    "context": "You are a wizard.",
    "uuid": "0b1e",
    "rating": -1,
}


def test_save_of_2019() -> None:
    [story] = read(SAVE, "story0b1e.json")
    assert story.title == "story0b1e"
    assert (
        turns(story)
        == [
            ("You are a wizard. You wake in a ditch.", "You stand up.", "The road is empty."),
            ("The road is empty.", 'You say "Hello?"', "A crow answers."),
        ]
        or turns(story)[1][1] == '"Hello?"'
    )
    assert actions(story) == ["You stand up.", 'You say "Hello?"']
    assert story.notes == ("Left out: 1 memory, 1 unanswered action.",)


def test_offered_choices_are_siblings() -> None:
    offered = [["You go left.", "A wall."], ["You go right.", "A door."], ["?"]]
    [story] = read({**SAVE, "actions": [], "results": [], "possible_action_results": offered})
    assert [label for _, label, _ in turns(story)] == ["You go left.", "You go right."]


def test_save_of_clover() -> None:
    save = {
        "temp": 0.4,
        "context": "You are a spy.",
        "memory": ["The train is late."],
        "actions": ["You wait on the platform", "You look around.", ""],
        "results": [", watching the clock.", "A man waves.", "He comes closer."],
    }
    [story] = read(save)
    assert texts(story) == [
        "You are a spy. You wait on the platform, watching the clock.",
        "A man waves.",
        "He comes closer.",
    ]
    assert actions(story) == ["You look around.", ""]
    assert story.notes == ("Left out: 1 memory.",)


# ---- scraped trees -------------------------------------------------------------------------------------------


def scraped_turn(action: str, result: str, *following: Any) -> dict[str, Any]:
    return {"action": action, "result": result, "action_results": list(following)}


TREE = {
    "tree_id": "http://example.org/viewer?StoryId=7",
    "context": "",
    "first_story_block": "A gate.\nIt is open.",
    "action_results": [
        scraped_turn("Go in", "A yard.", scraped_turn("Ring the bell", "It rings. The end."), None, None),
        scraped_turn("Go away", "A road.", None),
        scraped_turn("Go in", "A yard.", scraped_turn("Sit down", "Grass.")),
    ],
}


def test_scraped_tree() -> None:
    [story] = read(TREE, "story7.json")
    assert story.title == "story7"
    assert story.passages["Opening"].text == "A gate.\n\nIt is open."
    assert [(label, after) for _, label, after in turns(story)] == [
        ("Go in", "A yard."),
        ("Go away", "A road."),
        ("Ring the bell", "It rings. The end."),
        ("Sit down", "Grass."),
    ]
    assert story.notes == ("Choices that led to known passages were lost by the scraper: 3.",)
    unfinished = [passage.text for passage in story.passages.values() if UNFINISHED in passage.tags]
    assert unfinished == ["A road."]


@pytest.mark.parametrize("depth", [400, 3000])
def test_deep_trees(depth: int) -> None:
    text = "".join(f'{{"action":"Go on {n}","result":"Step {n}.","action_results":[' for n in range(depth))
    data = f'{{"tree_id":"deep","first_story_block":"A road.","action_results":[{text}{"]}" * (depth + 1)}'
    [story] = read(data.encode())
    assert (story.title, len(story.passages)) == ("deep", depth + 1)
    assert sum(len(example.target) > 0 for example in edge_cover(make_graph(story), 400)) > 10


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{"tree_id": "a", "first_story_block": "A.", "action_results": [',
            "damaged or incomplete: Expecting value: line 1",
        ),
        (b'{"tree_id": "a", "action_results": []}', "has no story text yet"),
        (b'{"tree_id": 1, "first_story_block": ["A"]}', '"first_story_block" is not a text'),
        (b'{"tree_id": "a", "first_story_block": "A.", "action_results": [1]}', "something else than choices"),
        (b'{"tree_id": "a", "first_story_block": "A.", "action_results": {"a": 1}}', "is not a list"),
        (b'{"tree_id": "a", "first_story_block": "A.", "action_results": [{"action": []}]}', '"action" is not a text'),
        (b'{"tree_id": "a"} x', "Extra data"),
        (b'{"tree_id": "caf\xe9"}', "is not UTF-8"),
        (b'{"tree_id": [' + b"1," * 600_000, "more than 500,000 values"),
        (
            b'{"story_start": "A.", "actions": ["a"], "results": [1]}',
            "Expected `str | null`, got `int` - at `$.results",
        ),
        (b'{"story_start": "A.", "actions": ["a"', "damaged or incomplete"),
        (b'{"story_start": ' + b"[" * 100_000, "damaged or incomplete|deeply nested|Expected `str`"),
        (b'{"story_start": "", "actions": [], "results": []}', "has no story text yet"),
        (b'{"story_start": "\xff"}', "is not UTF-8"),
    ],
    ids=range(14),
)
def test_error_for_a_broken_file(content: bytes, message: str) -> None:
    with pytest.raises(StoryError, match=message) as error:
        read(content)
    assert "bell.json" in str(error.value)


# ---- malformed and hostile input -----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ODD_TEXT = st.text(max_size=30) | JSON
ODD_TURN = st.fixed_dictionaries(
    {},
    optional={
        "text": ODD_TEXT,
        "type": st.sampled_from(["do", "say", "story", "continue", "see", "repeat"]) | JSON,
        "createdAt": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 5]) | JSON,
        "undoneAt": st.sampled_from(["2026-01-01T12:00:00Z", None]) | JSON,
        "deletedAt": st.none() | JSON,
    },
)
ODD_ADVENTURE = st.fixed_dictionaries(
    {},
    optional={
        "title": ODD_TEXT,
        "memory": JSON,
        "authorsNote": JSON,
        "worldInfo": JSON,
        "actions": st.lists(ODD_TURN, max_size=5) | JSON,
        "actionWindow": st.lists(ODD_TURN, max_size=5) | JSON,
    },
)
ODD_TREE = st.recursive(
    st.fixed_dictionaries({}, optional={"action": ODD_TEXT, "result": ODD_TEXT, "action_results": JSON}) | JSON,
    lambda inner: st.fixed_dictionaries(
        {"action": st.text(max_size=10)},
        optional={"result": ODD_TEXT, "action_results": st.lists(inner | st.none(), max_size=3)},
    ),
    max_leaves=8,
)
ODD = (
    ODD_ADVENTURE
    | st.lists(ODD_ADVENTURE | JSON, max_size=3)
    | st.fixed_dictionaries({"stories": st.lists(ODD_ADVENTURE, max_size=2) | JSON})
    | st.fixed_dictionaries({"data": st.fixed_dictionaries({"adventure": ODD_ADVENTURE}) | JSON})
    | st.fixed_dictionaries(
        {"story_start": ODD_TEXT},
        optional={
            "actions": st.lists(ODD_TEXT, max_size=4) | JSON,
            "results": st.lists(ODD_TEXT, max_size=4) | JSON,
            "possible_action_results": st.lists(st.lists(ODD_TEXT, max_size=3), max_size=3) | JSON,
        },
    )
    | st.fixed_dictionaries({"tree_id": ODD_TEXT, "first_story_block": ODD_TEXT, "action_results": st.lists(ODD_TREE)})
)


@given(ODD)
def test_malformed_adventure(content: Any) -> None:
    check(json.dumps(content).encode())


@given(
    st.sampled_from(
        [b'{"tree_id":', b'{"story_start":"A.","actions":', b'{"memory":1,"actions":[{"text":', b'[{"text":"actions"']
    ),
    st.binary(max_size=60) | st.text('{}[]",:\\ua1e', max_size=40).map(str.encode),
)
def test_any_bytes_after_a_valid_beginning(begin: bytes, rest: bytes) -> None:
    check(begin + rest)


def check(data: bytes) -> None:
    source = Source("a.json", data)
    for story_format in FORMATS:
        if story_format.looks_like(source):
            try:
                stories = list(story_format.read(source))
            except StoryError as error:
                assert str(error) == printable(str(error))
                continue
            for story in stories:
                assert story.start in story.passages
                assert not story.dangling()
                assert story.title == printable(story.title)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "data",
    [
        b'{"story_start":"A.","actions":[' + b'"",' * 100_000 + b'""],"results":[]}',
        b'{"story_start":"A.","actions":["a"],"results":["' + "é\\n> ".encode() * 50_000 + b'"]}',
        b'{"memory":0,"actions":[' + b'{"text":"a"},' * 30_000 + b'{"text":"b"}]}',
        b'{"tree_id":"a","first_story_block":"A.","action_results":[' + b"null," * 50_000 + b"null]}",
        b'{"tree_id":' + b"[" * 300_000,
        b'[{"actions":[{"text":"' + b"\\ud83d" * 100_000 + b'"}],"memory":1}]',
    ],
    ids=["empty actions", "one turn", "many turns", "nulls", "brackets", "half emoji"],
)
def test_hostile_files_are_read_quickly(data: bytes) -> None:
    start = time.process_time()
    check(data)
    assert time.process_time() - start < 5
