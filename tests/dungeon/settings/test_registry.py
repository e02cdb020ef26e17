"""The registry of settings: the values that each allows, and errors."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import DungeonError
from dungeon.settings.presets import PRESETS
from dungeon.settings.registry import (
    BY_NAME,
    RENAMED,
    SETTINGS,
    Setting,
    Value,
    check_value,
    find_setting,
    format_value,
    parse_setting,
)
from dungeon.storyteller.sampling import Sampling


def test_every_sampling_parameter_is_a_setting() -> None:
    assert len(BY_NAME) == len(SETTINGS)
    assert set(Sampling.__struct_fields__) - {"dry_sequence_breakers"} <= set(BY_NAME)


def test_default_values_and_presets_are_allowed() -> None:
    for name, value in msgspec.structs.asdict(Sampling()).items():
        assert name == "dry_sequence_breakers" or check_value(BY_NAME[name], value) == value
    for preset in PRESETS.values():
        for name, value in preset.values.items():
            assert check_value(BY_NAME[name], value) == value
    for setting in SETTINGS:
        if setting.default is not None:
            assert check_value(setting, setting.default) == setting.default


def test_each_setting_is_explained_in_sentences() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        assert setting.details.endswith(".")
        assert len(setting.help) <= 76


@pytest.mark.parametrize("name", ["Creativity", "creativity", "temperature"])
def test_a_setting_is_found_by_what_people_call_it(name: str) -> None:
    assert find_setting(name) is BY_NAME["temperature"]


def test_titles_are_short_and_each_means_one_setting() -> None:
    titles = [setting.title.lower().replace(" ", "_") for setting in SETTINGS]
    assert len(set(titles)) == len(titles)
    for setting, title in zip(SETTINGS, titles, strict=True):
        assert len(title) <= 20
        assert find_setting(setting.title) is setting
        assert title == setting.name or title not in BY_NAME


@pytest.mark.parametrize("name", ["prefetch", "Prefetch", "ahead", "AHEAD"])
def test_a_setting_is_found_by_its_name_and_its_former_name(name: str) -> None:
    assert find_setting(name) is BY_NAME["prefetch"]
    assert set(RENAMED.values()) <= set(BY_NAME)
    assert not set(RENAMED) & set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.9", 0.9),
        ("Top-P", " 1 ", 1.0),
        ("dry allowed length", "5", 5),
        ("prefetch", "Off", False),
        ("prefetch", "yes", True),
        ("theme", "Parchment", "parchment"),
        ("seed", "2147483647", 2**31 - 1),
        ("stop", r"<|im_end|>; \n\n", ("<|im_end|>", "\n\n")),
        ("banned", "a testament to;  [bold]shivers[/] ;", ("a testament to", "[bold]shivers[/]")),
        ("banned", "none", ()),
    ],
)
def test_typed_text_becomes_a_value(name: str, text: str, value: Value) -> None:
    parsed = parse_setting(name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("temprature", "1", "no setting 'temprature'. Did you mean temperature?"),
        ("dry", "1", "Did you mean dry_multiplier?"),
        ("", "1", "no setting ''."),
        ("x" * 100_000, "1", "no setting '" + "x" * 30 + "'."),
        ("temperature", "hot", "temperature must be a number from 0 to 2, not 'hot'."),
        ("temperature", "2.5", "from 0 to 2, not 2.5."),
        ("temperature", "nan", "from 0 to 2, not nan."),
        ("temperature", "", "from 0 to 2, not ''."),
        ("length", "80.5", "a whole number from 16 to 512 tokens, not '80.5'."),
        ("length", "9" * 5000, "a whole number from 16 to 512 tokens"),
        ("prefetch", "maybe", "prefetch must be on or off, not 'maybe'."),
        ("stop", "a;b;c;d", "at most 3 phrases"),
        ("banned", "x" * 101, "phrases of up to 100 letters"),
    ],
)
def test_an_error_says_what_is_allowed(name: str, text: str, message: str) -> None:
    with pytest.raises(DungeonError) as caught:
        parse_setting(name, text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 250


@given(st.sampled_from(list(BY_NAME)), st.text())
def test_any_text_is_a_value_or_a_printable_error(name: str, text: str) -> None:
    try:
        value = parse_setting(name, text)
    except DungeonError as error:
        assert str(error).isprintable()
    else:
        assert parse_setting(name, format_value(value)) == value


@given(
    st.sampled_from(SETTINGS),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers()),
)
def test_any_value_of_a_file_is_allowed_or_a_printable_error(setting: Setting, value: object) -> None:
    try:
        checked = check_value(setting, value)
    except DungeonError as error:
        assert str(error).isprintable()
    else:
        assert check_value(setting, checked) == checked
