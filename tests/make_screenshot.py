"""Draws the README's screenshot from the running game: `python tests/make_screenshot.py [--voice NAME]`.

The real app, the real voice, a story and two typed lines; writes tests/screenshot.svg. It uses a temporary shelf, not
yours.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

# Run as a script, Python looks here first, where `dungeon` is the folder of its tests.
sys.path[0] = str(Path(__file__).parent.parent)

SIZE = (92, 36)
STORY = "the-ten-forty"
LINES = ("wake the station master", "look through the window at the dark")
"""The first is one of the author's choices in other words, the second is not."""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice")
    parser.add_argument("--seed", type=int, help="without a seed, each run shows another turn")
    arguments = parser.parse_args()

    from dungeon.authored.books import find_books
    from dungeon.storyteller.open import open_storyteller
    from dungeon.tui import app as game
    from dungeon.tui.screens.play import PlayScreen

    with tempfile.TemporaryDirectory() as folder:
        game.shelf_file = lambda: Path(folder) / "shelf.db"
        storyteller = open_storyteller(arguments.voice, None, None)
        app = game.DungeonApp(storyteller, books=find_books(STORY), seed=arguments.seed)
        app.session.settings.set("pace", "0", globally=True)
        async with app.run_test(size=SIZE) as pilot:
            await app.workers.wait_for_complete()
            screen = app.screen
            assert isinstance(screen, PlayScreen)
            for line in LINES:
                screen.prompt.text = line
                await pilot.press("enter")
                await pilot.pause()
                await app.workers.wait_for_complete()
                await pilot.pause()
            svg = app.export_screenshot(title="dungeon")
            Path(__file__).with_name("screenshot.svg").write_text(svg, encoding="utf-8")
            await app.end_game()


if __name__ == "__main__":
    os.environ.setdefault("COLORTERM", "truecolor")
    asyncio.run(main())
