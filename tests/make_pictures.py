"""Makes the README's pictures from the running game: `python -m tests.make_pictures [--voice NAME] [PICTURE …]`.

    start     the first screen
    turn      a scenario, a typed line, the turn that the voice answers with, and what it suggests
    tree      an adventure with takes and branches, as a tree
    session   moves: a suggestion is picked, then a line is typed; both are answered word by word

The real app and the real voice. Stills have a seed: another run on the same machine shows the same turns, nearly
always. The recording has none, because with a seed the voice prepares nothing while one reads. The pictures go to
`tests/pictures/`, the adventures to a temporary home, not to yours.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import TextArea

from dungeon.paths import voices_folder, weights_folder
from dungeon.scenarios.user import find_scenario
from dungeon.settings.layers import Settings
from dungeon.settings.palettes import PALETTES
from dungeon.storyteller.open import open_storyteller
from dungeon.storyteller.protocol import Storyteller
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.widgets.header import READY
from tests.dungeon.host import press, settle, wait_until
from tests.dungeon.playing import play_screen
from tests.pictures import Moment, lines_of, moving, still, without_waiting

FOLDER = Path(__file__).with_name("pictures")
SIZE = (90, 26)
"""Columns and rows: letters can be read where a page is some 800 pixels wide."""
SCENARIO = "iron-door"
BACKGROUND = PALETTES["lamplight"].background
PATIENCE = 600.0
"""Seconds to wait for the voice."""
FASTER = 3
"""How many times as fast the recording is shown: nobody watches a picture for minutes."""
LONGEST_PAUSE = 1.5
"""Seconds without any change that are left in the recording."""


@dataclass
class Studio:
    """Where pictures are made."""

    open_voice: Callable[[], Storyteller]
    folder: Path = FOLDER
    seed: int = 1
    sample_seconds: float = 0.1
    """Between two looks at the screen while it is recorded."""
    letter_seconds: float = 0.07
    """Between two letters that are typed while it is recorded."""
    made: list[Path] = field(default_factory=list)

    def keep(self, name: str, svg: str) -> None:
        """Write a picture."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        self.made.append(path)

    @asynccontextmanager
    async def game(self, scenario: str = "", seed: int | None = None) -> AsyncIterator[Pilot[None]]:
        """The game with an empty shelf, once the voice can be asked. Nothing blinks."""
        with temporary_home():
            voice = self.open_voice()
            app = DungeonApp(voice, scenario=find_scenario(scenario) if scenario else None, seed=seed)
            app.session.settings.global_settings = Settings({"pace": 0})
            async with app.run_test(size=SIZE) as pilot:
                await wait_until(pilot, lambda: app.voice_state == READY, PATIENCE)
                await settle(pilot)
                for area in app.screen.query(TextArea):
                    area.cursor_blink = False
                yield pilot
                await app.end_game()


@contextmanager
def temporary_home() -> Iterator[None]:
    """No adventures and no settings, but the weights and the voices that are here already."""
    shared = {"cache/weights": weights_folder(), "data/voices": voices_folder()}
    before = os.environ.get("DUNGEON_HOME")
    with tempfile.TemporaryDirectory() as folder:
        for name, target in shared.items():
            (Path(folder) / name).parent.mkdir()
            (Path(folder) / name).symlink_to(target)
        os.environ["DUNGEON_HOME"] = folder
        try:
            yield
        finally:
            os.environ.pop("DUNGEON_HOME")
            os.environ.update({"DUNGEON_HOME": before} if before else {})


# ---- what the player does ----------------------------------------------------------------------------------------


async def type_line(pilot: Pilot[None], line: str, letter_seconds: float = 0.0) -> None:
    """Type a line of letters, digits, spaces and slashes, and press Enter."""
    for letter in line:
        await press(pilot, {" ": "space", "/": "slash"}.get(letter, letter))
        await asyncio.sleep(letter_seconds)
    await press(pilot, "enter")


async def turn_ends(pilot: Pilot[None]) -> None:
    """Wait until no turn is being written."""
    await settle(pilot)
    await wait_until(pilot, lambda: not play_screen(pilot).busy, PATIENCE)
    await settle(pilot)


async def voice_rests(pilot: Pilot[None]) -> None:
    """Wait until the voice has nothing to do: what it suggests is there."""
    async with asyncio.timeout(PATIENCE):
        await pilot.app.workers.wait_for_complete()
    await settle(pilot)


# ---- the pictures ------------------------------------------------------------------------------------------------


async def start(studio: Studio) -> None:
    """The first screen."""
    async with studio.game() as pilot:
        assert isinstance(pilot.app.screen, StartScreen)
        await voice_rests(pilot)
        studio.keep("start", still(lines_of(pilot.app), pilot.app.size, BACKGROUND, "Dungeon: the first screen"))


async def turn(studio: Studio) -> None:
    """A turn of the voice, and its suggestions."""
    async with studio.game(SCENARIO, studio.seed) as pilot:
        await type_line(pilot, "put the copper key into the fourth keyhole")
        await turn_ends(pilot)
        await press(pilot, "ctrl+g")
        await voice_rests(pilot)
        studio.keep("turn", still(lines_of(pilot.app), pilot.app.size, BACKGROUND, "Dungeon: a turn of the voice"))


async def tree(studio: Studio) -> None:
    """Turns, takes and another branch, as a tree."""
    async with studio.game(SCENARIO, studio.seed) as pilot:
        for line in ("open the iron door", "hold up the lamp", "/retry", "go inside", "/name behind the door"):
            await type_line(pilot, line)
            await turn_ends(pilot)
        for line in ("/undo", "/undo", "call into the dark", "/bookmark", "wait and listen"):
            await type_line(pilot, line)
            await turn_ends(pilot)
        await press(pilot, "f5")
        await settle(pilot)
        assert isinstance(pilot.app.screen, TreeScreen)
        studio.keep("tree", still(lines_of(pilot.app), pilot.app.size, BACKGROUND, "Dungeon: an adventure as a tree"))


async def session(studio: Studio) -> None:
    """A suggestion is picked, then a line is typed."""
    async with studio.game(SCENARIO) as pilot:
        assert isinstance(pilot.app.screen, PlayScreen)
        moments: list[Moment] = []
        recording = asyncio.create_task(record(pilot, moments, studio.sample_seconds))
        await type_line(pilot, "1", studio.letter_seconds)
        await turn_ends(pilot)
        await voice_rests(pilot)
        await type_line(pilot, "ask hessa who is awake", studio.letter_seconds)
        await turn_ends(pilot)
        await voice_rests(pilot)
        recording.cancel()
        moments.append(Moment(time.monotonic(), lines_of(pilot.app)))
        shortened = [
            replace(moment, seconds=moment.seconds / FASTER) for moment in without_waiting(moments, LONGEST_PAUSE)
        ]
        studio.keep("session", moving(shortened, pilot.app.size, BACKGROUND, "Dungeon: two turns"))


async def record(pilot: Pilot[None], moments: list[Moment], seconds: float) -> None:
    """Look at the screen again and again, until this is cancelled."""
    while True:
        moments.append(Moment(time.monotonic(), lines_of(pilot.app)))
        await asyncio.sleep(seconds)


PICTURES: Mapping[str, Callable[[Studio], Coroutine[None, None, None]]] = {
    "start": start,
    "turn": turn,
    "tree": tree,
    "session": session,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"{', '.join(PICTURES)}; without any, all")
    parser.add_argument("--voice", help="the best one that is here and fits, if none is named")
    parser.add_argument("--seed", type=int, default=Studio.seed, help="for the stills")
    arguments = parser.parse_args()
    if unknown := set(arguments.pictures) - set(PICTURES):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    studio = Studio(lambda: open_storyteller(arguments.voice, None, None), seed=arguments.seed)
    for name in arguments.pictures or PICTURES:
        asyncio.run(PICTURES[name](studio))
        print(f"{studio.made[-1]} ({studio.made[-1].stat().st_size >> 10} KiB)")


if __name__ == "__main__":
    main()
