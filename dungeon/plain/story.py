"""The story as lines: a turn while it streams, and the turns before.

    story = StoryPrinter(session)
    story.print_latest()
    printer = TurnPrinter()
    printer.finish(await session.play_turn(Kind.DO, "wait", printer.update))

Nothing that was printed is ever taken back.
"""

import sys

from corpus.text import visible
from corpus.turns import ACTION_MARK, Kind
from dungeon.plain.lines import note, say
from dungeon.play.session import Session
from dungeon.tale.adventure import Node, State
from dungeon.tale.authored import endings_line, has_ended
from dungeon.tale.prose import sentence_end

_LAST_TURNS = 4


def turn_heading(node: Node) -> str:
    """The player's part of a turn, as it is shown."""
    if node.kind is Kind.STORY:
        return node.input
    return ACTION_MARK + node.action if node.action else ""


class TurnPrinter:
    """Prints a turn while it streams, in whole sentences. `update` is a session's `on_update`."""

    def __init__(self) -> None:
        self.node_id: int | None = None
        """The turn; None before it has begun."""
        self._printed = 0
        """Characters of its prose."""

    def update(self, node: Node) -> None:
        """Prints the heading, and the sentences that have become whole."""
        if self.node_id is None:
            self.node_id = node.id
            say("")
            if heading := turn_heading(node):
                say(f"{heading}\n")
        self._print_up_to(len(node.prose) if node.state is State.DONE else sentence_end(node.prose), node)

    def finish(self, node: Node) -> None:
        """Prints the rest of the finished turn."""
        self.update(node)
        self.print_rest(node)
        say("")
        if not node.prose:
            note("The storyteller has nothing to say. Try /retry, or do something else.")

    def break_line(self, node: Node) -> None:
        """Goes on in a new line: the terminal has put the player's ^C in this one."""
        say("")
        rest = node.prose[self._printed :]
        self._printed += len(rest) - len(rest.lstrip())

    def print_rest(self, node: Node) -> bool:
        """Prints the rest of what has come, whole sentences or not; whether there was any."""
        return self._print_up_to(len(node.prose), node)

    def _print_up_to(self, end: int, node: Node) -> bool:
        if end <= self._printed:
            return False
        sys.stdout.write(visible(node.prose[self._printed : end]))
        sys.stdout.flush()
        self._printed = end
        return True


class StoryPrinter:
    """Prints where the player is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._last: object = None
        """The place that was printed last."""

    def print_latest(self) -> None:
        """Prints the last turns, from the opening if they reach back to it, and what can be picked by number."""
        path = self._session.adventure.path()
        if len(path) <= _LAST_TURNS:
            self._print_opening()
        for node in path[-_LAST_TURNS:]:
            _print_turn(node)
        self.print_ways_on()

    def print_here(self) -> None:
        """Prints the turn where the player is, or the opening, and what can be picked by number."""
        if path := self._session.adventure.path():
            _print_turn(path[-1])
        else:
            self._print_opening()
        self.print_ways_on()

    def print_ways_on(self) -> None:
        """Prints what can be picked by number: the author's choices, or suggestions."""
        adventure = self._session.adventure
        suggestions = self._session.suggestions()
        if suggestions:
            say("")
        if adventure.story and has_ended(adventure):
            say(f"The end. {endings_line(adventure.story, self._session.shelf.seen_passages(adventure.book))}.")
        for number, action in enumerate(suggestions, 1):
            say(f"{number}. {action}")
        self.was_printed()

    def was_printed(self) -> None:
        """The turn where the player is stands in the last lines."""
        self._last = self._place()

    @property
    def is_printed(self) -> bool:
        """Whether it does still."""
        return self._last == self._place()

    def _place(self) -> object:
        """Where the player is, and what the story says there."""
        adventure = self._session.adventure
        return adventure.id, adventure.head, adventure.head and adventure.nodes[adventure.head].prose

    def _print_opening(self) -> None:
        adventure = self._session.adventure
        say(f"{adventure.title}\n\n{adventure.opening}")


def _print_turn(node: Node) -> None:
    say("")
    say("\n\n".join(block for block in (turn_heading(node), node.prose) if block))
