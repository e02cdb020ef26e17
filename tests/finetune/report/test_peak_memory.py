"""The peak memory that a report gives for each run."""

import torch

from finetune.report.peak_memory import PeakMemory

MEBIBYTE = 1 << 20


def test_what_is_held_is_in_the_peak_and_what_was_there_before_is_not() -> None:
    before = torch.ones(64 * MEBIBYTE, dtype=torch.uint8)
    with PeakMemory(torch.device("cpu")) as peak:
        held = torch.ones(96 * MEBIBYTE, dtype=torch.uint8)
    assert 90 * MEBIBYTE < peak.bytes < 130 * MEBIBYTE
    assert before.sum() + held.sum() == 160 * MEBIBYTE
