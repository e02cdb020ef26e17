"""Stepping through the values of a setting, as the arrow keys do on the settings screen.

next_value(BY_NAME["temperature"], 0.72, 1)     # 0.75: numbers go to the next multiple of their step
next_value(BY_NAME["panel"], "auto", -1)        # "off": names go round
share(BY_NAME["temperature"], 0.5)              # 0.25 of the way from the least to the greatest value
"""

import math
from collections.abc import Sequence

from dungeon.settings.registry import Setting, Type, Value


def next_value(setting: Setting, value: Value | None, direction: int, names: Sequence[str] = ()) -> Value | None:
    """Return the value before (-1) or after (1) this one; None if the setting's values can't be stepped through.

    A number stays within its limits; at a limit it is the limit. `names` stand for the setting's own options where
    those are not fixed.
    """
    if setting.type is Type.SWITCH:
        return direction > 0
    names = names or setting.options
    if names:
        place = names.index(value) if isinstance(value, str) and value in names else -max(direction, 0)
        return names[(place + direction) % len(names)]
    if not setting.step or not isinstance(value, int | float):
        return None
    low, high = setting.limits
    steps = value / setting.step
    # Rounded first, because 0.35 / 0.05 is a little less than 7.
    whole = math.floor(round(steps, 6)) + 1 if direction > 0 else math.ceil(round(steps, 6)) - 1
    number = min(max(round(whole * setting.step, 6), low), high)
    return int(number) if setting.type is Type.WHOLE else float(number)


def share(setting: Setting, value: Value | None) -> float | None:
    """Return how far a number is between its limits, from 0 to 1; None for what can't be stepped through."""
    if not setting.step or not isinstance(value, int | float):
        return None
    low, high = setting.limits
    return min(max((value - low) / (high - low), 0.0), 1.0)
