"""Every branch of a program once, without every combination of them.

    branches = Branches(limit=12)
    for _ in branches:
        walk(lambda place, ways: branches.pick(place, ways))

A walk asks at each fork which way to go. Walks are repeated until each way of each fork that was met has been gone
down: as many walks as there are ways, where combinations would be as many as their product.
"""

from collections.abc import Hashable, Iterator


class Branches:
    """The forks of one stretch of a program, and the ways that have been taken."""

    def __init__(self, limit: int) -> None:
        """`limit` bounds the walks."""
        self._limit = limit
        self._done: dict[Hashable, set[int]] = {}
        self._walk: list[tuple[Hashable, int, int]] = []
        self.cut = False
        """Whether the limit left ways untaken."""

    def __iter__(self) -> Iterator[int]:
        for number in range(self._limit):
            self._walk = []
            yield number
            if not self._more():
                return
        self.cut = True

    def pick(self, place: Hashable, ways: int) -> int:
        """The way to go at the fork `place`: the first that isn't done with, or else the first."""
        done = self._done.setdefault(place, set())
        way = next((number for number in range(ways) if number not in done), 0)
        self._walk.append((place, way, ways))
        return way

    def _more(self) -> bool:
        """Whether a way is left. A way is done with when all the forks after it are."""
        for place, way, ways in reversed(self._walk):
            self._done[place].add(way)
            if len(self._done[place]) < ways:
                return True
        return False
