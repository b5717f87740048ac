"""The headline of a program stays: simulated programs of many shapes.

``IPM_OUTCOMES_HEADLINES`` sets how many of each are tried (36 programs of the PEG, 200 of other shapes).
"""

from __future__ import annotations

import datetime as dt
import os
import random
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from ipm_outcomes import change, frames, program, report

MANY = int(os.environ.get("IPM_OUTCOMES_HEADLINES", "6"))
SHAPES = [(n, sd, seed) for seed in range(6) for n in (400, 2000, 10_000) for sd in (1.5, 2.2)]


def peg(n: int, sd: float, seed: int, sites: int = 3) -> pl.DataFrame:
    return peg_tables(n, sd, seed, sites)[2]


@cache
def peg_tables(n: int, sd: float, seed: int, sites: int = 3) -> tuple[pl.DataFrame, ...]:
    """Three ratings before and, for seven of ten, after six months: scores, changes and indicators."""
    r = random.Random(seed)
    rows = []
    for k in range(n):
        start = dt.date(2023, 1, 2) + dt.timedelta(days=r.randrange(700))
        severity, gain = r.gauss(6.3, sd), r.gauss(1.4, 1.5)
        for day in (0, 182):
            if day and r.random() < 0.3:
                continue
            when = start + dt.timedelta(days=day + (r.randrange(-10, 10) if day else 0))
            answers = [max(0, min(10, round(r.gauss(severity - (gain if day else 0), 1)))) for _ in range(3)]
            rows.append([k, when, f"S{k % sites}", *answers])
    names = ["patient_id", "date", "site", "peg_pain", "peg_enjoyment", "peg_activity"]
    scores = frames.tidy(
        pl.DataFrame(rows, schema=names, orient="row"), "peg", by=["patient_id", "date", "site"]
    )
    targets = change.DEFAULT_TARGETS[1:2]
    changes = change.table(scores, as_of="2026-06-30", targets=targets)
    return scores, changes, program.table(changes, by=["site"], scores=scores, totals=True)


def other(seed: int) -> tuple[pl.DataFrame, str]:
    """One to thirty sites, two to five years, PHQ-9 or PEG, baseline 0 rare or common, one target or three."""
    r = random.Random(1000 + seed)
    scale = r.choice(["phq9", "peg"])
    top = 27 if scale == "phq9" else 30
    n, sites, years = r.choice([150, 400, 1500]), r.choice([1, 3, 8, 30]), r.choice([2, 5])
    zero = r.choice([0, 0.01, 0.1])
    values = [float(k) if scale == "phq9" else k / 3 for k in range(top + 1)]
    rows = []
    for k in range(n):
        start = dt.date(2020, 1, 2) + dt.timedelta(days=r.randrange(365 * years))
        before = 0 if r.random() < zero else max(0, min(top, round(r.gauss(0.5 * top, 0.2 * top))))
        for day in (0, 91, 182, 365):
            if day and r.random() < 0.35:
                continue
            after = max(0, min(top, round(before + (r.gauss(-0.15, 0.15) * top if day else 0))))
            rows.append((k, start + dt.timedelta(days=day), f"S{k % sites}", values[after]))
    made = pl.DataFrame(rows, schema=["patient_id", "date", "site", "value"], orient="row").with_columns(
        instrument=pl.lit(scale), scale=pl.lit("total" if scale == "phq9" else "mean")
    )
    targets = change.DEFAULT_TARGETS if r.random() < 0.3 else change.DEFAULT_TARGETS[1:2]
    changes = change.table(made, as_of="2026-06-30", targets=targets, by=["site"])
    return program.table(
        changes, by=["site"], totals=True
    ), "responder_50" if scale == "phq9" else "responder_30"


def headline(out: pl.DataFrame, definition: str) -> bool:
    row = out.filter(
        (pl.col("site") == "all") & (pl.col("definition") == definition) & (pl.col("target") == "6 months")
    )
    return row.height == 1 and row.select("numerator", "denominator", "estimate").null_count().row(0) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(("n", "sd", "seed"), SHAPES[: min(MANY, 36)])
def test_the_headline_of_a_program_stays(n: int, sd: float, seed: int) -> None:
    assert headline(program.suppress(peg(n, sd, seed)), "responder_30")


@pytest.mark.parametrize(("n", "sd", "seed"), SHAPES[: min(MANY // 3, 36)])
def test_the_headline_is_on_page_1_of_the_report(n: int, sd: float, seed: int, tmp_path: Path) -> None:
    """Its share, numerator and denominator are in the summary, which is a page of its own, before any other section."""
    scores, changes, found = peg_tables(n, sd, seed)
    row = found.filter((pl.col("site") == "all") & (pl.col("definition") == "responder_30")).row(
        0, named=True
    )
    text = report.html(scores, changes, found, tmp_path / "r.html", as_of="2026-06-30").read_text()
    first = text.split("<section")[1]
    assert first.startswith(' id="summary"')
    assert "#summary{break-after:page}" in text
    assert f"<b>{row['numerator']:,} of {row['denominator']:,}</b>" in first
    percent = (200 * row["numerator"] + row["denominator"]) // (2 * row["denominator"])
    assert f'<td class="big">{percent}%</td>' in first


@pytest.mark.parametrize(("sd", "seed"), [(sd, seed) for _, sd, seed in SHAPES if _ == 400][: 2 * MANY])
def test_the_headline_stays_under_the_rounding_policy(sd: float, seed: int) -> None:
    assert headline(program.suppress(peg(400, sd, seed), "nhs"), "responder_30")


# Of program 24 the denominator of the headline is a count of other rows too, which may be given up sooner.
@pytest.mark.parametrize("seed", sorted({*range(min(MANY - 1, 200)), 24}))
def test_the_headline_of_programs_of_other_shapes_stays(seed: int) -> None:
    table, definition = other(seed)
    true = table.filter(
        (pl.col("site") == "all") & (pl.col("definition") == definition) & (pl.col("target") == "6 months")
    ).row(0, named=True)
    small = {n for n in (true["numerator"], true["denominator"] - true["numerator"]) if 1 <= n <= 10}
    # A headline that is small itself, or leaves a few, cannot be shown.
    assert headline(program.suppress(table), definition) or small


def test_one_patient_with_a_baseline_of_0_does_not_decide() -> None:
    """Of a large program the few who begin at 0 are no difference of two published counts."""
    table = peg(2000, 2.2, 1)
    row = table.filter((pl.col("site") == "all") & (pl.col("definition") == "responder_30")).row(
        0, named=True
    )
    assert row["denominator"] == row["observed"]
    assert headline(program.suppress(table), "responder_30")


def test_an_equal_number_elsewhere_hides_nothing() -> None:
    """What a set is, is determined by its definition: 12 responders of one measure are not those of another."""

    def row(name: str, n: int, x: int) -> dict[str, object]:
        more = {"estimate": x / n, "lower": None, "upper": None, "level": 0.95, "method": "wilson"}
        counts = {"indicator": name, "eligible": n, "observed": n, "numerator": x, "denominator": n}
        return counts | more | {"suppressed": "", "source": "test"}

    for unrelated in (12, 13):
        types = {"lower": pl.Float64, "upper": pl.Float64}
        table = pl.DataFrame([row("a", 20, 12), row("unrelated", 100, unrelated)], schema_overrides=types)
        assert program.suppress(table, by=[])["numerator"].to_list() == [None, unrelated]


def test_four_of_nine_cells_are_hidden_in_the_three_by_three() -> None:
    cells = [[25, 14, 30], [12, 4, 22], [40, 0, 18]]
    rows = []
    for site, counts in [*enumerate(cells), ("all", [sum(column) for column in zip(*cells, strict=True)])]:
        for band, x in enumerate(counts):
            n = sum(counts)
            rows.append(
                {"site": str(site), "indicator": f"b{band}", "eligible": n, "observed": n, "numerator": x}
            )
            rows[-1] |= {"denominator": n, "estimate": x / n, "lower": x / n, "upper": x / n, "level": 0.95}
            rows[-1] |= {"method": "wilson", "suppressed": "", "source": "test"}
    out = program.suppress(pl.DataFrame(rows), by=["site"], parts=[["b0", "b1", "b2"]])
    shown = out.filter(pl.col("site") != "all")["numerator"].to_list()
    assert shown == [None, None, 30, None, None, 22, 40, 0, 18]
