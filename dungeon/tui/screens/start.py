"""The first screen: continue an adventure, play an authored story, begin a scenario, or write one.

Stories and scenarios are folded under their genres, the player's own scenarios under "Yours". Typing filters them:
listed are those that have all of the words in their title, genre or opening. For `dungeon read` there are only stories.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from corpus.text import one_line, printable
from dungeon.authored.books import Book, library
from dungeon.play.adventures import plural
from dungeon.play.keys import key_hints
from dungeon.play.registry import COMMANDS
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario
from dungeon.scenarios.user import trash_scenario, user_scenarios
from dungeon.storage.shelf import ShelfEntry
from dungeon.storyteller.hardware.machine import this_machine
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.voices.lines import duration_text, size_text
from dungeon.storyteller.voices.overview import VoiceRow, fetch_seconds, overview, recommended
from dungeon.tale.authored import endings_line
from dungeon.tui.host import game
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.start_preview import about_adventure, about_entry, entry_opening, entry_title, page
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.status import StatusLine

_ALL = "all"
_WRITE = "write"
_ADVENTURE = "adventure:"
_YOUR_SCENARIO = "yours:"
_STORY = "story:"
_GROUP = "group:"
"""The ids of options, or how they begin; the id of a built-in scenario is its name."""
_YOURS = "group:yours"
"""The group of the player's own scenarios."""
_STORIES = "Stories: written, with endings"
_SCENARIOS = "Scenarios: the voice writes all"
_MOST_ADVENTURES = 4
_MOST_ADVENTURES_SHORT = 2
"""Adventures that are listed, and on a screen of few lines."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Stories, or scenarios, under one heading that can be folded."""

    option_id: str
    name: str
    section: str
    """The heading above it and others of its sort."""
    entries: dict[str, Scenario | Book]
    """By the ids of their options."""


class StartScreen(Screen[None]):
    """A list on the left; beside or below it, where there is room, the opening of what is highlighted."""

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

    @dataclass
    class BetterVoiceFound(Message):
        """It is known which voice would play better on this machine; None: none would."""

        voice: VoiceRow | None

    def __init__(self) -> None:
        super().__init__()
        self._adventures: dict[str, ShelfEntry] = {}
        """The adventures that are listed, by the ids of their options."""
        self._seen: Mapping[str, frozenset[str]] = {}
        """The passages that were seen of each story."""
        self._user_scenarios: list[Scenario] = []
        self._unfolded: set[str] = {_YOURS}
        """The groups that are unfolded."""
        self._reported: set[str] = set()
        """What is wrong with scenario files, as far as it was shown."""

    def compose(self) -> ComposeResult:
        yield Static("Dungeon", id="title")
        yield Static(id="better", markup=False)
        yield Input(placeholder="Find a story or a scenario", id="find", compact=True, select_on_focus=False)
        with Container(id="both"):
            yield Options(widget_id="choices")
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="opening", markup=False)
        yield StatusLine()

    def on_mount(self) -> None:
        # Fetching the bundled voice measures the network: then the line says how long a better one takes.
        self.watch(self.app, "voice_state", self._look_for_better_voice)

    def _look_for_better_voice(self) -> None:
        if isinstance(game(self).storyteller, LocalStoryteller):
            self._find_better_voice()

    @work(group="better", exclusive=True)
    async def _find_better_voice(self) -> None:
        """Look for a voice that would play better on this machine."""
        rows = await asyncio.to_thread(lambda: overview(this_machine()))
        self.post_message(self.BetterVoiceFound(recommended(rows)))

    @on(BetterVoiceFound)
    def _better_voice_found(self, event: BetterVoiceFound) -> None:
        """Say in one line which voice that is; nothing where there is none."""
        better = event.voice
        line = next(iter(self.query("#better").results(Static)), None)
        if line is None:  # the player has begun meanwhile, and the screen is gone
            return
        line.display = better is not None and game(self).fetches.get(better.name) is None
        if better:
            seconds = fetch_seconds(better)
            time = f", about {duration_text(seconds)} to fetch" if seconds else ""
            key = key_hints(game(self).session.settings.global_settings, "voices").partition(" ")[0] or "/voices"
            what = f"{better.title} fits this machine: {size_text(better.size)}{time}"
            line.update(Content(f"Larger voices make more sense. {what}. {key} shows it."))

    def on_screen_resume(self) -> None:
        self._look_for_better_voice()
        keys = key_hints(game(self).session.settings.global_settings, "help", "shelf")
        hints = ("Enter begins", "type to find", "← → fold", "Ctrl+E edit", keys)
        self.query_one(StatusLine).hint = " · ".join(filter(None, hints))
        with game(self).toast_errors():
            most = _MOST_ADVENTURES_SHORT if self.app.size.height < 20 else _MOST_ADVENTURES
            listed = [] if self._reads_only else game(self).shelf.list_adventures(limit=most)
            self._adventures = {f"{_ADVENTURE}{entry.id}": entry for entry in listed}
            self._seen = game(self).shelf.all_seen_passages()
        with game(self).toast_errors():
            self._user_scenarios, troubles = user_scenarios()
            for trouble in troubles:
                if trouble.message not in self._reported:
                    self._reported.add(trouble.message)
                    game(self).toast(trouble.message, error=True)
        if self._list.option_count:
            self._fill()
        else:
            self._fill(self._first_choice())
        self._list.focus()

    def _first_choice(self) -> str:
        """Return the option to highlight at first: the last adventure, or else a story, whose group is unfolded."""
        if self._adventures:
            return next(iter(self._adventures))
        if self._user_scenarios:
            return f"{_YOUR_SCENARIO}{self._user_scenarios[0].name}"
        first = next(self._groups())
        self._unfolded.add(first.option_id)
        return next(iter(first.entries))

    # ---- the list --------------------------------------------------------------------------------------------

    @property
    def _list(self) -> Options:
        return self.query_one("#choices", Options)

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
        options = self._found(words) if words.strip() else list(self._everything())
        places = {option.id: place for place, option in enumerate(options)}
        group = next((group.option_id for group in self._groups() if highlight in group.entries), "")
        self._list.clear_options()
        self._list.add_options(options)
        if not options:
            self.query_one("#opening", Static).update("Nothing has all of these words. Esc shows everything again.")
        else:
            self._list.highlighted = places.get(highlight, places.get(group, min(place, len(options) - 1)))

    def _everything(self) -> Iterator[Option]:
        for number, (option_id, entry) in enumerate(self._adventures.items()):
            verb = "Go back to" if number else "Continue"
            yield _option(f"{verb}: {one_line(entry.title)} ({plural(entry.turns, 'turn')})", option_id)
        if self._adventures:
            yield _option(f"All adventures… ({game(self).shelf.count_adventures()})", _ALL)
        if not self._reads_only:
            yield _option("Write your own…", _WRITE)
        section = ""
        for group in self._groups():
            if group.section != section:
                section = group.section
                yield Option(Content.styled(section, "bold"), disabled=True)
            sign = "▾" if group.option_id in self._unfolded else "▸"
            heading = f"{sign} {group.name.capitalize()} ({len(group.entries)})"
            yield Option(Content.styled(heading, "$primary"), id=group.option_id)
            if group.option_id in self._unfolded:
                yield from (self._row(option_id, entry) for option_id, entry in group.entries.items())

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
        for group in self._groups():
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

    def _groups(self) -> Iterator[_Group]:
        """Yield the player's own scenarios, the stories of each genre, and the scenarios of each genre."""
        if self._user_scenarios and not self._reads_only:
            entries = {f"{_YOUR_SCENARIO}{scenario.name}": scenario for scenario in self._user_scenarios}
            yield _Group(_YOURS, "yours", "", dict(entries))
        for genre, books in groupby(game(self).books or library(), key=lambda book: book.genre):
            yield _Group(f"{_GROUP}{_STORY}{genre}", genre, _STORIES, {f"{_STORY}{book.key}": book for book in books})
        if not self._reads_only:
            for genre, scenarios in groupby(builtin_scenarios(), key=lambda scenario: scenario.genre):
                yield _Group(_GROUP + genre, genre, _SCENARIOS, {scenario.name: scenario for scenario in scenarios})

    def _entry(self, option_id: str) -> Scenario | Book | None:
        return next((group.entries[option_id] for group in self._groups() if option_id in group.entries), None)

    def _scenario(self, option_id: str) -> Scenario | None:
        entry = self._entry(option_id)
        return entry if isinstance(entry, Scenario) else None

    def action_fold(self, fold: bool) -> None:
        """Fold the group of the highlighted option, or unfold it."""
        if self.query_one("#find", Input).value:
            return
        highlighted = self._highlighted
        for group in self._groups():
            if highlighted == group.option_id or highlighted in group.entries:
                if fold:
                    self._unfolded.discard(group.option_id)
                    self._fill(group.option_id)
                elif group.option_id not in self._unfolded:
                    self._unfolded.add(group.option_id)
                    self._fill(group.option_id)

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
            self.query_one("#preview").scroll_home(animate=False)

    def _about(self, option_id: str) -> Content:
        if adventure := self._adventures.get(option_id):
            return about_adventure(adventure, game(self).shelf.last_passage(adventure.id))
        if entry := self._entry(option_id):
            return about_entry(
                entry, self._seen.get(entry.key, frozenset()) if isinstance(entry, Book) else frozenset()
            )
        for group in self._groups():
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
        if entry := self._adventures.get(option_id):
            game(self).resume(entry.id)
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

        name = scenario.name if scenario and self._highlighted.startswith(_YOUR_SCENARIO) else ""
        self.app.push_screen(ScenarioEditor(scenario, name), self._written)

    def _written(self, scenario: Scenario | None) -> None:
        if scenario:
            game(self).begin(scenario)

    def action_trash(self) -> None:
        """Throw one of the player's own scenarios away, once that is confirmed."""
        scenario = self._scenario(self._highlighted)
        if scenario and self._highlighted.startswith(_YOUR_SCENARIO):
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
