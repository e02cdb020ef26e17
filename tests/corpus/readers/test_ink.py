"""Ink: compiled stories, compared with a runtime that plays them, sources, and broken stories."""

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bink.story
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers import ink
from corpus.readers.ink_graph import read_ink
from corpus.readers.projects import groups
from corpus.readers.source import Source
from corpus.story import Story, StoryError

FOLDER = Path(__file__).parent / "ink"
FERRY = FOLDER / "ferry.ink.json"
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


def test_metadata_of_the_story(ferry: Story) -> None:
    assert (ferry.title, ferry.author, ferry.rights) == ("The Night Ferry", "The Dungeon developers", "CC0-1.0")
    assert ferry.notes == ("Nothing leads to these knots, and they are left out: attic.",)
    assert not ferry.dangling()
    assert ferry.reachable() == set(ferry.passages)


def test_each_text_of_a_sequence_is_a_form_of_the_passage(ferry: Story) -> None:
    texts = {passage.text for passage in ferry.passages.values()}
    for yawn in ("The ferryman yawns.", "The ferryman coughs.", "The ferryman is asleep."):
        assert f"You are Ilse, the last passenger on the quay. {yawn}" in texts
    for dream in ("gulls", "herrings", "bells"):
        assert f"You sleep.\n\nYou dream of {dream}." in texts


def test_all_branches_of_a_condition_are_read(ferry: Story) -> None:
    texts = {passage.text for passage in ferry.passages.values()}
    assert {
        "By the light of the lantern you read the name of the boat.",
        "It is too dark to read the name of the boat.",
    } <= texts
    assert ("Buy the lantern", "quay.c-2") in choices(ferry, "quay")


def test_labels_are_not_repeated_in_the_text(ferry: Story) -> None:
    # Text in brackets is only in the label, and text that repeats the label is shown once.
    assert ("Show him two coins", "quay.c-0.c-0") in choices(ferry, "quay.c-0")
    assert ferry.passages["quay.c-0.c-0"].text == "He takes both."
    assert ('"I have nothing."', "quay.c-0.c-1") in choices(ferry, "quay.c-0")
    assert ferry.passages["quay.c-0.c-1"].text.startswith('"I have nothing," you say, and it is nearly true.')
    assert ferry.passages["gossip.c-1"].text == "They look at your wet shoes."


def test_gathers_tunnels_threads_functions_and_variable_diverts(ferry: Story) -> None:
    assert choices(ferry, "quay.c-0.c-1") == [("Continue", "quay.c-0.g-0")]
    assert {target for _, target in choices(ferry, "quay.c-1")} == {"quay", "quay 2", "quay 3"}
    assert ("Listen to the nuns", "gossip.c-0") in choices(ferry, "aboard.deck")
    assert ferry.passages["aboard.rowing"].text == "You row, and you count to 3. Your hands hurt."
    assert ("Row on", "aboard.rowing") in choices(ferry, "aboard.rowing")
    assert ("Step ashore", "home") in choices(ferry, "aboard.deck")
    assert choices(ferry, "home") == [("Knock", "home.c-0"), ("Go back to the harbour", "harbour")]
    assert {passage.name for passage in ferry.endings()} == {"gossip.c-1", "home.c-0", "harbour"}


@pytest.mark.parametrize("seed", range(40))
def test_every_walk_of_a_runtime_is_a_path_in_the_graph(ferry: Story, seed: int) -> None:
    rng = random.Random(seed)
    runtime = bink.story.Story(FERRY.read_text(encoding="utf-8-sig"))
    here = {ferry.start}
    label = ""
    for _ in range(30):
        words = runtime.continue_maximally().split()
        offered = [" ".join(choice.split()) for choice in runtime.get_current_choices()]
        here = {end for name in here for end in ends(ferry, name, words, label) if set(offered) <= labels(ferry, end)}
        assert here, f"after {label!r}: {words} with {offered} is nowhere in the graph"
        if not offered:
            break
        taken = rng.randrange(len(offered))
        label = offered[taken]
        runtime.choose_choice_index(taken)
        here = {target for name in here for choice, target in choices(ferry, name) if choice == label}


def labels(story: Story, name: str) -> set[str]:
    return {label for label, _ in choices(story, name)}


def ends(story: Story, name: str, words: list[str], label: str) -> Iterator[str]:
    """Yield the passages in which a walk from `name` that shows these words can end; the label may come first."""
    echo = label.split()
    for rest in [words, words[len(echo) :]] if echo and words[: len(echo)] == echo else [words]:
        here = story.passages[name].text.split()
        if rest[: len(here)] != here:
            continue
        if len(rest) == len(here):
            yield name
        for choice, target in choices(story, name):
            if choice == "Continue" and target != name:
                yield from ends(story, target, rest[len(here) :], "")


# ---- files ---------------------------------------------------------------------------------------------------


def test_source_compiled_form_and_includes_are_one_story() -> None:
    files = sorted(FOLDER.iterdir())
    assert groups(files) == [(FERRY,)]
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
        ('{"inkVersion":21,"root":[["done",null],"done",null]}', "shows no text and offers no choice"),
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


@given(st.lists(_ITEMS, max_size=8))
def test_any_tree_gives_a_story_or_an_error(root: list[Any]) -> None:
    try:
        story = read_ink({"inkVersion": 21, "root": root}, "tale.json")
    except StoryError:
        return
    assert story.start in story.passages


@given(st.data())
def test_damaged_file_gives_a_story_or_an_error(data: st.DataObject) -> None:
    content = bytearray(FERRY.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    source = Source("tale.json", bytes(content))
    if not COMPILED.looks_like(source):
        return
    try:
        for story in COMPILED.read(source):
            assert story.start in story.passages
    except StoryError:
        return


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("kind", ["knots in a ring", "doubling threads", "a sequence of sequences", "wide", "deep"])
def test_endless_stories_are_truncated_with_a_note(kind: str) -> None:
    sequence = ["ev", "visit", 2, "MIN", "/ev"]
    if kind == "knots in a ring":
        knots: dict[str, Any] = {f"k{n}": [f"^{n}", "\n", {"->": f"k{(n + 1) % 3000}"}, None] for n in range(3000)}
        root: list[Any] = [{"->": "k0"}, "done", knots]
    elif kind == "doubling threads":
        knots = {
            f"k{n}": ["thread", {"->": f"k{n + 1}"}, "thread", {"->": f"k{n + 1}"}, "done", None] for n in range(60)
        }
        root = [{"->": "k0"}, "done", knots]
    elif kind == "a sequence of sequences":
        branch = [part for n in range(200) for part in (*sequence, {"->": f".^.s{n}", "c": True}, f"^{n}")]
        root = [[*branch, {f"s{n}": [f"^s{n}", "\n", None] for n in range(200)}], "done", None]
    elif kind == "wide":
        root = [[{"*": "0.c", "flg": 0}] * 20_000 + [{"c": ["^x", "done", None]}], "done", None]
    else:
        root = ["^x", "done", None]
        for _ in range(400):
            root = [root, None]
        root = [root, "done", None]
    text = json.dumps({"inkVersion": 21, "root": root})
    source = Source("tale.json", text.encode())
    assert source.json is not None
    try:
        story = read_ink(source.json, "tale.json")
    except StoryError:
        return
    assert story.start in story.passages
