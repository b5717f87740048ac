"""The audit on real answers: patterns seen in public files, planted in them, and no finding where all is right."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ipm_outcomes import audit

ITEMS = [f"DPQ0{n}0" for n in range(1, 10)]
OPTIONS: dict[str, Any] = {"columns": "DPQ0{n}0", "not_answered": (7, 9)}


@pytest.fixture(scope="module")
def nhanes(real: Callable[[str], Path]) -> pd.DataFrame:
    """The answers, with totals of complete forms written without the library."""
    table = pd.read_sas(real("nhanes/DPQ_H.XPT"), format="xport").round()
    answers = table[ITEMS].where(table[ITEMS] <= 3)
    return table.assign(total=answers.sum(axis=1, skipna=False), part=answers.sum(axis=1, min_count=1))


def rivals(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def causes(table: Any, instrument: str = "phq9", **recorded: str) -> list[tuple[Any, ...]]:
    found = audit.audit(
        pl.from_pandas(table), instrument, recorded, **(OPTIONS if instrument == "phq9" else {})
    )
    return found.findings.select("cause", "sure", "rows").rows()


def test_right_totals_give_no_finding_in_any_part(nhanes: pd.DataFrame) -> None:
    assert causes(nhanes, total="total") == []
    for seed in range(40):
        n = (20, 30, 60, 150)[seed % 4]
        assert causes(nhanes.sample(n, random_state=seed).reset_index(drop=True), total="total") == []


def test_the_difficulty_item_added(nhanes: pd.DataFrame) -> None:
    added = nhanes["DPQ100"].fillna(0)
    shows = int((nhanes["total"].notna() & (added > 0)).sum())
    rows = causes(nhanes.assign(total=nhanes["total"] + added), total="total")
    assert rows == [("extra_item:DPQ100", "proved", shows)]


def test_each_answer_one_up(nhanes: pd.DataFrame) -> None:
    rows = causes(nhanes.assign(total=nhanes["total"] + 9), total="total")
    assert rows == [("coded_one_up", "proved", int(nhanes["total"].notna().sum()))]


def test_one_column_a_copy_of_another(nhanes: pd.DataFrame) -> None:
    both = (nhanes["DPQ060"] <= 3) & (nhanes["DPQ070"] <= 3)
    copied = nhanes.assign(DPQ070=nhanes["DPQ070"].where(~both, nhanes["DPQ060"]))
    differing = int((nhanes["total"].notna() & (nhanes["DPQ060"] != nhanes["DPQ070"])).sum())
    assert causes(copied, total="total") == [
        ("identical_items:q6=q7", "systematic", int(both.sum())),
        ("item_copied:q6=q7", "proved", differing),
    ]


def test_blanks_counted_as_zero(nhanes: pd.DataFrame) -> None:
    rows = causes(nhanes.assign(total=nhanes["part"]), total="total")
    n = int((nhanes["part"].notna() & nhanes["total"].isna()).sum())
    assert [row[2] for row in rows] == [n]
    assert rows[0][0] in ("blank_as_zero_if_started", None)


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_an_item_left_out_in_some_rows(nhanes: pd.DataFrame, rate: float) -> None:
    put = np.random.default_rng(3).random(len(nhanes)) < rate
    total = nhanes["total"].where(~put, nhanes["total"] - nhanes["DPQ040"])
    differing = int((total != nhanes["total"])[nhanes["total"].notna()].sum())
    assert causes(nhanes.assign(total=total), total="total") == [("item_left_out:q4", "likely", differing)]


def test_rival_tables_on_real_answers(real: Callable[[str], Path]) -> None:
    rows = rivals(real("mapping/promis_rival_tables.csv"))
    table = pd.read_csv(real("promis_real/dat_DeCESD_v2.csv"))
    names = {"eddep04": "EDDEP04", "eddep06": "EDDEP06", "eddep29": "EDDEP29", "eddep41": "EDDEP41"}
    answers = table[list(names.values())].rename(columns={v: f"promis29_{k}" for k, v in names.items()})
    raw = answers.sum(axis=1, skipna=False)
    for domain in ("anxiety", "fatigue", "depression"):
        own = {int(r["raw"]): float(r["t_mii_pro_2026_3_0"]) for r in rows if r["domain"] == domain}
        found = causes(answers.assign(t=raw.map(own)), "promis29", depression="t")
        if domain == "depression":
            assert found == []  # the one table that equals the published one
        else:
            assert [row[:2] for row in found] == [(f"other_table:mii_pro_2026_3_0.{domain}", "systematic")]


def test_the_shipped_rival_tables_are_those_that_were_read(real: Callable[[str], Path]) -> None:
    shipped = (files("ipm_outcomes.audit") / "other_tables.toml").read_text(encoding="utf-8")
    rows = rivals(real("mapping/promis_rival_tables.csv"))
    for one in tomllib.loads(shipped)["tables"]:
        own = {int(r["raw"]): float(r["t_mii_pro_2026_3_0"]) for r in rows if r["domain"] == one["scale"]}
        assert (one["first"], one["values"]) == (min(own), [own[raw] for raw in sorted(own)]), one["id"]


def test_a_calculated_field_that_adds_what_is_there(real: Callable[[str], Path]) -> None:
    """Two rows have blanks and a total of the others: 1 + 1 = 2, and 1 + 1 + 1 + 1 + 1 + 0 = 5; the rest agree."""
    table = pl.read_csv(real("redcap/own_export_raw.csv"), infer_schema=False)
    found = audit.audit(
        table, "phq9", {"total": "phq9_total_calc"}, not_answered=["UNK", "NASK", -99], text_numbers=True
    )
    (counts,) = found.summary.to_dicts()
    assert (counts["recorded"], counts["equal"], counts["recorded_though_withheld"]) == (4, 2, 2)
    (one,) = found.findings.to_dicts()
    assert (one["cause"], one["rows"], one["first_rows"]) == (None, 2, "3, 4")
    assert "blank_as_zero" in one["rivals"]
