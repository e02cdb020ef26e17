"""The keys of commands: defaults, the player's choices, and which keys a command can't have."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import DungeonError
from dungeon.play.keys import UNBOUND, check_keys, keymap, keys_for, set_key
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.layers import Settings
from dungeon.storyteller.sampling import Sampling


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are not written here: hypothesis changes them a thousand times."""
    monkeypatch.setattr("dungeon.settings.effective.save_settings", lambda *_: None)


def keys_with(settings: Settings, command: str, key: str | None) -> Mapping[str, str]:
    """The player's keys after the command was given this key."""
    effective = EffectiveSettings(Sampling(), settings)
    set_key(effective, command, key)
    return effective.global_settings.keys


def test_a_command_has_its_default_key_unless_the_player_chose_another() -> None:
    assert keys_for(Settings()) == {name: command.key for name, command in COMMANDS.items()}
    keys = keys_for(Settings(keys={"retry": "f8", "undo": "", "print": "f9"}))
    assert (keys["retry"], keys["undo"], keys["print"], keys["redo"]) == ("f8", "", "f9", COMMANDS["redo"].key)


def test_a_key_given_to_a_command_is_taken_from_the_command_that_had_it() -> None:
    undo = COMMANDS["undo"].key
    keys = keys_for(Settings(keys={"retry": undo}))
    assert (keys["retry"], keys["undo"]) == (undo, "")
    swapped = Settings(keys=keys_with(Settings(keys={"retry": undo}), "undo", COMMANDS["retry"].key))
    assert keys_for(swapped)["undo"] == COMMANDS["retry"].key
    back = Settings(keys=keys_with(swapped, "undo", None))
    assert (keys_for(back)["undo"], keys_for(back)["retry"]) == (undo, "")


@given(
    st.lists(st.tuples(st.sampled_from(["retry", "undo", "redo", "print"]), st.sampled_from(["f8", "f9", None, ""])))
)
def test_no_key_runs_two_commands(chosen: list[tuple[str, str | None]]) -> None:
    settings = Settings()
    for command, key in chosen:
        settings = Settings(keys=keys_with(settings, command, key))
        if key:
            assert keys_for(settings)[command] == key
    used = [key for key in keys_for(settings).values() if key]
    assert len(set(used)) == len(used)


def test_the_keymap_for_textual_has_only_the_changed_keys() -> None:
    assert keymap(Settings()) == {}
    taken = COMMANDS["redo"].key
    settings = Settings(keys={"undo": "", "print": "f8", "retry": taken})
    assert keymap(settings) == {"undo": UNBOUND, "print": "f8", "retry": taken, "redo": UNBOUND}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("x", "x is for typing"),
        ("shift+x", "shift+x is for typing"),
        ("space", "space is for typing"),
        ("ctrl+c", "ctrl+c can't be the key of retry: it copies."),
        ("Escape", "it closes what lies over the story."),
        ("esc", "it closes what lies over the story."),
        ("ctrl+m", "it is Enter to a terminal."),
        ("pageup", "it moves in what you read or type."),
        ("enter", "'enter' is not the name of a key."),
        ("f8,f9", "'f8,f9' is not the name of a key. Write it like f8, ctrl+t or alt+right."),
        ("\x1b[31m", "is not the name of a key"),
        ("x" * 100_000, "is not the name of a key"),
    ],
)
def test_a_key_that_a_command_can_t_have_is_refused_with_the_reason(key: str, message: str) -> None:
    with pytest.raises(DungeonError) as wrong:
        keys_with(Settings(), "retry", key)
    assert message in str(wrong.value)
    assert str(wrong.value).isprintable()
    assert len(str(wrong.value)) < 150


def test_a_command_that_needs_words_has_no_key() -> None:
    with pytest.raises(DungeonError, match="/say needs words, which a key does not bring"):
        keys_with(Settings(), "say", "f8")


@pytest.mark.parametrize("key", ["f8", "F12", "ctrl+t", "ctrl + t", "alt+x", "ctrl+shift+f5", "alt+right", "ctrl+at"])
def test_keys_that_terminals_send_are_accepted(key: str) -> None:
    assert keys_with(Settings(), "retry", key) == {"retry": "".join(key.lower().split())}


def test_a_default_key_is_accepted_even_if_it_is_reserved() -> None:
    assert keys_with(Settings(keys={"stop": "f8"}), "stop", COMMANDS["stop"].key) == {}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"retryy": "f8"}, "keys.retryy: There is no command 'retryy' to give a key. Did you mean retry?"),
        ({"retry": "x"}, "keys.retry: x is for typing"),
        ({"retry": "f8", "undo": "f8"}, "f8 is given to retry and to undo"),
    ],
)
def test_an_invalid_key_in_the_settings_file_is_reported_with_its_entry(keys: dict[str, str], message: str) -> None:
    with pytest.raises(DungeonError) as wrong:
        check_keys(Settings(keys=keys))
    assert "settings.toml" in str(wrong.value)
    assert message in str(wrong.value)
