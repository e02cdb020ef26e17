"""The first screen: go on with an adventure, begin a scenario, or write one.

Scenarios stand folded under their genres, the player's own under "Yours". Typing finds: what holds all of the words in
its title, genre or opening is listed instead.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import one_line, printable
from dungeon.play.adventures import plural, time_ago
from dungeon.play.registry import COMMANDS
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders
from dungeon.scenarios.user import trash_scenario, user_scenarios
from dungeon.storage.shelf import ShelfEntry
from dungeon.tui.host import game
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.status import StatusLine

_ALL = "all"
_WRITE = "write"
_ADVENTURE = "adventure-"
_OWN = "own:"
_GROUP = "group:"
_YOURS = "yours"
_ADVENTURES_SHOWN = 4
_ADVENTURES_SHORT = 2
"""On a screen of few lines."""


class StartScreen(Screen[None]):
    """A list on the left; on the right, or below it, what is marked: where there is room."""

    CSS_PATH = "start.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("left", "fold(True)", "Fold"),
        Binding("right", "fold(False)", "Unfold"),
        Binding("ctrl+e", "edit", "Edit as your own", priority=True),
        Binding("delete", "trash", "Throw away"),
        Binding("escape", "all", "Back to all"),
        Binding(COMMANDS["shelf"].key, "app.command('shelf')", "All adventures", id="shelf", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listed: dict[str, ShelfEntry] = {}
        self._own: list[Scenario] = []
        self._open: set[str] = {_YOURS}
        """The groups that are unfolded."""
        self._told: set[str] = set()

    def compose(self) -> ComposeResult:
        yield Static("Dungeon", id="title")
        yield Input(placeholder="Find a scenario", id="find", compact=True, select_on_focus=False)
        with Container(id="both"):
            yield OptionList(id="choices", markup=False)
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="opening", markup=False)
        yield StatusLine("Enter begins · type to find · ← → fold · Ctrl+E edit · F1 help")

    def on_screen_resume(self) -> None:
        with game(self).toast_errors():
            most = _ADVENTURES_SHORT if self.app.size.height < 20 else _ADVENTURES_SHOWN
            self._listed = {
                f"{_ADVENTURE}{listed.id}": listed for listed in game(self).shelf.list_adventures(limit=most)
            }
        with game(self).toast_errors():
            self._own, broken = user_scenarios()
            for file in broken:
                if file.message not in self._told:
                    self._told.add(file.message)
                    game(self).toast(file.message, error=True)
        choices = self.query_one("#choices", OptionList)
        if choices.option_count:
            self._fill()
        elif self._listed:
            self._fill(next(iter(self._listed)))
        else:
            first = self._own[0] if self._own else builtin_scenarios()[0]
            self._open.add(first.genre)
            self._fill(f"{_OWN}{first.name}" if self._own else first.name)
        choices.focus()

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self, mark: str | None = None) -> None:
        """Lists what there is, the mark on that option, or where it was."""
        choices = self.query_one("#choices", OptionList)
        at = choices.highlighted or 0
        if mark is None and choices.highlighted_option:
            mark = choices.highlighted_option.id
        wanted = self.query_one("#find", Input).value
        options = self._found(wanted) if wanted.strip() else list(self._everything())
        places = {option.id: place for place, option in enumerate(options)}
        folded = next((_GROUP + key for key, scenarios in self._groups() if mark in scenarios), "")
        choices.clear_options()
        choices.add_options(options)
        if options:
            choices.highlighted = places.get(mark, places.get(folded, min(at, len(options) - 1)))

    def _everything(self) -> Iterator[Option]:
        for number, (id_, listed) in enumerate(self._listed.items()):
            verb = "Go back to" if number else "Continue"
            yield _option(f"{verb}: {one_line(listed.title)} ({plural(listed.turns, 'turn')})", id_)
        if self._listed:
            yield _option(f"All adventures… ({game(self).shelf.count_adventures()})", _ALL)
        yield _option("Write your own…", _WRITE)
        for key, scenarios in self._groups():
            sign = "▾" if key in self._open else "▸"
            yield Option(Content.styled(f"{sign} {key.capitalize()} ({len(scenarios)})", "$primary"), id=_GROUP + key)
            if key in self._open:
                for id_, scenario in scenarios.items():
                    yield _option(f"    {_shown(scenario).title}", id_)

    def _found(self, wanted: str) -> list[Option]:
        """The scenarios with all these words, those whose title has them first."""
        words = wanted.casefold().split()
        titled, others = list[Option](), list[Option]()
        for key, scenarios in self._groups():
            for id_, scenario in scenarios.items():
                shown = _shown(scenario)
                title = shown.title.casefold()
                text = f"{title} {scenario.genre} {key} {shown.opening}".casefold()
                if all(word in text for word in words):
                    option = Option(Content.assemble(shown.title, (f"  {key}", "$foreground 60%")), id=id_)
                    (titled if all(word in title for word in words) else others).append(option)
        return titled + others

    def _groups(self) -> Iterator[tuple[str, dict[str, Scenario]]]:
        """The player's own, then the genres; each scenario by its id in the list."""
        if self._own:
            yield _YOURS, {f"{_OWN}{scenario.name}": scenario for scenario in self._own}
        for genre, scenarios in groupby(builtin_scenarios(), key=lambda scenario: scenario.genre):
            yield genre, {scenario.name: scenario for scenario in scenarios}

    def _scenario(self, id_: str) -> Scenario | None:
        """The scenario of that option; None for others."""
        return next((scenarios[id_] for _, scenarios in self._groups() if id_ in scenarios), None)

    @property
    def _marked(self) -> str:
        option = self.query_one("#choices", OptionList).highlighted_option
        return (option.id or "") if option else ""

    def action_fold(self, fold: bool) -> None:
        """Folds the group that the mark is in, or unfolds the one that it is on."""
        if self.query_one("#find", Input).value:
            return
        marked = self._marked
        for key, scenarios in self._groups():
            if marked == _GROUP + key or marked in scenarios:
                if fold:
                    self._open.discard(key)
                    self._fill(_GROUP + key)
                elif key not in self._open:
                    self._open.add(key)
                    self._fill(_GROUP + key)

    # ---- finding ---------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Typing finds; the arrows move the mark in what was found."""
        find, choices = self.query_one("#find", Input), self.query_one("#choices", OptionList)
        moves: dict[str, Callable[[], None]] = {
            "up": choices.action_cursor_up,
            "down": choices.action_cursor_down,
            "pageup": choices.action_page_up,
            "pagedown": choices.action_page_down,
        }
        if find.has_focus and event.key in moves:
            event.stop()
            moves[event.key]()
        elif not find.has_focus and event.is_printable and event.character and (event.character.strip() or find.value):
            event.stop()
            find.add_class("-finding")
            find.focus()
            find.insert_text_at_cursor(event.character)

    @on(Input.Changed, "#find")
    def _find(self, event: Input.Changed) -> None:
        found = self._found(event.value) if event.value.strip() else []
        self._fill(found[0].id if found else None)
        if not event.value:
            event.input.remove_class("-finding")
            self.query_one("#choices").focus()

    @on(Input.Submitted, "#find")
    def _take_found(self) -> None:
        self.query_one("#choices", OptionList).action_select()

    def action_all(self) -> None:
        """Out of what was found, back to everything."""
        self.query_one("#find", Input).value = ""

    # ---- what is marked --------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        with game(self).toast_errors():
            self.query_one("#opening", Static).update(self._about(event.option_id or ""))
            self.query_one("#preview").scroll_home(animate=False)

    def _about(self, id_: str) -> Content:
        if listed := self._listed.get(id_):
            details = (time_ago(listed.played), plural(listed.turns, "turn"), plural(listed.words, "word"))
            tags = [f"#{one_line(tag)}" for tag in listed.tags]
            ending = printable(game(self).shelf.last_passage(listed.id))
            return _page(one_line(listed.title), " · ".join([*filter(None, details), *tags]), ending)
        if scenario := self._scenario(id_):
            return _about_scenario(scenario)
        for key, scenarios in self._groups():
            if id_ == _GROUP + key:
                return _page(key.capitalize(), "", "\n".join(_shown(scenario).title for scenario in scenarios.values()))
        if id_ == _ALL:
            return _page("All adventures", "", "To search, rename, tag, export and purge them.")
        if id_ == _WRITE:
            ask = "Who are you, where do you stand, and what is about to happen? A few sentences are enough."
            return _page("Write your own", "", ask)
        return Content("")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        id_ = event.option_id or ""
        if listed := self._listed.get(id_):
            game(self).resume(listed.id)
        elif id_ == _ALL:
            self.app.call_later(game(self).open_shelf)
        elif id_ == _WRITE:
            self._write(None)
        elif scenario := self._scenario(id_):
            game(self).begin(scenario)
        else:
            self.action_fold(id_.removeprefix(_GROUP) in self._open)

    def action_edit(self) -> None:
        """Changes a scenario: the player's own, or a copy of one of ours."""
        if scenario := self._scenario(self._marked):
            self._write(scenario)

    def _write(self, scenario: Scenario | None) -> None:
        from dungeon.tui.screens.scenario_editor import ScenarioEditor

        own = scenario is not None and self._marked.startswith(_OWN)
        self.app.push_screen(ScenarioEditor(scenario, scenario.name if scenario and own else ""), self._written)

    def _written(self, scenario: Scenario | None) -> None:
        if scenario:
            game(self).begin(scenario)

    def action_trash(self) -> None:
        """Throws one of the player's own scenarios away, once that is confirmed."""
        scenario = self._scenario(self._marked)
        if scenario and self._marked.startswith(_OWN):
            question = (
                f"Throw your scenario “{_shown(scenario).title}” away? Its file goes to the folder trash beside it."
            )
            self.app.push_screen(ConfirmScreen(question, "Throw away"), partial(self._trash, scenario.name))

    def _trash(self, name: str, yes: bool | None) -> None:
        if yes:
            with game(self).toast_errors():
                game(self).toast(f"It lies in {printable(str(trash_scenario(name)))}")
                self.on_screen_resume()


def _option(text: str, id_: str) -> Option:
    return Option(Content(text), id=id_)


def _about_scenario(scenario: Scenario) -> Content:
    shown = _shown(scenario)
    details = [scenario.genre] if scenario.genre else []
    if scenario.cards:
        details.append(plural(len(scenario.cards), "card"))
    asked = "".join(f"\n{placeholder.ask}" for placeholder in scenario.placeholders)
    more = f"\n\nYou are asked:{asked}" if asked else ""
    return _page(shown.title, " · ".join(details), shown.opening + more)


def _page(title: str, details: str, text: str) -> Content:
    return Content.assemble((title, "bold $primary"), (f"\n{details}" if details else "", "$secondary"), f"\n\n{text}")


def _shown(scenario: Scenario) -> Scenario:
    """As it is before the player has answered anything."""
    return fill_placeholders(scenario, {})
