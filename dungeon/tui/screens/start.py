"""The first screen: continue an adventure, play an authored story, begin a scenario, or write one.

First come three ways in (`start_featured`). Below them, stories and scenarios are folded under their genres, the
player's own scenarios under "Yours". Typing filters them: listed are those that have all of the words in their title,
genre or opening. For `dungeon read` there are only stories.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import printable
from dungeon.authored.books import Book, library
from dungeon.play.registry import COMMANDS
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario
from dungeon.scenarios.user import trash_scenario, user_scenarios
from dungeon.storage.entries import ShelfEntry
from dungeon.tale.authored import endings_line
from dungeon.tui.host import game
from dungeon.tui.screens import start_featured as featured
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.start_groups import YOURS, EntryGroup, grouped, is_own, stories_id, story_id
from dungeon.tui.screens.start_preview import (
    HOW_SCENARIO,
    HOW_STORY,
    about_adventure,
    about_entry,
    entry_opening,
    entry_title,
    page,
)
from dungeon.tui.screens.start_voice import VoiceLines
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Options

_ALL = "all"
_WRITE = "write"
_CONTINUE = "continue"
_FEATURED = "featured:"
"""The ids of options that are in no group. A featured story or scenario has `_FEATURED` and its id in its group."""
_FEW = 12
"""So many stories of the player's own are listed without folding."""
_TITLE = "Dungeon: an open, local AI Dungeon."
_WELCOME = "Text adventures, told by a language model on your own machine."
_WELCOME_TO_READ = "Stories to read: pick what you do by its number."


class _Ways(Options):
    """What can be begun."""

    BINDINGS = [
        Binding("enter", "select", "Begin"),
        Binding("right", "screen.fold(False)", "Unfold"),
        Binding("left", "screen.fold(True)", "Fold"),
    ]


class _Find(LineField):
    """What to search for; Enter begins what is highlighted."""

    BINDINGS = [Binding("enter", "submit", "Begin")]


class StartScreen(Screen[None]):
    """A list on the left; beside or below it, where there is room, the opening of what is highlighted.

    `today` says which story and which scenario are featured.
    """

    CSS_PATH = "start.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "all", "Back to all"),
        Binding(COMMANDS["shelf"].key, "app.command('shelf')", "Adventures", id="shelf", priority=True),
        Binding("ctrl+e", "edit", "Edit as your own", priority=True),
        Binding("delete", "trash", "Throw away"),
        Binding(COMMANDS["settings"].key, "app.command('settings')", "Settings", id="settings", priority=True),
    ]

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today
        self._latest: ShelfEntry | None = None
        """The adventure that was played last."""
        self._adventure_count = 0
        self._seen: Mapping[str, frozenset[str]] = {}
        """The passages that were seen of each story that was begun."""
        self._user_scenarios: list[Scenario] = []
        self._groups: tuple[EntryGroup, ...] = ()
        self._unfolded: set[str] = {YOURS}
        """The ids of the groups that are unfolded."""
        self._reported: set[str] = set()
        """What is wrong with scenario files, as far as it was shown."""

    def compose(self) -> ComposeResult:
        welcome = _WELCOME_TO_READ if self._reads_only else _WELCOME
        yield Static(Content.assemble((_TITLE, "bold $primary"), f"\n{welcome}"), id="title")
        yield VoiceLines()
        yield _Find(placeholder="Find a story or a scenario", id="find", compact=True, select_on_focus=False)
        with Container(id="both"):
            with Pane("Begin or continue", widget_id="ways"):
                yield _Ways(widget_id="choices")
            with Pane("Preview", widget_id="preview"), VerticalScroll(can_focus=False):
                yield Static(id="opening", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#ways").border_subtitle = "type to find"
        if len(game(self).books) <= _FEW:
            self._unfolded |= {stories_id(book.genre) for book in game(self).books}

    def on_screen_resume(self) -> None:
        """Show how everything is now: it may have changed on the screen above."""
        self.query_one(VoiceLines).refresh_lines()
        with game(self).toast_errors():
            shelf = game(self).shelf
            self._latest = next(iter(shelf.list_adventures(limit=1)), None)
            self._adventure_count = shelf.count_adventures()
            # Whoever saw an opening, and nothing else, has not begun the story.
            self._seen = {key: passages for key, passages in shelf.all_seen_passages().items() if len(passages) > 1}
        with game(self).toast_errors():
            self._user_scenarios, troubles = user_scenarios()
            for trouble in troubles:
                if trouble.message not in self._reported:
                    self._reported.add(trouble.message)
                    game(self).toast(trouble.message, error=True)
        scenarios = ((), ()) if self._reads_only else (builtin_scenarios(), self._user_scenarios)
        self._groups = grouped(game(self).books or library(), *scenarios)
        self._fill()
        self._list.focus()

    # ---- the list --------------------------------------------------------------------------------------------

    @property
    def _list(self) -> _Ways:
        return self.query_one("#choices", _Ways)

    @property
    def _highlighted(self) -> str:
        """The id of the highlighted option."""
        option = self._list.highlighted_option
        return (option.id or "") if option else ""

    def _fill(self, highlight: str | None = None) -> None:
        """List everything, or what was found, and highlight this option, or else the one that was."""
        place = self._list.highlighted or 0
        highlight = highlight or self._highlighted
        words = self.query_one("#find", Input).value
        rows = self._found(words) if words.strip() else list(self._everything())
        options = [row for row in rows if row]
        places = {option.id: place for place, option in enumerate(options)}
        group = next((group.option_id for group in self._groups if highlight in group.entries), "")
        self._list.clear_options()
        self._list.add_options(rows)
        if not options:
            self.query_one("#opening", Static).update("Nothing has all of these words. Esc shows everything again.")
        else:
            self._list.highlighted = places.get(highlight, places.get(group, min(place, len(options) - 1)))

    def _everything(self) -> Iterator[Option | None]:
        """Yield the options when nothing is searched for; None is a line between them."""
        yield from self._featured()
        yield None
        if self._adventure_count and not self._reads_only:
            yield _option(f"All adventures… ({self._adventure_count})", _ALL)
        if not self._reads_only:
            yield _option("Write your own…", _WRITE)
        section = ""
        for group in self._groups:
            if group.section != section:
                section = group.section
                yield Option(Content.styled(section, "bold $foreground"), disabled=True)
            sign = "▾" if group.option_id in self._unfolded else "▸"
            heading = f"{sign} {group.name.capitalize()} ({len(group.entries)})"
            yield Option(Content.styled(heading, "$primary"), id=group.option_id)
            if group.option_id in self._unfolded:
                yield from (self._row(option_id, entry) for option_id, entry in group.entries.items())

    def _featured(self) -> Iterator[Option]:
        """Yield the ways in that suit everybody."""
        books = game(self).books or library()
        first = featured.first_story(books) if self._latest is None or self._reads_only else None
        if self._latest and not self._reads_only:
            yield Option(featured.continue_row(self._latest), id=_CONTINUE)
        if first:
            yield Option(featured.first_story_row(first), id=f"{_FEATURED}{story_id(first)}")
        if not self._reads_only:
            scenario = featured.scenario_of_the_day(builtin_scenarios(), self._today)
            yield Option(featured.scenario_row(scenario), id=f"{_FEATURED}{scenario.name}")
        book = featured.story_of_the_day(books, self._seen.keys(), self._today)
        if book is not first:  # it is, if it is the only one
            yield Option(featured.story_row(book), id=f"{_FEATURED}{story_id(book)}")

    def _seen_of(self, entry: Scenario | Book) -> frozenset[str]:
        return self._seen.get(entry.key, frozenset()) if isinstance(entry, Book) else frozenset()

    def _row(self, option_id: str, entry: Scenario | Book) -> Option:
        """Return the option of a scenario, or of a story with how many of its endings were found."""
        seen = self._seen_of(entry)
        found = f"  {endings_line(entry.story, seen).lower()}" if seen and isinstance(entry, Book) else ""
        return Option(Content.assemble(f"    {entry_title(entry)}", (found, "dim")), id=option_id)

    def _found(self, words: str) -> list[Option]:
        """Return the stories and scenarios that have all the words, first those that have them in the title."""
        wanted = words.casefold().split()
        titled, others = list[Option](), list[Option]()
        for group in self._groups:
            for option_id, entry in group.entries.items():
                title = entry_title(entry)
                text = f"{title} {entry.genre} {group.name} {entry_opening(entry)}".casefold()
                if all(word in text for word in wanted):
                    kind = f"{group.name}, a story" if isinstance(entry, Book) else group.name
                    option = Option(Content.assemble(title, (f"  {kind}", "$foreground 60%")), id=option_id)
                    (titled if all(word in title.casefold() for word in wanted) else others).append(option)
        return titled + others

    @property
    def _reads_only(self) -> bool:
        """Whether only authored stories are offered, to be read."""
        return not game(self).session.may_type

    def _entry(self, option_id: str) -> Scenario | Book | None:
        option_id = option_id.removeprefix(_FEATURED)
        return next((group.entries[option_id] for group in self._groups if option_id in group.entries), None)

    def _scenario(self, option_id: str) -> Scenario | None:
        entry = self._entry(option_id)
        return entry if isinstance(entry, Scenario) else None

    def _highlighted_group(self) -> str:
        """The id of the group whose heading or entry is highlighted; "" for none, and while something is searched."""
        if self.query_one("#find", Input).value:
            return ""
        option_id = self._highlighted
        groups = (group for group in self._groups if option_id == group.option_id or option_id in group.entries)
        return next((group.option_id for group in groups), "")

    def action_fold(self, fold: bool) -> None:
        """Fold the group of the highlighted option, or unfold it."""
        group = self._highlighted_group()
        self._unfolded.discard(group) if fold else self._unfolded.add(group)
        self._fill(group)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing here are not in the footer."""
        if action == "fold":
            group = self._highlighted_group()
            return bool(group) and (group in self._unfolded) == parameters[0]
        if action == "all":
            return bool(self.query_one("#find", Input).value)
        if action == "edit":
            return self._scenario(self._highlighted) is not None
        if action == "trash":
            return is_own(self._highlighted)
        return True

    # ---- finding ---------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Letters go to the search field, and the arrows from there to the list."""
        find = self.query_one("#find", Input)
        moves: dict[str, Callable[[], None]] = {
            "up": self._list.action_cursor_up,
            "down": self._list.action_cursor_down,
            "pageup": self._list.action_page_up,
            "pagedown": self._list.action_page_down,
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
            self._list.focus()

    @on(Input.Submitted, "#find")
    def _select_found(self) -> None:
        self._list.action_select()

    def action_all(self) -> None:
        """List everything again."""
        self.query_one("#find", Input).value = ""

    # ---- the highlighted option ------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        with game(self).toast_errors():
            self.query_one("#opening", Static).update(self._about(event.option_id or ""))
            self.query_one("#preview VerticalScroll").scroll_home(animate=False)
        self.refresh_bindings()

    def _about(self, option_id: str) -> Content:
        if option_id == _CONTINUE and self._latest:
            return about_adventure(self._latest, game(self).shelf.last_passage(self._latest.id))
        if entry := self._entry(option_id):
            how = HOW_STORY if isinstance(entry, Book) else HOW_SCENARIO
            return about_entry(entry, self._seen_of(entry), how if option_id.startswith(_FEATURED) else "")
        for group in self._groups:
            if option_id == group.option_id:
                return page(group.name.capitalize(), "", "\n".join(map(entry_title, group.entries.values())))
        if option_id == _ALL:
            return page("All adventures", "", "Search, rename, tag, export and purge them.")
        if option_id == _WRITE:
            ask = "Who are you, where are you, and what is about to happen? A few sentences are enough."
            return page("Write your own", "", ask)
        return Content("")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        option_id = event.option_id or ""
        if option_id == _CONTINUE and self._latest:
            game(self).resume(self._latest.id)
        elif option_id == _ALL:
            self.app.call_later(game(self).open_shelf)
        elif option_id == _WRITE:
            self._write(None)
        elif chosen := self._entry(option_id):
            game(self).open_story(chosen) if isinstance(chosen, Book) else game(self).begin(chosen)
        else:
            self.action_fold(option_id in self._unfolded)

    def action_edit(self) -> None:
        """Edit a scenario: the player's own, or a copy of a built-in one."""
        if scenario := self._scenario(self._highlighted):
            self._write(scenario)

    def _write(self, scenario: Scenario | None) -> None:
        from dungeon.tui.screens.scenario_editor import ScenarioEditor

        name = scenario.name if scenario and is_own(self._highlighted) else ""
        self.app.push_screen(ScenarioEditor(scenario, name), self._written)

    def _written(self, scenario: Scenario | None) -> None:
        if scenario:
            game(self).begin(scenario)

    def action_trash(self) -> None:
        """Throw one of the player's own scenarios away, once that is confirmed."""
        scenario = self._scenario(self._highlighted)
        if scenario and is_own(self._highlighted):
            title = entry_title(scenario)
            question = f"Throw your scenario “{title}” away? Its file goes to the folder trash beside it."
            self.app.push_screen(ConfirmScreen(question, "Throw away"), partial(self._trash, scenario.name))

    def _trash(self, name: str, yes: bool | None) -> None:
        if yes:
            with game(self).toast_errors():
                game(self).toast(f"It is in {printable(str(trash_scenario(name)))}")
                self.on_screen_resume()


def _option(text: str, option_id: str) -> Option:
    return Option(Content(text), id=option_id)
