"""Commands that change settings."""

from dungeon.play.frontend import Frontend, PlayFrontend
from dungeon.play.keys import set_key
from dungeon.play.registry import Group, Request, command
from dungeon.settings.effective import setting_lines
from dungeon.settings.presets import PRESETS

_KEY = "keys."
_SAVE = "save "


@command(
    Group.SETTINGS,
    "settings",
    "Settings: sampling, suggestions, looks, keys.",
    key="f4",
    screen="settings",
    needs_adventure=False,
)
async def settings(frontend: Frontend, _: Request) -> None:
    frontend.show_lines("Settings", setting_lines(frontend.session.settings))


@command(
    Group.SETTINGS,
    "set",
    "Change a setting here (/set all NAME VALUE: everywhere); without a value, reset it.",
    argument="NAME [VALUE]",
)
async def set_(frontend: PlayFrontend, request: Request) -> None:
    current = frontend.session.settings
    name, _, value = request.words.partition(" ")
    everywhere = name.lower() == "all"
    if everywhere:
        name, _, value = value.strip().partition(" ")
    value = value.strip()
    if name.lower().startswith(_KEY):
        frontend.show_lines("Settings", [set_key(current, name[len(_KEY) :].lower(), value or None)])
        return
    lines = [current.set(name, value or None, globally=everywhere)]
    frontend.show_lines("Settings", lines if value else [*lines, current.describe(name)])


@command(
    Group.SETTINGS, "preset", "Use a preset of settings, or save the current ones as one.", argument="[[save] NAME]"
)
async def preset(frontend: PlayFrontend, request: Request) -> None:
    current = frontend.session.settings
    if request.words.startswith(_SAVE):
        name = current.save_preset(request.words.removeprefix(_SAVE))
        frontend.show_lines("Presets", [f"Saved as the preset '{name}'. /preset {name} uses it."])
    elif request.words:
        frontend.show_lines("Presets", [current.set("preset", request.words)])
    else:
        lines = [f"The preset is {current.display('preset')}."]
        lines += [f"  {name}: {entry.help}" for name, entry in PRESETS.items()]
        lines += [f"  {name}: your own" for name in current.global_settings.presets]
        frontend.show_lines("Presets", lines)


@command(
    Group.SETTINGS,
    "theme",
    "The next theme, or the one named.",
    argument="[NAME]",
    key="f7",
    while_streaming=True,
    needs_adventure=False,
)
async def theme(frontend: Frontend, request: Request) -> None:
    current = frontend.session.settings
    names = list(current.themes.help)
    following = names[(names.index(current.theme) + 1) % len(names)]
    line = current.set("theme", request.words or following, globally=True)
    frontend.show_lines("Settings", [line, current.themes.help[current.theme]])


@command(
    Group.SETTINGS, "panel", "Show or hide people, memory and summary beside the story.", key="f9", while_streaming=True
)
async def panel(frontend: PlayFrontend, _: Request) -> None:
    frontend.toggle_panel()
