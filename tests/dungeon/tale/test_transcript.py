"""An adventure as Markdown and as text: every turn in order, and no text is read as markup."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from corpus.readers import read
from corpus.turns import Kind, Turn, clean_prose, write
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.transcript import render_markdown, render_text

OPENING = (
    "You stand before the iron door. Rain has washed half the slope onto the road, and old Hessa wipes the mud away "
    "with her sleeve. There is a ring for a handle."
)
HOSTILE = (
    "[bold]x[/] [click](http://x.y) <b onclick='a'>b</b> &amp; *a* _b_ ~~c~~ `d` $e$ ![f](g) https://h.i www.j.k |l|\n"
    "# no heading\n- no list\n1. nor this\n2) nor this\n+ nor\n===\n---\n***\n```\ncode\n```\n    indented\n\\\n~~~\n"
    "<script>alert(1)</script>\n[1]: http://x"
)


class Tree:
    """An adventure to which `play` adds turns."""

    def __init__(self, opening: str = OPENING) -> None:
        self.adventure = Adventure(1, "The Iron Door", opening)

    def play(self, action: str, prose: str, after: int | None = None, name: str = "") -> int:
        node_id = len(self.adventure.nodes) + 1
        self.adventure.add(Node(node_id, after, Kind.DO, action, action, prose, State.DONE, name=name))
        return node_id


@pytest.fixture
def tree() -> Tree:
    """Two takes of the first turn, and two continuations of the second; the head is on the last."""
    tree = Tree()
    tree.play("You knock.", "Nobody answers.")
    pull = tree.play("You pull the ring.", "It moves.\n\nThe door opens.")
    tree.play("You run.", "You are gone.", pull, name="The coward's way")
    tree.play("You go in.", "It is dark.", pull)
    return tree


def test_the_path_to_the_head_is_rendered(tree: Tree) -> None:
    assert render_text(tree.adventure) == (
        f"The Iron Door\n\n{OPENING}\n\n> You pull the ring.\n\nIt moves.\n\nThe door opens.\n\n"
        "> You go in.\n\nIt is dark.\n"
    )
    assert render_markdown(tree.adventure) == (
        f"# The Iron Door\n\n{OPENING}\n\n**> You pull the ring.**\n\nIt moves.\n\nThe door opens.\n\n"
        "**> You go in.**\n\nIt is dark.\n"
    )
    tree.adventure.move(None)
    assert render_text(tree.adventure) == f"The Iron Door\n\n{OPENING}\n"


def test_every_branch_is_rendered_from_where_it_leaves_the_path(tree: Tree) -> None:
    rendered = render_markdown(tree.adventure, all_branches=True)
    assert rendered.startswith(render_markdown(tree.adventure))
    assert rendered.removeprefix(render_markdown(tree.adventure)) == (
        "\n## From the opening: You knock.\n\n**> You knock.**\n\nNobody answers.\n"
        "\n## After “You pull the ring.”: The coward's way\n\n**> You run.**\n\nYou are gone.\n"
    )


def test_branches_of_a_branch_are_rendered() -> None:
    tree = Tree()
    first = tree.play("You wait.", "One.")
    aside = tree.play("You sing a long song about the sea and its ships.", "La.", first)
    tree.play("You bow.", "Thanks.", aside)
    tree.play("You bow.", "Boo.", aside)
    tree.play("You wait.", "Two.", first)
    rendered = render_markdown(tree.adventure, all_branches=True)
    assert re.findall(r"^## (.*)", rendered, re.MULTILINE) == [
        "After “You wait.”: You sing a long song about …",
        "After “You sing a long song about …”: You bow.",
    ]
    assert [rendered.count(prose) for prose in ("Thanks", "Boo", "La.")] == [1, 1, 1]


def test_branches_with_the_same_heading_are_numbered() -> None:
    tree = Tree()
    for n in range(4):
        tree.play("You wait.", f"Take {n}.")
    headings = re.findall(r"^## (.*)", render_markdown(tree.adventure, all_branches=True), re.MULTILINE)
    assert headings == [f"From the opening: You wait.{again}" for again in ("", " (2)", " (3)")]


def test_a_turn_without_text_is_left_out() -> None:
    tree = Tree()
    tree.play("You sing.", "")
    tree.play("You wait.", "One.")
    assert "sing" not in render_text(tree.adventure, all_branches=True)


def test_the_players_narration_is_prose() -> None:
    adventure = Adventure(1, "A", "One.")
    adventure.add(Node(1, None, Kind.STORY, "It begins to rain.", "", "Two.", State.DONE))
    adventure.add(Node(2, 1, Kind.CONTINUE, "", "", "Three.", State.DONE))
    assert render_text(adventure) == "A\n\nOne.\n\nIt begins to rain.\n\nTwo.\n\nThree.\n"


def test_a_story_of_a_thousand_turns_has_them_all() -> None:
    tree = Tree()
    at = None
    for n in range(1_000):
        at = tree.play(f"You do {n}.", f"Prose {n}.", at)
        tree.play(f"You leave {n}.", f"Left {n}.", at)
    tree.adventure.move(at)
    assert re.findall(r"^Prose (\d+)", render_text(tree.adventure), re.MULTILINE) == [str(n) for n in range(1_000)]
    assert len(re.findall(r"^Left ", render_text(tree.adventure, all_branches=True), re.MULTILINE)) == 1_000


# ---- no text is markup ---------------------------------------------------------------------------------------


def as_shown(source: str) -> str:
    """The text that a reader of the Markdown sees, without the tags of paragraphs, line breaks, headings and bold."""
    html = MarkdownIt("commonmark").render(source)
    html = re.sub(r"<br />\n", "\n", html)
    return re.sub(r"</?(?:p|h1|h2|strong)>", "", html)


def escaped(source: str) -> str:
    return source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


LINES = st.text(st.sampled_from("ab1 .)*_#-+=~`<>[]()!&\\|:/\"'\n"), max_size=40)


@given(LINES, LINES, LINES)
@example(HOSTILE, HOSTILE, HOSTILE)
@example("\x1b[31mred\x1b]8;;http://x\x07\x00", "\u202e שלום 🐉", "a\r\nb")
def test_markdown_shows_every_character_of_the_text(title: str, action: str, prose: str) -> None:
    tree = Tree(prose)
    tree.adventure.title = title
    tree.play(" ".join(clean_prose(action).split()), prose)
    shown = as_shown(render_markdown(tree.adventure)).split()
    assert shown == escaped(render_text(tree.adventure)).split()


def test_a_line_of_ten_million_characters_is_rendered() -> None:
    tree = Tree("x" * 10_000_000)
    tree.play("You wait.", "> " * 1_000_000 + "*" * 1_000_000)
    assert render_markdown(tree.adventure).count("\\*") == 1_000_000


# ---- read back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("render", "ending"), [(render_markdown, ".md"), (render_text, ".txt")])
def test_the_corpus_reads_the_turns_back(
    tree: Tree, tmp_path: Path, render: Callable[[Adventure], str], ending: str
) -> None:
    tree.play('You say "Who\'s *there*?"', "A voice answers.\nIt is old,\nand it is slow.", 4)
    file = tmp_path / f"door{ending}"
    file.write_text(render(tree.adventure), "utf-8")
    (story,) = read(file)
    assert story.title == "The Iron Door"
    passages = iter(story.passages.values())
    first = next(passages)
    turns = [Turn("", first.text)]
    for (_, choice), passage in zip(story.edges(), passages, strict=True):
        turns.append(Turn(choice.label, passage.text))
    assert write(turns) == write([Turn("", OPENING), *(node.turn() for node in tree.adventure.path())])


@pytest.mark.parametrize(("render", "ending"), [(render_markdown, ".md"), (render_text, ".txt")])
def test_the_corpus_reads_the_tree_of_all_branches(
    tree: Tree, tmp_path: Path, render: Callable[[Adventure, bool], str], ending: str
) -> None:
    file = tmp_path / f"door{ending}"
    file.write_text(render(tree.adventure, True), "utf-8")
    (story,) = read(file)
    assert [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()] == [
        (OPENING, "You pull the ring.", "It moves.\n\nThe door opens."),
        (OPENING, "You knock.", "Nobody answers."),
        ("It moves.\n\nThe door opens.", "You go in.", "It is dark."),
        ("It moves.\n\nThe door opens.", "You run.", "You are gone."),
    ]
