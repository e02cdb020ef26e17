"""Commands that play: actions, retries, moves along the story."""

from corpus.turns import Kind
from dungeon.play.commands.tree import turn_of
from dungeon.play.director import play_line
from dungeon.play.frontend import PlayFrontend
from dungeon.play.registry import Group, Request, command
from dungeon.tale.adventure import Node

_MODES = (Kind.DO, Kind.SAY, Kind.STORY)


@command(Group.PLAY, "do", "Do something: open the door. A bare line is the same.", argument="WORDS")
async def do(frontend: PlayFrontend, request: Request) -> None:
    await play_line(frontend, Kind.DO, request.words)


@command(
    Group.PLAY, "say", 'Say something. A line that starts with a quote is the same: "Who is there?"', argument="WORDS"
)
async def say(frontend: PlayFrontend, request: Request) -> None:
    await play_line(frontend, Kind.SAY, request.words)


@command(Group.PLAY, "story", "Write the next lines of the story yourself.", argument="WORDS")
async def story(frontend: PlayFrontend, request: Request) -> None:
    await play_line(frontend, Kind.STORY, request.words)


@command(Group.PLAY, "continue", "Continue the story. An empty line is the same.")
async def continue_(frontend: PlayFrontend, _: Request) -> None:
    await play_line(frontend, Kind.CONTINUE, "")


@command(Group.PLAY, "retry", "Another answer to the last action. The old one is kept.", key="ctrl+r")
async def retry(frontend: PlayFrontend, _: Request) -> None:
    await frontend.retry()


@command(Group.PLAY, "left", "The take before this one. The left arrow on an empty line is the same.", key="alt+left")
async def left(frontend: PlayFrontend, _: Request) -> None:
    await _moved(frontend, frontend.session.step_take(-1), "There is no take before this one.")


@command(Group.PLAY, "right", "The take after this one. The right arrow on an empty line is the same.", key="alt+right")
async def right(frontend: PlayFrontend, _: Request) -> None:
    await _moved(frontend, frontend.session.step_take(1), "There is no take after this one. /retry generates another.")


@command(Group.PLAY, "undo", "Back one turn, or undo your last edit. Both are kept.", key="ctrl+z")
async def undo(frontend: PlayFrontend, _: Request) -> None:
    await _moved(frontend, frontend.session.undo(), "There is nothing to undo.")


@command(Group.PLAY, "redo", "Forward again.", key="ctrl+y")
async def redo(frontend: PlayFrontend, _: Request) -> None:
    await _moved(frontend, frontend.session.redo(), "There is nothing to redo.")


async def _moved(frontend: PlayFrontend, node: Node | None, otherwise: str) -> None:
    if node is None:
        frontend.show_message(otherwise)
    else:
        await frontend.show_story()


@command(
    Group.PLAY,
    "edit",
    "Change the text of the last turn, or of turn N. The old text is kept.",
    argument="[N]",
    key="ctrl+e",
)
async def edit(frontend: PlayFrontend, request: Request) -> None:
    await frontend.edit_turn(turn_of(frontend.session, request).id)


@command(Group.PLAY, "suggest", "Suggest what you might do. A number picks one.", key="ctrl+g")
async def suggest(frontend: PlayFrontend, _: Request) -> None:
    frontend.session.request_suggestions()
    await frontend.suggest()


@command(Group.PLAY, "mode", "Change what a bare line means: do, say or story.", key="tab", while_streaming=True)
async def mode(frontend: PlayFrontend, _: Request) -> None:
    frontend.set_mode(_MODES[(_MODES.index(frontend.mode) + 1) % len(_MODES)])


@command(
    Group.PLAY,
    "stop",
    "Stop generating and keep the text. Enter alone finishes the sentence.",
    key="escape",
    while_streaming=True,
)
async def stop(frontend: PlayFrontend, _: Request) -> None:
    frontend.stop_turn()


@command(Group.PLAY, "print", "Show the last turns again.")
async def print_(frontend: PlayFrontend, _: Request) -> None:
    await frontend.show_latest()
