"""A command that is added to the registry appears in the plain game, the help, the palette, the keys and the app."""

import asyncio
import subprocess
import sys

from dungeon.play.registry import COMMANDS
from dungeon.tui.screens.by_command import SCREENS
from tests.dungeon.scripted import ScriptedServer

# Runs in another process, so that the registry of this one stays unchanged.
_ADD_COMMAND = """
import asyncio, sys
from dungeon.play.frontend import PlayFrontend
from dungeon.play.registry import Group, Request, command

@command(Group.TREE, "dance", "Dance a jig.", argument="[STEPS]", key="f11")
async def dance(frontend: PlayFrontend, request: Request) -> None:
    frontend.show_lines("Dance", [f"You dance {request.words or 'a jig'} in {frontend.session.adventure.title}."])

from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.servers.remote import RemoteStoryteller

storyteller = RemoteStoryteller(sys.argv[1], "scripted")
"""
_PLAIN = """
from dungeon.plain.game import play_plain
play_plain(storyteller, scenario=find_scenario("iron-door"), go_on=False, seed=None)
"""
_APP = """
from dungeon.play.keys import keys_for, set_key
from dungeon.settings.layers import Settings
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.play import PlayScreen
from tests.dungeon.host import toast_text

async def play():
    app = DungeonApp(storyteller, scenario=find_scenario("iron-door"))

    async def wait_for_toast(pilot, text):
        while text not in toast_text(app):
            await pilot.pause(0.01)

    async with app.run_test(size=(100, 60)) as pilot:
        while not isinstance(app.screen, PlayScreen):
            await pilot.pause(0.01)
        await pilot.press("f11")
        await wait_for_toast(pilot, "You dance a jig in The Iron Door.")
        await pilot.press(*"/dance", "space", *"twice", "enter")
        await wait_for_toast(pilot, "You dance twice in The Iron Door.")
        set_key(app.session.settings, "dance", "f10")
        await pilot.press("f10")
        await pilot.pause()
        print("palette:", [command.title for command in app.get_system_commands(app.screen)])
        await pilot.press("f1")
        await pilot.pause()
        rows = [str(option.prompt) for option in app.screen.query_one("#commands").options]
        print("help:", " ".join(" ".join(rows).split()))
        print("keys:", keys_for(app.session.settings.global_settings)["dance"])
        await app.end_game()

asyncio.run(asyncio.wait_for(play(), 30))
"""


def run(code: str, server: ScriptedServer, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", _ADD_COMMAND + code, server.url],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_command_works_in_the_plain_game_and_its_help(server: ScriptedServer) -> None:
    output = run(_PLAIN, server, "/dance twice\n/help\n/quit\n")
    assert "You dance twice in The Iron Door." in output
    assert "/dance [STEPS]" in output
    assert "Dance a jig." in output


def test_a_new_command_works_in_the_app_its_keys_palette_and_help(server: ScriptedServer) -> None:
    output = run(_APP, server)
    palette, help_text, keys = (line.partition(": ")[2] for line in output.strip().split("\n"))
    assert "'Dance'" in palette
    assert "/dance [STEPS]" in help_text
    assert "Dance a jig." in help_text
    assert keys == "f10"


def test_every_screen_belongs_to_a_command() -> None:
    assert {command.screen for command in COMMANDS.values() if command.screen} == set(SCREENS)


def test_handlers_are_coroutines() -> None:
    assert all(asyncio.iscoroutinefunction(command.handler) for command in COMMANDS.values())
