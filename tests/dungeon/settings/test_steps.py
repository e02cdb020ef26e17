"""Stepping through the values of settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.settings.registry import BY_NAME, SETTINGS, Setting, Type, Value, check_value
from dungeon.settings.steps import next_value, share

NUMBERS = [setting for setting in SETTINGS if setting.step]


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("temperature", 0.72, 0.7, 0.75),
        ("temperature", 0.35, 0.3, 0.4),
        ("temperature", 2.0, 1.95, 2.0),
        ("length", 110, 100, 120),
        ("length", 16, 16, 20),
        ("length", 512, 510, 512),
        ("suggestions", 0, 0, 1),
        ("prefetch", True, False, True),
        ("panel", "auto", "off", "on"),
        ("panel", "off", "on", "auto"),
        ("seed", 7, None, None),
        ("banned", ("a",), None, None),
    ],
)
def test_the_values_beside_one(name: str, value: Value, before: Value | None, after: Value | None) -> None:
    assert (next_value(BY_NAME[name], value, -1), next_value(BY_NAME[name], value, 1)) == (before, after)


def test_names_that_are_not_fixed_go_round_and_an_unknown_one_leads_to_them() -> None:
    names = ["voice", "careful", "mine"]
    assert next_value(BY_NAME["preset"], "mine", 1, names) == "voice"
    assert next_value(BY_NAME["preset"], "voice", -1, names) == "mine"
    assert next_value(BY_NAME["preset"], "deleted", 1, names) == "voice"
    assert next_value(BY_NAME["preset"], "deleted", -1, names) == "mine"


@given(st.sampled_from(NUMBERS), st.floats(0, 1), st.sampled_from([-1, 1]))
def test_a_step_is_always_an_allowed_value_that_way(setting: Setting, place: float, direction: int) -> None:
    low, high = setting.limits
    value = low + place * (high - low)
    value = round(value) if setting.type is Type.WHOLE else value
    following = next_value(setting, value, direction)
    assert isinstance(following, int | float)
    assert check_value(setting, following) == following
    assert (following - value) * direction >= 0
    assert abs(following - value) <= setting.step * 1.001
    assert following != value or following in setting.limits


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
def test_steps_lead_from_one_limit_to_the_other_and_no_further(setting: Setting) -> None:
    value: Value | None = setting.limits[0]
    seen = [value]
    while (value := next_value(setting, value, 1)) != seen[-1]:
        seen.append(value)
    assert seen[-1] == setting.limits[1]
    assert len(seen) <= 130, "so many keys nobody presses"
    assert (share(setting, seen[0]), share(setting, seen[-1])) == (0, 1)
