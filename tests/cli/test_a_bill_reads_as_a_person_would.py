"""`dure bill show` as people and spreadsheets read it."""

from __future__ import annotations

from typing import Any

import pytest

from dure_cli.remote.account import bill_lines

_RATE = {
    "description": {"en": "CPU", "ko": "CPU"}, "project": "p1", "rule": "rate", "quantity": "2.500000",
    "unit": "core-hours", "unit_price_won": 1_500, "amount_won": 3_000,
}  # fmt: skip
_POOL = _RATE | {
    "description": {"en": "Power", "ko": "전기"}, "rule": "pool:Power", "unit": "value-hours",
    "unit_price_won": None, "amount_won": 7,
}  # fmt: skip


def _statement(tenant: str, name: str, name_ko: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tenant": tenant, "name": name, "name_ko": name_ko, "lines": lines, "supply_won": 3_007, "vat_won": 300,
        "total_won": 3_307,
    }  # fmt: skip


def _told(state: str = "open", absorbed: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "month": "2026-11", "state": state, "timezone": "Asia/Seoul", "watermark": "2026-11-22T18:00:00.000Z",
        "tenants": [_statement("ant", "Ant", "개미", [_RATE, _POOL])],
        "absorbed": _statement("", "Borne by the operator", "운영자 부담", absorbed or []),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Ant (ant): bill of 2026-11"), ("ko", "개미 (ant): 2026-11")]
)
def test_a_statement_says_whose_it_is_and_what_it_comes_to(lang: str, title: str) -> None:
    """Name, month, lines with separators, and the three sums."""
    lines = list(bill_lines(_told(), lang))
    assert lines[0].startswith(title)
    assert "2026-11-23 03:00:00 KST" in lines[0]
    assert lines[2].split()[-2:] == ["1,500", "3,000"]
    assert lines[4].endswith("3,307")


def test_a_share_of_a_pool_has_no_unit_price() -> None:
    """Its cost is of a month, not of an hour: the place of the price stays empty."""
    assert list(bill_lines(_told(), "en"))[3].split()[-2:] == ["value-hours", "7"]


@pytest.mark.parametrize(
    ("quantity", "read"), [("2.500000", "2.5"), ("100.000000", "100"), ("0.000060", "0.00006")]
)
def test_quantities_are_read_without_filling_zeros(quantity: str, read: str) -> None:
    """All that counts is shown, and nothing else."""
    told = _told()
    told["tenants"][0]["lines"] = [_RATE | {"quantity": quantity}]
    assert read in list(bill_lines(told, "en"))[2].split()


def test_what_the_operator_bears_is_shown_where_there_is_any() -> None:
    """A statement of its own, without a tenant's id."""
    assert "operator" not in "\n".join(bill_lines(_told(), "en"))
    assert "Borne by the operator: bill of" in "\n".join(bill_lines(_told(absorbed=[_POOL]), "en"))


@pytest.mark.parametrize("state", ["open", "metered", "closed"])
def test_states_are_spoken_in_korean(state: str) -> None:
    """No English word is left in a Korean head."""
    assert state not in next(iter(bill_lines(_told(state), "ko")))
