"""Fixtures for the tests of the game."""

from collections.abc import Iterator

import pytest

from tests.dungeon.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A storyteller with scripted answers."""
    with ScriptedServer() as running:
        yield running
