"""A small story with the difficult features of the site, and a replica that serves it."""

from collections.abc import Iterator

import pytest

from corpus.story import Choice, Passage, Story
from tests.corpus.crawl.graphs import Extra, Item, Special, Staged, passages
from tests.corpus.crawl.replica import Replica


@pytest.fixture
def cellar() -> Staged:
    """Return a story with a loop, an item, and links of every kind."""
    story = Story(
        "The Cellar",
        "Stairs",
        passages(
            Passage(
                "Stairs",
                "Dark & cold.\nIt smells.\n\n%NAME waits.",
                (Choice("Go <down>", "Hall"), Choice("Wait", "Stairs")),
            ),
            Passage(
                "Hall",
                "A door.",
                (Choice('Say "up"', "Stairs"), Choice("Take the side way", "Nook"), Choice("Unlock", "End")),
            ),
            Passage("Nook", "A key!", (Choice("Go on", "Hall"),)),
            Passage("End", ""),
        ),
        author="A & B",
        genre="dark cellars",
    )
    extras = (
        Extra("End", Special.END, "Onward"),
        Extra("Hall", Special.PREVIOUS, "Climb"),
        Extra("Hall", Special.RESET, "Dream"),
        Extra("Hall", Special.SAVE, "Sleep"),
    )
    return Staged(story, (Item("rusty <key>", "Nook", "Hall", 2),), extras)


@pytest.fixture
def site(cellar: Staged) -> Iterator[Replica]:
    """Yield a replica with only the cellar, without faults."""
    with Replica([cellar]) as replica:
        yield replica
