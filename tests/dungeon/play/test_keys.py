"""Keys of the player's choice: which key does what, and which can not be given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.play.commands import BY_NAME, COMMANDS
from dungeon.play.keys import UNBOUND, check_keys, keymap, keys_for, set_key, with_key
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import load_settings
from dungeon.settings.layers import Settings
from dungeon.storyteller.open import open_storyteller
from dungeon.storyteller.sampling import Sampling
from dungeon.tui.app import DungeonApp


def test_every_command_has_the_registrys_key_unless_the_player_chose_another() -> None:
    assert keys_for(Settings()) == {command.name: command.key for command in COMMANDS}
    keys = keys_for(Settings(keys={"retry": "f8", "undo": "", "print": "f9"}))
    assert (keys["retry"], keys["undo"], keys["print"], keys["redo"]) == ("f8", "", "f9", BY_NAME["redo"].key)


def test_a_key_that_is_chosen_is_taken_from_who_had_it() -> None:
    undo = BY_NAME["undo"].key
    keys = keys_for(Settings(keys={"retry": undo}))
    assert (keys["retry"], keys["undo"]) == (undo, "")
    swapped = Settings(keys=with_key(Settings(keys={"retry": undo}), "undo", BY_NAME["retry"].key))
    assert keys_for(swapped)["undo"] == BY_NAME["retry"].key
    back = Settings(keys=with_key(swapped, "undo", None))
    assert (keys_for(back)["undo"], keys_for(back)["retry"]) == (undo, "")


@given(
    st.lists(st.tuples(st.sampled_from(["retry", "undo", "redo", "print"]), st.sampled_from(["f8", "f9", None, ""])))
)
def test_no_key_ever_does_two_things(chosen: list[tuple[str, str | None]]) -> None:
    settings = Settings()
    for command, key in chosen:
        settings = Settings(keys=with_key(settings, command, key))
        if key:
            assert keys_for(settings)[command] == key
    used = [key for key in keys_for(settings).values() if key]
    assert len(set(used)) == len(used)


def test_textual_is_told_of_what_is_not_as_it_was() -> None:
    assert keymap(Settings()) == {}
    taken = BY_NAME["redo"].key
    settings = Settings(keys={"undo": "", "print": "f8", "retry": taken})
    assert keymap(settings) == {"undo": UNBOUND, "print": "f8", "retry": taken, "redo": UNBOUND}


@pytest.mark.parametrize(
    ("key", "said"),
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
def test_a_key_that_can_not_be_given_is_told(key: str, said: str) -> None:
    with pytest.raises(DungeonError) as wrong:
        with_key(Settings(), "retry", key)
    assert said in str(wrong.value)
    assert str(wrong.value).isprintable()
    assert len(str(wrong.value)) < 150


def test_a_command_that_needs_words_has_no_key() -> None:
    with pytest.raises(DungeonError, match="/say needs words, which a key does not bring"):
        with_key(Settings(), "say", "f8")


@pytest.mark.parametrize("key", ["f8", "F12", "ctrl+t", "ctrl + t", "alt+x", "ctrl+shift+f5", "alt+right", "ctrl+at"])
def test_keys_that_terminals_send_can_be_given(key: str) -> None:
    assert with_key(Settings(), "retry", key) == {"retry": "".join(key.lower().split())}


def test_a_commands_own_key_may_be_one_that_others_can_not_have() -> None:
    assert with_key(Settings(keys={"stop": "f8"}), "stop", BY_NAME["stop"].key) == {}


# ---- in the settings ---------------------------------------------------------------------------------------------


def test_set_key_saves_a_key_and_says_which_it_is() -> None:
    settings = EffectiveSettings(Sampling(), Settings())
    assert set_key(settings, "retry", "F8") == "The key of retry is f8."
    assert load_settings().keys == settings.global_settings.keys == {"retry": "f8"}
    assert set_key(settings, "retry", "") == "The key of retry is none."
    assert set_key(settings, "retry", None) == f"The key of retry is {BY_NAME['retry'].key}."
    assert load_settings().keys == {}


@pytest.mark.parametrize(("command", "key"), [("undo", "x"), ("sing", "f8")])
def test_set_key_changes_nothing_if_the_key_is_not_allowed(command: str, key: str) -> None:
    settings = EffectiveSettings(Sampling(), Settings())
    with pytest.raises(DungeonError):
        set_key(settings, command, key)
    assert settings.global_settings == Settings()


def test_a_key_of_the_file_may_be_written_as_people_do() -> None:
    settings = Settings(keys={"retry": "Ctrl + T", "stop": "Esc"})
    check_keys(settings)
    assert (keys_for(settings)["retry"], keys_for(settings)["stop"]) == ("ctrl+t", "escape")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"retyr": "f8"}, "keys.retyr: There is no command 'retyr' to give a key. Did you mean retry?"),
        ({"retry": "x"}, "keys.retry: x is for typing"),
        ({"retry": "f8", "undo": "F8"}, "keys.undo: f8 is also the key of retry"),
        ({"\x1b[31m": "f8"}, "keys.[31m: There is no command"),
    ],
)
def test_an_invalid_key_of_the_file_is_reported_with_the_file_and_the_command(
    keys: dict[str, str], message: str
) -> None:
    with pytest.raises(DungeonError) as caught:
        check_keys(Settings(keys=keys))
    assert str(settings_file()) in str(caught.value)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_screen_does_not_start_with_an_invalid_key() -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text("[keys]\nretry = 'x'\n")
    with pytest.raises(DungeonError, match=r"keys\.retry: x is for typing"):
        DungeonApp(open_storyteller(None, "http://127.0.0.1:1", "m"))
