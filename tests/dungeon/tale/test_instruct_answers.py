"""The output policy on answers of a model that was tuned to chat, and not for this game.

`instruct_answers.jsonl` holds what `tests/benchmarks/instruct_answers.py` recorded of a model of 1.5 billion
parameters, the text before each answer, and what the policy keeps, checked by eye.
"""

import json
import re
from pathlib import Path

import pytest

from dungeon.tale.output_policy import filter_output
from dungeon.tale.prose import sentence_end
from tests.dungeon.tale.test_output_policy import kept, policy

ANSWERS = [
    json.loads(line)
    for line in Path(__file__).with_name("instruct_answers.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_the_good_part_of_a_recorded_answer_is_kept(answer: dict) -> None:
    prose = kept(answer["sent"], opening=answer["opening"], before=answer["before"], action=answer["action"])
    assert prose == answer["kept"]
    assert not prose.lower().startswith(answer["action"].lower())
    assert not re.search(r"(?i)what (?:do|will|would) you|as an ai\b|let me know", re.sub(r'"[^"]*"', "", prose))
    assert not re.search(r"(?m)^(?:\d+\.|[-*#]) ", prose)


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_streaming_gives_the_same_result_and_takes_no_sentence_back(answer: dict) -> None:
    rules = policy(answer["opening"], answer["before"], answer["action"])
    raw = answer["sent"]
    shown = ""
    for length in range(0, len(raw), 4):
        output = filter_output(raw[:length], rules)
        assert output.shown.startswith(shown[: sentence_end(shown)])
        shown = output.shown
        if output.stop_reason:
            break
    else:
        output = filter_output(raw, rules, finished=True)
    assert output.shown == answer["kept"]
