"""Where prose speaks for the player, and which spans are left unlearned."""

import pytest

from finetune.data.player_speech import in_first_person, in_second_person, player_speech, unlearned_spans


@pytest.mark.parametrize(
    ("prose", "second"),
    [
        ("You open the door.", True),
        ("The lamp is in your hand. “I know you,” says the ghost.", True),
        ("'I know you,' says the ghost. The cats' bowl is behind you.", True),
        ('"I saw it, and\n\nYou nod.', True),  # a quote that was never closed
        ("World War I is over, and you are home.", True),
        ("You raise the lamp, and i", True),  # cut inside a word
        ("I open the door for you.", False),
        ("He opens my door.", False),
        ("The door opens.", False),
        ('"You are late," says the ghost.', False),
    ],
)
def test_second_person_is_searched_only_outside_quotation_marks(prose: str, second: bool) -> None:
    assert in_second_person(prose) is second


def test_first_person() -> None:
    assert in_first_person("He opens my door.") and not in_first_person('"My door," he says.')


def test_player_speech_finds_whole_sentences() -> None:
    prose = 'Nobody answers. "I surrender," you say. "Please." It rains.'
    assert [prose[start:stop] for start, stop in player_speech('You say "Hello."', prose)] == [
        ' "I surrender," you say. "Please."'
    ]


def test_prose_that_speaks_for_the_player_or_says_you_late_is_unlearned() -> None:
    good = [
        "The forge is dark.",
        '> You knock.\n\nYou wait in the rain. "Come in," says the smith.',
        '> You say "Hello."\n\n"Hello," you say, and you go in.',
    ]
    bad = [
        ('> You knock.\n\nYou wait in the rain. "Who is it?"', ' "Is it you?" you ask.', " Nobody answers."),
        ("> You knock.\n\nYou wait in the rain. You shiver.", " You decide to go home.", ""),
        ("> You knock.", '\n\n"You again," says the smith, and he opens the door.\n\n', ""),
        ("> You knock.", f"\n\n{'The rain falls. ' * 30}You are wet.\n\n", ""),
    ]
    tale = "\n\n".join([*good, *("".join(parts).strip() for parts in bad), good[1]])
    assert [tale[start:stop] for start, stop in unlearned_spans(tale)] == [wrong for _, wrong, _ in bad]
    assert unlearned_spans("") == [] and unlearned_spans("\n\n".join(good)) == []
