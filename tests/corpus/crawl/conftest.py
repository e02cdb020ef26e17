"""A small story with all that is hard about a site, and a replica that serves it."""

from collections.abc import Iterator

import pytest

from corpus.story import Choice, Passage, Story
from tests.corpus.crawl.graphs import Extra, Item, Staged, Way, passages
from tests.corpus.crawl.replica import Replica


@pytest.fixture
def cellar() -> Staged:
    """Three ways down, a key, and links of every kind."""
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
        Extra("End", Way.END, "Onward"),
        Extra("Hall", Way.PREVIOUS, "Climb"),
        Extra("Hall", Way.RESET, "Dream"),
        Extra("Hall", Way.SAVE, "Sleep"),
    )
    return Staged(story, (Item("rusty <key>", "Nook", "Hall", 2),), extras)


@pytest.fixture
def site(cellar: Staged) -> Iterator[Replica]:
    """The cellar alone, and no faults yet."""
    with Replica([cellar]) as replica:
        yield replica
