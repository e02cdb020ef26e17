"""Every setting there is, once: the screen, `/set`, the checks of the file and the README's table all come from here.

`parse_setting("top-p", "0.9")` reads what a player typed, `check` what a file says; both give the value or tell what
is wrong with it. A value is a number, a switch, a name or some phrases; what is not set has no value at all.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.settings import themes

Value = int | float | str | tuple[str, ...]
"""A switch is a bool, which Python counts among the ints."""

_PHRASE_LENGTH = 100
_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


class Type(StrEnum):
    """What a setting's value is."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    SWITCH = "on or off"
    NAME = "a name"
    PHRASES = "phrases"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    type: Type
    help: str
    """One line."""
    more: str
    """What else one should know to choose a value."""
    group: str
    low: float = 0
    high: float = 0
    """The most it may be; of phrases, how many there may be."""
    unit: str = ""
    default: Value | None = None
    """None where the voice has its own value, or where nothing is what one has without it."""
    everywhere: bool = False
    """Whether it can only be set for all adventures, not for one."""
    names: tuple[str, ...] = ()
    """The names it may have; none where they change."""


_TELLER, _AHEAD, _LOOKS = "Storyteller", "Suggestions", "Looks"
SETTINGS = (
    Setting(
        "preset",
        Type.NAME,
        "A set of the values below, by name.",
        "It starts from the voice's own values. What is set by hand goes on top; choosing a preset takes the numbers "
        "away that were set by hand in the same place.",
        _TELLER,
        default="voice",
    ),
    Setting(
        "length",
        Type.WHOLE,
        "About how much a turn tells.",
        "A token is about three quarters of a word. A turn runs on to the end of its sentence, for at most 20 tokens. "
        "Longer turns take longer, and leave less room for what was told before.",
        _TELLER,
        16,
        512,
        "tokens",
    ),
    Setting(
        "temperature",
        Type.NUMBER,
        "How daring the choice of words is.",
        "At 0 it is always the likeliest word. A small voice keeps the thread best at 0.4 to 0.6, a large one up to "
        "about 1; above that the story wanders.",
        _TELLER,
        0,
        2,
    ),
    Setting(
        "top_p",
        Type.NUMBER,
        "Choose among the likeliest words that make up this share of the odds.",
        "1 is off. 0.9 leaves out the least likely tenth.",
        _TELLER,
        0.05,
        1,
    ),
    Setting(
        "min_p",
        Type.NUMBER,
        "Leave out words less likely than this share of the likeliest one.",
        "0 is off. It keeps nonsense out where the voice is sure and leaves it free where it is not: 0.05 to 0.1 goes "
        "well with a high temperature.",
        _TELLER,
        0,
        1,
    ),
    Setting(
        "top_k",
        Type.WHOLE,
        "Choose among this many of the likeliest words.",
        "0 is off. 40 is usual; 1 always takes the likeliest.",
        _TELLER,
        0,
        1000,
        "words",
    ),
    Setting(
        "repeat_penalty",
        Type.NUMBER,
        "How much less likely a word gets by having stood a while ago.",
        "1 is off. Much above 1.2 names and small words suffer as well, and sentences turn strange.",
        _TELLER,
        1,
        2,
    ),
    Setting(
        "repeat_last_n",
        Type.WHOLE,
        "How far back repeat_penalty looks.",
        "0 is off.",
        _TELLER,
        0,
        8192,
        "tokens",
    ),
    Setting(
        "dry_multiplier",
        Type.NUMBER,
        "DRY: how strongly the voice is kept from going on as it once did.",
        "0 is off. Where the last words stood before, what followed them there gets less likely. It breaks loops and "
        "leaves single words alone. 0.8 is usual.",
        _TELLER,
        0,
        5,
    ),
    Setting(
        "dry_base",
        Type.NUMBER,
        "DRY: how steeply it grows with each further token that is the same.",
        "1.75 is usual.",
        _TELLER,
        1,
        4,
    ),
    Setting(
        "dry_allowed_length",
        Type.WHOLE,
        "DRY: so many tokens in a row may be the same without harm.",
        "Less than 2 forbids set phrases and names of several words.",
        _TELLER,
        1,
        20,
        "tokens",
    ),
    Setting(
        "dry_penalty_last_n",
        Type.WHOLE,
        "DRY: how far back it looks.",
        "0 is off.",
        _TELLER,
        0,
        8192,
        "tokens",
    ),
    Setting(
        "xtc_probability",
        Type.NUMBER,
        "XTC: how often the most obvious words are passed over.",
        "0 is off. Where several words are likelier than xtc_threshold, all but the least of them are left out now and "
        "then: fresher turns of phrase that still make sense. Try 0.3.",
        _TELLER,
        0,
        1,
    ),
    Setting(
        "xtc_threshold",
        Type.NUMBER,
        "XTC: how likely a word must be to be passed over.",
        "Less touches more words. At 0.5 and above XTC can do nothing.",
        _TELLER,
        0,
        0.5,
    ),
    Setting(
        "seed",
        Type.WHOLE,
        "The same seed, voice, settings and actions tell the same story.",
        "On the same machine. Without one each turn is drawn anew. `dungeon --seed` goes before this.",
        _TELLER,
        0,
        2**31 - 1,
    ),
    Setting(
        "stop",
        Type.PHRASES,
        "A turn ends before any of these.",
        r"Semicolons between them; \n is a line break. At most three, which is what servers take.",
        _TELLER,
        high=3,
    ),
    Setting(
        "banned",
        Type.PHRASES,
        "Phrases that the voice may not use.",
        "Semicolons between them; capitals or not is all the same.",
        _TELLER,
        high=100,
    ),
    Setting(
        "suggestions",
        Type.WHOLE,
        "How many actions are suggested after a turn.",
        "0 is off. The voice writes them while you read.",
        _AHEAD,
        0,
        4,
        default=4,
    ),
    Setting(
        "ahead",
        Type.SWITCH,
        "Whether the voice works on what may come while you read.",
        "A suggestion that is ready starts at once. It never delays what you asked for; off, the machine rests between "
        "turns.",
        _AHEAD,
        default=True,
        everywhere=True,
    ),
    Setting(
        "theme",
        Type.NAME,
        "The colours.",
        "ansi-dark and ansi-light take those of your terminal. With NO_COLOR set in the environment there are none.",
        _LOOKS,
        default="lamplight",
        everywhere=True,
        names=tuple(themes.HELP),
    ),
    Setting(
        "column",
        Type.WHOLE,
        "How wide the story may get.",
        "Lines of 60 to 80 letters read best.",
        _LOOKS,
        40,
        200,
        "letters",
        default=78,
        everywhere=True,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def find_setting(name: str) -> Setting:
    """The setting of that name, whatever its case, and with hyphens or spaces as well.

    Raises:
        DungeonError: there is none; names the nearest.
    """
    wanted = "_".join(name.strip().lower().replace("-", " ").split())
    if wanted in BY_NAME:
        return BY_NAME[wanted]
    completed = [known for known in BY_NAME if wanted and known.startswith(wanted)][:1]
    hint = did_you_mean(completed[0] if completed else wanted, BY_NAME)
    raise DungeonError(f"There is no setting '{printable(name)[:30]}'.{hint}")


def parse_setting(name: str, text: str) -> Value:
    """What a player typed, as that setting's value.

    Raises:
        DungeonError: there is no such setting, or it can't be that.
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
        pass  # told by the check, as text
    if setting.type is Type.SWITCH:
        value = _SWITCH.get(text.lower(), text)
    elif setting.type is Type.PHRASES:
        parts = text.split(";") if text.lower() != "none" else []
        value = [part.strip().replace(r"\n", "\n") for part in parts if part.strip()]
    elif setting.type is Type.NAME:
        value = text.lower()
    return check(setting, value)


def check(setting: Setting, value: object) -> Value:
    """A value from a file, if the setting can be that.

    Raises:
        DungeonError: it can't; says what it can be.
    """
    checked = _checked(setting, value)
    if checked is None:
        it = f"{value:.10g}" if isinstance(value, float) else repr(value)
        it = it if len(it) <= 40 else it[:40] + "…"
        raise DungeonError(f"{setting.name} must be {allowed(setting)}, not {printable(it)}.")
    return checked


def _checked(setting: Setting, value: object) -> Value | None:
    if setting.type is Type.SWITCH:
        return value if isinstance(value, bool) else None
    if setting.type is Type.NAME:
        return value if isinstance(value, str) and (not setting.names or value in setting.names) else None
    if setting.type is Type.PHRASES:
        return _phrases(value, int(setting.high))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if not setting.low <= value <= setting.high or (setting.type is Type.WHOLE and value != int(value)):
        return None
    return int(value) if setting.type is Type.WHOLE else float(value)


def _phrases(value: object, most: int) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or len(value) > most:
        return None
    phrases = []
    for phrase in value:
        if not isinstance(phrase, str) or len(phrase) > _PHRASE_LENGTH or not printable(phrase).strip(" "):
            return None
        phrases.append(printable(phrase))
    return tuple(phrases)


def allowed(setting: Setting) -> str:
    """What the setting can be, for people."""
    if setting.type is Type.PHRASES:
        return f"at most {setting.high:g} phrases of up to {_PHRASE_LENGTH} letters"
    if setting.names:
        return f"one of {', '.join(setting.names)}"
    if setting.type in (Type.WHOLE, Type.NUMBER):
        unit = f" {setting.unit}" if setting.unit else ""
        return f"{setting.type} from {setting.low:.10g} to {setting.high:.10g}{unit}"
    return str(setting.type)


def shown(value: Value | None, nothing: str = "none") -> str:
    """A value as a player would type it."""
    if value is None or value == ():
        return nothing
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "; ".join(phrase.replace("\n", r"\n") for phrase in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
