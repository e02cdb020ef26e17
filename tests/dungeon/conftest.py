"""What the game's tests share: a storyteller that says what a test wants."""

from collections.abc import Iterator

import pytest

from tests.dungeon.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running
