"""Commands for whole adventures, help and leaving."""

from corpus.turns import PARAGRAPH
from dungeon.play.adventures import default_export_path, export_adventure, plural, relabel
from dungeon.play.commands.tree import turn_of
from dungeon.play.frontend import Frontend, PlayFrontend
from dungeon.play.registry import Group, Request, command, help_lines


@command(
    Group.ADVENTURES,
    "shelf",
    "All adventures: search, rename, tag, export.",
    argument="[SEARCH]",
    key="ctrl+o",
    needs_adventure=False,
)
async def shelf(frontend: Frontend, request: Request) -> None:
    await frontend.open_shelf(request.words)


@command(Group.ADVENTURES, "new", "The menu: start or continue another adventure. This one is saved.", key="ctrl+n")
async def new(frontend: PlayFrontend, _: Request) -> None:
    await frontend.choose_adventure()


@command(Group.ADVENTURES, "rename", "Give this adventure another title.", argument="WORDS")
async def rename(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    relabel(session.shelf, session.adventure, title=request.words)
    frontend.show_lines("Adventure", [f"This adventure is now called {session.adventure.title}."])


@command(
    Group.ADVENTURES,
    "tag",
    "Tag this adventure. Commas separate tags; without any, its tags are removed.",
    argument="[TAGS]",
)
async def tag(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    relabel(session.shelf, session.adventure, tags=request.words.split(","))
    tags = session.adventure.tags
    frontend.show_lines("Adventure", [f"Tags: {', '.join(tags)}." if tags else "This adventure has no tags."])


@command(
    Group.ADVENTURES,
    "export",
    "Write the story to a file: Markdown, or text if its name ends in .txt.",
    argument="[FILE]",
)
async def export(frontend: PlayFrontend, request: Request) -> None:
    adventure = frontend.session.adventure
    path = export_adventure(adventure, request.words or default_export_path(adventure))
    frontend.show_lines("Adventure", [f"Written: {path.absolute()}"])


@command(Group.ADVENTURES, "copy", "Copy the last turn to the clipboard.")
async def copy(frontend: PlayFrontend, _: Request) -> None:
    adventure = frontend.session.adventure
    frontend.copy(PARAGRAPH.join(node.prose for node in adventure.path()[-1:]) or adventure.opening)


@command(Group.ADVENTURES, "purge", "Delete turn N and all that follows it, for good.", argument="N")
async def purge(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    node = turn_of(session, request)
    turns = [node, *session.adventure.below(node.id)]
    words = sum(len(turn.input.split()) + len(turn.prose.split()) for turn in turns)
    what = f"Delete turn {request.words} and all that follows it"

    async def delete() -> None:
        session.purge_turn(node.id)
        await frontend.show_story()

    question = f"{what}: {plural(len(turns), 'turn')}, {plural(words, 'word')}? This can't be undone."
    await frontend.confirm(question, "Purge", delete)


@command(
    Group.ADVENTURES,
    "help",
    "Show this list, or the commands with this word.",
    argument="[WORD]",
    key="f1",
    screen="help",
    while_streaming=True,
    needs_adventure=False,
)
async def help_(frontend: Frontend, request: Request) -> None:
    frontend.show_lines("Help", help_lines(request.words))


@command(
    Group.ADVENTURES,
    "quit",
    "Leave. Everything is saved already.",
    key="ctrl+q",
    while_streaming=True,
    needs_adventure=False,
)
async def quit_(frontend: Frontend, _: Request) -> None:
    frontend.leave()
