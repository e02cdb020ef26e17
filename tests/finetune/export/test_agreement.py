"""Agreement is the divergence of distributions; an export that has lost the tuning is refused."""

from typing import Any

import pytest
import torch

from finetune.data.encoders import TaleEncoder
from finetune.errors import FinetuneError
from finetune.export.agreement import Agreement, check_agreement, make_probes, measure_agreement, predictions_of
from finetune.export.llama_cpp import Prediction, Probe


def test_an_export_that_lost_the_tuning_is_refused() -> None:
    rounded, base = (Agreement(probes=32, mean=0.4, largest=2.8, divergence=value) for value in (0.23, 0.25))
    with pytest.raises(FinetuneError, match="Little of the tuning is left in q4_1"):
        check_agreement(rounded, "q4_1", base)
    check_agreement(rounded, "q4_1", None)
    with pytest.raises(FinetuneError, match="doesn't predict what the voice predicts"):
        check_agreement(rounded, "q8_0", None)
    with pytest.raises(FinetuneError):
        check_agreement(Agreement(probes=1, mean=float("nan"), largest=0, divergence=float("nan")), "fp16", None)


def test_agreement_is_the_divergence_of_distributions() -> None:
    torch.manual_seed(0)
    voice, other = torch.randn(2, 4, 50).log_softmax(-1)
    probes = [Probe([1], next_id) for next_id in range(4)]
    same = measure_agreement(voice, probes, predictions_of(voice, probes))
    assert abs(same.divergence) < 1e-7 and same.largest == 0 and same.probes == 4
    found = measure_agreement(voice, probes, predictions_of(other, probes))
    expected = (voice.exp() * (voice - other)).sum(-1).mean()
    assert found.divergence == pytest.approx(float(expected), rel=1e-4)
    assert found.largest == pytest.approx(max(abs(float(voice[n, n] - other[n, n])) for n in range(4)), rel=1e-5)
    # What an engine doesn't list one by one counts together: never more than the whole.
    few = measure_agreement(
        voice, probes, [Prediction(one.logprob, one.top[:10]) for one in predictions_of(other, probes)]
    )
    assert 0 < few.divergence < found.divergence


def test_probes_are_inside_the_target(tokenizers: dict[str, Any]) -> None:
    for name, tokenizer in tokenizers.items():
        context, target = (
            "The sea is loud below the lamp room. " * 40,
            "\n\n> You wait.\n\nNothing comes, and it is cold.",
        )
        whole = tokenizer(context + target)["input_ids"]
        probes = make_probes([{"context": context, "target": target}], TaleEncoder(tokenizer), 128)
        assert len(probes) == 4
        for probe in probes:
            assert len(probe.prefix) < 128
            assert (probe.prefix[0] == tokenizer.bos_token_id) == (name == "llama")
            tail = probe.prefix[-20:]
            at = next(n for n in range(len(whole)) if whole[n : n + 20] == tail and whole[n + 20] == probe.next_id)
            assert tokenizer.decode(whole[at + 20 :]).strip() in target
