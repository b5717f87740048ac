"""Groups of several columns and one total of all: the groups add up to it, with no row between them. By subtraction."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from ipm_outcomes.program import suppress


def table(groups: list[tuple[tuple[str, ...], int, int]]) -> pl.DataFrame:
    """A share of each group, by its columns a, b, ..., and of all."""
    columns = len(groups[0][0])
    total = (("all",) * columns, sum(n for _, n, _ in groups), sum(x for *_, x in groups))
    rows: list[dict[str, Any]] = [
        dict(zip("abc", key, strict=False))
        | {"indicator": "responder_30", "eligible": n, "observed": n, "numerator": x, "denominator": n}
        | {"estimate": x / n, "lower": None, "upper": None, "level": 0.95}
        | {"method": "wilson", "suppressed": "", "source": "IMMPACT 2008"}
        for key, n, x in [*groups, total]
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize("key", [("A", "f"), ("A", "f", "old")], ids=["two columns", "three columns"])
def test_a_small_count_is_not_the_total_less_the_others(key: tuple[str, ...]) -> None:
    groups = [(key, 40, 15), ((*key[:-1], "m"), 60, 6), (("B", *key[1:]), 80, 41)]
    out = suppress(table(groups))
    assert out["numerator"].to_list()[1] is None
    assert out["numerator"].null_count() >= 2  # else 62 - 15 - 41
    assert out["numerator"].to_list()[-1] == 62


def test_a_missing_group_is_a_group(tmp_path: Any) -> None:
    groups = [(("A", "f"), 40, 15), (("A", None), 60, 6)]
    record, ledger = tmp_path / "record.json", tmp_path / "ledger.json"
    outs = [suppress(table(groups), record=record, ledger=ledger) for _ in range(2)]  # type: ignore[list-item]
    for out in outs:
        assert out["numerator"].to_list() == [None, None, 21]
    for a, b in pairwise(outs):
        assert a.equals(b)


def test_with_a_row_between_nothing_more_is_hidden() -> None:
    """The sites hide the parts of a site from the total: 30 of 62 and 32 of 62 are shown."""
    whole = table([(("A", "f"), 40, 15), (("A", "m"), 60, 15), (("B", "f"), 80, 20), (("B", "m"), 90, 12)])
    sites = table([(("A", "all"), 100, 30), (("B", "all"), 170, 32)]).head(2)
    out = suppress(pl.concat([whole, sites]))
    assert out["numerator"].null_count() == 0
