"""Figures in words, and the shares and methods of the command line."""

import pytest

from finetune.errors import FinetuneError
from finetune.report.job import parse_methods, parse_shares
from finetune.report.units import dollars, duration, parameter_count, percent


def test_units_are_formatted() -> None:
    assert [percent(share) for share in (0.87, 12.34, 100)] == ["0.9%", "12%", "100%"]
    assert [duration(seconds) for seconds in (3.21, 40, 400, 9000)] == ["3.2 s", "40 s", "6.7 minutes", "2.5 hours"]
    assert [dollars(amount) for amount in (0, 1e-9, 0.0456, 1.5, 20, 1234.5)] == [
        "$0",
        "under $0.00001",
        "$0.046",
        "$1.50",
        "$20",
        "$1,234",
    ]
    assert [parameter_count(count) for count in (12, 4_880_000, 134_515_008)] == ["12", "4.88M", "135M"]


def test_shares_and_methods_are_parsed() -> None:
    assert parse_shares("1, 3%,100") == (1, 3, 100)
    assert parse_methods("lora, scratch") == ("lora", "scratch")
    for wrong in ("101", "0", "-1", "many", "1,,2", "nan"):
        with pytest.raises(FinetuneError, match="is not a percentage"):
            parse_shares(wrong)
    with pytest.raises(FinetuneError, match="Did you mean last-layers"):
        parse_methods("last-layer")
