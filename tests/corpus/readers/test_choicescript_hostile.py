"""Broken, endless and hostile ChoiceScript games give a story or an error, quickly."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.readers import choicescript, choicescript_graph
from corpus.readers.choicescript import FORMAT, looks_like, read_project
from corpus.readers.source import Source
from corpus.story import StoryError
from tests.corpus.readers.choicescript_game import GAME, reached_labels, read, texts

# ---- loops and attacks ---------------------------------------------------------------------------------------

HUGE = {
    "loop": "Hi.\n*label a\n*goto a",
    "loop of text": "*label a\nthe\n*goto a",
    "loop of conditions": "Hi.\n*label a\n*if x\n  *set x 1\n  *goto b\n*label b\n*if y\n  *goto a\nEnd.",
    "subroutine that calls itself": "*label a\nHi.\n*gosub a\nAnd\n*gosub a\n*return",
    "subroutines that call each other": "".join(
        f"*label l{n}\nT{n}\n*choice\n" + "".join(f"  #o{m}\n    *gosub l{m}\n" for m in range(9)) + "*return\n"
        for n in range(9)
    ),
    "doubling subroutines": "".join(
        f"*label l{n}\nT{n}.\n*gosub l{n + 1}\n*gosub l{n + 1}\n*return\n" for n in range(18)
    ),
    "conditions": "Hi.\n\n" + "".join(f"*if a\n  *goto l{n}\n" for n in range(9_000)) + "*label l1\nEnd.",
    "conditions in a sentence": "Hi\n" + "".join(f"*if a\n  w{n}\n" for n in range(9_000)),
    "other conditions": "Hi.\n\n*if a\n  b\n" + "*elseif a\n  c\n" * 20_000,
    "many to many": "*choice\n"
    + "".join(f"  #o{n}\n    T{n}.\n    *goto a\n" for n in range(2_000))
    + "*label a\n"
    + "".join(f"*if a{n}\n  *goto l{n}\n" for n in range(2_000))
    + "".join(f"*label l{n}\nT{n}.\n*ending\n" for n in range(2_000)),
    "random scenes": "Hi.\n*goto_random_scene\n" + "".join(f"  s{n}\n" for n in range(50_000)),
    "deep conditions": "".join(" " * n + "*if a\n" for n in range(2_000)) + " " * 2_000 + "x",
    "deep options": "".join(" " * n + "#o\n" for n in range(2_000)),
    "deep choices": "".join(" " * 2 * n + "*choice\n" + " " * (2 * n + 1) + "#o\n" for n in range(1_000)),
    "choices without options": "".join(" " * n + "*choice\n" for n in range(2_000)) + "x",
    "braces": "@{a " * 200_000 + "\n" + "@{a " * 4_000 + "}" * 4_000 + "${" * 9_000,
    "quotes": "Hi.\n*choice\n  *if " + '"\\' * 200_000 + "#x\n    y\n*set a " + '"\\' * 200_000,
    "long values": '*create a "' + "x" * 200 + '"\n' + "${a}" * 500_000 + ("\n" + "${a}" * 4_000) * 80,
    "a long line": "x" * 2_000_000 + "\n*" + "y" * 2_000_000 + "\n*if " + "(" * 2_000_000,
}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_endless_games_are_read_in_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choicescript_graph, "_MAX_STEPS", 200_000)  # a quarter, to save time
    story = read(text)
    assert len(story.passages) <= 60_000
    assert story.words() < 10_000_000
    looks_like(text)


def test_large_game_is_truncated_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, value in {"_MAX_PLACES": 20, "_MAX_STEPS": 100, "_MAX_LINKS": 30}.items():
        with monkeypatch.context() as patch:
            patch.setattr(choicescript_graph, limit, value)
            story = read_project(GAME)
        assert 5 < len(story.passages) < 60, limit
        assert story.notes[0] in ("Incomplete: the game is too large.", "Incomplete: there are too many choices.")
        assert not story.dangling()


def test_error_for_too_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choicescript, "_MAX_LINES", 9)
    with pytest.raises(StoryError, match=r"^startup\.txt: this game has more than 9 lines"):
        read("a\n" * 10)


# ---- random text ---------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [line for _, scene in GAME for line in scene.split("\n")]
    + [
        "*if",
        "*else",
        "*choice",
        "  #",
        "*goto",
        "*gosub {",
        "*return",
        "*goto_scene {name} {name}",
        "\t\t@{${|}",
        "*scene_list",
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Return the game with lines that are removed, added, or differently indented."""
    files = []
    for name, scene in GAME:
        lines = scene.split("\n")
        for _ in range(draw(st.integers(0, 6))):
            at = draw(st.integers(0, len(lines) - 1))
            match draw(st.sampled_from(["lose", "add", "indent", "cut", "dedent"])):
                case "lose" if len(lines) > 1:
                    del lines[at : at + draw(st.integers(1, 9))]
                    lines = lines or [""]
                case "add":
                    lines.insert(at, draw(LINES))
                case "indent":
                    lines[at] = draw(st.sampled_from([" ", "  ", "\t", "   "])) + lines[at]
                case "dedent":
                    lines[at] = lines[at].lstrip()
                case "cut":
                    lines[at] = lines[at][: draw(st.integers(0, 20))]
        files.append((name, "\n".join(lines)))
    return files


def check(files: list[tuple[str, str]]) -> None:
    try:
        story = read_project(files)
    except StoryError:
        return
    assert story.start in story.passages
    assert story.reachable() == set(story.passages)
    assert all(name == passage.name for name, passage in story.passages.items())
    assert bool(story.dangling()) == any("do not exist" in note for note in story.notes)


@given(damaged())
def test_damaged_game_is_a_story_or_an_error(files: list[tuple[str, str]]) -> None:
    check(files)


@given(st.lists(LINES | st.text(max_size=20) | st.text('*#@${}|()"\\[]bin/ if\t\n', max_size=20), max_size=40))
def test_lines_in_any_order_are_a_story_or_an_error(lines: list[str]) -> None:
    check([("a/startup.txt", "\n".join(lines)), ("a/b.txt", "\n".join(reversed(lines)))])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"\xff\xfe*\x00c\x00")
def test_any_bytes_are_a_story_or_an_error(data: bytes) -> None:
    source = Source("a.txt", data)
    FORMAT.looks_like(source)
    try:
        list(FORMAT.read(source))
    except StoryError as error:
        assert str(error).startswith("a.txt")


class Writer:
    """Writes a valid scene with only reachable options and texts."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.unit = data.draw(st.sampled_from(["  ", "    ", "\t"]))
        self.options: list[str] = []
        self.texts: list[str] = []
        self.labels = 0

    def blocks(self, depth: int) -> Iterator[str]:
        for _ in range(self.draw(st.integers(1, 3))):
            kinds = ["text", "break", "set", "choice", "fake_choice", "if", "nested"] if depth < 3 else ["text", "set"]
            match self.draw(st.sampled_from(kinds)):
                case "text":
                    yield self.text()
                case "break":
                    yield self.text()
                    yield "*page_break"
                case "set":
                    yield "*set x 1"
                case "if":
                    yield "*if (x > 1)"
                    yield from self.indented(self.blocks(depth + 1))
                    if self.draw(st.booleans()):
                        yield "*elseif x"
                        yield from self.indented(self.blocks(depth + 1))
                    if self.draw(st.booleans()):
                        yield "*else"
                        yield from self.indented(self.blocks(depth + 1))
                case kind:
                    yield from self.choice(kind, depth)
            if self.draw(st.booleans()):
                yield ""

    def choice(self, kind: str, depth: int) -> Iterator[str]:
        self.labels += 1
        label = f"l{self.labels}"
        yield "*fake_choice" if kind == "fake_choice" else "*choice"
        for number in range(self.draw(st.integers(1, 3))):
            if kind == "nested":
                body = [self.option(), *self.indented([self.text(), f"*goto {label}"])]
            else:
                body = list(self.blocks(depth + 1)) if self.draw(st.booleans()) else []
            if kind == "choice":
                jumps = [f"*goto {label}", "*ending", "*goto top"]
                body.append(jumps[0] if number == 0 else self.draw(st.sampled_from(jumps)))
            yield from self.indented(self.lines_of_option(body))
        if kind != "fake_choice":
            yield f"*label {label}"

    def lines_of_option(self, body: list[str]) -> Iterator[str]:
        option = self.option()
        modifier = self.draw(
            st.sampled_from(
                ["", "*hide_reuse ", "*if (x > 1) ", "*hide_reuse *if (x) ", "*selectable_if (x) ", "*if\n"]
            )
        )
        if modifier == "*if\n":
            yield "*if (x)"
            yield from self.indented([option, *self.indented(body)])
        else:
            yield modifier + option
            yield from self.indented(body)

    def option(self) -> str:
        self.options.append(f"Option {len(self.options)}")
        return "#" + self.options[-1]

    def text(self) -> str:
        self.texts.append(f"Text {len(self.texts)}{self.draw(st.sampled_from(['.', ',']))}")
        return self.texts[-1]

    def indented(self, lines: list[str] | Iterator[str]) -> Iterator[str]:
        for line in lines:
            yield self.unit + line if line else line


@given(st.data())
def test_every_option_and_text_of_a_scene_is_reached(data: st.DataObject) -> None:
    writer = Writer(data)
    scene = "\n".join(("*label top", "Top.", *writer.blocks(0), "The end.", "*ending"))
    story = read(scene)
    assert not story.dangling(), scene
    assert story.reachable() == set(story.passages)
    assert set(writer.options) <= reached_labels(story), scene
    shown = "\n".join(texts(story))
    for text in writer.texts:
        assert re.search(rf"\b{text}", shown), scene
    assert not [note for note in story.notes if "Incomplete" not in note], scene
