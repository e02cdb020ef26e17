"""The commands that say or change something beside the turns, for lines and for the app alike.

    lines = obey(session, read_line("/go 12"))

What is returned is for the player to read. Whatever is to be asked first (a purge), or needs a screen of its own (an
editor), is with the front ends.
"""

from collections.abc import Callable
from dataclasses import replace

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.play.adventures import default_export_path, export_adventure, relabel
from dungeon.play.commands import Request, number_of
from dungeon.play.keys import set_key
from dungeon.play.session import Session
from dungeon.settings.effective import setting_lines
from dungeon.settings.presets import PRESETS
from dungeon.tale.adventure import Node
from dungeon.tale.diff import diff, plain_diff, render_turns, split_paths
from dungeon.tale.lore import Lore, card_from_text, card_to_text, clean_text
from dungeon.tale.outline import bookmarked_turns, find_turn, outline, outline_lines, turn_number

Lines = tuple[str, ...]

_KEY = "keys."
_SAVE = "save "
_MOST = 60_000
"""Characters of a text that is compared."""


def obey(session: Session, request: Request) -> Lines:
    """Does what the command asks for.

    Raises:
        DungeonError: it can't be done; nothing has changed.
        KeyError: it is none of these commands.
    """
    return _COMMANDS[request.command](session, request)


def node_of(session: Session, request: Request) -> Node:
    """The turn of the number that the command was given; without one, the turn that the player stands on.

    Raises:
        DungeonError: that is the opening, or there is no such turn.
    """
    adventure = session.adventure
    id_ = find_turn(adventure, number_of(request)) if request.words else adventure.head
    if id_ is None:
        raise DungeonError(f"This is the opening, not a turn: there is nothing here to {request.command}.")
    return adventure.nodes[id_]


# ---- the tree ------------------------------------------------------------------------------------------------


def _tree(session: Session, request: Request) -> Lines:
    return tuple(outline_lines(outline(session.adventure).rows))


def _go(session: Session, request: Request) -> Lines:
    to = find_turn(session.adventure, number_of(request))
    session.go_to(to)
    return (f"You are at turn {request.words}." if to is not None else "You are at the opening.",)


def _takes(session: Session, request: Request) -> Lines:
    node = node_of(session, request)
    takes = session.adventure.takes(node.id)
    said = [f"Turn {turn_number(session.adventure, node.id)} has {len(takes)} take{'s' * (len(takes) > 1)}."]
    for place, take in enumerate(takes, 1):
        said.append("")
        if take.id == node.id:
            said += [f"{place}. This one:", render_turns([take], _MOST)]
        else:
            number = turn_number(session.adventure, take.id)
            said += [f"{place}. Turn {number}, [-theirs alone-] {{+this one's alone+}}:"]
            said.append(plain_diff(diff(render_turns([take], _MOST), render_turns([node], _MOST))))
    return tuple(said)


def _compare(session: Session, request: Request) -> Lines:
    other = find_turn(session.adventure, number_of(request))
    at, ours, theirs = split_paths(session.adventure, session.adventure.head, other)
    if not ours and not theirs:
        return ("That is where you are.",)
    where = "the opening" if at is None else f"turn {turn_number(session.adventure, at)}"
    turns = f"{len(theirs)} turns there, {len(ours)} here"
    return (
        f"The branches part at {where}: {turns}. [-there alone-] {{+here alone+}}",
        plain_diff(diff(render_turns(theirs, _MOST), render_turns(ours, _MOST))),
    )


def _bookmark(session: Session, request: Request) -> Lines:
    node = node_of(session, request)
    node = session.label_turn(node.id, bookmarked=not node.bookmarked)
    count = len(bookmarked_turns(session.adventure))
    return (f"{'Bookmarked' if node.bookmarked else 'Bookmark taken away'}: {count} in this adventure.",)


def _name(session: Session, request: Request) -> Lines:
    node = node_of(session, Request("name"))
    return (f"This place is now called {session.label_turn(node.id, name=request.words).name}.",)


# ---- lore ----------------------------------------------------------------------------------------------------


def _text_of_lore(field: str, heading: str) -> Callable[[Session, Request], Lines]:
    """A command that shows or sets one of the lore's texts."""

    def command(session: Session, request: Request) -> Lines:
        if request.words:
            lore = session.adventure.lore
            if field == "note":
                session.set_lore(replace(lore, note=one_line(request.words)))
            else:
                session.set_lore(replace(lore, memory=clean_text(request.words)))
        words = getattr(session.adventure.lore, field)
        return (f"{heading}: {words}" if words else f"{heading}: nothing yet. /{field} WORDS sets it.",)

    return command


def _summary(session: Session, request: Request) -> Lines:
    context = session.context()
    if request.words:
        lore = session.adventure.lore
        session.set_lore(replace(lore, summary=clean_text(request.words), summary_through=context.summary_through))
        context = session.context()
    if not context.summary:
        return ("There is no summary yet: the voice still sees every turn.",)
    return (f"Summary: {context.summary}",)


def _cards(session: Session, request: Request) -> Lines:
    cards = session.adventure.lore.cards
    if not cards:
        return ("There are no cards yet. /card KEYS: WORDS adds one.",)
    return tuple(f"{number}. {card_to_text(card)}" for number, card in enumerate(cards, 1))


def _card(session: Session, request: Request) -> Lines:
    lore = session.adventure.lore
    card = card_from_text(request.words)
    session.set_lore(replace(lore, cards=(*lore.cards, card)))
    return (f"Card {len(lore.cards) + 1}: {card_to_text(card)}",)


def _uncard(session: Session, request: Request) -> Lines:
    lore: Lore = session.adventure.lore
    number = number_of(request)
    if not 0 < number <= len(lore.cards):
        raise DungeonError(f"There is no card {number}. /cards lists them.")
    session.set_lore(replace(lore, cards=lore.cards[: number - 1] + lore.cards[number:]))
    return (f"Taken away: {card_to_text(lore.cards[number - 1])}",)


# ---- settings ------------------------------------------------------------------------------------------------


def _settings(session: Session, request: Request) -> Lines:
    return tuple(setting_lines(session.settings))


def _set(session: Session, request: Request) -> Lines:
    name, _, value = request.words.partition(" ")
    everywhere = name.lower() == "all"
    if everywhere:
        name, _, value = value.strip().partition(" ")
    text = value.strip() or None
    if name.lower().startswith(_KEY):
        return (set_key(session.settings, name[len(_KEY) :].lower(), text),)
    said = session.settings.set(name, text, globally=everywhere)
    return (said,) if text else (said, session.settings.describe(name))


def _preset(session: Session, request: Request) -> Lines:
    if request.words.startswith(_SAVE):
        name = session.settings.save_preset(request.words.removeprefix(_SAVE))
        return (f"Kept as the preset '{name}'. /preset {name} takes it.",)
    if request.words:
        return (session.settings.set("preset", request.words),)
    own = session.settings.global_settings.presets
    return (
        f"The preset is {session.settings.display('preset')}.",
        *(f"  {name}: {preset.help}" for name, preset in PRESETS.items()),
        *(f"  {name}: your own" for name in own),
    )


def _theme(session: Session, request: Request) -> Lines:
    if request.words:
        return (session.settings.set("theme", request.words, globally=True),)
    return (session.settings.describe("theme"),)


# ---- adventures ----------------------------------------------------------------------------------------------


def _rename(session: Session, request: Request) -> Lines:
    relabel(session.shelf, session.adventure, title=request.words)
    return (f"This adventure is now called {session.adventure.title}.",)


def _tag(session: Session, request: Request) -> Lines:
    relabel(session.shelf, session.adventure, tags=request.words.split(","))
    tags = session.adventure.tags
    return (f"Tags: {', '.join(tags)}." if tags else "This adventure has no tags.",)


def _export(session: Session, request: Request) -> Lines:
    path = export_adventure(session.adventure, request.words or default_export_path(session.adventure))
    return (f"Written: {path.absolute()}",)


_COMMANDS: dict[str, Callable[[Session, Request], Lines]] = {
    "tree": _tree,
    "go": _go,
    "takes": _takes,
    "compare": _compare,
    "bookmark": _bookmark,
    "name": _name,
    "memory": _text_of_lore("memory", "Memory"),
    "note": _text_of_lore("note", "Author's note"),
    "summary": _summary,
    "cards": _cards,
    "card": _card,
    "uncard": _uncard,
    "settings": _settings,
    "set": _set,
    "preset": _preset,
    "theme": _theme,
    "rename": _rename,
    "tag": _tag,
    "export": _export,
}
