"""Commands of the story tree."""

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.play.adventures import plural
from dungeon.play.frontend import PlayFrontend
from dungeon.play.registry import Group, Request, command, number_in
from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.diff import diff, difference_lines, render_turns, split_paths
from dungeon.tale.outline import bookmarked_turns, find_turn, outline, outline_lines, turn_number

_MAX_CHARACTERS = 60_000
"""Of a text that is compared."""


def turn_of(session: Session, request: Request) -> Node:
    """The turn with the number that the command was given; without one, the turn at the head.

    Raises:
        DungeonError: that is the opening, or there is no such turn.
    """
    adventure = session.adventure
    node_id = find_turn(adventure, number_in(request)) if request.words else adventure.head
    if node_id is None:
        raise DungeonError(f"This is the opening, and not a turn: /{request.command} needs a turn.")
    return adventure.nodes[node_id]


@command(Group.TREE, "tree", "The whole adventure as a tree: walk it, continue from anywhere.", key="f5", screen="tree")
async def tree(frontend: PlayFrontend, _: Request) -> None:
    frontend.show_lines("Tree", outline_lines(outline(frontend.session.adventure).rows))


@command(Group.TREE, "go", "Go to turn N of the tree, or to the place of that name; 0 is the opening.", argument="N")
async def go(frontend: PlayFrontend, request: Request) -> None:
    adventure = frontend.session.adventure
    wanted = one_line(request.words).casefold()
    named = [node.id for node in adventure.nodes.values() if node.name and node.name.casefold() == wanted]
    node_id = named[-1] if named else find_turn(adventure, number_in(request))
    frontend.session.go_to(node_id)
    place = "the opening" if node_id is None else request.words if named else f"turn {request.words}"
    frontend.show_lines("Tree", [f"You are at {place}."])
    await frontend.show_story()


@command(
    Group.TREE,
    "takes",
    "All takes of the last turn, and what differs between them.",
    argument="[N]",
    key="f6",
    screen="takes",
)
async def takes(frontend: PlayFrontend, request: Request) -> None:
    adventure = frontend.session.adventure
    node = turn_of(frontend.session, request)
    all_takes = adventure.takes(node.id)
    lines = [f"Turn {turn_number(adventure, node.id)} has {len(all_takes)} take{'s' * (len(all_takes) > 1)}."]
    for place, take in enumerate(all_takes, 1):
        lines.append("")
        if take.id == node.id:
            lines += [f"{place}. This one:", render_turns([take], _MAX_CHARACTERS)]
        else:
            number = turn_number(adventure, take.id)
            lines.append(f"{place}. Turn {number}, and what differs:")
            lines += _difference([take], [node], f"turn {number}", "this one")
    frontend.show_lines("Takes", lines)


@command(
    Group.TREE,
    "compare",
    "What differs between this branch and the one that ends in turn N.",
    argument="N",
    screen="compare",
)
async def compare(frontend: PlayFrontend, request: Request) -> None:
    adventure = frontend.session.adventure
    fork, here, there = split_paths(adventure, adventure.head, find_turn(adventure, number_in(request)))
    if not here and not there:
        frontend.show_lines("Tree", ["You are on that turn."])
        return
    where = "the opening" if fork is None else f"turn {turn_number(adventure, fork)}"
    counts = f"{plural(len(there), 'turn')} there, {len(here)} here"
    frontend.show_lines(
        "Compare", [f"The branches part at {where}: {counts}.", *_difference(there, here, "there", "here")]
    )


def _difference(old: list[Node], new: list[Node], old_name: str, new_name: str) -> list[str]:
    pieces = diff(render_turns(old, _MAX_CHARACTERS), render_turns(new, _MAX_CHARACTERS))
    return difference_lines(pieces, old_name, new_name)


@command(Group.TREE, "bookmark", "Bookmark this turn, or remove the bookmark.", key="ctrl+b")
async def bookmark(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    node = turn_of(session, request)
    node = session.label_turn(node.id, bookmarked=not node.bookmarked)
    count = len(bookmarked_turns(session.adventure))
    done = "Bookmarked" if node.bookmarked else "Bookmark removed"
    frontend.show_lines("Tree", [f"{done}: {count} in this adventure."])
    await frontend.show_story()


@command(Group.TREE, "name", "Give this place in the tree a name.", argument="WORDS")
async def name(frontend: PlayFrontend, request: Request) -> None:
    node = turn_of(frontend.session, Request("name"))
    frontend.show_lines(
        "Tree", [f"This place is now called {frontend.session.label_turn(node.id, name=request.words).name}."]
    )
    await frontend.show_story()
