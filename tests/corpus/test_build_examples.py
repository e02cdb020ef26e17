"""From a story to examples: each choice is in one target, on a real path of the story, within the limits."""

import re
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from corpus.examples import Example, edge_cover
from corpus.graph import make_graph
from corpus.labels import label_action
from corpus.story import CONTEXT_ONLY, UNFINISHED, Choice, Passage, Story

Edge = tuple[str, str, str]
Tale = list[tuple[str, str]]


def story_of(start: str, **passages: tuple[str, list[tuple[str, str]]]) -> Story:
    """Return a story from name=(text, [(label, target), …])."""
    return Story(
        "The Bell",
        start,
        {
            name: Passage(name, text, tuple(Choice(*choice) for choice in choices))
            for name, (text, choices) in passages.items()
        },
    )


def examples(story: Story, context: int = 4000) -> list[Example]:
    return list(edge_cover(make_graph(story), context))


@st.composite
def graphs(draw: st.DrawFn, empty: bool = False, context_only: bool = False) -> Story:
    """Draw a story of up to nine passages: loops, merges, unreachable parts, dangling and repeated choices."""
    count = draw(st.integers(1, 9))
    choices = st.tuples(st.sampled_from(["Go left", "Go on", "Go right"]), st.integers(0, count).map(str))
    return Story(
        "Maze",
        "0",
        {
            str(n): Passage(
                str(n),
                "" if empty and draw(st.booleans()) else room(n, draw(st.integers(0, 30))),
                tuple(Choice(*choice) for choice in draw(st.lists(choices, max_size=4))),
                frozenset({CONTEXT_ONLY} if context_only and draw(st.booleans()) else ()),
            )
            for n in range(count)
        },
    )


def room(number: int, length: int) -> str:
    """Return a text that names its passage at both ends."""
    return f"Room {number}" + " of many" * length + f" is {number}."


def steps(text: str) -> Tale:
    """Parse a tale of texts by `room` as (action, passage name)."""
    tale, action = [], ""
    for paragraph in text.strip("\n").split("\n\n") if text else []:
        if paragraph.startswith("> "):
            assert not action, "two actions in a row"
            action = paragraph[2:]
        else:
            match = re.search(r"is (\d+)\.$", paragraph)
            assert match
            tale.append((action, match[1]))
            action = ""
    assert not action, "an unanswered action"
    return tale


def edges_of(tale: Tale) -> list[Edge]:
    return [(here, action, there) for (_, here), (action, there) in pairwise(tale)]


def reachable_edges(story: Story) -> set[Edge]:
    reachable = story.reachable()
    return {
        (passage.name, label_action(choice.label), choice.target)
        for passage, choice in story.edges()
        if passage.name in reachable and choice.target in reachable
    }


@given(st.one_of(graphs(), graphs(context_only=True)), st.integers(12, 600))
def test_each_choice_is_in_exactly_one_target_unless_its_passage_is_only_context(story: Story, bound: int) -> None:
    learned = {passage.name for passage in story.passages.values() if CONTEXT_ONLY not in passage.tags}
    all_edges = reachable_edges(story)
    counts: Counter[Edge] = Counter()
    openings = 0
    for example in examples(story, bound):
        context, target = steps(example.context), steps(example.target)
        assert target
        assert {name for _, name in target} <= learned
        assert len(example.context) <= bound
        assert len(example.target) <= bound * 3 // 4 + 2 or len(target) == 1
        assert example.target.startswith("\n\n") == bool(example.context)
        assert set(edges_of(context + target)) <= all_edges
        assert example.ends == (not story.passages[target[-1][1]].choices)
        if context:
            assert_complete_turns(story, example.context, bound)
        else:
            openings += 1
            assert target[0] == ("", "0")
        counts.update(edges_of(context[-1:] + target))
    assert counts == Counter({edge: 1 for edge in all_edges if edge[2] in learned})
    assert openings == (story.start in learned)


def assert_complete_turns(story: Story, context: str, bound: int) -> None:
    """Check that the context is complete turns, or the end of a turn that is too long by itself."""
    action, name = steps(context)[0]
    text = story.passages[name].text
    openings = {""} if name == story.start else set()
    answers = openings | {label for _, label, target in reachable_edges(story) if target == name}
    if action not in answers or not context.removeprefix(f"> {action}\n\n").startswith(text):
        assert text.endswith(context)
        assert len(text) > bound - max(len(f"> {label}\n\n") for label in answers)


@given(graphs(empty=True))
def test_unreachable_and_empty_passages_are_not_in_examples(story: Story) -> None:
    written = {name for example in examples(story) for _, name in steps(example.target)}
    assert written == {name for name in story.reachable() if story.passages[name].text}


def test_deep_story_is_compiled_in_linear_time() -> None:
    depth, bound = 3000, 1000
    story = Story(
        "Stair",
        "0",
        {str(n): Passage(str(n), room(n, 5), (Choice("Go down", f"{n + 1}"), Choice("Go up", f"{n // 2}")))
         for n in range(depth)} | {f"{depth}": Passage(f"{depth}", room(depth, 5))},
    )  # fmt: skip
    found = examples(story, bound)
    turns = sum(len(steps(example.target)) for example in found)
    assert turns == 2 * depth + 1
    assert sum(len(example.context) for example in found) <= bound * len(found)
    assert len(found) < 1.5 * depth


def test_context_has_as_many_turns_as_fit() -> None:
    story = story_of(
        "A",
        A=("A" * 50, [("Go", "B")]),
        B=("B" * 50, [("Go", "C")]),
        C=("C" * 50, [("Go", "D"), ("Wait", "D")]),
        D=("D", []),
    )
    turn = len("> You go.\n\n") + 50
    assert examples(story, 2 * turn + 2)[-1].context == f"> You go.\n\n{'B' * 50}\n\n> You go.\n\n{'C' * 50}"
    assert examples(story, 2 * turn + 1)[-1].context == f"> You go.\n\n{'C' * 50}"


def test_context_has_the_last_paragraphs_of_a_long_turn() -> None:
    story = story_of("A", A=("One two.\n\nThree\nfour five.\n\nSix.", [("Go", "B"), ("Run", "B")]), B=("B", []))
    contexts = [{example.context for example in examples(story, room)} - {""} for room in (27, 25, 12, 5, 3)]
    assert contexts == [
        {"Three\nfour five.\n\nSix."},
        {"Three\nfour five.\n\nSix."},
        {"Six."},
        {"Six."},
        {"ix."},
    ]


def test_long_chain_continues_in_the_next_example() -> None:
    story = story_of("A", A=("A" * 300, [("Go", "B")]), B=("B" * 300, [("Go", "C")]), C=("C" * 300, []))
    found = examples(story, 900)
    assert [(e.context, e.target, e.ends) for e in found] == [
        ("", f"{'A' * 300}\n\n> You go.\n\n{'B' * 300}", False),
        (f"{'A' * 300}\n\n> You go.\n\n{'B' * 300}", f"\n\n> You go.\n\n{'C' * 300}", True),
    ]


def test_examples_of_a_small_story() -> None:
    story = story_of(
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


def test_empty_passage_with_one_choice() -> None:
    story = story_of("A", A=("A.", [("Open the door", "E")]), E=(" \n", [("Click here", "B")]), B=("B.", []))
    assert [example.target for example in examples(story)] == ["A.\n\n> You open the door.\n\nB."]


def test_empty_passage_with_several_choices_is_a_menu() -> None:
    story = story_of(
        "A", A=("A.", [("Ask Ito", "E")]), E=("", [("Ask about gold", "B"), ("Next", "C")]), B=("B.", []), C=("C.", [])
    )
    targets = [example.target for example in examples(story)]
    assert targets == ["A.\n\n> You ask about gold.\n\nB.", "\n\n> You ask Ito.\n\nC."]


def test_passage_before_an_empty_ending_is_the_ending() -> None:
    [example] = examples(story_of("A", A=("A.", [("The end", "E")]), E=("", [])))
    assert (example.target, example.ends) == ("A.", True)


def test_passage_with_only_dangling_choices_is_not_an_ending() -> None:
    [example] = examples(story_of("A", A=("A.", [("Open the door", "Nowhere")])))
    assert (example.target, example.ends) == ("A.", False)


def test_unfinished_passage_is_not_an_ending() -> None:
    story = Story("Play", "A", {"A": Passage("A", "A.", (), frozenset({UNFINISHED}))})
    [example] = examples(story)
    assert (example.target, example.ends) == ("A.", False)


def test_cleaning_of_context_is_not_counted() -> None:
    story = Story(
        "Play",
        "A",
        {
            "A": Passage("A", "A <b>gate</b>.", (Choice("Go", "B"), Choice("Run", "C")), frozenset({CONTEXT_ONLY})),
            "B": Passage("B", "A <b>road</b>."),
            "C": Passage("C", "", (), frozenset({CONTEXT_ONLY})),
        },
    )
    assert [(r.reason, r.passage) for r in make_graph(story).rejects] == [
        ("HTML tag", "B"),
        ("choice that leads to no text", "A"),
    ]


def test_empty_title_page_is_skipped() -> None:
    [example] = examples(story_of("T", T=("", [("Begin", "A")]), A=("A.", [("Wait", "B")]), B=("B.", [])))
    assert example.target == "A.\n\n> You wait.\n\nB."


def test_empty_start_with_several_choices_has_no_blank_lines() -> None:
    story = story_of("T", T=("", [("Be a cook", "A"), ("Be a king", "B")]), A=("A" * 900, []), B=("B.", []))
    assert [(example.context, example.target) for example in examples(story, 600)] == [
        ("", "> You are a cook.\n\n" + "A" * 900),
        ("", "> You are a king.\n\nB."),
    ]


def test_passage_text_cannot_forge_an_action() -> None:
    [example] = examples(story_of("A", A=("Hi.\n\n> You win.\n\x1b[31m[bold]🐉 שלום", [])))
    assert not re.search("^>", example.target, re.MULTILINE)
    assert "\x1b" not in example.target
    assert "🐉 שלום" in example.target


def test_story_of_one_passage_is_one_example() -> None:
    [example] = examples(story_of("A", A=("A.", [])))
    assert example == Example(example.story, "", "A.", ends=True)


def test_story_without_text_has_no_example() -> None:
    assert examples(story_of("A", A=("", [("Go", "B")]), B=(" ", [("Go", "A"), ("Wait", "B")]))) == []


def test_id_depends_on_title_and_text() -> None:
    def name(title: str, text: str) -> str:
        return make_graph(Story(title, "A", {"A": Passage("A", text)})).id

    assert name("Ünder the  Hill!", "A.") == name("Ünder the  Hill!", "A.")
    assert name("Ünder the  Hill!", "A.") != name("Ünder the  Hill!", "B.")
    assert name("Ünder the  Hill!", "B.").startswith("ünder-the-hill-")
    assert name("?", "A.").startswith("story-")


def test_play_with_the_texts_of_a_story_is_no_copy_of_it() -> None:
    story = story_of("A", A=("A.", [("Go", "B")]), B=("B.", []))
    played = Passage("A", "A.", story.passages["A"].choices, frozenset({CONTEXT_ONLY}))
    play = Story("The Bell", "A", {**story.passages, "A": played})
    assert make_graph(story).content != make_graph(play).content
    assert [(example.context, example.target) for example in examples(play)] == [("A.", "\n\n> You go.\n\nB.")]


def test_rejects_have_reasons() -> None:
    story = story_of(
        "A",
        A=("A.", [("Go", "B"), ("Go", "B"), ("go", "B"), ("Run", "Nowhere"), ("Hop", "E"), ("Sit", "C"), ("Die", "F")]),
        B=("B.", []),
        C=("C.", []),
        E=("", [("Click", "B")]),
        F=("", []),
        Attic=("Attic.", [("Jump", "Nowhere")]),
    )
    assert [(r.reason, r.story, r.passage, r.text) for r in make_graph(story).rejects] == [
        ("dangling choice", "The Bell", "A", "Run"),
        ("empty passage", "The Bell", "E", ""),
        ("empty passage", "The Bell", "F", ""),
        ("unreachable passage", "The Bell", "Attic", "Attic."),
        ("repeated choice", "The Bell", "A", "Go"),
        ("repeated choice", "The Bell", "A", "go"),
        ("choice that leads to no text", "The Bell", "A", "Die"),
    ]
