"""The registry of settings: the settings screen, `/set`, the settings file and the help all use it.

    parse_setting("top-p", "0.9")            # what a player typed
    check_value(BY_NAME["top_p"], 0.9)       # a value of a file
    format_value(0.9)                        # as a player would type it

A value is a number, a switch (bool), a name or a tuple of phrases. A setting without a default has no value until it is
set: the voice has its own, or there is none. The file is long because every setting is explained in it.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from corpus.text import did_you_mean, printable
from corpus.turns import clean_prose
from dungeon.errors import DungeonError

Value = int | float | str | tuple[str, ...]
"""A switch is a bool, which is an int."""

_PHRASE_LENGTH = 100
_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


class Type(StrEnum):
    """The type of a setting's value, as messages name it."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    SWITCH = "on or off"
    NAME = "a name"
    PHRASES = "phrases"
    TEXT = "a text"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    """As `/set` and files have it."""
    title: str
    """As people call it."""
    type: Type
    help: str
    """One line."""
    details: str
    """How to choose a value."""
    limits: tuple[float, float] = (0, 0)
    """The least and the greatest value; of phrases, how many there may be."""
    unit: str = ""
    default: Value | None = None
    """None where the voice has its own value, or where the setting may be unset."""
    global_only: bool = False
    """Whether it applies to all adventures and can't be set for one."""
    options: tuple[str, ...] = ()
    """The names allowed; none where they are not fixed."""
    step: float = 0
    """How far the next value is, in numbers that are worth stepping through; 0 in others."""


_STORYTELLER = (
    Setting(
        "preset",
        "Preset",
        Type.NAME,
        "A named set of values for the storyteller.",
        "It starts from the voice's own values. What you set by hand lies on top; choosing a preset removes the "
        "numbers that were set by hand in the same place.",
        default="voice",
    ),
    Setting(
        "length",
        "Length of a turn",
        Type.WHOLE,
        "About how long a turn is.",
        "A token is about three quarters of a word. A turn runs on to the end of its sentence, at most 20 tokens more. "
        "Longer turns take longer, and leave less room for the earlier story.",
        (16, 512),
        "tokens",
        step=10,
    ),
    Setting(
        "temperature",
        "Creativity",
        Type.NUMBER,
        "How daring the choice of words is.",
        "At 0 it is always the likeliest word. A small voice keeps the thread best at 0.4 to 0.6, a large one up to "
        "about 1; above that the story wanders.",
        (0, 2),
        step=0.05,
    ),
    Setting(
        "repeat_penalty",
        "Repetition penalty",
        Type.NUMBER,
        "How much less likely a recent word becomes.",
        "1 is off. Much above 1.2, names and small words suffer as well and sentences turn strange.",
        (1, 2),
        step=0.05,
    ),
    Setting(
        "instructions",
        "Instructions",
        Type.TEXT,
        "What a chat model is asked to do.",
        "It is for adventures without their own instructions. Unset, the game has its own. Voices that read plain "
        "text, like lantern, take none. /instructions changes those of one adventure.",
        (0, 4000),
        global_only=True,
    ),
)
_SUGGESTIONS = (
    Setting(
        "suggestions",
        "Suggestions",
        Type.WHOLE,
        "How many actions are suggested after a turn.",
        "0 is off. The voice writes them while you read.",
        (0, 4),
        step=1,
        default=4,
    ),
    Setting(
        "prefetch",
        "Prepare turns ahead",
        Type.SWITCH,
        "Whether the voice prepares the turns after its suggestions while you read.",
        "A suggestion that is ready starts at once. Prefetching never delays what you ask for; off, the machine rests "
        "between turns.",
        default=True,
        global_only=True,
    ),
)
_LOOKS = (
    Setting(
        "theme",
        "Theme",
        Type.NAME,
        "The colours.",
        "ansi-dark and ansi-light use those of your terminal. With NO_COLOR set in the environment there are none. "
        "Themes of your own are files in the folder themes, beside the settings file.",
        default="lamplight",
        global_only=True,
    ),
    Setting(
        "pace",
        "Pace of the author",
        Type.WHOLE,
        "How fast an author's text appears.",
        "0 shows all of it at once. Enter or Esc shows the rest of a text that is still appearing.",
        (0, 200),
        "words a second",
        step=5,
        default=30,
        global_only=True,
    ),
    Setting(
        "column",
        "Width of the story",
        Type.WHOLE,
        "How wide the story may get.",
        "Lines of 60 to 80 letters read best.",
        (40, 200),
        "letters",
        step=2,
        default=78,
        global_only=True,
    ),
    Setting(
        "panel",
        "The side panel",
        Type.NAME,
        "The panel beside the story: people and things, memory, summary.",
        "auto shows it where the terminal has 120 columns or more.",
        default="auto",
        global_only=True,
        options=("auto", "on", "off"),
    ),
    Setting(
        "plain_cues",
        "Your turn, in lines",
        Type.NAME,
        "Whether the game in lines (--plain) says when it is your turn.",
        "It is a sign before your line, and a line at the end of a turn. auto: on a terminal, and not in a pipe.",
        default="auto",
        global_only=True,
        options=("auto", "on", "off"),
    ),
)
_ADVANCED = (
    Setting(
        "top_p",
        "Likeliest share",
        Type.NUMBER,
        "Choose among the likeliest words that make up this share of the odds.",
        "1 is off. 0.9 leaves out the least likely tenth.",
        (0.05, 1),
        step=0.05,
    ),
    Setting(
        "min_p",
        "Least likely word",
        Type.NUMBER,
        "Leave out words less likely than this share of the likeliest one.",
        "0 is off. It keeps nonsense out where the voice is sure and leaves it free where it is not: 0.05 to 0.1 goes "
        "well with a high temperature.",
        (0, 1),
        step=0.01,
    ),
    Setting(
        "top_k",
        "Likeliest words",
        Type.WHOLE,
        "Choose among this many of the likeliest words.",
        "0 is off. 40 is usual; 1 always takes the likeliest.",
        (0, 1000),
        "words",
        step=10,
    ),
    Setting(
        "repeat_last_n",
        "Repetition range",
        Type.WHOLE,
        "How far back repeat_penalty looks.",
        "0 is off.",
        (0, 8192),
        "tokens",
        step=64,
    ),
    Setting(
        "dry_multiplier",
        "Loop penalty",
        Type.NUMBER,
        "DRY: how strongly the voice avoids repeating a sequence of words.",
        "0 is off. Where the last words stood before, the word that followed them becomes less likely. It breaks loops "
        "and leaves single words alone. 0.8 is usual.",
        (0, 5),
        step=0.1,
    ),
    Setting(
        "dry_base",
        "Loop penalty growth",
        Type.NUMBER,
        "DRY: how steeply the penalty grows with each repeated token.",
        "1.75 is usual.",
        (1, 4),
        step=0.25,
    ),
    Setting(
        "dry_allowed_length",
        "Repeats allowed",
        Type.WHOLE,
        "DRY: how many tokens in a row may repeat without a penalty.",
        "Less than 2 forbids set phrases and names of several words.",
        (1, 20),
        "tokens",
        step=1,
    ),
    Setting(
        "dry_penalty_last_n",
        "Loop range",
        Type.WHOLE,
        "DRY: how far back it looks.",
        "0 is off.",
        (0, 8192),
        "tokens",
        step=256,
    ),
    Setting(
        "xtc_probability",
        "Surprise",
        Type.NUMBER,
        "XTC: how often the most obvious words are dropped.",
        "0 is off. Where several words are likelier than xtc_threshold, all but the least likely of them are dropped: "
        "fresher turns of phrase that still make sense. Try 0.3.",
        (0, 1),
        step=0.05,
    ),
    Setting(
        "xtc_threshold",
        "Surprise threshold",
        Type.NUMBER,
        "XTC: how likely a word must be to be dropped.",
        "Lower values drop more words. At 0.5 XTC does nothing.",
        (0, 0.5),
        step=0.05,
    ),
    Setting(
        "seed",
        "Seed",
        Type.WHOLE,
        "The same seed, voice, settings and actions give the same story.",
        "On the same machine. Without a seed each turn is drawn anew. `dungeon --seed` overrides this.",
        (0, 2**31 - 1),
    ),
    Setting(
        "stop",
        "Stop phrases",
        Type.PHRASES,
        "A turn ends before any of these phrases.",
        r"Semicolons between them; \n is a line break. At most three: servers accept no more.",
        (0, 3),
    ),
    Setting(
        "banned",
        "Banned phrases",
        Type.PHRASES,
        "Phrases that the voice may not use.",
        "Semicolons between them; capitals make no difference.",
        (0, 100),
    ),
)
ADVANCED = "Advanced"
"""The group of the details of sampling."""
GROUPS = {"Storyteller": _STORYTELLER, "Suggestions": _SUGGESTIONS, "Looks": _LOOKS, ADVANCED: _ADVANCED}
SETTINGS = tuple(chain.from_iterable(GROUPS.values()))
BY_NAME = {setting.name: setting for setting in SETTINGS}
RENAMED = {"ahead": "prefetch"}
"""Names of earlier versions: settings files, adventures and `/set` may still use them."""


def find_setting(name: str) -> Setting:
    """Return the setting of that name or title, in any case, with hyphens or spaces as well as underscores.

    Raises:
        DungeonError: there is no such setting; names the nearest.
    """
    wanted = _as_name(name)
    wanted = RENAMED.get(wanted, _NAME_OF_TITLE.get(wanted, wanted))
    if wanted in BY_NAME:
        return BY_NAME[wanted]
    completed = [known for known in BY_NAME if wanted and known.startswith(wanted)][:1]
    hint = did_you_mean(completed[0] if completed else wanted, BY_NAME)
    raise DungeonError(f"There is no setting '{printable(name)[:30]}'.{hint}")


def _as_name(text: str) -> str:
    return "_".join(text.strip().lower().replace("-", " ").split())


_NAME_OF_TITLE = {_as_name(setting.title): setting.name for setting in SETTINGS}


def parse_setting(name: str, text: str) -> Value:
    """Return what a player typed as that setting's value.

    Raises:
        DungeonError: there is no such setting, or it does not allow the value.
    """
    setting = find_setting(name)
    text = text.strip()
    value: object = text
    try:
        if setting.type is Type.WHOLE:
            value = int(text)
        elif setting.type is Type.NUMBER:
            value = float(text)
    except ValueError:
        pass  # check_value reports the text
    if setting.type is Type.SWITCH:
        value = _SWITCH.get(text.lower(), text)
    elif setting.type is Type.PHRASES:
        parts = text.split(";") if text.lower() != "none" else []
        value = [part.strip().replace(r"\n", "\n") for part in parts if part.strip()]
    elif setting.type is Type.NAME:
        value = text.lower()
    return check_value(setting, value)


def check_value(setting: Setting, value: object) -> Value:
    """Return the value as the setting's type.

    Raises:
        DungeonError: the setting does not allow it; says what it allows.
    """
    checked = _convert(setting, value)
    if checked is None:
        given = f"{value:.10g}" if isinstance(value, float) else repr(value)
        given = given if len(given) <= 40 else given[:40] + "…"
        raise DungeonError(f"{setting.name} must be {allowed_values(setting)}, not {printable(given)}.")
    return checked


def _convert(setting: Setting, value: object) -> Value | None:
    """Return None for a value that the setting does not allow."""
    if setting.type is Type.SWITCH:
        return value if isinstance(value, bool) else None
    if setting.type is Type.NAME:
        return value if isinstance(value, str) and (not setting.options or value in setting.options) else None
    if setting.type is Type.PHRASES:
        return _convert_phrases(value, int(setting.limits[1]))
    if setting.type is Type.TEXT:
        text = clean_prose(value).strip() if isinstance(value, str) else ""
        return text if 0 < len(text) <= setting.limits[1] else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    low, high = setting.limits
    if not low <= value <= high or (setting.type is Type.WHOLE and value != int(value)):
        return None
    return int(value) if setting.type is Type.WHOLE else float(value)


def _convert_phrases(value: object, most: int) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or len(value) > most:
        return None
    phrases = []
    for phrase in value:
        if not isinstance(phrase, str) or len(phrase) > _PHRASE_LENGTH or not printable(phrase).strip(" "):
            return None
        phrases.append(printable(phrase))
    return tuple(phrases)


def allowed_values(setting: Setting) -> str:
    """Return in words what values the setting allows."""
    low, high = setting.limits
    if setting.type is Type.PHRASES:
        return f"at most {high:g} phrases of up to {_PHRASE_LENGTH} letters"
    if setting.type is Type.TEXT:
        return f"a text of up to {high:,.0f} letters"
    if setting.options:
        return f"one of {', '.join(setting.options)}"
    if setting.type in (Type.WHOLE, Type.NUMBER):
        unit = f" {setting.unit}" if setting.unit else ""
        return f"{setting.type} from {low:.10g} to {high:.10g}{unit}"
    return str(setting.type)


def format_value(value: Value | None, unset: str = "none") -> str:
    """Return a value as a player would type it; `unset` stands for no value."""
    if value is None or value == ():
        return unset
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "; ".join(phrase.replace("\n", r"\n") for phrase in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
