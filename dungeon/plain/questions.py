"""A question within the game: the name of a hero, a new text for a turn, a yes.

    questions = Questions(lines, run_command)
    name = await questions.ask("What is your name? (an empty line: Jorun)")

A line that begins with a slash is a command and never an answer. `/back` leaves the question.
"""

from collections.abc import Awaitable, Callable

from dungeon.errors import DungeonError
from dungeon.plain.lines import LineReader, note, say
from dungeon.scenarios.model import Placeholder

_HELP = (
    "Answer in one line. /back leaves the question, /quit the game; /settings, /set, /voices and /help WORD work here."
)


class Back(Exception):
    """The player leaves a question without an answer."""


class Questions:
    """Asks until there is an answer."""

    def __init__(self, lines: LineReader, run_command: Callable[[str, str], Awaitable[None]]) -> None:
        """`run_command` as in `dungeon.plain.menu.Menu`."""
        self._lines = lines
        self._run_command = run_command

    async def ask(self, question: str, write: Callable[[str], None] = say) -> str:
        """Returns the player's answer. A command is run, and the question asked again.

        Raises:
            Back: the player leaves the question.
            EOFError: the input has ended.
        """
        while True:
            write(question)
            line = await self._lines.next()
            command = line.strip().lower()
            if not command.startswith("/"):
                return line
            if command == "/back":
                raise Back
            if command == "/help":
                note(_HELP)
                continue
            try:
                await self._run_command(line, "Answer the question first; /back leaves it.")
            except DungeonError as error:
                note(str(error))

    async def ask_placeholder(self, placeholder: Placeholder) -> str:
        """Returns the player's answer to a scenario's question; an empty one only if it has a default."""
        default = f" (an empty line: {placeholder.default})" if placeholder.default else ""
        while not placeholder.is_answered(answer := await self.ask(placeholder.ask + default)):
            note("The story needs an answer to this.")
        return answer
