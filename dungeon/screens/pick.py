"""The first screen: go on with the last adventure, begin a scenario, or write an opening."""

from itertools import groupby
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.scenario import Scenario, all_scenarios, filled
from dungeon.widgets.status import StatusLine

if TYPE_CHECKING:
    from dungeon.app import DungeonApp

_WRITE = "write"
_ADVENTURE = "adventure-"
_ADVENTURES_SHOWN = 5


class PickScreen(Screen[None]):
    """A list on the left, the opening of what is marked on the right (where there is room)."""

    CSS_PATH = "pick.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]

    def compose(self) -> ComposeResult:
        yield Static("Dungeon", id="title")
        with Horizontal():
            yield OptionList(id="choices", markup=False)
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="opening", markup=False)
        yield StatusLine("↑ ↓ choose · Enter begins · F1 help")

    @property
    def _game(self) -> "DungeonApp":
        return cast("DungeonApp", self.app)

    def on_mount(self) -> None:
        self._fill()

    def on_screen_resume(self) -> None:
        self._fill()

    def _fill(self) -> None:
        choices = self.query_one("#choices", OptionList)
        choices.clear_options()
        with self._game.telling():
            for number, listed in enumerate(self._game.shelf.listing()[:_ADVENTURES_SHOWN]):
                verb = "Continue" if number == 0 else "Go back to"
                count = "1 turn" if listed.turns == 1 else f"{listed.turns} turns"
                choices.add_option(Option(Content(f"{verb}: {listed.title} ({count})"), id=f"{_ADVENTURE}{listed.id}"))
        adventures = choices.option_count
        choices.add_option(Option(Content("Write your own…"), id=_WRITE))
        for genre, scenarios in groupby(all_scenarios(), key=lambda scenario: scenario.genre):
            choices.add_option(Option(Content(genre.capitalize()), disabled=True))
            for scenario in scenarios:
                choices.add_option(Option(Content(f"  {_shown(scenario).title}"), id=scenario.name))
        # The mark begins on the last adventure, or else on the first scenario, which stands below its genre.
        choices.highlighted = 0 if adventures else 2
        choices.focus()

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        with self._game.telling():
            self.query_one("#opening", Static).update(Content(self._opening(event.option_id or "")))

    def _opening(self, id_: str) -> str:
        if id_.startswith(_ADVENTURE):
            adventure = self._game.shelf.open(int(id_.removeprefix(_ADVENTURE)))
            path = adventure.path()
            return path[-1].prose or adventure.opening if path else adventure.opening
        if id_ == _WRITE:
            return "Who are you, where do you stand, and what is about to happen? A few sentences are enough."
        return next((_shown(scenario).opening for scenario in all_scenarios() if scenario.name == id_), "")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        id_ = event.option_id or ""
        if id_.startswith(_ADVENTURE):
            self._game.resume(int(id_.removeprefix(_ADVENTURE)))
        elif id_ == _WRITE:
            from dungeon.screens.write import WriteScreen

            self.app.push_screen(WriteScreen(), self._written)
        else:
            self._game.begin(next(scenario for scenario in all_scenarios() if scenario.name == id_))

    def _written(self, scenario: Scenario | None) -> None:
        if scenario:
            self._game.begin(scenario)


def _shown(scenario: Scenario) -> Scenario:
    """As it is before the player has answered anything."""
    return filled(scenario, {})
