"""Runs the example clinic through the whole chain, here and at another revision, and names every figure that differs.

    python tools/example_figures.py main

Scores, problems, changes, indicators, what may be published of them, records, bridges, the audit and the words of the
report: every cell of every table. Ends with 1 where anything differs. A change that is to move no figure moves none.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CLINIC = ROOT / "examples" / "clinic"
INSTRUMENTS = ["peg", "phq9", "gad7", "promis29", "pcs", "nps"]
AS_OF = "2026-06-30"
Tables = dict[str, dict[str, list[str]]]


def cells(table: Any) -> dict[str, list[str]]:
    """Every cell as text, numbers to the last bit."""
    return {name: [repr(cell) for cell in table[name].to_list()] for name in table.columns}


def figures() -> Tables:
    """Give the tables of the chain by name, made by the library that is imported."""
    import polars as pl

    from ipm_outcomes import audit, change, fhir, frames, opioids, program, redcap, report
    from ipm_outcomes.report import _charts

    def read(name: str) -> pl.DataFrame:
        return pl.read_csv(CLINIC / f"{name}.csv", try_parse_dates=True, infer_schema_length=None)

    made: dict[str, Any] = {}
    answers, episodes = read("clinic"), read("episodes")
    options: dict[str, Any] = {"invalid": "null", "text_numbers": True}
    for id in INSTRUMENTS:
        made[f"scores of {id}"] = frames.score(answers, id, **options)
        made[f"problems of {id}"] = frames.check(answers, id, text_numbers=True)
    made["prorated scores"] = frames.score(answers, "phq9", missing="prorate", **options)
    by = ["patient_id", "episode", "date", "site"]
    scores = made["tidy scores"] = frames.tidy(answers, INSTRUMENTS, by=by, **options)
    changes = made["changes"] = change.table(scores, episodes=episodes, as_of=AS_OF)
    made["pairs"] = change.pair(scores, episodes=episodes, as_of=AS_OF)
    table = made["indicators"] = program.table(
        changes, by=["site"], scores=scores, episodes=episodes, totals=True
    )
    for policy in ("cms", "nhs"):
        made[f"indicators to publish, {policy}"] = program.suppress(table, policy)
    daily = made["daily doses"] = opioids.daily(
        read("prescriptions"), meanings={"drug": {"oxycodone hcl": "oxycodone", "ibuprofen": None}}
    )
    doses = opioids.summary(daily, denominator="covered_days")
    first = episodes.filter(pl.col("episode") == 1)
    spans = read("enrollment").with_columns(pl.col("end").fill_null(pl.lit(AS_OF).str.to_date()))
    records = {
        "doses": program.table(opioids=doses),
        "work": program.return_to_work(read("statuses"), episodes=episodes, by=["site"], totals=True),
        "rates": program.rates(read("events"), spans, by=["site"], totals=True),
        "rates before and after": program.rates_before_after(read("events"), spans, first),
        "adherence": program.adherence(read("appointments"), episodes=episodes),
    }
    made |= records
    made["findings"] = frames.inspect(read("clinic_messy"), INSTRUMENTS)
    made["responses"] = fhir.responses(CLINIC / "responses.ndjson", backend="polars").data
    made["REDCap"] = redcap.read(
        CLINIC / "redcap_export.csv",
        (CLINIC / "redcap_dictionary.csv").read_text(encoding="utf-8"),
        backend="polars",
    ).data
    tables = {name: cells(one) for name, one in made.items()}
    judged = audit.audit(made["scores of phq9"], "phq9", recorded={"total": "phq9_total"})
    tables["audit"] = {"text": str(judged).splitlines()}
    _charts.svg = lambda *_: "<svg></svg>"  # drawings are not figures
    for policy in ("cms", "nhs", "none"):
        with tempfile.TemporaryDirectory() as folder:
            page = report.html(
                scores, changes, table, Path(folder) / "r.html",
                episodes=episodes, as_of=AS_OF, policy=policy, records=list(records.values()),
            )  # fmt: skip
            tables[f"report, {policy}"] = {"line": page.read_text(encoding="utf-8").splitlines()}
    return tables


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Name each table and column in which two runs differ, with the first cell that does."""
    for table in sorted({*before, *after}):
        if table not in before or table not in after:
            yield f"{table}: only {'after' if table in after else 'before'}"
            continue
        old, new = before[table], after[table]
        for column in dict.fromkeys([*old, *new]):
            if column not in old or column not in new:
                yield f"{table}, {column}: only {'after' if column in new else 'before'}"
            elif old[column] != new[column]:
                rows = zip(old[column], new[column], strict=False)
                ends = min(len(old[column]), len(new[column]))
                row = next((n for n, (a, b) in enumerate(rows) if a != b), ends)
                cell = [part[column][row : row + 1] for part in (old, new)]
                yield f"{table}, {column}: first in row {row}, {cell[0]} before and {cell[1]} after"


def figures_of(checkout: Path) -> Tables:
    """The same of another checkout, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--print"],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        stdout=subprocess.PIPE,
        check=True,
    )
    made: dict[str, Any] = json.loads(ran.stdout)
    assert Path(made["of"]).is_relative_to(checkout), "another installation was imported"
    tables: Tables = made["tables"]
    return tables


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", nargs="?", default="HEAD")
    parser.add_argument(
        "--print", action="store_true", help="the figures of the library that is imported, as JSON"
    )
    given = parser.parse_args(arguments)
    if given.print:
        import ipm_outcomes

        json.dump({"of": ipm_outcomes.__file__, "tables": figures()}, sys.stdout)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["git", "archive", given.revision, "src", "instruments"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        )
        subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        before = figures_of(Path(folder).resolve())
    after = figures_of(ROOT)
    found = list(differences(before, after))
    cells = sum(len(column) for table in after.values() for column in table.values())
    print(*found, f"{len(after)} tables, {cells:,} cells, {len(found)} columns differ", sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
