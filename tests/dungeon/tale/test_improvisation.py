"""Improvising in an author's scene: what the storyteller is told, and what is not told to the player."""

import pytest

from corpus.story import Choice, Passage, Story
from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.context import PartKind, build_context
from dungeon.tale.improvisation import INSTRUCTIONS, breaks_scene, scene_of
from dungeon.tale.lore import Lore
from dungeon.tale.output_policy import StopReason, filter_output, policy_for_turn
from dungeon.tale.prompt_format import TALE, ChatFormat

STATION = Story(
    "The Station",
    "Start",
    {
        "Start": Passage(
            "Start",
            "You work the telegraph at night. Mr. Gault snores in the back room. A stranger sits by the stove.",
            (Choice("Shake Mr. Gault awake", "Gault"), Choice('"Who are you, sir?"', "Who")),
        ),
        "Gault": Passage("Gault", "He opens one eye."),
        "Who": Passage("Who", "He says nothing."),
    },
)


def improvised(lore: Lore = Lore(), action: str = "You kick the stove.") -> tuple[Adventure, Node]:  # noqa: B008 - frozen
    adventure = Adventure(1, "The Station", STATION.passages["Start"].text, lore=lore, story=STATION, book="x")
    node = Node(1, None, Kind.DO, "kick the stove", action)
    return adventure, node


@pytest.mark.parametrize(
    "sentence",
    [
        "The stove rings, and your toe hurts.",
        "Mr. Gault snores on.",
        "The stranger looks up, then he turns a page.",
        "A coal falls onto the floor.",
    ],
)
def test_what_leaves_the_scene_as_it_is_is_told(sentence: str) -> None:
    scene = scene_of(*improvised(), TALE)
    assert scene is not None
    assert not breaks_scene(sentence, scene)


@pytest.mark.parametrize(
    "sentence",
    [
        "You shake Mr. Gault awake.",
        "A man comes in from the cold.",
        "The stranger dies in his chair.",
        "He leaves the station.",
        "You walk away from the stove.",
        "You take the lantern outside and step onto the bridge.",
        "The next morning the line is still dead.",
        "In comes old Berrin with a lamp.",
    ],
)
def test_what_would_change_the_scene_is_not_told(sentence: str) -> None:
    scene = scene_of(*improvised(), TALE)
    assert scene is not None
    assert breaks_scene(sentence, scene)


def test_what_the_player_did_may_be_told() -> None:
    scene = scene_of(*improvised(action="You leave through the window."), TALE)
    assert scene is not None
    assert not breaks_scene("You leave through the window, and the cold drives you back.", scene)


def test_a_chat_model_is_told_what_is_still_open_and_a_plain_voice_is_not() -> None:
    adventure, node = improvised(Lore(instructions="Rhyme.", note="Be dry."))
    chat = {part.kind: part for part in build_context(adventure, node, 2000, None, ChatFormat()).parts if part.included}
    assert INSTRUCTIONS in chat[PartKind.INSTRUCTIONS].text and "Rhyme." in chat[PartKind.INSTRUCTIONS].text
    assert chat[PartKind.INSTRUCTIONS].reason == "for a turn within the author's scene"
    assert 'Be dry.\n\nNot yet: Shake Mr. Gault awake; "Who are you, sir?".' in (chat[PartKind.NOTE].text)
    plain = build_context(adventure, node, 2000, None, TALE).text
    assert "Shake" not in plain and "Be dry." in plain


def test_a_turn_of_free_play_gets_none_of_it() -> None:
    adventure, node = improvised()
    adventure.story = None
    assert scene_of(adventure, node, TALE) is None
    assert INSTRUCTIONS not in build_context(adventure, node, 2000, None, ChatFormat()).text


def test_a_turn_ends_with_the_sentence_that_is_enough_and_before_one_that_changes_the_scene() -> None:
    adventure, node = improvised()
    policy = policy_for_turn(adventure, node, scene=scene_of(adventure, node, TALE))
    told = filter_output("The stove rings. Your toe hurts in its shoe. Nobody stirs.", policy)
    assert (told.shown, told.stop_reason) == ("The stove rings. Your toe hurts in its shoe.", StopReason.TURN_OVER)
    broken = filter_output("The stove rings. You shake Mr. Gault awake. He swears.", policy)
    assert (broken.shown, broken.stop_reason) == ("The stove rings.", StopReason.SCENE)


def test_a_turn_is_one_paragraph() -> None:
    adventure, node = improvised()
    policy = policy_for_turn(adventure, node, scene=scene_of(adventure, node, TALE))
    assert filter_output("The stove rings.\n\nYou wait.", policy, finished=True).shown == "The stove rings."


def test_a_sentence_is_shown_when_it_is_complete() -> None:
    adventure, node = improvised()
    policy = policy_for_turn(adventure, node, scene=scene_of(adventure, node, TALE))
    assert filter_output("The stove rings. Your toe hu", policy).shown == "The stove rings."


def test_when_every_draw_changes_the_scene_only_the_rest_is_told() -> None:
    adventure, node = improvised()
    policy = policy_for_turn(adventure, node, scene=scene_of(adventure, node, TALE))
    policy = type(policy)(**{name: getattr(policy, name) for name in policy.__slots__} | {"draws_again": False})
    told = filter_output("You shake Mr. Gault awake. The stove rings.", policy, finished=True)
    assert told.shown == "The stove rings."
    assert filter_output("You shake Mr. Gault awake.", policy, finished=True).shown == ""
