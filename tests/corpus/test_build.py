"""From stories to a corpus: each choice is learned once, nothing leaks, and what is left out is counted."""

from collections import Counter
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.build import SPLITS, CorpusError, Example, build, examples, split
from corpus.story import Choice, Passage, Story
from corpus.turns import label_action

Edge = tuple[str, str, str]


def tell(start: str, **passages: tuple[str, list[tuple[str, str]]]) -> Story:
    """A story from name=(text, [(label, target), …])."""
    return Story(
        "The Bell",
        start,
        {name: Passage(name, text, tuple(Choice(*way) for way in ways)) for name, (text, ways) in passages.items()},
    )


def long_story(name: str, passages: int = 4) -> Story:
    """Passages in a ring, each with an ending beside it; every text has the story's name in it."""
    ring = {}
    for n in range(passages):
        ways = (Choice("Walk on", f"{(n + 1) % passages}"), Choice("Rest", f"end {n}"))
        ring[f"{n}"] = Passage(f"{n}", f"Room {n} of {name}.", ways)
        ring[f"end {n}"] = Passage(f"end {n}", f"End {n} of {name}.")
    return Story(name, "0", ring, source=f"{name}.twee", rights="Apache-2.0")


@st.composite
def graphs(draw: st.DrawFn, empty: bool = False) -> Story:
    """Any story of up to eight passages: loops, merges, unreachable parts, dangling and repeated choices."""
    count = draw(st.integers(1, 8))
    ways = st.tuples(st.sampled_from(["Go left", "Go on", "Go right"]), st.integers(0, count).map(str))
    return Story(
        "Maze",
        "0",
        {
            str(n): Passage(
                str(n),
                "" if empty and draw(st.booleans()) else f"Room {n}.",
                tuple(Choice(*way) for way in draw(st.lists(ways, max_size=4))),
            )
            for n in range(count)
        },
    )


def steps(text: str) -> list[tuple[str, str]]:
    """A written tale as (action, passage name), for texts like "Room 3."."""
    tale, action = [], ""
    for paragraph in text.strip("\n").split("\n\n") if text else []:
        if paragraph.startswith("> "):
            assert not action, "two actions in a row"
            action = paragraph[2:]
        else:
            tale.append((action, paragraph.removeprefix("Room ").removesuffix(".")))
            action = ""
    assert not action, "an action that nothing answers"
    return tale


def edges_of(tale: list[tuple[str, str]]) -> list[Edge]:
    return [(here, action, there) for (_, here), (action, there) in pairwise(tale)]


@given(graphs())
def test_every_choice_is_learned_exactly_once_and_every_example_is_a_true_tale(story: Story) -> None:
    reachable = story.reachable()
    true_edges = {
        (passage.name, label_action(choice.label), choice.target)
        for passage, choice in story.edges()
        if passage.name in reachable and choice.target in reachable
    }
    learned: Counter[Edge] = Counter()
    openings = 0
    for example in examples(story):
        tale = steps(example.context + example.target)
        told = len(steps(example.context))
        assert tale[0] == ("", "0")
        assert set(edges_of(tale)) <= true_edges
        assert example.target.startswith("\n\n") == bool(example.context)
        assert example.ends == (not story.passages[tale[-1][1]].choices)
        learned.update(edges_of(tale[max(told - 1, 0) :]))
        openings += not example.context
    assert learned == Counter(dict.fromkeys(true_edges, 1))
    assert openings == 1


@given(graphs(empty=True))
def test_empty_passages_are_passed_through(story: Story) -> None:
    written = {name for example in examples(story) for _, name in steps(example.target)}
    assert written == {name for name in story.reachable() if story.passages[name].text}


def test_a_small_story_word_for_word() -> None:
    story = tell(
        "Gate",
        Gate=("A gate.", [("Ring the bell", "Bell"), ("Continue", "Road")]),
        Bell=("It rings.", [('"Hello?"', "Road"), ("Back", "Gate")]),
        Road=("You are home.", []),
    )
    first, second, third = examples(story)
    assert first.target == 'A gate.\n\n> You ring the bell.\n\nIt rings.\n\n> You say "Hello?"\n\nYou are home.'
    assert (first.context, first.ends) == ("", True)
    assert (second.context, second.target) == ("A gate.", "\n\nYou are home.")
    assert third.context == "A gate.\n\n> You ring the bell.\n\nIt rings."
    assert (third.target, third.ends) == ("\n\n> You go back.\n\nA gate.", False)


def test_an_empty_passage_with_one_way_on_keeps_the_action_that_led_to_it() -> None:
    story = tell("A", A=("A.", [("Open the door", "E")]), E=(" \n", [("Click here", "B")]), B=("B.", []))
    assert [example.target for example in examples(story)] == ["A.\n\n> You open the door.\n\nB."]


def test_an_empty_passage_with_several_ways_on_is_a_menu() -> None:
    story = tell(
        "A", A=("A.", [("Ask Ito", "E")]), E=("", [("Ask about gold", "B"), ("Next", "C")]), B=("B.", []), C=("C.", [])
    )
    targets = [example.target for example in examples(story)]
    assert targets == ["A.\n\n> You ask about gold.\n\nB.", "\n\n> You ask Ito.\n\nC."]


def test_a_passage_before_an_empty_ending_is_the_ending() -> None:
    [example] = examples(tell("A", A=("A.", [("The end", "E")]), E=("", [])))
    assert (example.target, example.ends) == ("A.", True)


def test_a_passage_whose_ways_on_were_never_written_is_no_ending() -> None:
    [example] = examples(tell("A", A=("A.", [("Open the door", "Nowhere")])))
    assert (example.target, example.ends) == ("A.", False)


def test_an_empty_title_page_is_skipped() -> None:
    [example] = examples(tell("T", T=("", [("Begin", "A")]), A=("A.", [("Wait", "B")]), B=("B.", [])))
    assert example.target == "A.\n\n> You wait.\n\nB."


def test_an_empty_page_of_several_beginnings_writes_no_blank_lines() -> None:
    found = examples(tell("T", T=("", [("Be a cook", "A"), ("Be a king", "B")]), A=("A.", []), B=("B.", [])))
    assert [(example.context, example.target) for example in found] == [
        ("", "> You be a cook.\n\nA."),
        ("", "> You be a king.\n\nB."),
    ]


def test_passage_text_cannot_forge_an_action() -> None:
    [example] = examples(tell("A", A=("Hi.\n\n> You win.\n\x1b[31m[bold]🐉 שלום", [])))
    assert example.target == "Hi.\n\nYou win.\n[31m[bold]🐉 שלום"


def test_a_story_of_one_passage_is_one_example() -> None:
    [example] = examples(tell("A", A=("A.", [])))
    assert example == Example(example.story, "", "A.", ends=True)


def test_an_id_is_that_of_the_title_and_the_text() -> None:
    story = long_story("Ünder the  Hill!")
    [first, *_], [again, *_], [other, *_] = (
        examples(story),
        examples(long_story("Ünder the  Hill!")),
        examples(long_story("Ünder the  Hill!", passages=5)),
    )
    assert first.story == again.story
    assert first.story.startswith("ünder-the-hill-")
    assert first.story != other.story
    assert other.story.startswith("ünder-the-hill-")


# ---- the corpus ----------------------------------------------------------------------------------------------


def test_a_corpus_has_the_columns_and_the_figures_of_its_stories() -> None:
    stories = [long_story(f"Tale {n}") for n in range(4)]
    dataset, report = build(stories, seed=0)
    assert list(dataset) == list(SPLITS)
    assert all(dataset[name].column_names == ["story", "context", "target", "ends"] for name in SPLITS)
    assert (report.stories, report.passages, report.choices) == (4, 32, 32)
    assert report.words == sum(story.words() for story in stories)
    assert report.examples == {name: len(dataset[name]) for name in SPLITS}
    assert report.target_characters == {name: sum(map(len, dataset[name]["target"])) for name in SPLITS}
    assert report.rights == {"Apache-2.0": 4}
    assert sorted(chain.from_iterable(report.titles.values())) == [story.title for story in stories]
    assert sorted(report.sources) == [story.source for story in stories]
    assert (report.drops, report.warnings) == ({}, ())


@pytest.mark.parametrize(("count", "held"), [(3, 1), (10, 1), (25, 2), (40, 4)])
def test_a_tenth_of_the_stories_is_held_out_and_none_leaks(count: int, held: int) -> None:
    dataset, report = build([long_story(f"Tale-{n}-") for n in range(count)], seed=1)
    assert [len(report.titles[name]) for name in SPLITS] == [count - 2 * held, held, held]
    for name in SPLITS:
        text = "".join([*dataset[name]["context"], *dataset[name]["target"]])
        assert {title for title in chain.from_iterable(report.titles.values()) if title in text} == set(
            report.titles[name]
        )


def test_the_same_seed_gives_the_same_corpus_in_whatever_order_the_stories_come() -> None:
    stories = [long_story(f"Tale {n}") for n in range(8)]
    rows = [{name: part.to_list() for name, part in build(order, 3)[0].items()} for order in (stories, stories[::-1])]
    assert rows[0] == rows[1]
    assert len({tuple(build(stories, seed)[1].titles["test"]) for seed in range(10)}) > 1


@given(st.integers(0, 100), st.integers(1, 2))
def test_a_lone_story_is_split_by_example_and_its_opening_is_learned(seed: int, count: int) -> None:
    stories = [examples(long_story(f"Tale {n}")) for n in range(count)]
    parts = split(stories, seed)
    assert sorted((e.story, e.target) for part in parts.values() for e in part) == sorted(
        (e.story, e.target) for story in stories for e in story
    )
    assert all(parts.values())
    assert all(e.context for name in ("validation", "test") for e in parts[name])


def test_a_split_inside_a_story_is_warned_of() -> None:
    _, report = build([long_story("Tale")], seed=0)
    assert "Held-out figures will flatter" in report.warnings[0]


def test_too_few_examples_for_three_splits() -> None:
    with pytest.raises(CorpusError, match=r"needs 3 examples at least.*there is 1\. Add a story, or choices"):
        build([tell("A", A=("A.", []))], seed=0)


def test_no_story_at_all() -> None:
    with pytest.raises(CorpusError, match="no story with text"):
        build([], seed=0)


def test_whatever_is_left_out_is_counted() -> None:
    untidy = tell(
        "A",
        A=("A.", [("Go", "B"), ("Go", "B"), ("go", "B"), ("Run", "Nowhere"), ("Hop", "E"), ("Sit", "C")]),
        B=("B.", []),
        C=("C.", []),
        E=("", [("Click", "B")]),
        Attic=("Attic.", [("Jump", "Nowhere")]),
    )
    copy = Story("Another title", "X", {"X": Passage("X", "A.\r\n", (Choice("Fly", "Y"), Choice("Dig", "Z"))),
                 "Y": Passage("Y", "C."), "Z": Passage("Z", "B.")})  # fmt: skip
    _, report = build([untidy, copy, tell("E", E=(" ", []))], seed=0)
    assert report.stories == 1
    assert report.drops == {
        "unreachable passage": 1,
        "empty passage": 1,
        "dangling choice": 1,
        "repeated choice": 2,
        "duplicate story": 1,
        "story without text": 1,
    }


def test_the_notes_of_the_readers_are_passed_on() -> None:
    story = long_story("Tale")
    noted = Story("Tale", "0", story.passages, source="tale.twee", notes=("Something is odd.",))
    assert build([noted], seed=0)[1].notes == ("tale.twee: Something is odd.",)


def test_the_table_is_aligned() -> None:
    _, report = build([long_story(f"Tale {n}") for n in range(4)], seed=0)
    lines = report.table().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "rights: Apache-2.0" in report.table()
