"""The screens that commands open in the app, by the name in `Command.screen`. Each is imported when it is opened."""

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from dungeon.play.commands.tree import turn_of
from dungeon.play.registry import COMMANDS, Request, number_in
from dungeon.play.session import Session
from dungeon.tale.outline import find_turn


def open_screen(session: Session, request: Request) -> Screen[Any] | None:
    """The screen for a command; None where it has none, or its words ask for something else than to look.

    Raises:
        DungeonError: the command's words are not valid.
    """
    name = COMMANDS[request.command].screen
    return SCREENS[name](session, request) if name else None


def _tree(session: Session, _: Request) -> Screen[Any]:
    from dungeon.tui.screens.tree import TreeScreen

    return TreeScreen(session)


def _takes(session: Session, request: Request) -> Screen[Any]:
    from dungeon.tui.screens.takes import TakesScreen

    return TakesScreen(session, turn_of(session, request).id)


def _compare(session: Session, request: Request) -> Screen[Any]:
    from dungeon.tui.screens.compare import CompareScreen

    adventure = session.adventure
    return CompareScreen(adventure, find_turn(adventure, number_in(request)), adventure.head)


def _lore(session: Session, request: Request) -> Screen[Any] | None:
    from dungeon.tui.screens.lore import LoreScreen

    return None if request.words else LoreScreen(session, request.command)


def _context(session: Session, _: Request) -> Screen[Any]:
    from dungeon.tui.screens.context import ContextScreen

    return ContextScreen(session)


def _settings(session: Session, _: Request) -> Screen[Any]:
    from dungeon.tui.screens.settings import SettingsScreen

    return SettingsScreen(session.settings)


def _voices(_: Session, request: Request) -> Screen[Any] | None:
    from dungeon.tui.screens.voices import VoicesScreen

    return None if request.words else VoicesScreen()


def _help(session: Session, request: Request) -> Screen[Any] | None:
    from dungeon.tui.screens.help import HelpScreen

    return None if request.words else HelpScreen(session.settings.global_settings)


SCREENS: dict[str, Callable[[Session, Request], Screen[Any] | None]] = {
    "tree": _tree,
    "takes": _takes,
    "compare": _compare,
    "lore": _lore,
    "context": _context,
    "settings": _settings,
    "voices": _voices,
    "help": _help,
}
