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


class JointCoverage:
    """Like `BranchCoverage`, but each walk takes new options at as many forks as it can.

    So there are about as many walks as the fork with the most options has: two for ten conditions in a row. The walks
    must be deterministic.
    """

    def __init__(self, limit: int) -> None:
        """`limit` is the number of walks, at most."""
        self._limit = limit
        self._untaken: dict[Hashable, list[int]] = {}
        """The options left at each fork; a fork without any is still a key."""
        self._open: dict[Hashable, tuple[list[tuple[Hashable, int]], int]] = {}
        """By fork with options left: the walk that found it, and how many choices that had made before."""
        self._walk: list[tuple[Hashable, int]] = []
        self._guide: dict[Hashable, int] = {}
        self.limit_reached = False
        """Whether the limit left options untaken."""

    def __iter__(self) -> Iterator[int]:
        for number in range(self._limit):
            self._walk = []
            yield number
            if not self._open:
                return
            fork, (walk, length) = next(iter(self._open.items()))
            self._guide = dict(walk[:length])
            # A fork that a walk doesn't find again would be sought for ever.
            self._open[fork] = self._open.pop(fork)
        self.limit_reached = True

    def choose(self, fork: Hashable, options: int) -> int:
        """Return the option to take at a fork: one that hasn't been taken, unless it leads away from another fork."""
        untaken = self._untaken.get(fork)
        if untaken is None:
            untaken = self._untaken[fork] = list(range(options))
            self._open[fork] = self._walk, len(self._walk)
        option = self._guide.get(fork, untaken[0] if untaken else 0)
        if option in untaken:
            untaken.remove(option)
            if not untaken:
                self._open.pop(fork, None)
        self._walk.append((fork, option))
        return option
