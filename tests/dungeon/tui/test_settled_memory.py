"""Memory is taken out of Python's search for garbage, and what becomes garbage later is still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from dungeon.tui.screens.play import settle_memory


class Adventure:
    def __init__(self) -> None:
        self.root = self  # a cycle, as a tree has between a node and its parent


@pytest.fixture(autouse=True)
def unfreeze() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_an_adventure_that_was_left_is_freed_when_the_next_has_settled() -> None:
    adventure = Adventure()
    alive = weakref.ref(adventure)
    settle_memory()
    del adventure
    gc.collect()
    assert alive() is not None, "what has settled is not searched"
    settle_memory()
    assert alive() is None
