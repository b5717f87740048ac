"""Programs for the tests of the report: the example, and those at the edges."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from example_cases import wrong_cells_file

from ipm_outcomes import change, frames, opioids, program, report

EXAMPLE = Path(__file__).parents[1] / "examples" / "clinic"
AS_OF = "2026-06-30"  # of the example, by its README
INSTRUMENTS = ("peg", "phq9", "gad7", "promis29", "pcs", "nps")
HEADLINES = [
    (["peg", "phq9", "gad7"], ("responder_30", "peg", "mean", "6 months")),
    (["phq9", "gad7"], ("responder_50", "phq9", "total", "6 months")),
    (["gad7", "pcs"], ("important_improvement", "gad7", "total", "6 months")),
    (["promis29", "pcs"], ("reliable_improvement", "promis29", "pain_interference", "6 months")),
]
"""Instruments of the example, and definition, instrument, scale and target of the figure that leads."""
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


@cache
def example_tables() -> Tables:
    """Scores, changes and indicators of the example clinic."""
    answers = pl.read_csv(wrong_cells_file(), infer_schema_length=None)
    by = ["patient_id", "episode", "date", "site"]
    scores = frames.tidy(answers, INSTRUMENTS, by=by, invalid="null", text_numbers=True)
    changes = change.table(scores, episodes=example_episodes(), as_of=AS_OF)
    found = program.table(changes, by=["site"], scores=scores, episodes=example_episodes(), totals=True)
    return scores, changes, found


@cache
def example_episodes() -> pl.DataFrame:
    return pl.read_csv(EXAMPLE / "episodes.csv")


@cache
def example_problems() -> Any:
    answers = pl.read_csv(wrong_cells_file(), infer_schema_length=None)
    return pl.concat([frames.check(answers, one, text_numbers=True) for one in INSTRUMENTS])


@cache
def example_records() -> tuple[pl.DataFrame, ...]:
    """Figures of the records of the example clinic."""
    statuses, events, enrollment, appointments, prescriptions = (
        pl.read_csv(EXAMPLE / f"{name}.csv", try_parse_dates=True)
        for name in ("statuses", "events", "enrollment", "appointments", "prescriptions")
    )
    episodes = pl.read_csv(EXAMPLE / "episodes.csv", try_parse_dates=True)
    first, start = episodes.filter(pl.col("episode") == 1), pl.col("start_date")
    spans = pl.concat(
        first.select(
            "patient_id", period=pl.lit(name), start=start.dt.offset_by(begin), end=start.dt.offset_by(end)
        )
        for name, begin, end in (("before", "-90d", "-1d"), ("after", "152d", "212d"))
    )
    daily = opioids.daily(prescriptions, meanings={"drug": {"oxycodone hcl": "oxycodone", "ibuprofen": None}})
    doses = opioids.summary(daily, denominator="window_days", periods=spans)
    known = enrollment.with_columns(end=pl.col("end").fill_null(pl.lit(AS_OF).str.to_date()))
    return (
        program.table(opioids=doses, by=["period"]),
        program.table(opioids=opioids.compare(doses, baseline="before", followup="after")),
        program.return_to_work(statuses, episodes=episodes, by=["site"], totals=True),
        program.rates(events, known, by=["site"], totals=True),
        program.rates_before_after(events, known, first),
        program.adherence(appointments, episodes=episodes),
    )


def example(path: Path, policy: str = "cms", charts: bool = True) -> Path:
    """Without charts for tests in which `undrawn` draws."""
    path.write_text(_example_page(policy, charts), encoding="utf-8")
    return path


@cache
def _example_page(policy: str, charts: bool) -> str:
    given = {"episodes": example_episodes(), "problems": example_problems(), "as_of": AS_OF, "policy": policy}
    with TemporaryDirectory() as folder:
        page = report.html(*example_tables(), Path(folder) / "report.html", **given).read_text("utf-8")
    assert (undrawn() not in page) == charts
    return page


def peg_tables(rows: list[tuple[Any, str, str, int | None]], **options: Any) -> Tables:
    """Tables of made-up patients: (patient, date, site, answer to all three questions of the PEG)."""
    return _peg_tables(tuple(rows)) if not options else _peg_tables.__wrapped__(tuple(rows), **options)


@cache
def _peg_tables(rows: tuple[tuple[Any, str, str, int | None], ...], **options: Any) -> Tables:
    answers = pl.DataFrame(
        {
            "patient_id": [row[0] for row in rows],
            "date": [row[1] for row in rows],
            "site": [row[2] for row in rows],
            **{f"peg_{item}": [row[3] for row in rows] for item in ("pain", "enjoyment", "activity")},
        },
        schema={
            "patient_id": pl.Int64,
            "date": pl.String,
            "site": pl.String,
            **dict.fromkeys(("peg_pain", "peg_enjoyment", "peg_activity"), pl.Int64),
        },
    )
    scores = frames.tidy(answers, "peg", by=["patient_id", "date", "site"])
    changes = change.table(scores, by=["site"], as_of="2025-12-31", **options)
    return scores, changes, program.table(changes, by=["site"], totals=True)


def pairs(sites: dict[str, list[tuple[int, int | None]]]) -> list[tuple[Any, str, str, int | None]]:
    """Rows for `peg_tables` from (before, after) by site; 182 days lie between 2024-01-08 and 2024-07-08."""
    rows: list[tuple[Any, str, str, int | None]] = []
    number = 0
    for site, found in sites.items():
        for before, after in found:
            number += 1
            rows.append((number, "2024-01-08", site, before))
            if after is not None:
                rows.append((number, "2024-07-08", site, after))
    return rows


def peg_report(path: Path, sites: dict[str, list[tuple[int, int | None]]], **options: Any) -> Path:
    return report.html(*peg_tables(pairs(sites)), path, **{"as_of": "2025-12-31"} | options)


def one_patient(path: Path, **options: Any) -> Path:
    return peg_report(path, {"Hilltop": [(8, 4)]}, **options)


def nothing(path: Path, **options: Any) -> Path:
    return peg_report(path, {}, **options)


def undrawn(*_: Any) -> str:
    """In the place of what draws a chart, which takes most of the time of a page."""
    return '<svg role="img"></svg>'


def specification(chart: Any, number: int, message: str, *_: Any) -> str:
    """The same, with what there is to be drawn."""
    made = escape(json.dumps(chart.to_dict(validate=False), sort_keys=True, default=str))
    return f'<svg role="img" aria-label="{escape(message)}"><desc>{made}</desc></svg>'


def hostile(path: Path, **options: Any) -> Path:
    """Sites whose names are markup and a spreadsheet formula."""
    sites = {
        "<script>alert(1)</script>": [(8, 4)] * 30 + [(8, 8)] * 20,
        "=cmd()": [(8, 4)] * 25 + [(8, 7)] * 25,
    }
    return peg_report(path, sites, **options)


BUSY = "P0141"
"""A patient of the example with five visits, item 9 raised twice, and gaps."""


def patient_page(path: Path, **options: Any) -> Path:
    """All that the example has of one patient."""
    answers = pl.read_csv(EXAMPLE / "clinic.csv", infer_schema_length=None)
    return report.patient(
        answers.filter(pl.col("patient_id") == BUSY), path, made_by="A. Clinician", **options
    )


def patient_of_three(path: Path, **options: Any) -> Path:
    """Three short instruments, as most clinics use them."""
    return patient_page(path, instruments=["peg", "phq9", "gad7"], label="Record 4711", **options)
