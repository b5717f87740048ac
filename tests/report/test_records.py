"""Records in the report: sections only where data are given, figures behind disclosure control, and a whole battery."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from battery_cases import DAY, everything, records, work
from report_cases import (
    AS_OF,
    EXAMPLE,
    example_episodes,
    example_records,
    example_tables,
    pairs,
    peg_tables,
)

import ipm_outcomes as ipm
from ipm_outcomes import change, frames, opioids, program, report
from ipm_outcomes.cli import main
from ipm_outcomes.errors import FrameError

SECTIONS = {
    "opioids": "Opioid doses",
    "work": "Return to work",
    "utilization": "Care used",
    "adherence": "Adherence",
}


def sections(page: str) -> dict[str, str]:
    """The text of each section."""
    found = {}
    for id, inside in re.findall(r'<section id="([a-z_-]+)"(.*?)</section>', page, re.DOTALL):
        found[id] = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inside))
    return found


def small(tmp_path: Path, *tables: Any, **options: Any) -> str:
    given = {"as_of": "2025-12-31", "records": tables} | options
    tables_of = peg_tables(pairs({"North": [(8, 4)] * 40 + [(6, 6)] * 30}))
    return report.html(*tables_of, tmp_path / "report.html", **given).read_text(encoding="utf-8")


def test_sections_only_where_data_are_given(tmp_path: Path) -> None:
    assert not set(sections(small(tmp_path))) & set(SECTIONS)
    found = sections(small(tmp_path, work(60, 40)))
    assert set(found) & set(SECTIONS) == {"work"}
    assert "Back at work 60.0% (50.2 to 69.1) 60 of 100" in found["work"]
    assert "Days to return to work, median (Kaplan-Meier) 60 days" in found["work"]
    # Their rules stand in the methods, and they are no quality measures of the questionnaires.
    assert "Off or restricted at the start: modified_duty" in found["sources"]
    assert "Back at work" not in found.get("measures", "")


def test_small_counts_of_records_are_hidden(tmp_path: Path) -> None:
    found = sections(small(tmp_path, work(96, 4)))["work"]
    assert "96" not in found
    assert found.count("not shown") >= 4


def test_the_figures_of_the_example_are_those_of_the_tables(tmp_path: Path) -> None:
    given = {"episodes": example_episodes(), "as_of": AS_OF, "records": example_records()}
    page = report.html(*example_tables(), tmp_path / "report.html", **given).read_text(encoding="utf-8")
    found = sections(page)
    assert [id for id in found if id in SECTIONS] == list(SECTIONS)
    for table in example_records():
        whole = table.filter(pl.col("site") == "all") if "site" in table.columns else table
        assert set(whole["suppressed"]) == {""}
        for row in whole.to_dicts():
            assert row["title"] in "".join(found[id] for id in SECTIONS)
    rate = next(
        row
        for row in example_records()[3].to_dicts()
        if (row["site"], row["definition"]) == ("all", "emergency_visits")
    )
    told = f"{rate['estimate']:.1f} ({rate['lower']:.1f} to {rate['upper']:.1f}) {rate['numerator']:,}"
    assert f"Emergency department visits {told}" in found["utilization"]
    assert "come down by themselves" in found["utilization"]


def test_tables_that_cannot_be_told_of(tmp_path: Path) -> None:
    table = example_records()[2]
    for given, told in (
        ([table.filter(pl.col("site") != "all")], "totals=True"),
        ([work(60, 40), work(50, 50)], "'return_to_work' is in two"),
        ([program.suppress(work(96, 4))], "already suppressed"),
        ([peg_tables(pairs({"North": [(8, 4)] * 40}))[2]], "not one of records"),
        ([table.rename({"site": "clinic"})], "grouped by 'clinic' too"),
        ([work(60, 40).drop("definition")], "no column 'definition'"),
    ):
        with pytest.raises(FrameError, match=told):
            small(tmp_path, *given)


def test_doses_that_are_nested_do_not_tell_each_other():
    # 40 patients at 120 MME on 20 days, 4 at 120 MME on 10 days: 44 at 90 MME or more, 40 of them on 15 days.
    rows = [
        (f"p{n}", "morphine", 120.0, "mg", days, days, DAY)
        for n in range(44)
        for days in [20 if n < 40 else 10]
    ]
    names = ["patient_id", "drug", "strength", "unit", "quantity", "days_supply", "start"]
    daily = opioids.daily(pl.DataFrame(rows, orient="row", schema=names))
    doses = opioids.summary(daily, denominator="covered_days", periods=(DAY, DAY + timedelta(99)))
    table = program.table(opioids=doses)
    before = {row["indicator"]: row["numerator"] for row in table.to_dicts()}
    assert (before["opioid_dose_90"], before["opioid_high_dose_days"]) == (44, 40)
    shown = {row["indicator"]: row["numerator"] for row in program.suppress(table).to_dicts()}
    assert None in (shown["opioid_dose_90"], shown["opioid_high_dose_days"])


# ---- on the command line --------------------------------------------------------------------------


def test_records_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.html"
    given = [
        f"--{name}={EXAMPLE / f'{name}.csv'}" for name in ("statuses", "events", "enrollment", "appointments")
    ]
    given += [f"--prescriptions={EXAMPLE / 'prescriptions.csv'}", "--mme-by=window_days", f"--as-of={AS_OF}"]
    given += [f"--episodes={EXAMPLE / 'episodes.csv'}", f"--output={out}"]
    assert main(["report", str(EXAMPLE / "clinic.csv"), "--instrument", "peg", *given]) in (0, 1)
    found = sections(out.read_text(encoding="utf-8"))
    assert [id for id in found if id in SECTIONS] == list(SECTIONS)
    assert "(around 6 months)" in found["opioids"]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--events=a.csv"], "--events and --enrollment: give both"),
        (["--prescriptions=a.csv"], "--prescriptions: needs --mme-by"),
        (["--mme-by=window_days"], "--mme-by: says what a dose of --prescriptions is"),
        (["--statuses=a.csv", "--output=a.txt"], "HTML reports only"),
        (["--statuses=out.html", "--output=out.html"], "out.html"),
        (["--meanings=m.toml"], "--meanings: says what entries of records mean; name a file of records too"),
        (["--target=soon"], "--target: write"),
        (["--baseline-days=soon"], "--baseline-days: give"),
    ],
)
def test_options_that_belong_together(
    options: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("patient_id,date,peg_pain\n", encoding="utf-8")
    Path("out.html").write_text("", encoding="utf-8")
    more = [] if any(one.startswith("--output") for one in options) else ["--output=r.html"]
    assert main(["report", "x.csv", *options, *more]) == 2
    assert told in capsys.readouterr().err


# ---- a program that uses all of Table 3 -----------------------------------------------------------


def test_a_program_that_uses_all_rows_of_table_3(tmp_path: Path) -> None:
    answers = everything(60, without="pam")
    scores = frames.tidy(answers, list(ipm.instruments()), by=["patient_id", "date", "site"])
    changes = change.table(scores, by=["site"], as_of="2025-12-31")
    indicators = program.table(changes, by=["site"], scores=scores, totals=True)
    given = {"as_of": "2025-12-31", "records": records()}
    page = report.html(scores, changes, indicators, tmp_path / "all.html", **given).read_text(
        encoding="utf-8"
    )
    found = sections(page)
    rows = ipm.battery("table3").rows
    assert len(rows) == 19
    assert all(row.covered for row in rows)
    for row in rows:
        for id in row.instruments:
            assert ipm.instrument(id).title in found["sources"], id
    used = {name for row in rows for name in row.functions}
    assert used == {
        "opioids.daily", "opioids.summary", "opioids.compare", "program.return_to_work", "program.rates",
        "program.rates_before_after", "program.adherence",
    }  # fmt: skip
    assert set(SECTIONS) <= set(found)
    # Of the PAM nobody answered again: there is no figure of change, and none is invented.
    pam = indicators.filter((pl.col("instrument") == "pam") & (pl.col("definition") == "mean_improvement"))
    assert set(pam["estimate"]) == {None}
    assert set(pam["denominator"]) == {0}
    assert not re.search(r"\b(nan|None|inf)\b", " ".join(found.values()))
