"""Layers of settings: which value is in force, and how an adventure's overrides are saved."""

import msgspec

from dungeon.settings.layers import (
    Layer,
    Settings,
    effective_sampling,
    read_overrides,
    with_value,
    write_overrides,
)
from dungeon.storyteller.sampling import Sampling

VOICE = Sampling(temperature=0.6, length=70, stop=("<end>",))


def test_a_later_layer_overrides_an_earlier_one() -> None:
    settings = Settings({"temperature": 0.8, "top_k": 20, "stop": ("###",)})
    assert effective_sampling(VOICE, Settings()) == VOICE
    globally = msgspec.structs.replace(VOICE, temperature=0.8, top_k=20, stop=("###",))
    assert effective_sampling(VOICE, settings) == globally
    here = effective_sampling(VOICE, settings, {"temperature": 1.0, "length": 120, "stop": ()})
    assert here == msgspec.structs.replace(VOICE, temperature=1.0, top_k=20, length=120, stop=())


def test_a_preset_replaces_the_numbers_of_earlier_layers_but_not_the_banned_phrases() -> None:
    settings = Settings({"temperature": 0.8, "top_k": 20, "banned": ("a tapestry",)})
    here = effective_sampling(VOICE, settings, {"preset": "terse", "top_p": 0.5})
    assert (here.temperature, here.top_k, here.top_p, here.length) == (0.6, VOICE.top_k, 0.5, 40)
    assert here.banned == ("a tapestry",)


def test_choosing_a_preset_removes_the_numbers_set_by_hand_in_its_layer() -> None:
    layer: Layer = {"temperature": 0.8, "banned": ("a tapestry",), "seed": 4, "suggestions": 2}
    assert with_value(layer, "preset", "wild") == {
        "preset": "wild",
        "banned": ("a tapestry",),
        "seed": 4,
        "suggestions": 2,
    }
    assert layer["temperature"] == 0.8


def test_a_value_is_set_and_removed() -> None:
    layer = with_value({}, "top-k", "7")
    assert layer == {"top_k": 7}
    assert with_value(layer, "top_k", None) == {}
    assert with_value({}, "top_k", None) == {}


def test_saved_overrides_are_read_without_values_that_this_version_does_not_allow() -> None:
    layer: Layer = {"temperature": 1.0, "banned": ("a", "b"), "preset": "wild"}
    assert read_overrides(write_overrides(layer)) == layer
    saved = '{"temperature": 1, "smell": "sweet", "top_k": "many", "theme": "ink", "ahead": false}'
    assert read_overrides(saved) == {"temperature": 1.0}
    assert read_overrides("{}") == {}


def test_an_adventure_whose_preset_was_deleted_has_the_voices_values() -> None:
    assert effective_sampling(VOICE, Settings({"temperature": 2.0}), {"preset": "mine"}) == VOICE
