"""Commands for voices."""

import asyncio

from dungeon.play.frontend import Frontend
from dungeon.play.registry import Group, Request, command
from dungeon.storyteller.hardware.machine import this_machine
from dungeon.storyteller.voices.lines import machine_line, voice_lines


@command(
    Group.SETTINGS,
    "voices",
    "Voices: what is here and what fits this machine; fetch, switch, remove.",
    argument="[NAME]",
    key="f8",
    screen="voices",
    while_streaming=True,
    needs_adventure=False,
)
async def voices(frontend: Frontend, request: Request) -> None:
    if request.words:
        await frontend.switch_voice(request.words)
        return
    machine = await asyncio.to_thread(this_machine)
    listed = await asyncio.to_thread(voice_lines, machine)
    lines = [line.replace(" *\t", ", the default\t").replace("\t", "; ") for line in listed]
    frontend.show_lines("Voices", [machine_line(machine), *lines])
