"""What the tests of servers share."""

from collections.abc import AsyncIterator

import pytest

from dungeon.storyteller.servers.remote import RemoteStoryteller
from tests.dungeon.storyteller.fake_servers import FakeServer
from tests.dungeon.storyteller.playing import Play, Playing


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Opens storytellers, and closes them at the end."""
    opened: list[RemoteStoryteller] = []

    def opening(server: FakeServer, model: str | None = "") -> Playing:
        opened.append(RemoteStoryteller(server.url, server.wanted if model == "" else model))
        return Playing(opened[-1])

    yield opening
    for storyteller in opened:
        await storyteller.close()
