"""Walk a program so that every branch is taken once, but not every combination of branches.

    branches = BranchCoverage(limit=12)
    for _ in branches:
        walk(lambda fork, options: branches.choose(fork, options))

A walk asks at each fork which option to take. Walks are repeated until each option of each fork has been taken: as many
walks as there are options, while combinations would be as many as their product.
"""

from collections.abc import Hashable, Iterator


class BranchCoverage:
    """The forks of one part of a program, and the options that have been taken."""

    def __init__(self, limit: int) -> None:
        """`limit` is the number of walks, at most."""
        self._limit = limit
        self._done: dict[Hashable, set[int]] = {}
        self._walk: list[tuple[Hashable, int, int]] = []
        self.limit_reached = False
        """Whether the limit left options untaken."""

    def __iter__(self) -> Iterator[int]:
        for number in range(self._limit):
            self._walk = []
            yield number
            if not self._has_more():
                return
        self.limit_reached = True

    def choose(self, fork: Hashable, options: int) -> int:
        """Return the option to take at a fork: the first that isn't done, or else the first."""
        done = self._done.setdefault(fork, set())
        option = next((number for number in range(options) if number not in done), 0)
        self._walk.append((fork, option, options))
        return option

    def _has_more(self) -> bool:
        """Return whether an option is left. An option is done when all forks after it are done."""
        for fork, option, options in reversed(self._walk):
            self._done[fork].add(option)
            if len(self._done[fork]) < options:
                return True
        return False
