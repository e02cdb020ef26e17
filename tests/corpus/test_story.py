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


def test_edges_come_in_the_order_of_the_source() -> None:
    assert [(passage.name, choice.target) for passage, choice in story().edges()] == [
        ("Gate", "Bell"),
        ("Gate", "Nowhere"),
        ("Bell", "Bell"),
        ("Bell", "Gate"),
        ("Bell", "Road"),
        ("Attic", "Road"),
    ]


def test_a_choice_without_its_passage_dangles() -> None:
    assert [(passage.name, choice.label) for passage, choice in story().dangling()] == [("Gate", "Knock")]


def test_what_can_be_reached_goes_round_loops_and_past_dangling_choices() -> None:
    assert story().reachable() == {"Gate", "Bell", "Road"}


def test_a_passage_without_choices_is_an_ending() -> None:
    assert [passage.name for passage in story().endings()] == ["Road"]


def test_words_are_those_of_the_prose() -> None:
    assert story().words() == 5 + 2 + 3 + 3
