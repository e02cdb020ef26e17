"""Fields that a server refuses, as servers word it."""

import pytest

from dungeon.storyteller.servers.fields import RefusedFields

BODY = {
    "model": "m",
    "prompt": "You stop.",
    "stream": True,
    "max_tokens": 9,
    "stop": ["\n>"],
    "seed": 1,
    "temperature": 0.8,
    "top_p": 0.95,
    "top_k": 40,
    "min_p": 0.05,
    "dry_base": 1.75,
}


@pytest.mark.parametrize(
    ("answer", "left_out"),
    [
        ('{"error": {"message": "Unrecognized request argument supplied: top_k"}}', {"top_k"}),
        ('{"error": {"message": "Unrecognized request arguments supplied: min_p, top_k"}}', {"top_k", "min_p"}),
        ('{"detail": [{"type": "extra_forbidden", "loc": ["body", "min_p"]}]}', {"min_p"}),
        ('{"message": "body.top_k: extra fields not permitted"}', {"top_k"}),
        ("{\"detail\": \"Unexpected fields in the request: {'dry_base', 'top_k'}\"}", {"dry_base", "top_k"}),
        ('{"error": {"message": "invalid", "param": "seed"}}', {"seed"}),
        ('{"error": "Stop is not supported with this model."}', {"stop"}),
        ('{"error": "The prompt has a wrong top_kk, top-k or xtop_k."}', {"top_k", "min_p", "dry_base"}),
    ],
)
def test_a_refusal_teaches_the_fields_that_it_names(answer: str, left_out: set[str]) -> None:
    fields = RefusedFields()
    body = fields.allowed(BODY)
    assert fields.learn(answer, body)
    assert BODY.keys() - fields.allowed(BODY).keys() == left_out


def test_fields_without_which_a_request_means_nothing_are_never_left_out() -> None:
    fields = RefusedFields()
    while fields.learn("model prompt stream max_tokens: no", body := fields.allowed(BODY)):
        pass
    assert {"model", "prompt", "stream", "max_tokens"} <= body.keys()


def test_what_did_not_help_is_forgotten() -> None:
    fields = RefusedFields()
    while fields.learn("no", fields.allowed(BODY)):
        pass
    fields.forget()
    assert fields.allowed(BODY) == BODY


def test_what_helped_is_kept() -> None:
    fields = RefusedFields()
    fields.learn("top_k", fields.allowed(BODY))
    fields.keep()
    while fields.learn("no", fields.allowed(BODY)):
        pass
    fields.forget()
    assert BODY.keys() - fields.allowed(BODY).keys() == {"top_k"}


def test_stops_are_cut_to_four_before_they_are_left_out() -> None:
    fields = RefusedFields()
    body = BODY | {"stop": list("abcdef")}
    assert fields.learn("'stop': array too long", fields.allowed(body))
    assert fields.allowed(body)["stop"] == list("abcd")
    assert fields.learn("'stop' is not supported", fields.allowed(body))
    assert "stop" not in fields.allowed(body)
