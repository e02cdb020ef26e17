"""Small branching stories for the tests of reading."""

from corpus.story import Choice, Passage, Story


def story(**choices: str) -> Story:
    """A story from its passages and the targets of their choices, as in `Gate="Hall Cave"`; the first is the start."""
    passages = {
        name: Passage(name, f"You are at the {name}.", tuple(Choice(f"Go to {to}", to) for to in targets.split()))
        for name, targets in choices.items()
    }
    return Story("The Gate", next(iter(choices)), passages)


GATE = story(Gate="Hall Cave", Hall="Home Gate", Cave="Home Nowhere Pit", Home="", Pit="", Island="")
