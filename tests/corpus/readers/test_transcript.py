"""Text with the player's lines becomes turns, in any file format, and quotations don't."""

from pathlib import Path

import pytest

import corpus
from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.readers import read as read_path
from corpus.readers.transcript import FORMATS
from corpus.story import UNFINISHED, Story
from tests.corpus.readers.documents import docx_of, page, read

LIBRARY = Path(corpus.__file__).parent / "library"
PLAYED = """You wake up in a cellar. There is a lamp here, and a long stair that
goes up into the dark, further than you can see.

>x lamp
It is green, and it is lit.

>take lamp
Taken.

>save
Ok.

>u
The stair is long. At the top of it a door stands ajar, and beyond it
somebody is singing.

>ask singer about lamp
"It was mine," she says.

    *** The End ***
"""
PARAGRAPHS = ["The mill is dark.", "> You light the lamp.", "The wheel turns.", '> You say "Who is there?"', "Nobody."]


def turns(story: Story) -> list[tuple[str, str]]:
    """Return the actions, each with the beginning of its answer."""
    return [(choice.label, story.passages[choice.target].text.split("\n")[0]) for _, choice in story.edges()]


def test_transcript_of_a_text_adventure() -> None:
    story = read(PLAYED.encode(), "lamp.txt")
    assert [action for action, _ in turns(story)] == ["examine lamp", "take lamp", "go up", "ask singer about lamp"]
    opening = story.passages[story.start].text
    assert opening.endswith("a long stair that goes up into the dark, further than you can see.")
    assert story.notes == ("Left out: 1 command to the program.",)
    assert not any(UNFINISHED in passage.tags for passage in story.passages.values())
    (example,) = edge_cover(make_graph(story), 4000)
    assert "\n\n> You examine lamp.\n\nIt is green" in example.target
    assert example.ends


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("\n\n".join(PARAGRAPHS), "mill.txt"),
        ("\n".join(PARAGRAPHS), "mill.txt"),
        ("# The Mill\n\n" + "\n\n".join(PARAGRAPHS), "mill.md"),
        (
            "# The Mill\n\n" + "\n\n".join(f"**{text}**" if text.startswith(">") else text for text in PARAGRAPHS),
            "mill.md",
        ),
        (page("".join(f"<p>{text.replace('>', '&gt;')}</p>" for text in PARAGRAPHS)), "mill.html"),
        (docx_of(PARAGRAPHS), "mill.docx"),
    ],
    ids=["text", "text without blank lines", "quoted in Markdown", "exported Markdown", "web page", "Word"],
)
def test_turns_in_every_file_format(data: str | bytes, name: str) -> None:
    story = read(data if isinstance(data, bytes) else data.encode(), name)
    assert turns(story) == [("You light the lamp.", "The wheel turns."), ('You say "Who is there?"', "Nobody.")]
    assert story.passages[story.start].text == "The mill is dark."


@pytest.mark.parametrize("name", ["letters.md", "letters.txt"])
def test_quotations_are_no_actions(name: str) -> None:
    text = (
        "She wrote to me in May, and I kept the letter.\n\n> Dear John, the house is empty now.\n> The dog is gone.\n\n"
        "I read it again.\n\n> Yours, Ada\n\nThat was the end of it.\n\n> P.S. The key is under the stone.\n"
    )
    assert not list(read(text.encode(), name).edges())


def test_branches_of_an_export_come_where_its_headings_say() -> None:
    branches = ["Part 2: From the opening: You run.", "> You run.", "You are wet."]
    branches += ["Part 3: After “You light the lamp.”: The way out", "> You leave.", "It is May."]
    story = read("\n\n".join(["The Mill", *PARAGRAPHS, *branches]).encode(), "mill.txt")
    assert [(passage.text, choice.label) for passage, choice in story.edges()] == [
        ("The mill is dark.", "You light the lamp."),
        ("The mill is dark.", "You run."),
        ("The wheel turns.", 'You say "Who is there?"'),
        ("The wheel turns.", "You leave."),
    ]


def test_samples_of_a_story_become_one_story_again(tmp_path: Path) -> None:
    samples = [
        'You stand in a mill.\n\nA cat watches.\n> You pet the cat.\nIt shows you a door.\n> You say "Thanks."\nFlour.',
        "It shows you a door.\n> You leave the door alone.\nThe cat is sad.",
        "You are a captain.\n> You shout.\nNobody listens.\n> \nThey row on.",
    ]
    file = tmp_path / "text_adventures.txt"
    file.write_text("".join(f"<|startoftext|>{sample}<|endoftext|>\n" for sample in samples), encoding="utf-8")
    mill, captain = read_path(file)
    assert turns(mill) == [
        ("You pet the cat.", "It shows you a door."),
        ('You say "Thanks."', "Flour."),
        ("You leave the door alone.", "The cat is sad."),
    ]
    assert len(mill.passages) == 4
    assert [passage.text for passage in captain.passages.values()][1:] == ["Nobody listens.", "They row on."]
    assert [captain.title, mill.title] == ["text_adventures 2", "text_adventures 1"]
    assert FORMATS[0].name == "AI Dungeon training text"


def test_path_cover_of_a_story_becomes_its_tree_again(tmp_path: Path) -> None:
    """AI Dungeon's script: the first choice goes on, every other begins a sample with the passage before it."""
    graph = make_graph(next(read_path(LIBRARY / "the-ten-forty.twee")))
    choices: dict[str, list[tuple[str, str]]] = {}
    samples: list[str] = []

    def grow(name: str) -> None:
        choices[name] = []
        for action, target in graph.nodes[name].edges:
            if target not in choices:
                choices[name].append((action, target))
                grow(target)

    def emit(name: str, sample: str) -> None:
        for n, (action, target) in enumerate(choices[name]):
            before = graph.nodes[name].text if n else sample
            emit(target, f"{before}\n> {action}\n{graph.nodes[target].text}")
        if not choices[name]:
            samples.append(sample)

    grow(graph.start)
    emit(graph.start, graph.nodes[graph.start].text)
    file = tmp_path / "text_adventures.txt"
    file.write_text("".join(f"<|startoftext|>{sample}<|endoftext|>\n" for sample in samples), encoding="utf-8")
    (story,) = read_path(file)
    assert len(samples) > 10
    assert {passage.text for passage in story.passages.values()} == {graph.nodes[name].text for name in choices}
    written = {(graph.nodes[name].text, *edge) for name, edges in choices.items() for edge in edges}
    assert {(passage.text, choice.label) for passage, choice in story.edges()} == {
        (text, label) for text, label, _ in written
    }
