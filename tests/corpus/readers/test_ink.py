"""Ink: compiled stories, compared with the engine that plays them, sources, and broken and hostile stories."""

import contextlib
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bink.story
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers import ink, ink_engine
from corpus.readers.projects import groups
from corpus.readers.source import Source
from corpus.story import UNFINISHED, Story, StoryError

FOLDER = Path(__file__).parent / "ink"
FERRY, INN, TRAPS = (FOLDER / f"{name}.ink.json" for name in ("ferry", "inn", "traps"))
COMPILED, SOURCE = ink.FORMATS


def read(path: Path) -> Story:
    source = Source.of(path)
    assert COMPILED.looks_like(source)
    [story] = COMPILED.read(source)
    return story


def choices(story: Story, name: str) -> list[tuple[str, str]]:
    return [(choice.label, choice.target) for choice in story.passages[name].choices]


@pytest.fixture(scope="module")
def ferry() -> Story:
    return read(FERRY)


@pytest.fixture(scope="module")
def inn() -> Story:
    return read(INN)


def test_metadata_of_the_story(ferry: Story) -> None:
    assert (ferry.title, ferry.author, ferry.rights) == ("The Night Ferry", "The Dungeon developers", "CC0-1.0")
    # The quay's last gather needs all other choices to be gone, and one of them always stays.
    assert ferry.notes == ("Words that no play showed: 9 of 86 (10%), counted in longer lines.",)
    assert not ferry.dangling()
    assert ferry.reachable() == set(ferry.passages)


# What a player of the engine sees: a text without a repeated label, and the labels of its choices.
Seen = tuple[tuple[str, ...], tuple[str, ...]]


def plays(path: Path, number: int) -> Iterator[list[Seen]]:
    """Play a story by chance in the engine, as often as `number`."""
    runtime = bink.story.Story(path.read_text(encoding="utf-8-sig"))
    runtime.set_allow_external_function_fallbacks(True)
    if path == INN:
        runtime.bind_external_function("rooms_left", lambda _: 0)
    for seed in range(number):
        rng = random.Random(seed)
        runtime.reset_state()
        label = ""
        play = []
        for _ in range(30):
            lines = [line(text) for text in runtime.continue_maximally().split("\n") if text.strip()]
            offered = tuple(map(line, runtime.get_current_choices()))
            if label and lines[0].startswith(label):
                rest = lines[0].removeprefix(label).lstrip(" .")
                lines[:1] = [lines[0]] if rest[:1].islower() or rest[:1] == "," else filter(None, [rest])
            play.append((tuple(lines), offered))
            if not offered:
                break
            taken = rng.randrange(len(offered))
            label = offered[taken]
            runtime.choose_choice_index(taken)
        yield play


def line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("path", [FERRY, INN])
def test_every_line_and_choice_that_the_engine_shows_is_read(path: Path) -> None:
    story = read(path)
    shown = [seen for play in plays(path, 400) for seen in play]
    assert {text for lines, _ in shown for text in lines} <= {
        text for passage in story.passages.values() for text in passage.text.split("\n\n")
    }
    assert {label for _, labels in shown for label in labels} == {choice.label for _, choice in story.edges()}


@pytest.mark.parametrize("path", [FERRY, INN])
def test_every_passage_is_one_that_the_engine_shows(path: Path) -> None:
    shown = {seen for play in plays(path, 1500) for seen in play}
    for passage in read(path).passages.values():
        seen = tuple(filter(None, passage.text.split("\n\n"))), tuple(choice.label for choice in passage.choices)
        assert seen in shown


def test_no_choice_that_can_be_taken_once_is_taken_twice(inn: Story) -> None:
    once = {f"Ask about the {what}" for what in ("ford", "bed", "stranger", "price")} | {"Thank her"}
    stack: list[tuple[str, tuple[str, ...]]] = [(inn.start, ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while stack:
        name, taken = stack.pop()
        for label, target in choices(inn, name):
            assert label not in taken
            following = (target, tuple(sorted({*taken, label} & once)))
            if following not in seen:
                seen.add(following)
                stack.append(following)
    assert len(seen) > 50


def texts(story: Story) -> set[str]:
    return {passage.text for passage in story.passages.values()}


def test_a_divert_in_a_line_and_glue_continue_it(inn: Story) -> None:
    assert (
        inn.passages[inn.start].text
        == "Rain runs off the roof of the inn, and the door is locked. Somebody moves behind it."
    )
    assert '"It is dry," she says. "Mostly."' in texts(inn)


def test_variables_and_conditions_are_as_they_are_played(inn: Story) -> None:
    assert {"The stairs creak.", "The stairs creak. You owe 4 coins."} <= texts(inn)
    assert not any("You owe 0 coins" in text for text in texts(inn))
    awake = [passage for passage in inn.passages.values() if passage.text.startswith("He is counting your coins.")]
    for passage in awake:
        [(_, target)] = choices(inn, passage.name)
        assert inn.passages[target].text.startswith("You sleep with one eye open.")


def test_sequences_go_on_as_they_are_played(ferry: Story) -> None:
    yawns = ["yawns", "coughs", "is asleep"]
    here = ferry.start
    for yawn in [*yawns, "is asleep"]:
        assert ferry.passages[here].text.endswith(f"The ferryman {yawn}.")
        here = dict(choices(ferry, here))["Look at the water"]


def test_all_that_chance_can_show_is_read(ferry: Story) -> None:
    for dream in ("gulls", "herrings", "bells"):
        assert f"You sleep.\n\nYou dream of {dream}." in {text[: text.find(".", 12) + 1] for text in texts(ferry)}


def test_labels_are_not_repeated_in_the_text(inn: Story, ferry: Story) -> None:
    # Text in brackets is only in the label, and text that repeats the label is shown once.
    assert "The ferryman looks at your shoes." in texts(ferry)
    targets = dict(choices(inn, inn.start))
    assert inn.passages[targets["Knock twice."]].text.startswith("The innkeeper lets you in.")
    assert inn.passages[targets["Call out your name"]].text.startswith('"I am Mara!" you call.')


def test_words_that_tell_who_asked_stay_with_the_question(tmp_path: Path) -> None:
    places = {
        "c-0": ['^"Who?" I ask. "You will have to help me."', "\n", "end", {"#f": 5}],
        "c-1": ['^"Nobody." I look away.', "\n", "end", {"#f": 5}],
    }
    offers = [*_choice('"Who?"', "0.c-0"), *_choice('"Nobody."', "0.c-1")]
    story = read_root([["^He waits.", "\n", *offers, places], "done", None], tmp_path)
    assert [story.passages[target].text for _, target in choices(story, story.start)] == [
        '"Who?" I ask. "You will have to help me."',
        "I look away.",
    ]


def test_a_tunnel_returns_to_where_it_was_entered(inn: Story) -> None:
    after = {
        inn.passages[target].text
        for passage in inn.passages.values()
        for label, target in choices(inn, passage.name)
        if label == "Wait a little"
    }
    assert {text.partition(".")[0] for text in after} == {"The stairs creak", "The stairs creak again"}


def test_the_choice_that_is_taken_when_no_other_is_left_is_not_one_of_the_players(tmp_path: Path) -> None:
    places = {
        "c-0": ["^Nobody is left.", "\n", "end", {"#f": 5}],
        "c-1": ["^You leave.", "\n", "end", {"#f": 5}],
        "c-2": ["^You stay.", "\n", "end", {"#f": 5}],
    }
    fallback = {"*": "0.c-0", "flg": 24}
    offers = [*_choice("Stay", "0.c-2"), fallback, *_choice("Leave", "0.c-1")]
    story = read_root([["^You sit.", "\n", *offers, places], "done", None], tmp_path)
    assert [(label, story.passages[target].text) for label, target in choices(story, story.start)] == [
        ("Stay", "You stay."),
        ("Leave", "You leave."),
    ]


def test_a_function_of_the_game_returns_0_and_is_named(inn: Story) -> None:
    assert "The innkeeper lets you in. Every room is taken." in texts(inn)
    assert inn.notes == (
        "Functions of the game itself are taken to return 0: rooms_left.",
        "Words that no play showed: 16 of 62 (26%), counted in longer lines.",
    )


def test_a_conversation_is_not_read_in_all_its_orders(tmp_path: Path) -> None:
    topics = [f"topic {'abcdefghij'[n]}" for n in range(10)]
    talk: list[Any] = []
    named: dict[str, Any] = {"#n": "talk"}
    for n, topic in enumerate(topics):
        talk += ["ev", "str", f"^Ask about {topic}", "/str", "/ev", {"*": f".^.c-{n}", "flg": 20}]
        named[f"c-{n}"] = [f"^She tells you what she knows of {topic}.", "\n", {"->": ".^.^"}, {"#f": 5}]
    story = read_root([["^You sit down beside her.", "\n", [*talk, named], None], "done", None], tmp_path)
    assert len(story.passages) < 60
    assert len(texts(story)) == 11
    for passage in story.passages.values():
        assert not passage.text.endswith(
            tuple(f"{label.removeprefix('Ask about ')}." for label, _ in choices(story, passage.name))
        )


def read_root(root: list[Any], folder: Path) -> Story:
    path = folder / "tale.json"
    path.write_text(json.dumps({"inkVersion": 21, "root": root, "listDefs": {}}))
    return read(path)


def test_a_number_that_counts_up_has_an_end(tmp_path: Path) -> None:
    root = [
        [{"->": "shop"}, None],
        "done",
        {
            "shop": [
                *("^You have ", "ev", {"VAR?": "coins"}, "out", "/ev", "^ coins in your purse.", "\n"),
                *("ev", "str", "^Earn one more", "/str", "/ev", {"*": ".^.c-0", "flg": 4}),
                {
                    "c-0": [
                        *("ev", {"VAR?": "coins"}, 1, "+", {"VAR=": "coins", "re": True}, "/ev"),
                        {"->": ".^.^"},
                        {"#f": 5},
                    ],
                    "#f": 1,
                },
            ],
            "global decl": ["ev", 3, {"VAR=": "coins"}, "/ev", "end", None],
        },
    ]
    story = read_root(root, tmp_path)
    assert "You have 3 coins in your purse." in texts(story)
    assert "You have 9 coins in your purse." in texts(story)
    assert len(story.passages) < 20
    assert "Incomplete: some passages have too many forms." in story.notes


# ---- what can't be played ------------------------------------------------------------------------------------


def test_choices_without_an_end_are_left_out() -> None:
    story = read(TRAPS)
    assert [label for label, _ in choices(story, story.start)] == ["The road home"]
    assert story.notes[0].startswith("Choices that the engine could not play are left out: ")
    assert story.notes[0].endswith(", and 3 more.")


PLAYER = """
import json, os, sys
print(json.dumps({"tags": []}), flush=True)
sys.stdin.readline()
for line in sys.stdin:
    played = []
    request = json.loads(line)
    for index, choices in request["ways"]:
        state = request["states"][index]
        if choices == [1]:
            os.abort()
        options = [] if state else [["Go in", "a"], ["Crash", "b"], ["Go out", "c"]]
        played.append([{"text": f"Room {len(choices)}.", "choices": options, "end": "x", "state": "s"}])
    print(json.dumps(played), flush=True)
"""


def test_a_crash_of_the_engine_costs_one_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = tmp_path / "player.py"
    player.write_text(PLAYER)
    monkeypatch.setattr(ink_engine, "_PLAYER", player)
    story = read(INN)
    assert [label for label, _ in choices(story, story.start)] == ["Go in", "Go out"]
    assert "Choices that the engine could not play are left out: the engine crashes." in story.notes


def test_what_was_played_stays_if_the_engine_can_not_start_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "player.py"
    once = "import pathlib\npathlib.Path(__file__).with_suffix('.started').touch(exist_ok=False)\n"
    player.write_text(once + PLAYER)
    monkeypatch.setattr(ink_engine, "_PLAYER", player)
    story = read(INN)
    assert story.passages[story.start].text == "Room 0."
    assert story.passages[story.start].tags == {UNFINISHED}
    assert "Incomplete: the engine crashed, and can't be started again." in story.notes


def test_an_engine_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = tmp_path / "player.py"
    player.write_text("import sys\nfor _ in sys.stdin: pass\n")
    monkeypatch.setattr(ink_engine, "_PLAYER", player)
    monkeypatch.setattr(ink_engine, "_MAX_SECONDS", 0.5)
    with pytest.raises(StoryError, match=r"can't play this story: it takes longer than"):
        read(INN)


def test_a_passage_whose_choices_all_fail_is_no_ending(tmp_path: Path) -> None:
    root: list[Any] = [["^You step into the fog.", "\n", *_choice("Go on", "0.c-0"), None], "done", None]
    root[0][-1] = {"c-0": ["^On and on.", "\n", {"->": ".^"}, {"#f": 5}]}
    story = read_root(root, tmp_path)
    assert story.passages[story.start].tags == {UNFINISHED}


def _choice(label: str, path: str) -> list[Any]:
    return ["ev", "str", f"^{label}", "/str", "/ev", {"*": path, "flg": 20}]


def test_error_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ink_engine, "find_spec", lambda _: None)
    with pytest.raises(StoryError, match=r"which the package bink plays.*pip install"):
        read(FERRY)


# ---- files ---------------------------------------------------------------------------------------------------


def test_source_compiled_form_and_includes_are_one_story() -> None:
    files = sorted(FOLDER.iterdir())
    assert groups(files) == [(FERRY,), (INN,), (TRAPS,)]
    assert groups([FOLDER / "ferry.ink", FOLDER / "harbour.ink"]) == [(FOLDER / "ferry.ink",)]


def test_error_for_a_source_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    source = Source.of(FOLDER / "ferry.ink")
    assert SOURCE.looks_like(source)
    with pytest.raises(StoryError, match="has to be compiled: `inklecate -o"):
        list(SOURCE.read(source))


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program that behaves like a compiler: its result is prepared."""
    program = tmp_path / "bin" / "inklecate"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "_, o, out, source = sys.argv\n"
        "assert o == '-o'\n"
        "if 'BROKEN' in pathlib.Path(source).read_text():\n"
        "    sys.exit('ERROR: line 3: BROKEN')\n"
        f"pathlib.Path(out).write_bytes(pathlib.Path({str(FERRY)!r}).read_bytes())\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def test_source_is_compiled_if_there_is_a_compiler(compiler: Path, ferry: Story) -> None:
    [story] = SOURCE.read(Source.of(FOLDER / "ferry.ink"))
    assert story.passages == ferry.passages
    assert story.source == str(FOLDER / "ferry.ink")


def test_compiler_errors_are_shown(compiler: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ink"
    broken.write_text("BROKEN")
    with pytest.raises(StoryError, match="could not be compiled: ERROR: line 3"):
        list(SOURCE.read(Source.of(broken)))


def test_includes_from_other_folders_are_refused(compiler: Path, tmp_path: Path) -> None:
    folder = tmp_path / "story"
    folder.mkdir()
    (tmp_path / "secret.ink").write_text("Private.")
    (folder / "part.ink").write_text("INCLUDE ../secret.ink")
    (folder / "main.ink").write_text("INCLUDE part.ink\nHello.")
    with pytest.raises(StoryError, match="outside its folder"):
        list(SOURCE.read(Source.of(folder / "main.ink")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"inkVersion":21,"root":', "is not valid JSON. Compile it again"),
        ('{"inkVersion":21,"root":7}', "there is no list 'root'"),
        ('{"inkVersion":21,"root":[["done",null],"done",null],"listDefs":{}}', "shows no text and offers no choice"),
    ],
)
def test_error_for_a_broken_compiled_story(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "tale.json"
    path.write_text(text)
    with pytest.raises(StoryError, match=message):
        read(path)


# ---- hostile input -------------------------------------------------------------------------------------------

_ITEMS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.integers(-3, 3)
    | st.sampled_from(
        "^Text|\n|<>|ev|/ev|str|/str|out|pop|du|done|end|->->|~ret|visit|seq|thread|#|/#|==|+|!|MIN|nop|rnd|\0".split(
            "|"
        )
    )
    | st.sampled_from(["", ".^", "0", "a", "a.b", ".^.^.0", "a.c-0", "g-0", "0.0.0", "99"]).flatmap(
        lambda path: st.sampled_from(
            [{"->": path}, {"->t->": path}, {"f()": path}, {"->": path, "c": True}, {"->": path, "var": True}]
            + [{"*": path, "flg": flags} for flags in (0, 2, 7, 8, 24)]
            + [{"^->": path}, {"VAR?": path}, {"VAR=": path}, {"temp=": path}, {"x()": path, "exArgs": 10**9}]
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.sampled_from(["a", "b", "c-0", "g-0", "#n", "#f"]), inner, max_size=3)
    ),
    max_leaves=60,
)


@settings(max_examples=10, deadline=None)  # each starts the engine
@given(st.lists(_ITEMS, max_size=8))
def test_any_tree_gives_a_story_or_an_error(root: list[Any]) -> None:
    check(json.dumps({"inkVersion": 21, "root": root, "listDefs": {}}).encode())


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_damaged_file_gives_a_story_or_an_error(data: st.DataObject) -> None:
    content = bytearray(FERRY.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    check(bytes(content))


def check(content: bytes) -> None:
    source = Source("tale.json", content)
    if not COMPILED.looks_like(source):
        return
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(StoryError):
        patch.setattr(ink_engine, "_MAX_PROBLEMS", 2)
        for story in COMPILED.read(source):
            assert story.start in story.passages
            assert not story.dangling()


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("kind", ["knots in a ring", "doubling threads", "wide", "deep", "memory"])
def test_endless_stories_are_truncated_with_a_note(kind: str) -> None:
    if kind == "knots in a ring":
        knots: dict[str, Any] = {f"k{n}": [f"^{n}", "\n", {"->": f"k{(n + 1) % 3000}"}, None] for n in range(3000)}
        root: list[Any] = [{"->": "k0"}, "done", knots]
    elif kind == "doubling threads":
        knots = {
            f"k{n}": ["thread", {"->": f"k{n + 1}"}, "thread", {"->": f"k{n + 1}"}, "done", None] for n in range(60)
        }
        root = [{"->": "k0"}, "done", knots]
    elif kind == "wide":
        root = [[*_choice("Again", "0.c") * 2_000, {"c": ["^Done.", "\n", "done", None]}], "done", None]
    elif kind == "memory":
        double = [*("ev", {"VAR?": "s"}, {"VAR?": "s"}, "+", {"VAR=": "s", "re": True}, "/ev"), {"->": ".^.^.double"}]
        declared = ["ev", "str", "^" + "long " * 100, "/str", {"VAR=": "s"}, "/ev", "end", None]
        root = [{"->": "double"}, "done", {"double": [*double, None], "global decl": declared}]
    else:
        root = ["^x", "done", None]
        for _ in range(400):
            root = [root, None]
        root = [root, "done", None]
    check(json.dumps({"inkVersion": 21, "root": root, "listDefs": {}}).encode())
