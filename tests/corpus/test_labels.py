"""Labels as actions: a table labelled by hand, and properties of any label."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.actions import action_line, read_input
from corpus.labels import label_action
from corpus.person import second_person
from corpus.turns import Kind

TABLE = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "labels.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]

SAMPLE = [
    line.split("\t")
    for line in (Path(__file__).parent / "labels_sample.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("# ")
]


def test_table_is_large_without_repeated_labels() -> None:
    assert len(TABLE) >= 400
    assert sum(len(row) == 3 for row in TABLE) >= 80
    assert len({row[0] for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("held_out", [False, True])
def test_accuracy_on_the_table(held_out: bool) -> None:
    rows = [row for row in TABLE if (len(row) == 3) is held_out]
    misses = [
        f"{row[0]!r}: {label_action(row[0])!r}, should be {row[1]!r}" for row in rows if label_action(row[0]) != row[1]
    ]
    print(f"{len(rows) - len(misses)} of {len(rows)} right", *misses, sep="\n")
    assert len(misses) <= 0.03 * len(rows), misses


@pytest.mark.parametrize("held_out", [False, True])
def test_at_most_two_of_a_hundred_sampled_actions_are_bad(held_out: bool) -> None:
    rows = [row for row in SAMPLE if (len(row) == 4) is held_out]
    assert len(rows) >= 200
    actions = [(label, label_action(label, only=links == "1"), right) for label, links, right, *_ in rows]
    bad = [f"{label!r}: {action!r}, not {right}" for label, action, right in actions if not _is_right(action, right)]
    print(*bad, sep="\n")
    assert len(bad) <= 0.02 * len(rows), bad


def _is_right(action: str, right: str) -> bool:
    return (action or "-") in right.split("||")


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("The Descent", ""),
        ("the mourners", ""),
        ("You Made It to the Coast!", ""),
        ("Three of them came back", ""),
        ("Open the letter", "You open the letter."),
        ('"Not again..."', 'You say "Not again..."'),
        ("I poured myself a drink", "You poured yourself a drink."),
    ],
)
def test_only_link_of_a_passage_is_an_action_only_if_it_is_a_deed(label: str, action: str) -> None:
    assert label_action(label, only=True) == action


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_simple_and_full_rules_agree(row: tuple[str, ...]) -> None:
    assert label_action(f" {row[0]}  ") == label_action(row[0])


@pytest.mark.parametrize(
    "label", ["?" * 20_000, "(" * 20_000, "(1" * 20_000, '"' * 20_000, "I " * 20_000, "> 1) " * 9_000]
)
def test_any_label_is_read_quickly(label: str) -> None:
    action = label_action(label)  # takes seconds if quadratic, hours if worse
    assert action == "" or action.startswith("You")


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("he runs", "You wait, and he runs."),
        ("the dragon hits me", "You wait, and the dragon hits you."),
        ("continue", "You continue."),
        ("light torch", "You light torch."),
        ("where am i?", 'You say "Where am i?"'),
        ("🚪", "You 🚪."),
        ("I. A", "You. A."),
    ],
)
def test_typed_input_always_has_an_action(typed: str, action: str) -> None:
    assert action_line(*read_input(typed)) == action


@given(st.text(alphabet=string.ascii_letters + " '\",.!?-I", min_size=1))
def test_any_typed_words_are_an_action(typed: str) -> None:
    if any(c.isalnum() for c in typed):
        assert action_line(Kind.DO, typed).startswith("You")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("if I am late, I was held up", "if you are late, you were held up"),
        ("tell my son I love him", "tell your son you love him"),
        ('shout "I am here" at my son', 'shout "I am here" at your son'),
        (
            "the Chapter I draft, J. I. Marsh, an I.D. and the I-95",
            "the Chapter I draft, J. I. Marsh, an I.D. and the I-95",
        ),
        ("dig in the mine that is mine", "dig in the mine that is yours"),
        ("we follow them, and they follow us", "we follow them, and they follow us"),
        ("I've hurt myself. I need my pills", "you've hurt yourself. You need your pills"),
        ("mi amigo, mystery, meow, image", "mi amigo, mystery, meow, image"),
    ],
)
def test_first_person_becomes_second_outside_quotes(first: str, second: str) -> None:
    assert second_person(first) == second
