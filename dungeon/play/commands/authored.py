"""Commands of authored stories."""

from dungeon.errors import DungeonError
from dungeon.play.director import choose, leave_author
from dungeon.play.frontend import PlayFrontend
from dungeon.play.registry import Group, Request, command, number_in
from dungeon.tale.authored import last_choice, map_lines, passage_at


@command(Group.PLAY, "choose", "Take choice N, or suggestion N. The number alone is the same.", argument="N")
async def choose_(frontend: PlayFrontend, request: Request) -> None:
    await choose(frontend, number_in(request))


@command(Group.STORY, "back", "Back to the last choice of the author's. What you played is kept.")
async def back(frontend: PlayFrontend, _: Request) -> None:
    adventure = frontend.session.adventure
    if adventure.story is None:
        raise DungeonError("Only an authored story has choices to go back to. Undo goes back a turn.")
    frontend.session.go_to(last_choice(adventure))
    await frontend.show_story()


@command(Group.STORY, "map", "Where you have been in an authored story, and which endings you have found.")
async def map_(frontend: PlayFrontend, _: Request) -> None:
    session = frontend.session
    adventure = session.adventure
    if adventure.story is None:
        raise DungeonError("Only an authored story has a map. /tree shows this adventure.")
    passage = passage_at(adventure, adventure.head)
    seen = session.shelf.seen_passages(adventure.book)
    frontend.show_lines("Map", map_lines(adventure.story, seen, passage.name if passage else ""))


@command(
    Group.STORY,
    "leave",
    "Go your own way: play on freely from here, without the author. Undo leads back.",
    argument="[WORDS]",
)
async def leave(frontend: PlayFrontend, request: Request) -> None:
    await leave_author(frontend, request.words)
