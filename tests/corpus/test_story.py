"""The branching story as a graph."""

from corpus.story import Choice, Passage, Story


def story() -> Story:
    passages = (
        Passage("Gate", "A gate and a bell.", (Choice("Ring", "Bell"), Choice("Knock", "Nowhere"))),
        Passage("Bell", "It rings.", (Choice("Again", "Bell"), Choice("Back", "Gate"), Choice("Leave", "Road"))),
        Passage("Road", "You go home."),
        Passage("Attic", "Nobody comes here.", (Choice("Down", "Road"),)),
    )
    return Story("The Bell", "Gate", {passage.name: passage for passage in passages})


def test_edges_in_source_order() -> None:
    assert [(passage.name, choice.target) for passage, choice in story().edges()] == [
        ("Gate", "Bell"),
        ("Gate", "Nowhere"),
        ("Bell", "Bell"),
        ("Bell", "Gate"),
        ("Bell", "Road"),
        ("Attic", "Road"),
    ]


def test_dangling_choices() -> None:
    assert [(passage.name, choice.label) for passage, choice in story().dangling()] == [("Gate", "Knock")]


def test_reachable_with_loops_and_dangling_choices() -> None:
    assert story().reachable() == {"Gate", "Bell", "Road"}


def test_passage_without_choices_is_an_ending() -> None:
    assert [passage.name for passage in story().endings()] == ["Road"]


def test_word_count_of_prose() -> None:
    assert story().words() == 5 + 2 + 3 + 3
